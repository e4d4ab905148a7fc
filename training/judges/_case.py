"""What every judge is shown."""

from typing import NamedTuple

RESPONSE, PROMPT = READS = ("response", "prompt")
"""What a judge reads: a response with what it answers, or a prompt that nobody has answered."""


class Case(NamedTuple):
    """One response with what it answers: the config's whole text, and the slugs of the risks that config opens.

    A judge that reads prompts has only the prompt; the other texts are empty.
    """

    config: str
    prompt: str
    response: str
    allowed: frozenset[str] = frozenset()
