"""Reads for the pages of maps: points as small whole numbers, clusters with their share, samples and neighbours."""

import random
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from django.db.models import QuerySet, Sum
from django.urls import reverse
from django.utils.translation import gettext_noop as _

from annotations.models import Prompt
from annotations.models.work import FINISHED
from training.clustering import NOISE
from training.models import Cluster, PromptMap
from training.models.maps import CLUSTER_STATES, KEPT, MERGED, OPEN, REJECTED, SPLIT
from training.services.maps import POINT

SIDE = 10_000
"""Places on the picture are whole numbers from 0 to one less, for each side."""
COLOURS = ("#2f6fd6", "#b08800", "#009e73", "#c0504d", "#cc79a7", "#a65c28")
"""By number, in turns; each stands out from both grounds, and from the others for people who see colours otherwise."""
LIVE = (OPEN, KEPT, REJECTED)
"""The states of clusters that still hold prompts: what was merged or split lives on in others."""
SHOWN, DRAWN = 20, 600
_WORDS = {
    OPEN: (_("Open"), _("nobody has decided on it yet")),
    KEPT: (_("Kept"), _("a category of the taxonomy's draft")),
    REJECTED: (_("Rejected"), _("no category")),
    MERGED: (_("Merged"), _("went into another cluster")),
    SPLIT: (_("Split"), _("was divided into others")),
}


class Row(NamedTuple):
    """A cluster in the table: its share of the prompts on the map, 0..1, and how it is drawn."""

    cluster: Cluster
    share: float
    colour: str
    word: str


class Dot(NamedTuple):
    """A point of the picture that is drawn without JavaScript, in percent of each side."""

    x: float
    y: float
    colour: str


class Sign(NamedTuple):
    """The number of a cluster where most of it lies, in percent of each side."""

    x: float
    y: float
    number: int


class Tally(NamedTuple):
    """The law of a map: prompts in = placed + parts; then how many of the placed lie in no cluster."""

    total: int
    placed: int
    parts: list[tuple[str, int]]
    noise: int
    noise_share: float


class Neighbour(NamedTuple):
    """Another cluster that lies near; `cosine` of the two mean vectors, None where they were not compared."""

    row: Row
    cosine: float | None


def points(row: PromptMap) -> Any:
    """The points of a map, in the order of its prompts, as numpy has rows of POINT."""
    stored = PromptMap.objects.values_list("points", flat=True).get(pk=row.pk)
    return np.frombuffer(bytes(stored), dtype=POINT)


def live(row: PromptMap) -> "QuerySet[Cluster]":
    """The clusters that hold prompts now, the largest first."""
    return row.clusters.filter(state__in=LIVE).order_by("-size", "number")


def now(row: PromptMap, rows: Any) -> Any:
    """The number of the cluster that each point is in now, NOISE for none."""
    held = {pk: number for number, members in live(row).values_list("number", "members") for pk in members}
    return np.array([held.get(pk, NOISE) for pk in rows["prompt"].tolist()], dtype=np.int64)


def _places(side: Any) -> Any:
    return np.clip((side.astype(np.float64) + 1) / 2 * (SIDE - 1), 0, SIDE - 1).round().astype(int)


def packed(row: PromptMap) -> dict[str, Any]:
    """The map for the script that draws it: places, current clusters, and of each cluster its number, name and state.

    Up is positive on the plane and down on a screen, so y is turned round.
    """
    rows = points(row)
    named = live(row).values_list("number", "name", "state", "size")
    return {
        "side": SIDE,
        "colours": COLOURS,
        "x": _places(rows["x"]).tolist(),
        "y": _places(-rows["y"]).tolist(),
        "c": now(row, rows).tolist(),
        "clusters": [[number, name, state, size] for number, name, state, size in named],
        "page": reverse("training:cluster-detail", args=[row.pk, 0]),
    }


def prompt_at(row: PromptMap, place: int) -> Prompt | None:
    """The prompt of the point with that place in the map, from 0; None when there is no such point."""
    rows = points(row)
    if not 0 <= place < len(rows):
        return None
    return Prompt.objects.filter(pk=int(rows["prompt"][place])).first()


def colour(number: int) -> str:
    """The colour of a cluster."""
    return COLOURS[(number - 1) % len(COLOURS)]


def table(row: PromptMap, state: str = "") -> "QuerySet[Cluster]":
    """The clusters of a state, or those that hold prompts; the largest first, without their members."""
    chosen = row.clusters.filter(state=state) if state in CLUSTER_STATES else live(row)
    return chosen.select_related("into").defer("members", "proposal").order_by("-size", "number")


def shown(row: PromptMap, clusters: Sequence[Cluster]) -> list[Row]:
    """Clusters as the table has them."""
    placed = max(1, row.figures.get("out", 0))
    return [Row(one, one.size / placed, colour(one.number), _WORDS[one.state][0]) for one in clusters]


def choices(row: PromptMap) -> list[tuple[str, str, int]]:
    """The states that any cluster of the map is in: value, word, how many."""
    counts: dict[str, int] = {}
    for state in row.clusters.order_by().values_list("state", flat=True):
        counts[state] = counts.get(state, 0) + 1
    return [(state, _WORDS[state][0], counts[state]) for state in CLUSTER_STATES if state in counts]


def meaning(state: str) -> str:
    """What a state of a cluster says."""
    return _WORDS[state][1]


def tally(row: PromptMap) -> Tally:
    """The law of a finished map. Noise is counted now: prompts on the map that no live cluster holds."""
    figures = row.figures
    placed = figures.get("out", 0)
    held = live(row).aggregate(held=Sum("size"))["held"] or 0
    parts = [*figures.get("dropped", {}).items(), *figures.get("failed", {}).items()]
    return Tally(figures.get("in", 0), placed, parts, placed - held, (placed - held) / max(1, placed))


def drawn(row: PromptMap) -> tuple[list[Dot], list[Sign]]:
    """A seeded sample of the points, and the numbers of the largest clusters, for a picture without JavaScript."""
    rows = points(row)
    held = now(row, rows)
    chosen = np.random.default_rng(0).permutation(len(rows))[:DRAWN]
    x, y = (rows["x"] + 1) * 50, (1 - rows["y"]) * 50
    dots = [
        Dot(round(float(x[at]), 2), round(float(y[at]), 2), colour(int(held[at])) if held[at] > 0 else "")
        for at in chosen
    ]
    numbers = live(row).values_list("number", flat=True)[:30]
    middles = [(number, held == number) for number in numbers]
    signs = [Sign(float(np.median(x[of])), float(np.median(y[of])), number) for number, of in middles if of.any()]
    return dots, signs


def sample(cluster: Cluster, seed: int) -> list[Prompt]:
    """Some of a cluster's prompts, drawn by the seed: the same seed shows the same, the next one others."""
    members = sorted(cluster.members)
    order = random.Random(0).sample(members, len(members))  # noqa: S311  a sample to look at, not a secret
    start = seed * SHOWN % max(1, len(order))
    chosen = (order + order)[start : start + min(SHOWN, len(order))]
    found = Prompt.objects.in_bulk(chosen)
    return [found[pk] for pk in chosen if pk in found]


def neighbours(row: PromptMap, cluster: Cluster) -> list[Neighbour]:
    """Other clusters that hold prompts, the nearest first, by the mean vectors of what was found at first.

    A cluster that was merged stands for what it went into; one that was made by an expert has the neighbours of what it
    was made of, and first of all the other parts.
    """
    every = {one.number: one for one in row.clusters.defer("members", "proposal")}
    by_pk = {one.pk: one for one in every.values()}
    first, parts = _found_first(cluster, by_pk), _parts(cluster, every)
    listed: dict[int, float | None] = {one.number: None for one in parts}
    for number, cosine in row.figures.get("near", {}).get(str(first), []):
        for one in _lives_on(every.get(int(number)), every, by_pk):
            listed.setdefault(one.number, cosine)
    listed.pop(cluster.number, None)
    rows = shown(row, [every[number] for number in listed])
    return [Neighbour(one, cosine) for one, cosine in zip(rows, listed.values(), strict=True)]


def _found_first(cluster: Cluster, by_pk: dict[int, Cluster]) -> int:
    while cluster.parent_id in by_pk:
        cluster = by_pk[cluster.parent_id]
    return cluster.number


def _parts(cluster: Cluster, every: dict[int, Cluster]) -> list[Cluster]:
    if cluster.parent_id is None:
        return []
    return [one for one in every.values() if one.parent_id == cluster.parent_id and one.state in LIVE]


def _lives_on(cluster: Cluster | None, every: dict[int, Cluster], by_pk: dict[int, Cluster]) -> list[Cluster]:
    """The clusters that hold its prompts now."""
    seen: set[int] = set()
    while cluster and cluster.state == MERGED and cluster.pk not in seen:
        seen.add(cluster.pk)
        cluster = by_pk.get(cluster.into_id or 0)
    if cluster is None:
        return []
    if cluster.state == SPLIT:
        parts = [one for one in every.values() if one.parent_id == cluster.pk]
        return [part for one in parts for part in _lives_on(one, every, by_pk)]
    return [cluster] if cluster.state in LIVE else []


def is_ready(row: PromptMap) -> bool:
    """True when there is something to look at."""
    return row.state == FINISHED
