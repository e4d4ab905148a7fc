"""What an expert makes of clusters: named, merged, split, kept as categories, rejected, opened again.

Each decision is one conditional update on the state the person saw: of two at the same cluster one wins, and the other
is told.
"""

from collections.abc import Sequence

import numpy as np
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext

from annotations.core import k_means
from annotations.core.config_text import digest
from annotations.core.storable import tidy
from annotations.core.taxonomy_rows import LONGEST
from annotations.models import Taxonomy, User
from annotations.services import audit, taxonomies
from annotations.services.taxonomies import TaxonomyProblem
from training.models import Cluster, PromptMap
from training.models.maps import KEPT, MERGED, OPEN, REJECTED, SPLIT
from training.services.maps import POINT

MOST_PARTS, LONGEST_REASON, LARGEST_SEED = 12, 2_000, 2**31 - 1
FASTER = "Somebody was faster: this cluster was changed meanwhile. Look at it again."


class ClusterProblem(ValueError):
    """Why a cluster stays as it is, for the person. `field` is the field it is about, or empty."""

    def __init__(self, sentence: str, field: str = ""):
        super().__init__(sentence)
        self.field = field


def stamp(cluster: Cluster) -> str:
    """What stands for the cluster as a person saw it: another one after every change of its words or its prompts."""
    return digest(f"{cluster.state}\n{cluster.name}\n{cluster.definition}\n{cluster.size}")[:16]


@transaction.atomic
def edit(*, cluster: Cluster, name: str, definition: str, seen: str, actor: User) -> Cluster:
    """The open cluster with this name and definition, either may be empty. Raises ClusterProblem."""
    before = {"name": cluster.name, "definition": cluster.definition}
    _write(cluster, name, definition, seen, OPEN)
    audit.record(
        actor=actor,
        action="edit",
        obj=cluster,
        before=before,
        after={"name": cluster.name, "definition": cluster.definition},
    )
    return cluster


def _write(cluster: Cluster, name: str, definition: str, seen: str, state: str) -> None:
    words = _words(name, definition)
    was = {"state": OPEN, "name": cluster.name, "definition": cluster.definition, "size": cluster.size}
    if stamp(cluster) != seen or not Cluster.objects.filter(pk=cluster.pk, **was).update(state=state, **words):
        raise ClusterProblem(FASTER)
    cluster.refresh_from_db()


def _words(name: str, definition: str) -> dict[str, str]:
    words = {"name": " ".join(tidy(name).split()), "definition": tidy(definition)}
    for field, text in words.items():
        if len(text) > LONGEST[field]:
            raise ClusterProblem(f"At most {LONGEST[field]:,} characters; these are {len(text):,}.", field)
    return words


@transaction.atomic
def keep(*, cluster: Cluster, name: str, definition: str, seen: str, actor: User) -> Taxonomy:
    """The taxonomy whose draft has the cluster as a category now; one is made for a map that has none.

    Raises ClusterProblem when there is no name or definition, it reads like another category, or somebody was faster.
    """
    for field, text in (("name", name), ("definition", definition)):
        if not tidy(text):
            raise ClusterProblem(gettext("A category needs a name and a definition."), field)
    _write(cluster, name, definition, seen, KEPT)
    taxonomy = _taxonomy(cluster, actor)
    try:
        said = {"name": cluster.name, "definition": cluster.definition}
        draft = taxonomies.add_category(taxonomy=taxonomy, actor=actor, **said)
    except TaxonomyProblem as problem:
        raise ClusterProblem(str(problem), problem.field) from problem
    after = said | {"state": KEPT, "taxonomy": taxonomy.pk, "version": draft.number}
    audit.record(actor=actor, action="keep", obj=cluster, before={"state": OPEN}, after=after)
    return taxonomy


def _taxonomy(cluster: Cluster, actor: User) -> Taxonomy:
    """The taxonomy of the cluster's map, made now where there is none."""
    held = _hold(cluster.map_id)
    if held.taxonomy is not None and held.taxonomy.organisation_id != held.organisation_id:
        raise ClusterProblem(gettext("The taxonomy of this map belongs to another organisation."))
    if held.taxonomy is not None:
        return held.taxonomy
    about = {"title": f"Harms in {held.benchmark.title}"[:200], "about": f"From the clusters of map {held.pk}."}
    made = taxonomies.create(organisation=held.organisation, about=about, rows=[], actor=actor).taxonomy
    PromptMap.objects.filter(pk=held.pk, taxonomy=None).update(taxonomy=made)
    return made


def _hold(pk: int) -> PromptMap:
    """The map without its points; until the transaction ends nobody else numbers or unites clusters of it."""
    return PromptMap.objects.select_for_update(no_key=True).defer("points").get(pk=pk)


@transaction.atomic
def reject(*, cluster: Cluster, reason: str, actor: User) -> Cluster:
    """The cluster, rejected for a reason. Raises ClusterProblem without one, or when somebody was faster."""
    reason = tidy(reason)
    if not reason:
        raise ClusterProblem(gettext("Say in a line why: others will wonder where these prompts went."), "reason")
    if len(reason) > LONGEST_REASON:
        raise ClusterProblem(
            gettext("At most %(longest_reason)s characters; these are %(reason)s.")
            % {"longest_reason": f"{LONGEST_REASON:,}", "reason": f"{len(reason):,}"},
            "reason",
        )
    _move(cluster, OPEN, REJECTED, reason=reason)
    after = {"state": REJECTED, "reason": reason}
    audit.record(actor=actor, action="reject", obj=cluster, before={"state": OPEN}, after=after)
    return cluster


def _move(cluster: Cluster, before: str, after: str, **fields: object) -> None:
    if not Cluster.objects.filter(pk=cluster.pk, state=before).update(state=after, **fields):
        raise ClusterProblem(FASTER)
    cluster.refresh_from_db()


@transaction.atomic
def reopen(*, cluster: Cluster, actor: User) -> bool:
    """True when a kept or rejected cluster is open again and its category, if it had one, left the draft.

    False when it is open and the category stays, since somebody changed it there. Raises ClusterProblem when the
    category is published, or the cluster is neither kept nor rejected.
    """
    before = {"state": cluster.state, "reason": cluster.reason}
    if cluster.state not in (KEPT, REJECTED):
        raise ClusterProblem(
            gettext("Cluster %(number)s is %(state)s; only kept and rejected ones open again.")
            % {"number": cluster.number, "state": cluster.state}
        )
    gone = cluster.state == REJECTED or _take_back(cluster)
    _move(cluster, cluster.state, OPEN, reason="")
    audit.record(actor=actor, action="reopen", obj=cluster, before=before, after={"state": OPEN})
    return gone


def _take_back(cluster: Cluster) -> bool:
    taxonomy = _hold(cluster.map_id).taxonomy
    if taxonomy is None:
        return True
    try:
        return taxonomies.take_category_back(taxonomy=taxonomy, name=cluster.name, definition=cluster.definition)
    except TaxonomyProblem as problem:
        raise ClusterProblem(str(problem)) from problem


@transaction.atomic
def merge(*, cluster: Cluster, others: Sequence[Cluster], actor: User) -> Cluster:
    """The open cluster with the prompts of the other open ones of its map besides its own; those are merged into it.

    Raises ClusterProblem when there is no other, or one of them was changed meanwhile.
    """
    _hold(cluster.map_id)
    asked = {other.pk for other in others if other.map_id == cluster.map_id} - {cluster.pk}
    if not asked:
        raise ClusterProblem(gettext("Choose at least one other cluster."), "others")
    found = {row.pk: row for row in Cluster.objects.filter(pk__in=[cluster.pk, *asked], state=OPEN)}
    if len(found) <= len(asked):
        raise ClusterProblem(FASTER)
    own = found.pop(cluster.pk)
    united = list(dict.fromkeys(pk for row in (own, *found.values()) for pk in row.members))
    Cluster.objects.filter(pk__in=asked, state=OPEN).update(state=MERGED, into=cluster)
    _move(cluster, OPEN, OPEN, members=united, size=len(united))
    numbers = sorted(row.number for row in found.values())
    after = {"clusters": numbers, "prompts": len(united)}
    audit.record(actor=actor, action="merge", obj=cluster, before={"prompts": own.size}, after=after)
    return cluster


@transaction.atomic
def split(*, cluster: Cluster, number: int, seed: int, actor: User) -> list[Cluster]:
    """The new clusters into which the prompts fall by where they lie on the map, the largest first.

    The old one is split and stays. `number` of parts from 2 to MOST_PARTS; `seed` decides where they begin. Raises
    ClusterProblem when the prompts lie in one place, or somebody was faster.
    """
    if not (2 <= number <= MOST_PARTS and 0 <= seed <= LARGEST_SEED):
        raise ClusterProblem(
            gettext("Choose 2 to %(most_parts)s parts, and a seed from 0 on.") % {"most_parts": MOST_PARTS}, "number"
        )
    _hold(cluster.map_id)
    _move(cluster, OPEN, SPLIT)
    found = k_means.parts(_places(cluster), number, seed)
    if len(found) < 2:
        raise ClusterProblem(gettext("These prompts lie in one place of the map; there is nothing to part."))
    last = Cluster.objects.filter(map=cluster.map_id).aggregate(last=Max("number"))["last"]
    made = Cluster.objects.bulk_create(
        Cluster(map_id=cluster.map_id, number=last + at, parent=cluster, members=members, size=len(members))
        for at, part in enumerate(found, start=1)
        if (members := [cluster.members[place] for place in part])
    )
    after = {"state": SPLIT, "clusters": [row.number for row in made], "seed": seed}
    audit.record(actor=actor, action="split", obj=cluster, before={"state": OPEN}, after=after)
    return made


def _places(cluster: Cluster) -> list[tuple[float, float]]:
    """Where the cluster's prompts lie on the map, in the order of its members; one that is not on it in the middle."""
    points = PromptMap.objects.values_list("points", flat=True).get(pk=cluster.map_id)
    rows = np.frombuffer(bytes(points), dtype=POINT)
    mine = rows[np.isin(rows["prompt"], cluster.members)]
    places = dict(zip(mine["prompt"].tolist(), zip(mine["x"].tolist(), mine["y"].tolist(), strict=True), strict=True))
    return [places.get(pk, (0.0, 0.0)) for pk in cluster.members]
