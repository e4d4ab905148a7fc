"""Reads of what people say of a run's responses: which campaigns hold them, how they were drawn, and the figures."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from django.core.cache import cache
from django.db.models import Count, Max, Q, QuerySet, Sum

from annotations import campaign_access
from annotations.core.calibration import Corrected, Item, Verdict, corrected
from annotations.models import Adjudication, AuditEvent, Campaign, CampaignItem, Rating, SafetyConfig, User
from annotations.queries import item_values
from annotations.queries.item_values import ItemValue
from annotations.queries.kept import soon
from training.models import EvaluationRun, RunItem
from training.models.runs import ITEM_DONE, ITEM_FAILED

KEPT_SECONDS = 24 * 3600
PICKED, SAMPLED = "pick", "sample"
ADDED, WAYS = "add_items", (PICKED, SAMPLED, "upload")
BLANK = r"^\s*$"
UNREAD: Verdict = (None, None)


class Held(NamedTuple):
    """A campaign with responses of a run: how many, how many no longer count, and whether a seed drew them all."""

    campaign: Campaign
    items: int
    left_out: int
    drawn: bool


class Counts(NamedTuple):
    """What became of a run's items: those without an answer or with an empty one are in no figure.

    Of the answered ones `withheld` were refused by a filter, people were `asked` about some, and of these were
    `undecided` (as many yes as no) or have not read them yet.
    """

    failed: int
    empty: int
    answered: int
    withheld: int
    asked: int
    undecided: int
    unread: int


class Found(NamedTuple):
    """The figures of a run with people's labels; `sizes` and `asked` are how many responses of each config there are.

    `sizes` can be asked about, `asked` are in a campaign that counts. `heuristic` says that a program judged.
    """

    figures: Corrected
    counts: Counts
    sizes: dict[int, int]
    asked: dict[int, int]
    heuristic: bool


class _Line(NamedTuple):
    response: int
    config: int
    prompt: str
    helpfulness: float | None
    follows_config: bool | None
    withheld: bool
    heuristic: bool


def held(run: EvaluationRun, user: User) -> list[Held]:
    """The campaigns with responses of the run that the person may read, the newest first."""
    counting = Count("pk", filter=Q(**item_values.COUNTING))
    numbers = _inside(run).values_list("campaign").annotate(n=Count("pk"), good=counting)
    counted = {pk: (items, good) for pk, items, good in numbers}
    mine = list(campaign_access.campaigns(user).filter(pk__in=counted).order_by("-pk"))
    known = drawn(run, [one.pk for one in mine])
    return [Held(one, counted[one.pk][0], counted[one.pk][0] - counted[one.pk][1], one.pk in known) for one in mine]


def _inside(run: EvaluationRun) -> QuerySet[CampaignItem]:
    """The items of campaigns that are responses of the run, found without reading a response; in no order."""
    answered = RunItem.objects.filter(run=run, response__isnull=False).order_by().values("response")
    return CampaignItem.objects.filter(response__in=answered).order_by()


def drawn(run: EvaluationRun, campaigns: Collection[int]) -> set[int]:
    """Those of the campaigns whose responses of the run are all known to be drawn by chance alone, or all of them.

    Everything in them came by a choice that was written down, after the run or the one it reads again had ended, and
    no choice looked at the kind of the prompts. Within a config, that is: some configs may have more than others.
    """
    events = AuditEvent.objects.filter(object_type="campaign", object_id__in=campaigns, action__in=(ADDED, *WAYS))
    numbers: dict[int, dict[str, int]] = {pk: {} for pk in campaigns}
    for pk, action, number in events.order_by().values_list("object_id", "action").annotate(Count("pk")):
        numbers[pk][action] = number
    ways: dict[int, list[AuditEvent]] = {pk: [] for pk in campaigns}
    for event in events.filter(action__in=(PICKED, SAMPLED)).order_by("pk"):
        ways[event.object_id].append(event)
    ended = {one.pk: one.finished_at for one in _family(run)}
    return {pk for pk in campaigns if _all_written_down(numbers[pk]) and _by_chance(ways[pk], ended)}


def _all_written_down(numbers: Mapping[str, int]) -> bool:
    """Whether each time that items were added there was a word on how they were chosen."""
    return sum(numbers.get(way, 0) for way in WAYS) == numbers.get(ADDED, 0)


def _by_chance(ways: Sequence[AuditEvent], ended: dict[int, Any]) -> bool:
    here = [event for event in ways if set(event.after.get("runs", ())) & ended.keys()]
    return bool(here) and all(not event.after.get("kind") and _over(event, ended) for event in here)


def _over(event: AuditEvent, ended: dict[int, Any]) -> bool:
    """Whether the runs had ended when they were chosen from."""
    moments = [ended[pk] for pk in event.after["runs"] if pk in ended]
    return all(moment is not None and event.at >= moment for moment in moments)


def _family(run: EvaluationRun) -> list[EvaluationRun]:
    """The run and those it reads again: a sample of theirs is one of its own."""
    found = [run]
    while (source := found[-1].source) is not None:
        found.append(source)
    return found


def counting(campaigns: Sequence[Held]) -> list[Held]:
    """Those whose labels are taken: the drawn ones, or while there is none of them all."""
    return [one for one in campaigns if one.drawn] or list(campaigns)


def asked(run: EvaluationRun, campaigns: Sequence[Held]) -> dict[int, bool]:
    """The responses of the run in campaigns that were drawn by chance, and whether they still count there."""
    mine = [one.campaign.pk for one in campaigns if one.drawn]
    inside = _inside(run).filter(campaign__in=mine)
    counts = set(inside.filter(**item_values.COUNTING).values_list("response", flat=True))
    return {pk: pk in counts for pk in inside.values_list("response", flat=True)}


def askable(run: EvaluationRun) -> dict[int, list[int]]:
    """The responses of the run that people can be asked about, by config: with a text, and not withheld."""
    rows = _answered(run).filter(withheld=False).exclude(response__text__regex=BLANK)
    found: dict[int, list[int]] = {}
    for config, response in rows.order_by("response").values_list("version__config", "response"):
        found.setdefault(config, []).append(response)
    return found


def found(run: EvaluationRun, campaigns: Sequence[Held], *, wait: bool = True) -> Found | None:
    """The figures, worked out once and kept until something that counts changes; None without an answered item.

    Raises Later when they are not known, who asks does not `wait`, and they are those of many items.
    """
    taken = [one.campaign for one in counting(campaigns)]
    key = f"correction:{run.pk}:{'-'.join(str(one.pk) for one in taken)}"
    now = word(run, taken)
    before, kept = cache.get(key) or ("", None)
    if before != now:
        if not wait:
            soon(run.items.all())
        kept = _found(run, taken)
        cache.set(key, (now, kept), KEPT_SECONDS)
    return kept


def word(run: EvaluationRun, campaigns: Sequence[Campaign]) -> str:
    """A word that changes with what counts: items of the run and the campaigns, answers, decisions, verdicts."""
    stands = {"n": Count("pk"), "last": Max("pk"), "withdrawn": Count("withdrawn_at")}
    places = Sum("position", filter=Q(**item_values.COUNTING))
    ended = run.items.aggregate(n=Count("finished_at"), last=Max("finished_at"))
    items = CampaignItem.objects.filter(campaign__in=campaigns).aggregate(n=Count("pk"), places=places)
    ratings = Rating.objects.filter(guideline__campaign__in=campaigns).aggregate(**stands)
    decided = Adjudication.objects.filter(item__campaign__in=campaigns).aggregate(**stands)
    return "-".join(str(number or 0) for row in (ended, items, ratings, decided) for number in row.values())


def _answered(run: EvaluationRun) -> QuerySet[RunItem]:
    return RunItem.objects.filter(run=run, state=ITEM_DONE)


def _found(run: EvaluationRun, campaigns: Sequence[Campaign]) -> Found | None:
    columns = ("response", "version__config", "prompt__digest", "helpfulness", "follows_config", "withheld")
    rows = _answered(run).order_by("position").values_list(*columns, "heuristic")
    blank = set(_answered(run).filter(response__text__regex=BLANK).values_list("response", flat=True))
    lines = [line for line in map(_Line._make, rows) if line.withheld or line.response not in blank]
    if not lines:
        return None
    said = people(campaigns)
    items = [_item(line, said.get(line.response)) for line in lines]
    open_lines = [line for line in lines if not line.withheld]
    ours = [said[line.response] for line in open_lines if line.response in said]
    counts = Counts(
        failed=run.items.filter(state=ITEM_FAILED).count(),
        empty=_answered(run).count() - len(lines),
        answered=len(lines),
        withheld=len(lines) - len(open_lines),
        asked=len(ours),
        undecided=sum(value.undecided for value in ours),
        unread=sum(not value.undecided and value.helpfulness is None for value in ours),
    )
    sizes, known = _tally(open_lines), _tally(line for line in open_lines if line.response in said)
    return Found(corrected(items), counts, sizes, known, any(line.heuristic for line in lines))


def _tally(lines: Iterable[_Line]) -> dict[int, int]:
    found: dict[int, int] = {}
    for line in lines:
        found[line.config] = found.get(line.config, 0) + 1
    return found


def _item(line: _Line, said: ItemValue | None) -> Item:
    people = UNREAD if said is None else (said.helpfulness, said.follows_config)
    return Item(line.config, line.prompt, (line.helpfulness, line.follows_config), people, line.withheld)


def people(campaigns: Sequence[Campaign]) -> dict[int, ItemValue]:
    """What people say of each response, by its id; of several campaigns the one that decided it or rated it most."""
    best: dict[int, ItemValue] = {}
    for campaign in campaigns:
        for value in item_values.values(campaign):
            other = best.get(value.response)
            if other is None or (value.adjudicated, value.n) > (other.adjudicated, other.n):
                best[value.response] = value
    return best


def titles(found: Found) -> dict[int, SafetyConfig]:
    """The configs of the figures, by id."""
    return SafetyConfig.objects.in_bulk([row.config for row in found.figures.rows if row.config is not None])
