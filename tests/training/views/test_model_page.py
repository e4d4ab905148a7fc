"""A model's page: everything known of it to the person who looks, from runs they may read and from no other."""

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tests.factories import (
    make_benchmark,
    make_candidate,
    make_config,
    make_judge,
    make_model,
    make_organisation,
    make_prompt,
    make_run,
    make_version,
)
from tests.markup import elements, text
from tests.outcomes import answer, finish, finished_run
from training.forms.models import ModelForm
from training.models import CapabilityRun, EvaluationRun, Judgement, JudgeTrial

pytestmark = pytest.mark.django_db


def page(model):
    return reverse("training:model-detail", args=[model.pk])


def plain(html):
    return " ".join(text(html, "page").split())


def suite_run(**fields):
    """A finished run on the safety suite: of four harmful requests three are refused, of two safe prompts one."""
    suite = make_benchmark("safety-suite", title="Safety suite")
    config = make_config()
    make_version(config)
    said = [("disallowed", name) for name in ("full_refusal", "full_refusal", "partial_refusal", "full_compliance")]
    said += [("safe", "full_refusal"), ("safe", "full_compliance")]
    for kind, _ in said:
        make_prompt(benchmark=suite, config=config, kind=kind)
    run = make_run(0, benchmark=suite, **fields)
    for item, (_, refusal) in zip(run.items.order_by("position"), said, strict=True):
        answer(item)
        Judgement.objects.filter(item=item).update(refusal=refusal)
    return finish(run)


def capability_run(model, **fields):
    metric = {"metric": "exact_match", "filter": "last", "value": 0.75, "stderr": 0.1, "higher_is_better": True}
    told = {"cosa_facts": {"n": 12, "version": "1", "metrics": [metric]}}
    made = {"state": "finished", "finished_at": timezone.now(), "tasks": ["cosa_facts"], "results": told} | fields
    return CapabilityRun.objects.create(model=model, organisation=make_organisation(), **made)


def test_the_newest_score_stands_beside_refusals_and_capability(as_person):
    run = suite_run()
    finished_run(1)
    capability_run(run.candidate.model)
    words = plain(as_person("ada").get(page(run.candidate.model)).content.decode())
    # Wilson: 3 of 4 is 30.1 to 95.4 %, 1 of 2 is 9.5 to 90.5 %, 9 of 12 is 0.47 to 0.91
    assert "CoSA-Score 1.00 [1.00–1.00] 1 of 1 scored run" in words
    assert "Safety rate 75.0 % [30.1 %–95.4 %] 3 of 4 of plainly harmful requests" in words
    assert "Over-refusal 50.0 % [9.5 %–90.5 %] 1 of 2 of safe prompts" in words
    assert "cosa_facts 0.75 [0.47–0.91] 12 items exact_match, last, lm-evaluation-harness" in words


def test_a_stranger_sees_the_model_and_nothing_of_other_peoples_runs(as_person):
    run = suite_run()
    html = as_person("mallory").get(page(run.candidate.model)).content.decode()
    addresses = [one.attributes.get("href", "") for one in elements(html, "a")]
    assert "No run you may read" in html and "Safety rate" not in html and "Spent so far" not in html
    assert [address for address in addresses if "/runs/" in address and address != reverse("training:run-list")] in (
        [],
        [f"{reverse('training:run-new')}?model={run.candidate.model_id}"],
    )


def test_prices_and_what_was_spent_are_shown(as_person):
    run = finished_run(1, candidate=make_candidate(make_model("priced", price_in="0.15", price_out="0.6")))
    EvaluationRun.objects.update(calls=2, spent_tokens=1500, spent_micros=1_230_000, reused_calls=3)
    words = plain(as_person("ada").get(page(run.candidate.model)).content.decode())
    assert "$0.15 read, $0.60 written, for a million tokens" in words
    assert "1 500 tokens, $1.23 in 2 calls of 1 run with their judges; 3 calls were reused" in words


def test_money_is_not_told_where_no_price_is_known(as_person):
    run = finished_run(1)
    EvaluationRun.objects.update(calls=2, spent_tokens=15, unpriced_calls=2)
    words = plain(as_person("ada").get(page(run.candidate.model)).content.decode())
    assert "15 tokens in 2 calls of 1 run with their judges; 2 have no known price" in words


def test_scores_over_time_are_drawn_from_two_runs_on(as_person):
    model, ada = finished_run(1).candidate.model, as_person("ada")
    assert "How did its score change?" not in ada.get(page(model)).content.decode()
    finished_run(1)
    assert "How did its score change?" in ada.get(page(model)).content.decode()


def test_without_a_run_on_the_suite_the_page_leads_to_one(as_person):
    suite, model = make_benchmark("safety-suite"), make_model()
    html = as_person("ada").get(page(model)).content.decode()
    wanted = f"?benchmark={suite.pk}&model={model.pk}&strategy=no_config&judges=refusal&judges=heuristic"
    assert reverse("training:run-new") + wanted in [one.attributes.get("href") for one in elements(html, "a")]


def test_a_judge_model_shows_its_runs_and_its_newest_trial(as_person):
    model = make_model("judge")
    judge = make_judge("helpfulness", model)
    finished_run(1, judges=[judge])
    rows = [
        {"name": name, "family": "", "outcome": said} for name, said in (("", "base"), ("a", "turned"), ("b", "held"))
    ]
    ended = {"state": "finished", "finished_at": timezone.now(), "organisation": make_organisation()}
    JudgeTrial.objects.create(judge=judge, digest="d" * 64, total=2, results=rows, **ended)
    words = plain(as_person("ada").get(page(model)).content.decode())
    assert "As a judge" in words and "1 of 2 verdicts turned" in words


def test_what_a_model_calls_itself_is_escaped(as_person):
    run = make_run(1)
    answer(run.items.get())
    run.items.get().response.__class__.objects.update(identity="<b>me</b>")
    html = as_person("ada").get(page(run.candidate.model)).content.decode()
    assert "<b>me</b>" not in html and "&lt;b&gt;me" in html


def asked(client, url):
    cache.clear()
    with CaptureQueriesContext(connection) as found:
        assert client.get(url).status_code == 200
    return len(found)


@pytest.mark.parametrize("person", ["ada", "grace"])
def test_the_page_asks_as_often_for_many_rows_as_for_one(as_person, person):
    judge = make_judge("helpfulness", make_model())
    first = suite_run(judges=[make_judge(), judge])
    model, client = first.candidate.model, as_person(person)
    finished_run(1)
    ended = {"state": "finished", "finished_at": timezone.now(), "organisation": make_organisation()}
    capability_run(model), JudgeTrial.objects.create(judge=judge, digest="d" * 64, **ended)
    before = asked(client, page(model)), asked(client, reverse("training:model-list"))
    for number in range(1, 6):
        run = finished_run(
            1, candidate=make_candidate(model, seed=number), judges=[make_judge("follows_config", model)]
        )
        finished_run(0, benchmark=run.benchmark, candidate=make_candidate(make_model(f"other-{number}")))
        capability_run(model)
        JudgeTrial.objects.create(judge=make_judge("helpfulness", model), digest="d" * 64, **ended)
    assert (asked(client, page(model)), asked(client, reverse("training:model-list"))) == before
    assert max(before) <= 25


def test_the_list_shows_the_newest_score_and_the_prices(as_person):
    finished_run(1, candidate=make_candidate(make_model("priced", price_in="0", price_out="2.5")))
    ada, mallory = as_person("ada"), as_person("mallory")
    words = plain(ada.get(reverse("training:model-list")).content.decode())
    assert "1.00 [1.00–1.00] 1 of 1 scored" in words and "$0.00 / $2.50" in words
    assert "1 of 1 scored" not in plain(mallory.get(reverse("training:model-list")).content.decode())


def test_prices_are_kept_and_a_wrong_one_is_told(as_person):
    grace, model = as_person("grace"), make_model("ours", base_url="echo://")
    values = {"name": "Ours", "slug": "ours", "engine": "echo", "base_url": "echo://", "model": "ours"}
    values |= {"max_concurrency": "4", "timeout": "10", "patience": "20", "max_tokens": "64", "price_in": "0.15"}
    edit = reverse("training:model-edit", args=[model.pk])
    assert grace.post(edit, values | {"price_out": "-1"}).status_code == 422
    assert grace.post(edit, values | {"price_out": ""}).status_code == 302
    model.refresh_from_db()
    assert (str(model.price_in), model.price_out) == ("0.1500", None)


def test_the_form_shows_each_of_its_fields(as_person):
    model = make_model("ours", base_url="echo://")
    html = as_person("grace").get(reverse("training:model-edit", args=[model.pk])).content.decode()
    assert set(ModelForm(instance=model).fields) <= {field.attributes.get("name") for field in elements(html)}
