"""Many prompts pasted at once: what each would come to, before anything is stored, and adding the good ones."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from django.utils.translation import gettext

from annotations.core.pasted import Piece
from annotations.models import Benchmark, Prompt, SafetyConfig, User
from annotations.services.prompt_checks import Frame, PromptProblem
from annotations.services.prompts import Content, add_prompts, current_digests, drafted, frame

MOST = 1_000
LONGEST_PASTE = 1_000_000


class Look(NamedTuple):
    """One pasted prompt: its number from 1, the line it begins on, its text, and what is wrong with it ("" is good).

    `twin` is the prompt of the benchmark that already says the same.
    """

    number: int
    line: int
    text: str
    problem: str = ""
    twin: Prompt | None = None


def look(*, benchmark: Benchmark, config: SafetyConfig, pieces: Sequence[Piece], common: Content) -> list[Look]:
    """What each piece would come to with the labels of `common`, in order; nothing is stored.

    Raises PromptProblem when something is wrong with all of them: the labels, or how many there are.
    """
    if not pieces:
        raise PromptProblem(gettext("There is no prompt in it. Paste at least one."), "text")
    if len(pieces) > MOST:
        many = f"At most {MOST:,} prompts at once; these are {len(pieces):,}."
        raise PromptProblem(gettext("%(many)s Import them as a file, or paste them in parts.") % {"many": many}, "text")
    within = frame(config)
    drafted(config, common._replace(text="x"), within)
    return _without_twins(benchmark, config, [_drafted(config, within, common, piece) for piece in pieces])


def add(*, benchmark: Benchmark, config: SafetyConfig, found: Iterable[Look], common: Content, actor: User) -> int:
    """How many prompts were added: those without a problem, in one transaction. Raises PromptProblem."""
    good = [common._replace(text=each.text) for each in found if not each.problem]
    return len(add_prompts(benchmark=benchmark, config=config, contents=good, actor=actor))


def _drafted(config: SafetyConfig, within: Frame, common: Content, piece: Piece) -> tuple[Piece, str, str]:
    """The piece, the digest of its text, and what is wrong with it by itself."""
    try:
        return piece, drafted(config, common._replace(text=piece.text), within).digest, ""
    except PromptProblem as problem:
        return piece, "", str(problem)


def _without_twins(benchmark: Benchmark, config: SafetyConfig, drafts: Sequence[tuple[Piece, str, str]]) -> list[Look]:
    there = current_digests(benchmark, config, [digest for _, digest, _ in drafts if digest])
    first: dict[str, int] = {}
    found = []
    for number, (piece, digest, problem) in enumerate(drafts, start=1):
        twin = there.get(digest)
        if digest and (earlier := first.setdefault(digest, number)) != number:
            problem = f"The same as number {earlier}."
        elif twin is not None:
            problem = "The benchmark already has it for this config."
        found.append(Look(number, *piece, problem, twin))
    return found
