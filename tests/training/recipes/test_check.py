"""The check of a run's base and pairs: what a template does, how long texts are, which pairs are looked at."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.trainer import base, make_folder, pair, python, write_pairs
from training.recipes import _check_rows, run_dir
from training.recipes._check_lengths import UP_TO, summary
from training.recipes._check_rows import measure
from training.recipes._check_template import look
from training.recipes.settings import TrainingSettings

SETTINGS = TrainingSettings(max_length=40, max_prompt_length=30, eval_rows=2)


class Words:
    """A tokenizer for which every character is a token; its template is a function."""

    added_tokens_decoder: dict = {}
    chat_template = "a function"
    eos_token = "<end>"

    def __init__(self, write=None):
        self.write = write or plain

    def encode(self, text, **how):
        return [ord(sign) for sign in text]

    def apply_chat_template(self, messages, *, tokenize, add_generation_prompt):
        return self.write(messages, add_generation_prompt)


def plain(messages, answer_next):
    said = "".join(f"[{one['role'][0]}]{one['content']}<end>" for one in messages)
    return said + ("[a]" if answer_next else "")


def refuses(messages, answer_next):
    if messages[0]["role"] == "system":
        raise ValueError("System role not supported.")
    return plain(messages, answer_next)


def broken(messages, answer_next):
    raise TypeError("'None' has no attribute 'upper'")


def drops(messages, answer_next):
    return plain([one for one in messages if one["role"] != "system"], answer_next)


def unlike(messages, answer_next):
    return plain(messages, answer_next).replace("[u]", "[x]" if answer_next else "[u]")


def thinks(messages, answer_next):
    return plain(messages, answer_next).replace("[a]T", "[a]<think></think>T")


def endless(messages, answer_next):
    return plain(messages, answer_next).replace("<end>", "")


def test_a_template_that_takes_a_system_message_and_asks_for_the_answer_is_right():
    found = look(Words())
    assert (found.there, found.system, found.prefix, found.problem, found.warnings) == (True, True, True, "", ())


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (refuses, "refuses a system message (System role not supported)"),
        (broken, "cannot be used: 'None' has no attribute 'upper'"),
        (drops, "leaves the system message out"),
        (unlike, "otherwise once an answer follows"),
    ],
)
def test_a_template_that_would_lose_the_config_or_change_the_question_is_a_problem(write, said):
    found = look(Words(write))
    assert said in found.problem and not found.prefix


@pytest.mark.parametrize(("write", "said"), [(thinks, "'<think></think>'"), (endless, "writes no <end>")])
def test_a_template_that_asks_otherwise_than_it_trains_is_a_warning(write, said):
    found = look(Words(write))
    assert found.problem == "" and said in found.warnings[0]


def test_no_template_is_a_problem():
    words = Words()
    words.chat_template = None
    assert "no chat template" in look(words).problem


def test_lengths_are_counted_into_bins_whose_end_belongs_to_them():
    found = summary([1, 64, 65, 128, 20_000])
    assert (found["counts"][0], found["counts"][1], found["counts"][-1], sum(found["counts"])) == (2, 2, 1, 5)
    assert len(found["counts"]) == len(UP_TO) + 1
    # of five: half are at most the third, 95 % at most the fifth
    assert (found["median"], found["p95"], found["max"], found["n"]) == (65, 20_000, 20_000, 5)


def test_no_texts_have_no_lengths():
    assert summary([]) == {"counts": [0] * 17, "n": 0, "mean": None, "median": None, "p95": None, "max": None}


def write_rows(path, *rows):
    names = ("split", "system_prompt", "prompt", "chosen_response", "rejected_response")
    pq.write_table(pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows]), path)
    return path


def told(done, total):
    """Nobody listens."""


def test_pairs_are_counted_cut_and_left_out_by_their_reasons(tmp_path):
    # the template adds "[s]", "<end>", "[u]", "<end>", "[a]" to a prompt, 19 signs, and "<end>" to an answer, 5
    source = write_rows(
        tmp_path / "pairs.parquet",
        ("train", "rule", "why?", "yes", "no"),  # 27 + 8 = 35 of 40 fit
        ("train", "rule" * 5, "why?", "yes", "no"),  # 43 + 8: the config is cut
        ("train", "rule", "why?" * 9, "yes", "no"),  # a question of 36 leaves no room
        ("train", "rule", "why?", "yes", "yes"),
        ("train", "rule", " ", "yes", "no"),
        ("dev", "rule", "why?", "yes", "no"),
        ("dev", "rule", "why?", "yes", "never"),
        ("dev", "rule", "why?", "yes", "nor"),
    )
    found = measure(source, Words(), "dpo", SETTINGS, told)
    assert found["rows"]["train"] == {
        "in": 5,
        "left": {},
        "there": 5,
        "looked": 5,
        "out": 2,
        "dropped": {"question_too_long": 1, "no_difference": 1, "empty": 1},
        "cut": 1,
    }
    assert found["rows"]["dev"] | {"dropped": 0} == {
        "in": 3, "left": {"beyond_eval_rows": 1}, "there": 2, "looked": 2, "out": 2, "dropped": 0, "cut": 0
    }  # fmt: skip
    texts = found["lengths"]["texts"]
    # prompts of 27, 43, 59, 27, 27 tokens; the alike and the empty pair are not measured
    assert (texts["prompt"]["n"], texts["prompt"]["max"], texts["chosen"]["max"]) == (5, 59, 8)
    assert texts["whole"]["max"] == 59 + 8


def test_sft_learns_the_last_response_of_each_config_and_prompt(tmp_path):
    source = write_rows(
        tmp_path / "pairs.parquet",
        ("train", "rule", "why?", "first", "no"),
        ("train", "rule", "why?", "last", "no"),
        ("train", "other", "why?", "once", "no"),
    )
    found = measure(source, Words(), "sft", SETTINGS, told)
    law = found["rows"]["train"]
    assert (law["in"], law["left"], law["there"], law["out"]) == (3, {"same_prompt": 1}, 2, 2)
    # 27 + "last" and its end 9, 28 + "once" and its end 9: 36.5 on average
    assert found["lengths"]["tokens"] == 36.5
    assert "rejected" not in found["lengths"]["texts"]


def test_of_many_pairs_some_are_drawn_and_the_same_ones_again(tmp_path, monkeypatch):
    monkeypatch.setattr(_check_rows, "LOOKED_AT", 20)
    rows = [("train", "rule", "why?", "y" * (1 + number % 7), "no") for number in range(100)]
    source = write_rows(tmp_path / "pairs.parquet", *rows)
    first, second = (measure(source, Words(), "dpo", SETTINGS, told) for _ in range(2))
    law, lengths = first["rows"]["train"], first["lengths"]
    assert first == second
    assert (law["in"], law["there"], law["looked"], lengths["looked"], lengths["of"]) == (100, 100, 20, 20, 100)


@pytest.mark.slow
def test_the_check_of_a_real_model_says_how_long_texts_are_and_that_its_template_does(tmp_path, tmp_path_factory):
    model = base(tmp_path_factory.getbasetemp().parent)
    long = pair(3, chosen_response="Roses. " * 100)
    pairs = write_pairs(tmp_path / "pairs.parquet", [pair(1), pair(2), long, pair(1, "dev")])
    folder = make_folder(tmp_path / "run", "dpo", model, pairs)
    done = python("-m", "training.recipes.check", str(folder))
    assert done.returncode == 0, done.stderr
    found = json.loads((folder / run_dir.CHECK).read_text())
    assert found["problems"] == []
    assert found["template"]["prefix"] and found["tokens"]["eos_token"] == "<|im_end|>"
    assert found["model"]["kind"] == "llama" and found["model"]["layers"] == 2
    assert (found["rows"]["train"]["out"], found["rows"]["train"]["cut"]) == (3, 1)
    assert found["lengths"]["texts"]["whole"]["max"] > 200
    assert '"name": "check"' in (folder / "metrics.jsonl").read_text()
