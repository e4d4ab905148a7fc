"""Items about which raters differ, the greatest differences first, and their answers without a name."""

from typing import NamedTuple, cast

from django.core.cache import cache
from django.db import connection
from django.utils.crypto import salted_hmac

from annotations.core.answers import mask
from annotations.core.rater_facts import FAST_SECONDS
from annotations.models import Adjudication, Campaign, CampaignItem, Rating
from annotations.queries.item_values import counting_items
from annotations.queries.rating_agreement import KEPT_SECONDS, word

OPEN, DECIDED = STATES = ("open", "decided")
FOLLOWS, TIED, ANY = ("follows", "tied", "any")
WIDE_POINTS = 2
"""Points so far apart are a difference worth a lead's time; one point is not, unless it is asked for."""
DIFFERING = """
    SELECT item.position, item.id, version.config_id, prompt.kind, said.n, said.yes, said.low, said.high,
        decided.id IS NOT NULL
    FROM (
        SELECT rating.item_id, COUNT(*) AS n, SUM(CASE WHEN rating.follows_config THEN 1 ELSE 0 END) AS yes,
            MIN(rating.points) AS low, MAX(rating.points) AS high
        FROM annotations_rating rating
        JOIN annotations_guideline given_by ON given_by.id = rating.guideline_id
        WHERE given_by.campaign_id = %s AND rating.withdrawn_at IS NULL
        GROUP BY rating.item_id
    ) said
    JOIN annotations_campaignitem item ON item.id = said.item_id
    JOIN annotations_response response ON response.id = item.response_id
    JOIN annotations_prompt prompt ON prompt.id = response.prompt_id
    LEFT JOIN annotations_configversion version ON version.id = response.version_id
    LEFT JOIN annotations_adjudication decided ON decided.item_id = item.id AND decided.withdrawn_at IS NULL
    WHERE (said.low < said.high OR (0 < said.yes AND said.yes < said.n))
        AND item.taken_out_at IS NULL AND NOT item.practice AND item.gold_follows IS NULL"""
"""Ratings are counted before anything is joined to them: most items are not differed about, and their rows not read."""
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Difference(NamedTuple):
    """An item whose `n` raters differ: how many say yes, and their lowest and highest points."""

    item: int
    config: int
    kind: str
    n: int
    yes: int
    low: int
    high: int
    decided: bool

    @property
    def no(self) -> int:
        """How many say that the config is not followed."""
        return self.n - self.yes

    @property
    def tied(self) -> bool:
        """True when as many say yes as no: the item is unscored until a lead decides."""
        return self.yes == self.no


class Wanted(NamedTuple):
    """Which differences are asked for; an unknown value asks for nothing in particular."""

    state: str = OPEN
    size: str = ""
    config: int | None = None
    kind: str = ""


class Answer(NamedTuple):
    """A standing answer under a letter that stands for nobody in particular; `fast` marks one that was hardly read."""

    letter: str
    rating: Rating
    fast: bool


class Decided(NamedTuple):
    """A decision with its cause in words."""

    made: Adjudication
    cause: str


class Beside(NamedTuple):
    """The items before and after one in a list, None at its ends; its place from 1, None outside of the list."""

    previous: int | None
    next: int | None
    place: int | None
    total: int


def differences(campaign: Campaign) -> list[Difference]:
    """Every item about which two standing ratings differ at all, the greatest difference first.

    First those that differ about yes and no, by how even the split is; then by the spread of points; then as the items
    come in the campaign. Kept until an answer, an item or a decision changes.
    """
    return cast(
        list[Difference], cache.get_or_set(f"differences:{word(campaign)}", lambda: _found(campaign), KEPT_SECONDS)
    )


def _found(campaign: Campaign) -> list[Difference]:
    with connection.cursor() as cursor:
        cursor.execute(DIFFERING, [campaign.pk])
        found = [(position, Difference._make([*row, bool(decided)])) for position, *row, decided in cursor.fetchall()]
    return [row for _, row in sorted(found, key=lambda one: (*_size(one[1]), one[0], one[1].item))]


def _size(row: Difference) -> tuple[float, int]:
    """The greater the difference, the lower."""
    return -min(row.yes, row.no) / row.n, row.low - row.high


def chosen(rows: list[Difference], wanted: Wanted) -> list[Difference]:
    """Those of the differences that are asked for, in the same order."""
    return [
        row
        for row in rows
        if wanted.state not in STATES or row.decided == (wanted.state == DECIDED)
        if wanted.config in (None, row.config)
        if wanted.kind in ("", row.kind)
        if _is_of_size(row, wanted.size)
    ]


def _is_of_size(row: Difference, size: str) -> bool:
    split = 0 < row.yes < row.n
    return {FOLLOWS: split, TIED: row.tied, ANY: True}.get(size, split or row.high - row.low >= WIDE_POINTS)


def beside(rows: list[Difference], item: int) -> Beside:
    """What stands before and after the item in this order."""
    ids = [row.item for row in rows]
    if item not in ids:
        return Beside(None, None, None, len(ids))
    at = ids.index(item)
    return Beside(ids[at - 1] if at else None, ids[at + 1] if at + 1 < len(ids) else None, at + 1, len(ids))


def item(campaign: Campaign, pk: int) -> CampaignItem | None:
    """The item with its prompt, response and version, if it counts; None otherwise."""
    found = counting_items(campaign).filter(pk=pk).select_related("response__prompt", "response__version__config")
    return found.first()


def answers(item: CampaignItem) -> list[Answer]:
    """The standing answers on the item in an order that is the item's own, so that a letter says nothing elsewhere."""
    rows = Rating.objects.filter(item=item, withdrawn_at=None)
    shuffled = sorted(rows, key=lambda one: _place(item.pk, one.rater_id))
    return [Answer(LETTERS[at], one, _is_fast(one)) for at, one in enumerate(shuffled)]


def _place(item: int, rater: int) -> str:
    return salted_hmac("adjudication", f"{item}-{rater}").hexdigest()


def _is_fast(rating: Rating) -> bool:
    return rating.seconds is not None and rating.seconds < FAST_SECONDS


def seen(found: list[Answer]) -> str:
    """A word for these answers as they stand, that says nothing about who gave them."""
    return salted_hmac("answers", "-".join(str(one.rating.pk) for one in found)).hexdigest()[:16]


def text(item: CampaignItem) -> str:
    """The response without the name by which it gives its model away: who decides is blind as well."""
    return mask(item.response.text, item.names_model)


def decisions(item: CampaignItem) -> list[Decided]:
    """Every decision on the item, reopened ones too, the newest first."""
    rows = Adjudication.objects.filter(item=item).select_related("created_by").order_by("-pk")
    return [Decided(one, one.cause.replace("_", " ")) for one in rows]
