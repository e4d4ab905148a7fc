"""A judge of prompts by word lists: it names the risks whose words stand in a prompt, so that all runs without a model.

It knows English and Arabic. A prompt is short, so that one word of a category is enough; in a response that would be
little. It cannot tell a question about a harm from one that wants it.
"""

import tomllib
from functools import cache

from annotations.core import folder
from annotations.core.verdicts import Verdict
from training.judges._case import Case
from training.judges._words import Table, words

LABEL = "Words of prompts"
ABOUT = "Word lists, English and Arabic: heuristic, not evidence. It reads the prompt alone and names what is in it."
HEURISTIC = True
READS = "prompt"
GIVES = ("risks",)
USES = ("_words.py", "_risk_words.toml")


def judge(case: Case) -> Verdict:
    """The categories of which the prompt has a word, always a set; the reasons name the words. Linear in the prompt."""
    text = words(case.prompt)
    found: dict[str, dict[str, None]] = {}
    for entry in _table().find(text):
        found.setdefault(entry.name, {})[" ".join(text[entry.start : entry.end])] = None
    return Verdict(risks=frozenset(found), reasons=_named({name: list(found[name]) for name in sorted(found)}))


def _named(found: dict[str, list[str]]) -> str:
    listed = "; ".join(f"{category} ({', '.join(said[:5])})" for category, said in found.items())
    return f"Risk words: {listed}." if listed else "No risk words."


@cache
def _table() -> Table:
    lists = tomllib.loads(folder.text(__package__, "_risk_words.toml"))
    kinds = {name: entries for name, entries in lists.items() if isinstance(entries, dict)}
    return Table({name: [text for texts in entries.values() for text in texts] for name, entries in kinds.items()})
