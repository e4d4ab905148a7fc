"""Sorting clusters: named, kept as categories, rejected, opened again, merged, split; of two at once one wins."""

import pytest

from annotations.models import AuditEvent, Taxonomy
from annotations.services import taxonomies
from tests.databases import at_once
from tests.factories import make_organisation, make_person
from tests.mapped import make_map
from training.models import Cluster
from training.services import clusters
from training.services.clusters import ClusterProblem

pytestmark = pytest.mark.django_db
HEAT = {"name": "Heat", "definition": "All that burns."}


@pytest.fixture
def warm():
    return make_map().clusters.get(number=1)


def keep(cluster, person="ada", **fields):
    said = HEAT | {"seen": clusters.stamp(cluster)} | fields
    return clusters.keep(cluster=cluster, actor=make_person(person), **said)


def reopen(cluster):
    return clusters.reopen(cluster=Cluster.objects.get(pk=cluster.pk), actor=make_person("ada"))


def names(taxonomy):
    return [row["name"] for row in taxonomies.draft_of(taxonomy).categories]


def test_a_kept_cluster_is_a_category_of_a_draft_that_is_made_for_the_map(warm):
    taxonomy = keep(warm)
    warm.refresh_from_db()
    assert (warm.state, warm.map.taxonomy, names(taxonomy)) == ("kept", taxonomy, ["Heat"])
    other = warm.map.clusters.get(number=2)
    assert keep(other, name="Cold, ice-cold") == taxonomy and names(taxonomy) == ["Heat", "Cold, ice-cold"]
    assert AuditEvent.objects.filter(action="keep", object_type="cluster").count() == 2


@pytest.mark.parametrize(
    ("fields", "sentence", "field"),
    [
        ({"name": " "}, "needs a name and a definition", "name"),
        ({"definition": ""}, "needs a name and a definition", "definition"),
        ({"name": "x" * 81}, "At most 80 characters", "name"),
        ({"name": "Other"}, "means something else", "name"),
        ({"seen": "long ago"}, "Somebody was faster", ""),
    ],
)
def test_what_is_no_category_is_not_kept_and_leaves_no_taxonomy(warm, fields, sentence, field):
    with pytest.raises(ClusterProblem, match=sentence) as refused:
        keep(warm, **fields)
    assert refused.value.field == field and not Taxonomy.objects.exists()
    assert Cluster.objects.get(pk=warm.pk).state == "open"


def test_two_clusters_of_one_name_are_not_both_kept(warm):
    keep(warm)
    with pytest.raises(ClusterProblem, match="read alike"):
        keep(warm.map.clusters.get(number=2))


def test_a_taxonomy_of_others_is_not_written_into(warm):
    theirs = Taxonomy.objects.create(organisation=make_organisation("elsewhere"), title="Theirs")
    warm.map.taxonomy = theirs
    warm.map.save()
    with pytest.raises(ClusterProblem, match="another organisation"):
        keep(warm)


def test_a_kept_cluster_opens_again_as_long_as_its_category_is_a_draft(warm):
    taxonomy = keep(warm)
    assert reopen(warm) is True and names(taxonomy) == []
    keep(Cluster.objects.get(pk=warm.pk))
    draft = taxonomies.draft_of(taxonomy)
    taxonomies.publish(draft=draft, revision=draft.revision, note="", actor=make_person("lea"))
    with pytest.raises(ClusterProblem, match="published in v1"):
        reopen(warm)
    assert Cluster.objects.get(pk=warm.pk).state == "kept"


def test_a_category_that_was_changed_meanwhile_stays(warm):
    taxonomy = keep(warm)
    draft = taxonomies.draft_of(taxonomy)
    rows = [draft.categories[0] | {"definition": "Otherwise."}]
    said = {"number": 1, "revision": draft.revision, "about": {"title": "T"}, "rows": rows}
    taxonomies.save(taxonomy=taxonomy, actor=make_person("lea"), **said)
    assert reopen(warm) is False and names(taxonomy) == ["Heat"]


def test_a_rejected_cluster_says_why_and_opens_again(warm):
    with pytest.raises(ClusterProblem, match="Say in a line why"):
        clusters.reject(cluster=warm, reason="\n", actor=make_person("ada"))
    clusters.reject(cluster=warm, reason="No harm in it.", actor=make_person("ada"))
    assert reopen(warm) is True
    with pytest.raises(ClusterProblem, match="is open; only"):
        reopen(warm)


def test_words_are_saved_and_the_later_of_two_is_told(warm):
    seen, ada = clusters.stamp(warm), make_person("ada")
    mine, theirs = warm, Cluster.objects.get(pk=warm.pk)
    clusters.edit(cluster=mine, name="Heat\nwave", definition="", seen=seen, actor=ada)
    assert Cluster.objects.get(pk=warm.pk).name == "Heat wave"
    with pytest.raises(ClusterProblem, match="Somebody was faster"):
        clusters.edit(cluster=theirs, name="Fire", definition="", seen=seen, actor=ada)


def test_clusters_are_united_in_one(warm):
    cold = warm.map.clusters.get(number=2)
    merged = clusters.merge(cluster=warm, others=[cold], actor=make_person("ada"))
    cold.refresh_from_db()
    assert (merged.size, merged.members[3:], cold.state, cold.into) == (5, cold.members, "merged", warm)


@pytest.mark.parametrize("state", ["kept", "rejected", "merged", "split"])
def test_only_open_clusters_are_united(warm, state):
    cold = warm.map.clusters.get(number=2)
    Cluster.objects.filter(pk=cold.pk).update(state=state, reason="x", into=warm, **HEAT)
    with pytest.raises(ClusterProblem, match="Somebody was faster"):
        clusters.merge(cluster=warm, others=[cold], actor=make_person("ada"))
    assert Cluster.objects.get(pk=warm.pk).size == 3


def test_a_cluster_is_not_united_with_itself_or_one_of_another_map(warm):
    other = make_map().clusters.get(number=2)
    with pytest.raises(ClusterProblem, match="at least one other"):
        clusters.merge(cluster=warm, others=[warm, other], actor=make_person("ada"))


def test_a_cluster_falls_into_parts_by_where_its_prompts_lie(warm):
    # x is -0.9, -0.8 and -0.1: the third prompt is a part of its own
    made = clusters.split(cluster=warm, number=2, seed=7, actor=make_person("ada"))
    warm.refresh_from_db()
    assert [part.members for part in made] == [warm.members[:2], warm.members[2:]]
    assert [(part.number, part.parent, part.state) for part in made] == [(3, warm, "open"), (4, warm, "open")]
    assert warm.state == "split"


@pytest.mark.parametrize(("number", "seed"), [(1, 0), (13, 0), (2, -1), (2, 2**31)])
def test_parts_and_seeds_have_bounds(warm, number, seed):
    with pytest.raises(ClusterProblem, match="2 to 12 parts"):
        clusters.split(cluster=warm, number=number, seed=seed, actor=make_person("ada"))


def test_what_lies_in_one_place_is_not_split(warm):
    Cluster.objects.filter(pk=warm.pk).update(members=warm.members[:1], size=1)
    with pytest.raises(ClusterProblem, match="one place of the map"):
        clusters.split(cluster=warm, number=2, seed=0, actor=make_person("ada"))
    assert Cluster.objects.get(pk=warm.pk).state == "open" and Cluster.objects.count() == 2


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", range(2))
def test_of_a_keeper_and_a_rejecter_one_wins(turn):
    cluster = make_map().clusters.get(number=1)
    ada, mine, theirs = make_person("ada"), *Cluster.objects.filter(pk=cluster.pk), Cluster.objects.get(pk=cluster.pk)
    results = at_once(lambda: keep(mine), lambda: clusters.reject(cluster=theirs, reason="No harm in it.", actor=ada))
    assert sum(isinstance(result, ClusterProblem) for result in results) == 1
    state = Cluster.objects.get(pk=cluster.pk).state
    assert Taxonomy.objects.count() == (state == "kept")


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_two_clusters_that_are_kept_at_once_are_in_one_taxonomy():
    one, two = make_map().clusters.order_by("number")
    make_person("ada")
    results = at_once(lambda: keep(one), lambda: keep(two, name="Cold"))
    assert results[0] == results[1] and sorted(names(results[0])) == ["Cold", "Heat"]


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_of_two_who_split_one_wins():
    cluster = make_map().clusters.get(number=1)
    ada, copies = make_person("ada"), [Cluster.objects.get(pk=cluster.pk) for _ in range(2)]
    at_once(*(lambda one=one: clusters.split(cluster=one, number=2, seed=0, actor=ada) for one in copies))
    assert sorted(Cluster.objects.values_list("number", flat=True)) == [1, 2, 3, 4]
