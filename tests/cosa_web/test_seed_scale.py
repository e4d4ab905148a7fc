"""The made-up installation: what was asked for is there, the database's own rules hold, and its figures are true."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import Count, F

from annotations.models import Assignment, CampaignItem, Prompt, Rating, Response
from tests.factories import make_organisation, make_person
from training import queries, scores
from training.models import Call, EvaluationRun, Judgement, RunItem, Traffic

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def seed(*more: str, responses: int = 200) -> None:
    sizes = [f"--responses={responses}", f"--judgements={2 * responses}", f"--ratings={responses // 2}"]
    call_command("seed_scale", *sizes, *more, stdout=StringIO())


def test_a_small_installation_keeps_every_rule_of_the_database(settings):
    settings.DEMO = True
    seed()
    connection.check_constraints()
    sizes = [model.objects.count() for model in (Response, Judgement, Call, Rating, Traffic)]
    assert sizes == [200, 400, 600, 104, 100]
    assert RunItem.objects.exclude(response=None).exclude(prompt=F("response__prompt")).count() == 0
    answered = Assignment.objects.annotate(said=Count("ratings"))
    assert not answered.filter(state="done").exclude(said=1) and not answered.filter(state="open", said__gt=0)
    assert not CampaignItem.objects.annotate(own=Count("assignments")).exclude(own=F("needed"))
    run = EvaluationRun.objects.order_by("-pk")[0]
    worked_out = scores.plain(queries.worked_out([run.pk])[run.pk])
    assert run.figures == json.loads(json.dumps(worked_out))
    new = {"text": "How?", "digest": "new", "position": 10**6}
    assert Prompt.objects.create(benchmark=run.benchmark, config=run.items.all()[0].version.config, **new).pk


@pytest.mark.parametrize("demo", [True, False])
def test_where_people_work_nothing_is_made_up(settings, demo):
    settings.DEMO = demo
    if demo:
        make_person("ada")
    with pytest.raises(CommandError, match="--into-this-database"):
        seed()
    assert not Response.objects.exists()


def test_it_is_made_up_once(settings):
    settings.DEMO = True
    make_organisation("scale-1")
    with pytest.raises(CommandError, match="already"):
        seed()


@pytest.mark.parametrize("responses", [0, 99])
def test_a_size_without_sense_is_refused(settings, responses):
    settings.DEMO = True
    with pytest.raises(CommandError, match="At least 100"):
        seed(responses=responses)
