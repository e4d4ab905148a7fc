"""A model proposes a name: from a sample drawn by seed, kept with what was asked, in words when nothing comes back."""

import pytest

from annotations.models import AuditEvent
from tests.factories import make_model, make_person
from tests.mapped import make_map
from tests.stub_server import StubServer
from training.models import Cluster
from training.services import proposals
from training.services.clusters import ClusterProblem

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def stub():
    with StubServer() as server:
        yield server


def model_of(stub, name, **fields):
    where = {"engine": "openai_http", "base_url": stub.base_url, "model": name, "plumbing": False, "patience": 2}
    return make_model(name.replace("#", "-"), **where | fields)


def propose(model, *, cluster=None, seed=0):
    cluster = cluster or make_map().clusters.get(number=1)
    return proposals.propose(cluster=cluster, model=model, seed=seed, actor=make_person("ada"))


def test_a_proposal_is_kept_with_what_was_asked(stub):
    cluster = propose(model_of(stub, "judge-json#named"), seed=3)
    said = cluster.proposal
    assert (said["name"], said["definition"], said["problem"]) == ("stub", "stub", "")
    assert (said["seed"], said["shown"], said["identity"]) == (3, 3, "stub/judge-json#named fp_stub")
    assert said["raw"] == ['{"name": "stub", "definition": "stub"}'] and len(said["digest"]) == 64
    assert (cluster.name, cluster.state) == ("", "open")
    assert AuditEvent.objects.get(action="propose").after["digest"] == said["digest"]
    assert stub.calls("judge-json#named") == 1


def test_another_seed_asks_something_else_and_the_same_one_the_same(stub):
    model, cluster = model_of(stub, "judge-json#seeds"), make_map().clusters.get(number=1)
    digests = [propose(model, cluster=cluster, seed=seed).proposal["digest"] for seed in (0, 0, 5)]
    assert digests[0] == digests[1] != digests[2]


@pytest.mark.parametrize("mode", ["ok", "echo", "empty", "unstorable"])
def test_a_reply_that_is_no_proposal_is_asked_for_once_more_and_kept(stub, mode):
    name = f"{mode}#twice"
    said = propose(model_of(stub, name)).proposal
    assert said["name"] == "" and "asked twice" in said["problem"] and len(said["raw"]) == 2
    assert stub.calls(name) == 2


@pytest.mark.parametrize(("name", "sentence"), [("e500", "Nothing was changed"), ("not-found", "Nothing was changed")])
def test_a_model_that_fails_is_told_in_words(stub, name, sentence):
    cluster = make_map().clusters.get(number=1)
    with pytest.raises(ClusterProblem, match=sentence):
        propose(model_of(stub, f"{name}#told", patience=0.3), cluster=cluster)
    assert Cluster.objects.get(pk=cluster.pk).proposal == {}


def test_a_model_that_takes_too_long_is_not_waited_for(stub, monkeypatch):
    monkeypatch.setattr(proposals, "SECONDS", 0.2)
    with pytest.raises(ClusterProblem, match=r"No proposal within 0\.2 seconds|Nothing was changed"):
        propose(model_of(stub, "black-hole", patience=60))


@pytest.mark.parametrize(("fields", "seed"), [({"engine": "elsewhere"}, 0), ({}, -1), ({}, 2**31)])
def test_what_cannot_be_asked_is_not_asked(fields, seed):
    with pytest.raises(ClusterProblem, match="Choose a model that answers here"):
        propose(make_model("m", **fields), seed=seed)


def test_a_model_that_reads_too_little_is_not_asked():
    with pytest.raises(ClusterProblem, match="too small"):
        propose(make_model("small", context_tokens=100))


def test_a_cluster_that_is_decided_about_gets_no_proposal():
    cluster = make_map().clusters.get(number=1)
    seen = Cluster.objects.get(pk=cluster.pk)
    Cluster.objects.filter(pk=cluster.pk).update(state="rejected", reason="No harm.")
    with pytest.raises(ClusterProblem, match="Somebody was faster"):
        propose(make_model(), cluster=seen)
    with pytest.raises(ClusterProblem, match="nobody needs a name"):
        propose(make_model(), cluster=Cluster.objects.get(pk=cluster.pk))


def test_what_plumbing_proposes_is_marked():
    said = propose(make_model()).proposal
    assert said["plumbing"] and said["model"] == "Echo" and said["name"]
