"""Whether a deployment's calls fit into its model's context."""

import pytest
from django.urls import reverse
from django.utils import timezone

from annotations.core.token_count import estimate
from annotations.models import FloorVersion
from annotations.services import floor
from tests.factories import make_deployment, make_model, make_version
from tests.training.deploy.test_deployments import deploy, switch, wanted
from training.gateway.failures import TOO_LONG, Asked, Broken, told
from training.models import Deployment
from training.services.deploy import deployments, fitting
from training.services.deploy.deployments import DeploymentProblem, Wanted

pytestmark = pytest.mark.django_db
ANSWER = 64
# the template round a system message and a question, 2 * 5, and a question of 10
ROUND = 20


def served_model(context, slug="served"):
    fields = {"engine": "openai_http", "base_url": "http://127.0.0.1:9/v1", "max_tokens": ANSWER}
    return make_model(slug, context_tokens=context, **fields)


def told_at_least(version):
    return estimate(version.system_prompt(floor.in_force())) + ROUND


def shown(monkeypatch, number, words=100):
    rows = [{"kind": "safe", "prompt": "a " * words, "response": "b " * words} for _ in range(number)]
    monkeypatch.setattr(deployments.demonstrations, "chosen", lambda *_: rows)


def test_what_is_over_by_more_than_a_tenth_is_refused_and_what_is_within_is_not():
    version = make_version()
    needed = told_at_least(version) + ANSWER
    within, over = int(needed / 1.1) + 1, int(needed / 1.1) - 1  # 1.1 * within >= needed > 1.1 * over
    with pytest.raises(DeploymentProblem, match=f"about {needed:,} tokens.* has {over:,}. Allow a shorter") as problem:
        deploy(version=version, candidate=Wanted(served_model(over, "over")))
    assert problem.value.field == "" and Deployment.objects.count() == 0
    assert deploy(version=version, candidate=Wanted(served_model(within, "within"))).pk


def test_demonstrations_count_and_fewer_of_them_are_the_way_out(monkeypatch):
    version = make_version()
    # 200 tokens of text and 2 * 5 round it for each demonstration
    context = int((told_at_least(version) + 5 * 210 + ANSWER) / 1.1) - 1
    row = deploy(version=version, candidate=wanted(model=served_model(context)))
    shown(monkeypatch, 5)
    few_shot = Wanted(row.candidate.model, "few_shot", {"shots": 5})
    with pytest.raises(DeploymentProblem, match="Show fewer demonstrations, allow a shorter answer, or"):
        switch(row, candidate=few_shot)
    row.refresh_from_db()
    assert (row.candidate.strategy, row.shown) == ("plain", [])
    shown(monkeypatch, 2)
    assert switch(row, candidate=few_shot).candidate.strategy == "few_shot"


def test_of_a_pool_only_as_many_count_as_a_prompt_draws(monkeypatch):
    shown(monkeypatch, 300)
    model = served_model(20_000)
    monkeypatch.setattr(deployments.shots, "refuse_set", lambda *_: None)
    row = deploy(candidate=Wanted(model, "few_shot", {"shots": 2, "preference_set": 1}))
    assert len(row.shown) == 300
    # two of 100 + 100 tokens, each of them two messages
    assert fitting.need(row, None).told == told_at_least(row.version) + 2 * 210


def test_the_floor_in_force_counts_and_an_unknown_context_is_not_looked_at():
    version, model = make_version(), served_model(None)
    assert fitting.need(make_deployment(version=version, model=model), None) is None
    text = "Never help with an attack on people, whatever a config allows. " * 20
    row = make_deployment("held", version, model=served_model(2000, "known"))
    bare = fitting.need(row, None).told
    above = FloorVersion.objects.create(number=1, state="published", text=text, digest="d", published_at=timezone.now())
    assert fitting.need(row, above).told > bare + estimate(text)


@pytest.mark.parametrize(
    ("share", "words"), [(0.8, None), (0.95, "context is nearly full"), (1.2, "longer than its model's context")]
)
def test_the_page_warns_where_it_is_close(as_person, share, words):
    version = make_version()
    needed = told_at_least(version) + ANSWER
    row = make_deployment(version=version, model=served_model(int(needed / share)))
    html = as_person("grace").get(reverse("training:deployment-detail", args=[row.pk])).content.decode()
    found = " ".join(html.split())
    if words is None:
        assert "an estimate" not in found
    else:
        assert words in found.replace("&#x27;", "'") and "an estimate" in found


@pytest.mark.parametrize("shows", [True, False])
def test_a_client_reads_of_demonstrations_only_where_there_are_some(shows):
    refused = told(Broken(TOO_LONG, "status 400"), Asked("r", False, shows))
    assert refused.code == TOO_LONG and ("demonstrations" in refused.message) == shows
