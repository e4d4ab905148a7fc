"""Sorting clusters from the browser: every refusal keeps what was typed, readers and strangers change nothing."""

import pytest
from django.urls import reverse

from annotations.models import TaxonomyVersion
from tests.factories import make_model
from tests.mapped import make_map
from training.models import Cluster
from training.services import clusters

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert(1)</script>"
ACTS = ("propose", "edit", "keep", "merge", "split", "reject", "reopen")


@pytest.fixture
def warm():
    return make_map().clusters.get(number=1)


def url(name, cluster):
    return reverse(f"training:cluster-{name}", args=[cluster.map_id, cluster.number])


def typed(cluster, **fields):
    return {"name": "Heat", "definition": "All that burns.", "seen": clusters.stamp(cluster)} | fields


def anew(cluster):
    return Cluster.objects.get(pk=cluster.pk)


@pytest.mark.parametrize(
    ("act", "said", "state"),
    [
        ("edit", {}, "open"),
        ("keep", {}, "kept"),
        ("split", {"split-number": 2, "split-seed": 0}, "split"),
        ("reject", {"reject-reason": "No harm."}, "rejected"),
    ],
)
def test_each_decision_leads_back_to_the_cluster(as_person, warm, act, said, state):
    answer = as_person("ada").post(url(act, warm), typed(warm) | said)
    assert (answer.status_code, answer.url) == (302, url("detail", warm)) and anew(warm).state == state


def test_others_are_merged_into_it(as_person, warm):
    cold = warm.map.clusters.get(number=2)
    as_person("ada").post(url("merge", warm), {"merge-others": [cold.pk]})
    assert (anew(warm).size, anew(cold).state) == (5, "merged")


def test_a_proposal_is_asked_for(as_person, warm):
    answer = as_person("ada").post(url("propose", warm), {"propose-model": make_model().pk, "propose-seed": 4})
    assert answer.status_code == 302 and anew(warm).proposal["seed"] == 4


def test_a_decision_is_taken_back(as_person, warm):
    ada = as_person("ada")
    ada.post(url("keep", warm), typed(warm))
    ada.post(url("reopen", warm))
    assert anew(warm).state == "open" and TaxonomyVersion.objects.get().categories == []


@pytest.mark.parametrize(
    ("act", "said", "words"),
    [
        ("edit", {"name": "x" * 81}, "at most 80 characters"),
        ("keep", {"definition": ""}, "needs a name and a definition"),
        ("keep", {"name": "other"}, "means something else"),
        ("merge", {}, "Choose at least one other cluster"),
        ("merge", {"merge-others": [2**63]}, "not one of the available choices"),
        ("split", {"split-number": 99, "split-seed": 0}, "less than or equal to 12"),
        ("split", {"split-number": "9" * 40, "split-seed": 0}, "less than or equal to 12"),
        ("reject", {"reject-reason": " "}, "Say in a line why"),
        ("propose", {"propose-model": 2**63, "propose-seed": 0}, "not one of the available choices"),
    ],
)
def test_what_is_refused_is_told_and_changes_nothing(as_person, warm, act, said, words):
    make_model()
    answer = as_person("ada").post(url(act, warm), typed(warm) | said)
    assert answer.status_code == 422 and words in answer.text and anew(warm).state == "open"


def test_the_later_of_two_is_told_sees_what_is_saved_and_may_save_over_it(as_person, warm):
    lea, late = as_person("lea"), typed(warm, name="Fire", definition=HOSTILE)
    as_person("ada").post(url("edit", warm), typed(warm))
    answer = lea.post(url("edit", warm), late)
    assert answer.status_code == 422 and "Somebody was faster" in answer.text and "All that burns." in answer.text
    assert 'value="Fire"' in answer.text and HOSTILE not in answer.text
    seen = answer.context["desk"].words["seen"].value()
    lea.post(url("edit", warm), late | {"seen": seen})
    assert anew(warm).name == "Fire"


def test_what_was_typed_for_a_cluster_that_is_decided_about_is_not_lost(as_person, warm):
    as_person("ada").post(url("reject", warm), {"reject-reason": "No harm."})
    answer = as_person("lea").post(url("keep", warm), typed(warm, name="Fire"))
    assert answer.status_code == 422 and "Fire" in answer.text and "Reopen it" in answer.text


def test_an_own_proposal_stays_text_and_fills_the_form(as_person, warm):
    said = {"name": HOSTILE, "definition": "x", "problem": "", "raw": [HOSTILE], "model": HOSTILE, "seed": 0}
    Cluster.objects.filter(pk=warm.pk).update(proposal=said | {"shown": 3, "digest": "0" * 64, "plumbing": True})
    page = as_person("ada").post(url("reject", warm)).text
    assert HOSTILE not in page and "heuristic, not evidence" in page
    assert f'value="{HOSTILE.replace("<", "&lt;").replace(">", "&gt;")}"' in page


@pytest.mark.parametrize("act", ACTS)
def test_readers_change_nothing_and_strangers_find_nothing(as_person, warm, act):
    codes = {who: as_person(who).post(url(act, warm), typed(warm)).status_code for who in ("bob", "carol", "mallory")}
    assert codes == {"bob": 403, "carol": 403, "mallory": 404}
    assert as_person("ada").get(url(act, warm)).status_code == 405
    assert as_person("ada").post(url(act, warm).replace("/1/", "/99/")).status_code == 404
