"""The columns a preference set is kept with, and one pair of responses as a row of them."""

import ast
import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

PUBLISHED = (
    "system_prompt",
    "prompt",
    "chosen_response",
    "rejected_response",
    "spec_i",
    "spec_j",
    "mode",
    "chosen_cat",
    "rejected_cat",
    "chosen_category_error_score",
    "rejected_category_error_score",
)
"""The eleven columns that CoSAlign-Train is published with."""
UPLOADED, BUILT, RATING, ADJUDICATION = ORIGINS = ("uploaded", "built", "rating", "adjudication")
PEOPLES = (RATING, ADJUDICATION)
TRAIN, DEV = SPLITS = ("train", "dev")
DIGEST_BYTES = 16
# greedy up to the last comma: a cell of a million spaces takes no longer than another one
_CATEGORY = re.compile(r"\((?P<risks>.*),\s*(?P<addressed>-?[01])\s*\)", re.DOTALL)


class Pair(NamedTuple):
    """One pair, its values in the order of COLUMNS: the chosen response is better than the rejected one.

    `spec_i` is what the config allows and `spec_j` what the prompt carries, written `-A-B-`; `chosen_cat` and
    `rejected_cat` are `category_text`. Errors are >= 0, None is unscored. `origin` is one of ORIGINS. The ids name the
    prompt and the responses in this database, None where they are not in it; `template` is the name of the words that
    the config was told with, None where nobody knows.
    """

    split: str
    system_prompt: str
    prompt: str
    chosen_response: str
    rejected_response: str
    spec_i: str
    spec_j: str
    mode: str
    chosen_cat: str
    rejected_cat: str
    chosen_category_error_score: float | None
    rejected_category_error_score: float | None
    origin: str = UPLOADED
    prompt_id: int | None = None
    chosen_id: int | None = None
    rejected_id: int | None = None
    template: str | None = None


COLUMNS = Pair._fields
"""The columns of the file of every preference set, in order."""
TYPES = ("text",) * 10 + ("float",) * 2 + ("text", "int", "int", "int", "text")
"""What each column holds, as annotations.exports.TYPES has them."""


def of(values: Mapping[str, Any]) -> Pair:
    """The pair of a row of a file; a column the file does not have is None, a pair without an origin was uploaded."""
    found: dict[str, Any] = {name: values.get(name) for name in COLUMNS}
    return Pair(**found | {"origin": found["origin"] or UPLOADED})


def digest(pair: Pair) -> bytes:
    """16 bytes that two pairs share just when system prompt, prompt and both responses are the same."""
    texts = (pair.system_prompt, pair.prompt, pair.chosen_response, pair.rejected_response)
    return _digest(text or "" for text in texts)


def prompt_digest(text: str) -> bytes:
    """16 bytes that stand for a prompt: equal texts share them."""
    return _digest([text])


def draw(seed: int, name: bytes) -> bytes:
    """16 bytes by which pairs are put in an order that the seed decides, whatever order they come in."""
    return hashlib.blake2b(name, digest_size=DIGEST_BYTES, key=str(seed).encode()).digest()


def gap(pair: Pair) -> float | None:
    """How much more error the rejected response has, to two digits; None where one of the two is unscored."""
    chosen, rejected = pair.chosen_category_error_score, pair.rejected_category_error_score
    return None if chosen is None or rejected is None else round(rejected - chosen, 2)


def category_text(risks: str, addressed: bool | None) -> str:
    """The category column of a response, as CoSAlign-Train writes it: `('-A-', 1)`; the risks alone where `addressed`
    is None. `risks` is a set as annotations.core.categorical.legacy writes it.
    """
    return risks if addressed is None else f"({risks!r}, {int(addressed)})"


def category(written: str | None) -> tuple[str, bool | None]:
    """The risks and `addressed` that a category column says, the other way round; None where it does not say."""
    both = _CATEGORY.fullmatch((written or "").strip())
    if not both:
        return written or "", None
    return _unquoted(both["risks"].strip()), {"1": True, "0": False}.get(both["addressed"])


def _unquoted(written: str) -> str:
    if written[:1] not in ("'", '"') or written[:1] != written[-1:]:
        return written.strip("'\"")
    try:
        said = ast.literal_eval(written)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return written.strip("'\"")
    return said if isinstance(said, str) else written


def _digest(texts: Iterable[str]) -> bytes:
    found = hashlib.blake2b(digest_size=DIGEST_BYTES)
    for text in texts:
        encoded = text.encode(errors="surrogatepass")
        found.update(len(encoded).to_bytes(8))
        found.update(encoded)
    return found.digest()
