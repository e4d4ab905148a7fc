"""What every judge is shown."""

from typing import NamedTuple


class Case(NamedTuple):
    """One response with what it answers: the config's whole text, and the slugs of the risks that config opens."""

    config: str
    prompt: str
    response: str
    allowed: frozenset[str] = frozenset()
