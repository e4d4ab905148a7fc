"""Several readings of one response in words: how often each answer was given, and what judges are split about."""

from collections.abc import Iterable

from annotations.core import panel
from annotations.core.panel import Answer, Tally
from annotations.core.taxonomy import categories
from annotations.core.verdicts import Verdict

LABELS = {
    "helpfulness": "helpful, 0 to 5",
    "follows_config": "follows the config",
    "addressed": "addresses the prompt",
    "refusal": "refusal",
}
Line = tuple[str, str]


def of_samples(verdicts: Iterable[Verdict]) -> list[Line]:
    """What the samples of one judge say, a line for each question: ("follows the config", "3 of 5 say yes, 2 say no").

    A risk that no sample flags has no line.
    """
    return [_line(one, one.scored + one.unscored) for one in panel.tally(verdicts) if _is_told(one)]


def of_judges(verdicts: Iterable[tuple[Verdict, bool]]) -> list[Line]:
    """What judges disagree about on one response; the bool beside each verdict marks a heuristic. Empty: they agree.

    A judge that does not give a value is not counted for it. Heuristics are left out where another judge read the
    response too, as they count for nothing there.
    """
    rows = list(verdicts)
    firm = [verdict for verdict, heuristic in rows if not heuristic]
    found = panel.split(firm or [verdict for verdict, _ in rows])
    return [_line(one._replace(unscored=0), one.scored) for one in found]


def _is_told(one: Tally) -> bool:
    return one.field != "risks" or any(answer for answer, _ in one.counts)


def _line(one: Tally, whole: int) -> Line:
    first, *others = one.counts
    words = [f"{first[1]} of {whole} say {_word(first[0])}", *(f"{n} say {_word(answer)}" for answer, n in others)]
    return _label(one), ", ".join([*words, *([f"{one.unscored} unscored"] if one.unscored else [])])


def _label(one: Tally) -> str:
    return LABELS.get(one.field) or next(each.name for each in categories() if each.slug == one.about)


def _word(answer: Answer) -> str:
    if isinstance(answer, bool):
        return "yes" if answer else "no"
    return answer.replace("_", " ") if isinstance(answer, str) else f"{5 * answer:g}"
