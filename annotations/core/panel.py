"""Several readings of one response: what a judge's samples come to, and what samples or judges disagree about."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import median
from typing import Any, NamedTuple, TypeAlias

from annotations.core.taxonomy import SLUGS
from annotations.core.verdicts import Verdict

Answer: TypeAlias = float | bool | str
FLAGS = ("follows_config", "addressed", "refusal")


class Tally(NamedTuple):
    """How often each answer was given to one question; `about` is the slug where the question is one risk category.

    `counts` has the most frequent answer first; readings without an answer are in `unscored` alone.
    """

    field: str
    about: str
    counts: tuple[tuple[Answer, int], ...]
    unscored: int

    @property
    def scored(self) -> int:
        """Readings that gave an answer."""
        return sum(count for _, count in self.counts)


def of_samples(verdicts: Iterable[Verdict]) -> Verdict:
    """What the verdicts of one judge on one response come to; their order does not matter.

    Each value is settled among the samples that gave it, and None where none did. `helpfulness` is their median, the
    mean of the middle two for an even number: one stray reading in three cannot make a refusal helpful, as it would
    in a mean. `follows_config`, `addressed`, `refusal` and each risk slug take the answer of more than half; without
    one the value is None, for a slug the whole set. Samples that see different breaches still agree that there is
    one, so a response may break its config while no single rule or slug has a majority. `broken_rules` are those
    more than half of the samples that say no have named, by number. `reasons` are those of the nearest sample, the
    shortest of equally near ones. A single verdict comes back as it is.
    """
    samples = list(verdicts)
    if len(samples) == 1:
        return samples[0]
    flags = {name: _strict(_known(samples, _reader(name))) for name in FLAGS}
    ratings = _known(samples, lambda one: one.helpfulness)
    settled = Verdict(helpfulness=median(ratings) if ratings else None, risks=_risks(samples), **flags)
    return settled._replace(broken_rules=_broken(samples, settled), reasons=_reasons(samples, settled))


def tally(verdicts: Iterable[Verdict]) -> tuple[Tally, ...]:
    """Every question at least one verdict answers, with its answers counted; risks are one question per slug."""
    rows = list(verdicts)
    questions = [(name, "", _reader(name)) for name in ("helpfulness", *FLAGS)]
    questions += [("risks", slug, _flagged(slug)) for slug in _slugs(rows)]
    counted = (_count(name, about, [read(row) for row in rows]) for name, about, read in questions)
    return tuple(one for one in counted if one.counts)


def split(verdicts: Iterable[Verdict]) -> tuple[Tally, ...]:
    """The questions on which samples of a judge, or several judges, gave different answers; empty when they agree."""
    return tuple(one for one in tally(verdicts) if len(one.counts) > 1)


def as_row(verdict: Verdict) -> dict[str, Any]:
    """The verdict as JSON keeps it, all seven fields by name: sets sorted, tuples as lists."""
    risks = None if verdict.risks is None else sorted(verdict.risks)
    return verdict._asdict() | {"risks": risks, "broken_rules": list(verdict.broken_rules)}


def from_row(row: Mapping[str, Any]) -> Verdict:
    """The verdict of a row that `as_row` made; a field the row lacks is not given."""
    known = {name: row[name] for name in Verdict._fields if row.get(name) is not None}
    if "risks" in known:
        known["risks"] = frozenset(known["risks"])
    return Verdict(**known | {"broken_rules": tuple(known.get("broken_rules", ()))})


def _reader(name: str) -> Callable[[Verdict], Answer | None]:
    return lambda verdict: getattr(verdict, name)


def _flagged(slug: str) -> Callable[[Verdict], Answer | None]:
    return lambda verdict: None if verdict.risks is None else slug in verdict.risks


def _slugs(verdicts: Iterable[Verdict]) -> list[str]:
    """The built-in slugs, then those of another taxonomy that a verdict names."""
    named = frozenset().union(*(one.risks or () for one in verdicts))
    return [*SLUGS, *sorted(named - frozenset(SLUGS))]


def _count(field: str, about: str, answers: Sequence[Answer | None]) -> Tally:
    counts = Counter(answer for answer in answers if answer is not None)
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], str(pair[0])))
    return Tally(field, about, tuple(ordered), answers.count(None))


def _known(samples: Iterable[Verdict], read: Callable[[Verdict], Any]) -> list[Any]:
    return [value for one in samples if (value := read(one)) is not None]


def _strict(answers: Sequence[Any]) -> Any:
    """The answer of more than half, or None."""
    return next((answer for answer, count in Counter(answers).items() if 2 * count > len(answers)), None)


def _risks(samples: Sequence[Verdict]) -> frozenset[str] | None:
    sets: list[frozenset[str]] = _known(samples, lambda one: one.risks)
    votes = {slug: _strict([slug in risks for risks in sets]) for slug in frozenset().union(*sets)}
    if not sets or None in votes.values():
        return None
    return frozenset(slug for slug, flagged in votes.items() if flagged)


def _broken(samples: Sequence[Verdict], settled: Verdict) -> tuple[str, ...]:
    if settled.follows_config is not False:
        return ()
    against = [one for one in samples if one.follows_config is False]
    named = Counter(rule for one in against for rule in set(one.broken_rules))
    # r2 stands before r10
    return tuple(
        sorted((rule for rule, n in named.items() if 2 * n > len(against)), key=lambda rule: (len(rule), rule))
    )


def _reasons(samples: Sequence[Verdict], settled: Verdict) -> str:
    given = [one for one in samples if one.reasons]
    return min(
        given, key=lambda one: (_distance(one, settled), len(one.reasons), one.reasons), default=Verdict()
    ).reasons


def _distance(one: Verdict, settled: Verdict) -> float:
    """How far a sample is from what all come to: 1 for each flag or slug that differs, and the gap of the ratings."""
    flags: int = sum(getattr(one, name) != getattr(settled, name) for name in FLAGS)
    slugs = len((one.risks or frozenset()) ^ (settled.risks or frozenset()))
    both = one.helpfulness is not None and settled.helpfulness is not None
    return flags + slugs + (abs((one.helpfulness or 0) - (settled.helpfulness or 0)) if both else 1)
