"""Reads of a campaign's results: what people and judges say of the same responses, and the figures of it."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from django.core.cache import cache
from django.db.models import Count, Max, Q, QuerySet, Sum

from annotations.core.pairwise import Pair
from annotations.core.verdicts import Combined, combine
from annotations.core.verdicts import Verdict as Judged
from annotations.models import (
    Adjudication,
    Campaign,
    CampaignItem,
    Candidate,
    Rating,
    SafetyConfig,
    User,
)
from annotations.queries import item_values, kept
from training import access
from training.human import TOGETHER, Item, Subject, Verdict, subjects
from training.human_checks import DIRECTIONS, JudgeCheck, Said, beside, certainty, checks, direction
from training.models import EvaluationRun, Judge, Judgement, RunItem

KEPT_SECONDS = 24 * 3600
_Read = tuple[Any, ...]
NO_SOURCE = "no source given"


class Results(NamedTuple):
    """The figures of a campaign by ids: each candidate's, and each judge's against people; `answers` stand.

    `pairs` are every two of the judges and people. `heuristic` says that a program is among the judges whose verdicts
    are taken together.
    """

    subjects: tuple[Subject, ...]
    checks: tuple[JudgeCheck, ...]
    answers: int
    heuristic: bool
    pairs: dict[tuple[int, int], Pair]


class Parted(NamedTuple):
    """The items on which a judge and people differ, as `differences` orders them; ids of all judges and configs."""

    items: list[Item]
    judges: list[int]
    configs: list[int]


class Names(NamedTuple):
    """What the ids of a campaign's results are called, as they are called now."""

    subjects: dict[int | str, str]
    models: dict[int | str, int]
    configs: dict[int, SafetyConfig]
    judges: dict[int, Judge]


def word(campaign: Campaign) -> str:
    """A word that changes with what counts in the campaign: items, answers, decisions, and verdicts of judges."""
    return _word(_counted(campaign))


def _word(counted: Iterable[dict[str, Any]]) -> str:
    return "-".join(str(number or 0) for row in counted for number in row.values())


def _counted(campaign: Campaign) -> tuple[dict[str, Any], ...]:
    """Numbers of items, answers, decisions and verdicts, in this order."""
    counted = {"n": Count("pk"), "last": Max("pk"), "withdrawn": Count("withdrawn_at")}
    # Places in the shuffle are as good as drawn: no two choices of items have one sum of them, as ids have.
    counting = Sum("position", filter=Q(**item_values.COUNTING))
    items = CampaignItem.objects.filter(campaign=campaign).aggregate(n=Count("pk"), counting=counting)
    # Every answer was given by a version of its campaign's guideline: that index finds a campaign's answers alone.
    ratings = Rating.objects.filter(guideline__campaign=campaign).aggregate(**counted)
    decided = Adjudication.objects.filter(item__campaign=campaign).aggregate(**counted)
    read = _judgements(campaign).aggregate(n=Count("pk"), last=Max("pk"))
    return items, ratings, decided, read


def results(campaign: Campaign, *, wait: bool = True) -> Results:
    """The figures, worked out once and kept until something that counts changes.

    Raises Later when they are not known, those of many answers, and who asks does not `wait`.
    """
    return _kept("results", campaign, _results, wait)  # type: ignore[no-any-return]


def parted(campaign: Campaign, *, wait: bool = True) -> Parted:
    """The items about which a judge and people differ, which are far fewer than all; kept like the figures.

    Raises Later as `results` does.
    """
    return _kept("parted", campaign, _parted, wait)  # type: ignore[no-any-return]


def _kept(what: str, campaign: Campaign, make: Any, wait: bool) -> Any:
    """One entry for each campaign, so that what is out of date does not stay beside it."""
    counted = _counted(campaign)
    key, now = f"human-{what}:{campaign.pk}", _word(counted)
    before, found = cache.get(key) or ("", None)
    if before == now:
        return found
    if not wait and counted[1]["n"] > kept.AT_ONCE:
        raise kept.Later
    found = make(campaign)
    cache.set(key, (now, found), KEPT_SECONDS)
    return found


def _results(campaign: Campaign) -> Results:
    read = list(_read(campaign))
    together = _together(read)
    rows, said = items(campaign, read, together), _said(campaign)
    judges = [judge.pk for judge in judges_of(_judges(rows))]
    heuristic = any(one.heuristic for one in together.values())
    return Results(subjects(rows, judges), checks(rows, said, judges), len(said), heuristic, beside(rows))


def _parted(campaign: Campaign) -> Parted:
    rows = items(campaign)
    return Parted(differences(rows, Wanted()), sorted(_judges(rows)), sorted({item.config for item in rows}))


def _judges(rows: Iterable[Item]) -> set[int]:
    return {judge for item in rows for judge in item.verdicts}


def _said(campaign: Campaign) -> list[Said]:
    columns = ("item", "points", "follows_config")
    return [Said(*row) for row in item_values.standing_ratings(campaign).values_list(*columns)]


def items(
    campaign: Campaign, read: list[_Read] | None = None, together: dict[int, Combined] | None = None
) -> list[Item]:
    """Every item that counts with what people and judges say of it; `read` and `together` where they are known."""
    read = list(_read(campaign)) if read is None else read
    combined = _together(read) if together is None else together
    whose = {pk: candidate or source for pk, candidate, source in _responses(campaign)}
    yes = dict(
        item_values.standing_ratings(campaign).filter(follows_config=True).values_list("item").annotate(Count("pk"))
    )
    verdicts = _verdicts(read)
    both = {pk: (one.helpfulness, one.follows_config) for pk, one in combined.items()}
    return [
        Item(
            *(row.item, whose[row.response], row.config, row.wording, row.kind, row.n, yes.get(row.item, 0)),
            *(row.helpfulness, row.follows_config, row.undecided, row.adjudicated),
            *((said := verdicts.get(row.response, {})), both.get(row.response) if len(said) > 1 else None),
        )
        for row in item_values.values(campaign)
    ]


def _verdicts(read: list[_Read]) -> dict[int, dict[int, Verdict]]:
    """What each judge said, by response and judge; of several verdicts on one response the newest."""
    found: dict[int, dict[int, Verdict]] = {}
    for response, judge, _, *said in read:
        found.setdefault(response, {})[judge] = (said[0], said[1])
    return found


def _together(read: list[_Read]) -> dict[int, Combined]:
    """What its judges come to, by response, whichever run had it read.

    It is worked out from the verdicts: several runs may share a response, and a filter ends an item as withheld,
    which says nothing of the text that people read.
    """
    found: dict[int, dict[int, tuple[Judged, bool]]] = {}
    for response, judge, heuristic, helpfulness, follows in read:
        found.setdefault(response, {})[judge] = (Judged(helpfulness, follows), heuristic)
    return {response: combine(said.values()) for response, said in found.items()}


def _read(campaign: Campaign) -> Iterable[_Read]:
    columns = ("item__response", "judge", "judge__heuristic", "helpfulness", "follows_config")
    return _judgements(campaign).order_by("pk").values_list(*columns)


def _responses(campaign: Campaign) -> QuerySet[CampaignItem, tuple[Any, ...]]:
    found = item_values.counting_items(campaign).order_by()
    return found.values_list("response", "response__candidate", "response__source")


def _judgements(campaign: Campaign) -> QuerySet[Judgement]:
    return Judgement.objects.filter(item__response__in=_asked(campaign)).order_by()


def _asked(campaign: Campaign) -> QuerySet[CampaignItem, Any]:
    """The responses of the campaign, to be looked for among those of runs without reading one of them."""
    return CampaignItem.objects.filter(campaign=campaign).order_by().values("response")


def names(campaign: Campaign, found: Results) -> Names:
    """What everything in the results is called. Two candidates of one name are told apart by how they sample."""
    ids = [row.subject for row in found.subjects]
    candidates = Candidate.objects.select_related("model").in_bulk([one for one in ids if isinstance(one, int)])
    called: dict[int | str, str] = {pk: str(candidate) for pk, candidate in candidates.items()}
    twice = {name for name in called.values() if list(called.values()).count(name) > 1}
    called |= {pk: _sampling(candidates[int(pk)]) for pk, name in called.items() if name in twice}
    called |= {one: one or NO_SOURCE for one in ids if isinstance(one, str)}
    configs = {row.config for subject in found.subjects for row in subject.people if row.config is not None}
    judges = {row.judge for subject in found.subjects for row in subject.beside} | {row.judge for row in found.checks}
    judges -= {TOGETHER}
    return Names(
        subjects=called,
        models={pk: candidate.model_id for pk, candidate in candidates.items()},
        configs=SafetyConfig.objects.in_bulk(configs),
        judges=Judge.objects.select_related("model").in_bulk(judges),
    )


def _sampling(candidate: Candidate) -> str:
    return f"{candidate}, temperature {candidate.temperature:g}, top_p {candidate.top_p:g}, seed {candidate.seed}"


def runs(campaign: Campaign, user: User) -> list[EvaluationRun]:
    """The runs that the responses come from and the person may read, the newest first."""
    mine = RunItem.objects.filter(response__in=_asked(campaign)).order_by().values_list("run", flat=True).distinct()
    return list(access.runs(user).filter(pk__in=list(mine)).order_by("-pk"))


class Wanted(NamedTuple):
    """Which differences; what is empty leaves everything in."""

    judge: int | None = None
    config: int | None = None
    kind: str = ""
    direction: str = ""


def differences(found: Iterable[Item], wanted: Wanted) -> list[Item]:
    """Those of the items about which a judge and people differ, first those on which people are of one mind."""
    return sorted((item for item in found if _differs(item, wanted)), key=lambda item: -certainty(item))


def _differs(item: Item, wanted: Wanted) -> bool:
    if (wanted.config and item.config != wanted.config) or (wanted.kind and item.kind != wanted.kind):
        return False
    judges = [wanted.judge] if wanted.judge else item.verdicts
    parted = {direction(item, judge) for judge in judges} & set(DIRECTIONS)
    return bool(parted & {wanted.direction} if wanted.direction else parted)


class Line(NamedTuple):
    """An item of the list of differences: the row, its figures, and the judges that differ, with which way."""

    row: CampaignItem
    item: Item
    judges: tuple[tuple[Judge, str], ...]


def lines(found: Sequence[Item]) -> list[Line]:
    """These items as rows of the list, in two queries."""
    related = ("response__prompt", "response__version__config", "response__candidate__model")
    rows = CampaignItem.objects.select_related(*related).in_bulk([item.pk for item in found])
    judges = Judge.objects.select_related("model").in_bulk({judge for item in found for judge in item.verdicts})
    parted = {item.pk: [(judges[pk], direction(item, pk)) for pk in item.verdicts] for item in found}
    return [Line(rows[item.pk], item, tuple(pair for pair in parted[item.pk] if pair[1])) for item in found]


def judges_of(read: Iterable[int]) -> list[Judge]:
    """These judges, by their ids, judges before programs."""
    return list(Judge.objects.filter(pk__in=set(read)).select_related("model").order_by("heuristic", "pk"))


def configs_of(found: Iterable[int]) -> list[SafetyConfig]:
    """These configs, by their ids, by title."""
    return list(SafetyConfig.objects.filter(pk__in=set(found)).order_by("title", "pk"))
