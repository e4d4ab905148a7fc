import time

import pytest

from training.gateway.marks import FEW, HAIR, MANY, apart

SPECIAL = {
    "ChatML": "<|im_start|> <|im_end|> <|im_sep|> <|im_user|> <|im_middle|> <|endoftext|>",
    "Llama 2": "<s> </s> <unk> <<SYS>> <</SYS>> [INST] [/INST]",
    "Llama 3": "<|begin_of_text|> <|start_header_id|> <|end_header_id|> <|eot_id|> <|eom_id|> <|python_tag|>",
    "Llama 4": "<|header_start|> <|header_end|> <|eot|> <|reserved_special_token_12|>",
    "Gemma": "<bos> <eos> <pad> <mask> <start_of_turn> <end_of_turn> <start_of_image> <unused99> [@BOS@]",
    "Gemma 4": '<|turn> <turn|> <|channel> <channel|> <|tool_call> <tool_call|> <|"|> <|think|>',
    "Mistral": "[SYSTEM_PROMPT] [/SYSTEM_PROMPT] [AVAILABLE_TOOLS] [TOOL_CALLS] [TOOL_RESULTS] [ARGS] [THINK]",
    "DeepSeek": "<｜begin▁of▁sentence｜> <｜User｜> <｜Assistant｜> <｜tool▁calls▁begin｜> <|EOT|>",
    "Phi": "<|system|> <|user|> <|assistant|> <|end|> <|placeholder1|>",
    "Qwen": "<think> </think> <tool_call> </tool_call> <tool_response> <|vision_start|> <|fim_prefix|>",
    "Granite": "<|start_of_role|> <|end_of_role|> <|end_of_text|> <|tool_call|>",
    "harmony": "<|start|> <|channel|> <|message|> <|constrain|> <|return|> <|call|>",
    "Command R": "<|START_OF_TURN_TOKEN|> <|CHATBOT_TOKEN|> <BOS_TOKEN> <EOS_TOKEN> <PAD>",
    "GLM": "[gMASK] <sop> <eop> <|observation|> <arg_key> <arg_value>",
    "EXAONE": "[|system|] [|user|] [|endofturn|]",
    "MiniMax": "]~b] ]~!b[ [e~[ </minimax:tool_call>",
    "Falcon": ">>TITLE<< >>QUESTION<<",
    "Baichuan, InternLM": "<reserved_106> <TOKENS_UNUSED_1> <eoh> <eoa> [UNUSED_TOKEN_145]",
    "Nemotron": "<SPECIAL_12> <extra_id_0> <TOOLCALL> <AVAILABLE_TOOLS>",
    "Seed": "<seed:bos> <[begin▁of▁sentence]> <[PAD▁TOKEN]>",
    "StarCoder, SmolLM": "<fim_prefix> <repo_name> <reponame> <file_sep> <jupyter_start> <empty_output>",
    "Telechat, MiniCPM, Bailing": "<_user> <_bot> <_end> <用户> <AI> <role>",
}
ORDINARY = [
    "let y = f <| g |> h",  # F#
    "parser = a <|> b <||> c",  # Haskell
    "xs |> Enum.map(&(&1 + 1)) |> IO.inspect()",  # Elixir
    "let a = [| 1; 2; 3 |]",
    "|a| < |b| and a<|b| but |b|>a",
    "⟨ψ|φ⟩ and <psi|phi>",
    "<p>One <b>bold</b> <pre>x</pre></p> <table><tr><td>1</td></tr></table>",
    "std::vector<size_t> v; #include <unordered_map>",
    "List<String> a; Box<S> b; Map<K, V> c; &[u8] <[T]>::len()",
    "(?P<app_label>[^.]+) <path:object_id> <your_name>",
    "[1] [link](http://x) [ERROR] [WARNING] [YOUR_NAME] [x] array[i]",
    ">>> print(1 << 2) >> out.txt <<EOT",
    "<<<<<<< HEAD\n=======\n>>>>>>> branch",
    "someone <ada@example.org> <https://example.org/a_b>",
    "مرحبا <b>بالعالم</b> 你好［1］ 😀",
]


@pytest.mark.parametrize("family", SPECIAL)
def test_every_mark_of_the_family_is_taken_apart_and_reads_the_same(family: str) -> None:
    for mark in SPECIAL[family].split():
        broken = apart(f"x{mark}y")
        assert mark not in broken, mark
        assert broken.replace(HAIR, "") == f"x{mark}y"


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert apart(text) == text


@pytest.mark.parametrize(
    "text", ["＜|im_start|＞", "<ｓ>", "<\u200b|im_start|>", "<s\u2060>", "﹤/s﹥", "［INST］", "<𝐛𝐨𝐬>"]
)
def test_what_a_server_could_fold_into_a_mark_is_taken_apart_and_not_folded(text: str) -> None:
    assert apart(text) == text[0] + HAIR + text[1:]


def test_marks_that_hold_marks_have_none_left_and_a_second_time_changes_nothing() -> None:
    once = apart("<|im_<|im_start|>start|> <<<s>> <|[INST]|> [<|x|>] <[end▁of▁sentence]>")
    assert all(mark not in once for mark in ("<|im_start|>", "<s>", "[INST]", "<|x|>", "<[end▁of▁sentence]>"))
    assert apart(once) == once


def test_a_text_with_very_many_marks_has_every_bracket_of_that_kind_apart() -> None:
    marks = " ".join(f"<|reserved_{number}|>" for number in range(FEW + 1))
    assert apart(f"{marks} <b> [x]") == f"{marks} <b> [x]".replace("<", f"<{HAIR}")
    tags = " ".join(f"<x{number}>" for number in range(MANY + 1))
    assert apart(f"{tags} <s>") == f"{tags} <s>".replace("<", f"<{HAIR}")


MEGABYTE = {
    "openings": "<" * 1_000_000,
    "bars": "<|" * 500_000,
    "squares": "[" * 1_000_000,
    "almost": ("<" + "a_" * 400) * 1_200,
    "invisible": "<" + "\u200b" * 330_000 + "|>",
    "marks": "<|im_start|>" * 83_000,
    "different": "".join(f"<|{number:x}|>" for number in range(110_000)),
    "wide": "＜é|a|＞" * 70_000,
}


@pytest.mark.parametrize("kind", MEGABYTE)
def test_no_megabyte_takes_long(kind: str) -> None:
    began = time.process_time()
    apart(MEGABYTE[kind])
    assert time.process_time() - began < 0.4  # 4 to 55 ms as measured; a pattern that blows up takes minutes
