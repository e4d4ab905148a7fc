"""The items of a campaign as its leads see them: which there are, how far each is, and what people reported of it."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from django.core.cache import cache
from django.db.models import BooleanField, Case, Count, Exists, OuterRef, Q, QuerySet, Value, When
from django.utils.translation import gettext_noop as _

from annotations.core.answers import mask
from annotations.core.storable import whole_number
from annotations.core.taxonomy import KINDS
from annotations.models import Assignment, Campaign, CampaignItem, Candidate, Flag, SafetyConfig, Skip
from annotations.models.ratings import DISTRESSING, DONE, HELD, OPEN

UPLOADED = "uploaded"
KEPT_SECONDS = 24 * 3600
GOLD = Q(gold_follows__isnull=False)
NAMING = ~Q(names_model="") & Q(masked=False)
IN = Q(taken_out_at=None)
PASSED_ON = Skip.objects.filter(withdrawn_at=None).exclude(reason=DISTRESSING)
"""What was too distressing leaves no trace on an item: few could have passed it on. Wellbeing sums it up."""
WORDS = {
    "": _("all in the campaign"),
    "naming": _("naming their model"),
    "open": _("still to be answered"),
    "done": _("answered as often as needed"),
    "gold": _("gold"),
    "practice": _("practice"),
    "masked": _("with a masked name"),
    "flagged": _("with a flag"),
    "skipped": _("passed on by somebody"),
    "out": _("taken out"),
}
"""What a lead may ask to see, in words."""


class Wanted(NamedTuple):
    """What the filters ask for; an unknown value asks for nothing. `config` is an id, `source` one of a candidate."""

    show: str = ""
    config: int | None = None
    kind: str = ""
    source: str = ""

    @property
    def anything(self) -> bool:
        """True when some items may be left out."""
        return any(self)


def wanted(asked: Mapping[str, str]) -> Wanted:
    """What the address asks for."""
    show, kind, source = asked.get("show", ""), asked.get("kind", ""), asked.get("source", "")
    known = source == UPLOADED or whole_number(source) is not None
    return Wanted(
        show if show in WORDS else "",
        whole_number(asked.get("config", "")),
        kind if kind in KINDS else "",
        source if known else "",
    )


def matching(campaign: Campaign, asked: Wanted) -> QuerySet[CampaignItem]:
    """The items asked for; those by which a rater could tell the model come first, then all in their shuffled order."""
    given = {"response__version__config": asked.config, "response__prompt__kind": asked.kind}
    found = campaign.items.filter(_shown(asked.show), **{name: value for name, value in given.items() if value})
    if asked.source:
        found = found.filter(response__candidate=None if asked.source == UPLOADED else int(asked.source))
    first = Case(When(NAMING & IN, then=Value(True)), default=Value(False), output_field=BooleanField())
    return found.annotate(tells=first).order_by("-tells", "position", "pk")


def _shown(show: str) -> Q | Exists:
    slots = Assignment.objects.filter(item=OuterRef("pk"))
    if show in ("open", "done"):
        unanswered = Exists(slots.exclude(state=DONE))
        return Q(IN, unanswered) if show == "open" else Q(IN, ~unanswered)
    if show in ("flagged", "skipped"):
        said = Flag.objects.all() if show == "flagged" else PASSED_ON
        return Exists(said.filter(item=OuterRef("pk")))
    plain = {"naming": NAMING & IN, "gold": GOLD & IN, "practice": Q(practice=True) & IN, "masked": Q(masked=True) & IN}
    return ~IN if show == "out" else plain.get(show, IN)


class Line(NamedTuple):
    """An item on its page: how many answers it has, how many people hold it, how many slots are free or kept.

    `flags` and `skips` count what was reported of it; `flags_open` what no lead has answered.
    """

    item: CampaignItem
    done: int
    held: int
    waiting: int
    flags: int
    flags_open: int
    skips: int

    @property
    def text(self) -> str:
        """The beginning of the response as raters read it."""
        text = self.item.response.text[:2_000]
        return mask(text, self.item.names_model) if self.item.masked else text

    @property
    def whole(self) -> str:
        """The whole response as raters read it."""
        text = self.item.response.text
        return mask(text, self.item.names_model) if self.item.masked else text

    @property
    def complete(self) -> bool:
        """True when nothing of it is to be answered any more."""
        return not self.held and not self.waiting


def lines(items: Iterable[CampaignItem]) -> list[Line]:
    """The items with what is counted of each, in the order given; four queries, however many items."""
    pks = [item.pk for item in items]
    related = ("response__prompt", "response__version__config", "response__candidate__model")
    heavy = ("gold_why", "response__prompt__extra", "response__version__policy", "response__version__rules")
    by_pk = CampaignItem.objects.select_related(*related).defer(*heavy).in_bulk(pks)
    states, flags, skips = _states(pks), _flags(pks), _skips(pks)
    return [
        Line(
            item=by_pk[pk],
            done=states.get((pk, DONE), 0),
            held=states.get((pk, HELD), 0),
            waiting=states.get((pk, OPEN), 0),
            flags=flags[pk][0],
            flags_open=flags[pk][1],
            skips=skips.get(pk, 0),
        )
        for pk in pks
    ]


def _states(pks: list[int]) -> dict[tuple[int, str], int]:
    rows = Assignment.objects.filter(item__in=pks).order_by().values_list("item", "state")
    return {(item, state): number for item, state, number in rows.annotate(Count("pk"))}


def _flags(pks: list[int]) -> dict[int, tuple[int, int]]:
    rows = Flag.objects.filter(item__in=pks).order_by().values_list("item")
    counted = rows.annotate(Count("pk"), unread=Count("pk", filter=Q(answered_at=None)))
    return dict.fromkeys(pks, (0, 0)) | {item: (every, unread) for item, every, unread in counted}


def _skips(pks: list[int]) -> dict[int, int]:
    rows = PASSED_ON.filter(item__in=pks).order_by().values_list("item")
    return dict(rows.annotate(Count("pk")))


class Totals(NamedTuple):
    """How many items a campaign has, and how many of them are gold, practice, naming their model, or taken out."""

    items: int
    gold: int
    practice: int
    naming: int
    out: int


def totals(campaign: Campaign) -> Totals:
    """The counts; one query."""
    kinds = {"gold": GOLD & IN, "practice": Q(practice=True) & IN, "naming": NAMING & IN, "out": ~IN, "items": IN}
    return Totals(**campaign.items.aggregate(**{name: Count("pk", filter=which) for name, which in kinds.items()}))


def choices(campaign: Campaign) -> dict[str, list[tuple[Any, str]]]:
    """What the filters offer: the configs and the candidates of the campaign's items, by id and words."""
    of, models = _answered_under(campaign)
    candidates = (
        Candidate.objects.filter(pk__in=[pk for pk in models if pk])
        .select_related("model")
        .order_by("model__name", "pk")
    )
    sources = [(str(one.pk), f"{one} · {one.temperature:g}") for one in candidates]
    if None in models:
        sources.append((UPLOADED, "uploaded"))
    configs = SafetyConfig.objects.filter(pk__in=[pk for pk in of if pk]).order_by("title")
    return {"configs": list(configs.values_list("pk", "title")), "sources": sources}


def _answered_under(campaign: Campaign) -> tuple[set[int | None], set[int | None]]:
    """The configs and the candidates of the items, None among them; found once until an item is added."""
    key = f"campaign-choices:{campaign.pk}:{campaign.created_at.timestamp()}:{campaign.items.count()}"
    if (kept := cache.get(key)) is None:
        pairs = campaign.items.order_by().values_list("response__version__config", "response__candidate").distinct()
        cache.set(key, kept := list(pairs), timeout=KEPT_SECONDS)
    return {config for config, _ in kept}, {candidate for _, candidate in kept}
