"""The tokenizer of a folder as a GGUF file says it: written from tokenizer.json, or copied from another GGUF file."""

import json
from pathlib import Path
from typing import Any

from training.recipes._splits import SPLITS, name_of
from training.recipes.run_dir import BadRunDir

NORMAL, CONTROL, USER_DEFINED, UNUSED = 1, 3, 4, 5
TEMPLATE = "chat_template.jinja"
_IDS = ("bos", "eos", "unk", "pad")
Said = dict[str, Any]


def add(writer: Any, folder: Path, vocabulary: int) -> None:
    """Nothing; the writer of a GGUF file has the folder's tokenizer and chat template. Raises BadRunDir.

    `vocabulary` is the rows of the model's embedding: where it has more than the tokenizer has tokens, the rest is
    marked as unused.
    """
    tokenizer, settings = _json(folder, "tokenizer.json"), _json(folder, "tokenizer_config.json")
    split = _split(tokenizer)
    tokens, kinds = _tokens(tokenizer, vocabulary)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(split)
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges([one if isinstance(one, str) else " ".join(one) for one in tokenizer["model"]["merges"]])
    _add_ids(writer, tokenizer, settings, {token: at for at, token in enumerate(tokens)})
    writer.add_add_space_prefix(False)
    writer.add_chat_template(_template(folder, settings))


def copy(writer: Any, like: Path) -> None:
    """Nothing; the writer of a GGUF file has the tokenizer and chat template of another one."""
    from gguf import GGUFReader, GGUFValueType

    for name, field in GGUFReader(like).fields.items():
        if name.startswith("tokenizer."):
            kind = field.types[0]
            within = field.types[-1] if kind == GGUFValueType.ARRAY else None
            writer.add_key_value(name, field.contents(), kind, sub_type=within)


def _json(folder: Path, name: str) -> Said:
    try:
        said: Said = json.loads((folder / name).read_text(encoding="utf-8"))
    except FileNotFoundError as gone:
        raise BadRunDir(f"There is no {name} in {folder}.") from gone
    return said


def _split(tokenizer: Said) -> str:
    if tokenizer["model"].get("type") != "BPE" or tokenizer["model"].get("byte_fallback"):
        raise BadRunDir("Only tokenizers of byte pairs can be written; give a GGUF file with the same tokenizer.")
    if not (name := name_of(tokenizer)):
        raise BadRunDir(f"The tokenizer splits texts in a way we do not know; we know {', '.join(SPLITS)}.")
    return name


def _tokens(tokenizer: Said, vocabulary: int) -> tuple[list[str], list[int]]:
    by_id = {at: (token, NORMAL) for token, at in tokenizer["model"]["vocab"].items()}
    for one in tokenizer.get("added_tokens", []):
        by_id[one["id"]] = one["content"], CONTROL if one["special"] else USER_DEFINED
    if by_id and max(by_id) >= vocabulary:
        raise BadRunDir(f"The tokenizer has {max(by_id) + 1:,} tokens and the model only {vocabulary:,}.")
    found = [by_id.get(at, (f"[PAD{at}]", UNUSED)) for at in range(vocabulary)]
    return [token for token, _ in found], [kind for _, kind in found]


def _add_ids(writer: Any, tokenizer: Said, settings: Said, ids: dict[str, int]) -> None:
    for name in _IDS:
        token = _content(settings.get(f"{name}_token"))
        if token in ids:
            getattr(writer, f"add_{name}_token_id")(ids[token])
    writer.add_add_bos_token(_begins_with(tokenizer.get("post_processor"), _content(settings.get("bos_token"))))


def _content(token: Any) -> str | None:
    found: str | None = token.get("content") if isinstance(token, dict) else token
    return found


def _begins_with(steps: Said | None, token: str | None) -> bool:
    """True when the tokenizer puts this token before every text by itself."""
    if not steps or not token:
        return False
    if steps["type"] == "Sequence":
        return any(_begins_with(one, token) for one in steps["processors"])
    first = (steps.get("single") or [{}])[0] if steps["type"] == "TemplateProcessing" else {}
    return bool(first.get("SpecialToken", {}).get("id") == token)


def _template(folder: Path, settings: Said) -> str:
    if (folder / TEMPLATE).exists():
        return (folder / TEMPLATE).read_text(encoding="utf-8")
    said = settings.get("chat_template")
    if isinstance(said, list):
        said = next((one["template"] for one in said if one.get("name") == "default"), None)
    if not said:
        raise BadRunDir(f"There is no chat template in {folder}, so nobody knows how to speak to the model.")
    return str(said)
