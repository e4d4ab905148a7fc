"""How far the raters of a campaign agree, and each with the rest. Only standing ratings of items that count go in."""

from collections import Counter, defaultdict
from collections.abc import Container, Hashable, Iterable, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

from django.core.cache import cache
from django.db.models import Count, Min, Q
from django.utils.translation import gettext

from annotations.core import agreement
from annotations.core.agreement import Agreement, Resampling
from annotations.core.confusion import Share, share
from annotations.core.pairwise import Pair, pairwise
from annotations.core.rater_facts import Answered, Facts, facts
from annotations.core.rating_table import RatingTable, only, read
from annotations.core.taxonomy import KINDS
from annotations.models import Adjudication, Campaign, CampaignItem, Enrolment, Rating
from annotations.models.campaigns import MOST_POINTS
from annotations.queries import kept
from annotations.queries.item_values import counting_items, ratings_of, standing_ratings

KEPT_SECONDS = 24 * 3600
SCALE = range(MOST_POINTS + 1)
MOST_BESIDE = 12
OF_ALL, OF_PART = Resampling(), Resampling(resamples=1_000)


class Comparison(NamedTuple):
    """Agreement on some items: the yes or no, and the points with quadratic weights. Whose kappas they are is a name.

    The counts stand in every figure and are the same in all of them.
    """

    percent: Agreement
    kappa: Agreement
    ac1: Agreement
    alpha: Agreement
    points_kappa: Agreement
    points_alpha: Agreement
    points_ac2: Agreement
    kappa_name: str


class Agreements(NamedTuple):
    """The figures of the whole campaign, of each config by its id, and of each kind of prompt in the usual order."""

    whole: Comparison
    configs: dict[int, Comparison]
    kinds: dict[str, Comparison]


class RaterLine(NamedTuple):
    """A rater as a number. `facts` is None without a standing answer; `gold` is how many gold answers were right.

    `edits` are answers they changed. What they passed on is not told by person: beside the sums of all, even a number
    without what was too distressing would say how much that was.
    """

    number: int
    facts: Facts | None
    gold: Share
    edits: int


class Report(NamedTuple):
    """All figures of a campaign's page. `pairs` are the raters of `beside`, by number, on yes and no.

    `beside` are the numbers of the MOST_BESIDE raters with the most answers, in rising order.
    """

    agreements: Agreements
    raters: list[RaterLine]
    beside: list[int]
    pairs: dict[tuple[int, int], Pair]


class _About(NamedTuple):
    prompt: int
    config: int
    kind: str


def report(campaign: Campaign, *, wait: bool = True) -> Report:
    """The figures of the campaign, kept until an answer, an item or a decision changes.

    Raises Later when they are not known, those of many answers, and who asks does not `wait`.
    """
    rows, key = ratings_of(campaign), f"agreement-report:{word(campaign)}"
    return kept.figures(key, lambda: _report(campaign), KEPT_SECONDS, rows=rows, wait=wait)


def by_campaign(campaigns: Sequence[Campaign]) -> dict[int, Comparison]:
    """The figures of each whole campaign, by its id; those that did not change are not made anew."""
    keys = {pk: f"rating-whole:{found}" for pk, found in words(campaigns).items()}
    kept = cache.get_many(keys.values())
    made = {keys[one.pk]: _agreements(one, parts=False).whole for one in campaigns if keys[one.pk] not in kept}
    cache.set_many(made, KEPT_SECONDS)
    return {pk: (kept | made)[key] for pk, key in keys.items()}


def word(campaign: Campaign) -> str:
    """A word that changes with the campaign's answers, the items that count, and the decisions on them."""
    return words([campaign])[campaign.pk]


def words(campaigns: Sequence[Campaign]) -> dict[int, str]:
    """The word of each of the campaigns, by its id; a few queries for all of them."""
    said: dict[int, list[Any]] = {campaign.pk: [campaign.pk] for campaign in campaigns}
    # Every answer was given by a version of its campaign's guideline: that index finds a campaign's answers alone.
    for model, its in ((Rating, "guideline__campaign"), (Adjudication, "item__campaign")):
        rows = model._default_manager.filter(**{f"{its}__in": list(said)}).order_by().values(its)
        for pk, *numbers in rows.annotate(n=Count("pk"), old=Count("withdrawn_at")).values_list(its, "n", "old"):
            said[pk] += [model.__name__, *numbers]
    aside = CampaignItem.objects.filter(campaign__in=list(said))
    aside = aside.filter(Q(practice=True) | Q(gold_follows__isnull=False) | Q(taken_out_at__isnull=False))
    gold = ("pk", "practice", "gold_follows", "gold_low", "gold_high", "taken_out_at")
    for pk, *row in aside.order_by("pk").values_list("campaign", *gold):
        said[pk].append(row)
    return {pk: f"{pk}-{sha256(repr(row).encode()).hexdigest()[:24]}" for pk, row in said.items()}


def rater_numbers(campaign: Campaign) -> dict[int, int]:
    """A number from 1 for each rater, by the id of the person: in the order in which they came to the campaign."""
    came = Enrolment.objects.filter(campaign=campaign).order_by("pk").values_list("rater", flat=True)
    first = ratings_of(campaign).values("rater").annotate(first=Min("pk"))
    rated = first.order_by("first").values_list("rater", flat=True)
    return {rater: number for number, rater in enumerate(dict.fromkeys([*came, *rated]), start=1)}


def said(campaign: Campaign) -> list[Answered]:
    """Every standing answer on an item that counts, in the order they came; units and raters are ids."""
    columns = ("item", "rater", "points", "follows_config", "seconds")
    return [Answered(*row) for row in standing_ratings(campaign).order_by("pk").values_list(*columns)]


def _report(campaign: Campaign) -> Report:
    answers, numbers = said(campaign), rater_numbers(campaign)
    most = [rater for rater, _ in Counter(one.rater for one in answers).most_common(MOST_BESIDE)]
    beside = {rater: numbers[rater] for rater in most}  # type: ignore[index]
    pairs = pairwise((one.unit, beside[one.rater], one.follows) for one in answers if one.rater in beside)
    return Report(_agreements(campaign, answers), _raters(campaign, answers, numbers), sorted(beside.values()), pairs)


def _agreements(campaign: Campaign, answers: list[Answered] | None = None, *, parts: bool = True) -> Agreements:
    rows = said(campaign) if answers is None else answers
    about = _about(campaign)
    follows = read((one.unit, one.rater, one.follows) for one in rows)
    points = read((one.unit, one.rater, one.points) for one in rows)
    prompts = {item: what.prompt for item, what in about.items()}
    cluster_of = prompts.get if len(set(prompts.values())) < len(prompts) else None

    def compared(items: Container[Hashable]) -> Comparison:
        return _comparison(only(follows, items), only(points, items), OF_PART._replace(cluster_of=cluster_of))

    whole = _comparison(follows, points, OF_ALL._replace(cluster_of=cluster_of))
    if not parts:
        return Agreements(whole, {}, {})
    configs, kinds = _parts(about)
    return Agreements(
        whole,
        {config: compared(items) for config, items in configs.items()},
        {kind: compared(kinds[kind]) for kind in KINDS if kind in kinds},
    )


def _about(campaign: Campaign) -> dict[Hashable, _About]:
    columns = ("pk", "response__prompt", "response__version__config", "response__prompt__kind")
    return {pk: _About(*rest) for pk, *rest in counting_items(campaign).order_by().values_list(*columns)}


def _parts(about: dict[Hashable, _About]) -> tuple[dict[int, set[Hashable]], dict[str, set[Hashable]]]:
    """The items of each config and of each kind."""
    configs: dict[int, set[Hashable]] = defaultdict(set)
    kinds: dict[str, set[Hashable]] = defaultdict(set)
    for item, what in about.items():
        configs[what.config].add(item)
        kinds[what.kind].add(item)
    return configs, kinds


def _comparison(follows: RatingTable, points: RatingTable, drawn: Resampling) -> Comparison:
    two = len(follows.raters) == 2
    kappa = agreement.cohen if two else agreement.fleiss
    measures = [
        agreement.percent(follows),
        kappa(follows),
        agreement.gwet(follows, scale=(False, True)),
        agreement.alpha(follows),
        kappa(points, "quadratic"),
        agreement.alpha(points, "ordinal"),
        agreement.gwet(points, "quadratic", SCALE),
    ]
    return Comparison._make([*agreement.together(measures, drawn), "Cohen" if two else "Fleiss"])


def _raters(campaign: Campaign, answers: Iterable[Answered], numbers: dict[int, int]) -> list[RaterLine]:
    found, gold = facts(answers), _gold(campaign)
    changed = ratings_of(campaign).exclude(withdrawn_at=None)
    edits = _number(changed)
    there = {*found, *gold, *edits}
    return [
        RaterLine(number, found.get(pk), share(*gold[pk], gettext("none yet")), edits[pk])
        for pk, number in numbers.items()
        if pk in there
    ]


def _gold(campaign: Campaign) -> dict[int, tuple[int, int]]:
    """How many gold answers of each rater were right, and how many there are; practice is none."""
    hidden = {"item__practice": False, "item__taken_out_at": None, "withdrawn_at": None}
    rows = ratings_of(campaign).filter(item__gold_follows__isnull=False, **hidden)
    columns = ("points", "follows_config", "item__gold_low", "item__gold_high", "item__gold_follows")
    right: dict[int, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for rater, points, follows, low, high, true in rows.order_by().values_list("rater", *columns):
        hits, n = right[rater]
        right[rater] = (hits + (low <= points <= high and follows == true), n + 1)
    return right


def _number(rows: Any) -> Counter[int]:
    return Counter(dict(rows.order_by().values("rater").annotate(n=Count("pk")).values_list("rater", "n")))
