"""The form of a run: strategies with their settings, several models and seeds at once, its terms, its estimate."""

import pytest
from django.urls import reverse

from tests.factories import make_benchmark, make_model, make_prompt, make_run, make_version
from tests.markup import elements, inline
from tests.outcomes import finished_run
from training.models import EvaluationRun, Judge

pytestmark = pytest.mark.django_db
NEW, ESTIMATE = reverse("training:run-new"), reverse("training:run-estimate")
HTMX = {"HX-Request": "true"}


def posted(**fields):
    """A form as a browser sends it: two prompts, echo, the heuristic judge."""
    version, benchmark = make_version(), make_benchmark()
    for kind in ("safe", "partial"):
        make_prompt(benchmark=benchmark, config=version.config, kind=kind)
    values = {"benchmark": benchmark.pk, "model": [make_model().pk], "strategy": "plain", "judges": ["heuristic"]}
    return values | {"temperature": "0", "seed": "0"} | fields


def ticked(html, name):
    """The values that are ticked or chosen."""
    found = [one.attributes for one in elements(html, "input") if one.attributes.get("name") == name]
    return [one["value"] for one in found if "checked" in one]


def test_each_model_with_each_seed_is_a_run_and_they_lead_to_their_comparison(as_person):
    models = [make_model().pk, make_model("two").pk]
    response = as_person("ada").post(NEW, posted(model=models, seed="0, 7"))
    made = list(EvaluationRun.objects.order_by("pk").values_list("candidate__model", "candidate__seed"))
    assert made == [(model, seed) for model in models for seed in (0, 7)]
    assert response.url.startswith(reverse("training:run-compare")) and response.url.count("run=") == 4


def test_when_one_of_them_cannot_be_none_is_started(as_person):
    values = posted(seed="0, 1", budget_dollars="1")
    response = as_person("ada").post(NEW, values)
    assert response.status_code == 422 and not EvaluationRun.objects.exists()
    assert "No price is known of Echo" in response.content.decode()


def test_too_many_runs_at_once_are_refused(as_person):
    response = as_person("ada").post(NEW, posted(seed=",".join(map(str, range(31)))))
    assert response.status_code == 422 and "at most 30 are started together" in response.content.decode()


def test_every_strategy_stands_there_with_what_it_costs_and_its_settings(as_person):
    make_benchmark()
    html = as_person("ada").get(NEW).content.decode()
    words = " ".join(html.split())
    assert ticked(html, "strategy") == ["plain"]
    assert "up to 3 calls a prompt" in words and "Settings of “Few-shot”" in words and 'name="few_shot-shots"' in html


def test_the_settings_of_the_chosen_strategy_are_kept_with_the_candidate(as_person):
    fields = {"strategy": "cascade", "cascade-unparsable": "keep", "few_shot-shots": "900"}
    as_person("ada").post(NEW, posted(**fields))
    assert EvaluationRun.objects.get().candidate.settings == {"unparsable": "keep"}


def test_a_wrong_setting_is_named_beside_its_field(as_person):
    response = as_person("ada").post(NEW, posted(strategy="few_shot", **{"few_shot-shots": "900"}))
    assert response.status_code == 422 and 'id="id_few_shot-shots_error"' in response.content.decode()


def test_each_judge_prompt_is_asked_of_each_judge_model(as_person):
    models = [make_model("one", plumbing=False).pk, make_model("two").pk]
    as_person("ada").post(NEW, posted(judges=["heuristic", "helpfulness"], judge_model=models, samples="3"))
    run = EvaluationRun.objects.get()
    assert {(judge.name, judge.model_id) for judge in run.judges.all()} == {
        ("heuristic", None),
        ("helpfulness", models[0]),
        ("helpfulness", models[1]),
    }
    assert (run.samples, run.use_cache, Judge.objects.count()) == (3, True, 3)


def test_cache_and_budget_are_what_was_asked(as_person):
    as_person("ada").post(NEW, posted(anew="on", budget_tokens="5000"))
    run = EvaluationRun.objects.get()
    assert (run.use_cache, run.budget_tokens, run.budget_micros) == (False, 5000, None)


def test_a_model_that_answers_elsewhere_is_not_offered(as_person):
    far = make_model("far", engine="elsewhere", plumbing=False)
    posted()
    html = as_person("ada").get(NEW).content.decode()
    offered = [one.attributes["value"] for one in elements(html, "input") if one.attributes.get("name") == "model"]
    assert offered == [str(make_model().pk)] and str(far.pk) not in offered


def test_a_link_begins_with_what_another_run_had(as_person):
    run = finished_run(2, samples=2, use_cache=False)
    html = as_person("ada").get(f"{NEW}?like={run.pk}").content.decode()
    assert (ticked(html, "model"), ticked(html, "judges")) == ([str(run.candidate.model_id)], ["heuristic"])
    assert ticked(html, "configs") == [] and "checked" in html.split('name="anew"')[1].split(">")[0]


def test_a_link_to_a_run_of_others_is_404(as_person):
    assert as_person("mallory").get(f"{NEW}?like={make_run(1).pk}").status_code == 404


def test_the_estimate_comes_alone_for_htmx_and_stores_nothing(as_person):
    response = as_person("ada").post(ESTIMATE, posted(seed="0, 1"), headers=HTMX)
    html = response.content.decode()
    words = " ".join(html.split())
    assert (response.status_code, "<body" in html, inline(html)) == (200, False, [])
    assert "2 × 2" in words and "No price is known of" in words and not EvaluationRun.objects.exists()


def test_without_a_script_the_estimate_stands_on_the_form(as_person):
    response = as_person("ada").post(ESTIMATE, posted(seed="4"))
    html = response.content.decode()
    assert response.status_code == 200 and "Where these numbers come from" in html and 'value="4"' in html


def test_of_an_estimate_one_sentence_is_said(as_person):
    ada, asked = as_person("ada"), HTMX | {"HX-Target": "run-estimate"}
    said = elements(ada.post(ESTIMATE, posted(seed="0"), headers=asked).content.decode(), "p")
    assert [one.text for one in said if "hx-swap-oob" in one.attributes][0].startswith("It takes ")
    refused = ada.post(ESTIMATE, posted(model=[]), headers=asked).content.decode()
    assert [one.text for one in elements(refused, "p") if "hx-swap-oob" in one.attributes] == [
        "The form has to be complete first."
    ]
    assert "hx-swap-oob" not in ada.post(ESTIMATE, posted(seed="0")).content.decode().partition('id="run-estimate"')[2]


def test_a_form_that_is_not_complete_is_told_instead_of_estimated(as_person):
    response = as_person("ada").post(ESTIMATE, posted(model=[]), headers=HTMX)
    assert response.status_code == 422 and "Models: This field is required." in response.content.decode()


def test_what_cannot_be_run_is_said_where_the_estimate_would_stand(as_person):
    values = posted(strategy="few_shot")
    response = as_person("ada").post(ESTIMATE, values, headers=HTMX)
    assert response.status_code == 422 and "has no demonstrations yet" in response.content.decode()


@pytest.mark.parametrize("field", ["model", "configs", "judge_model"])
def test_a_number_that_no_row_has_is_refused_and_no_error_of_ours(as_person, field):
    response = as_person("ada").post(ESTIMATE, posted(**{field: [str(2**63)]}))
    assert response.status_code == 422


def test_without_a_benchmark_there_is_no_form_but_the_way_to_one(as_person):
    html = as_person("mallory").get(reverse("training:run-new")).content.decode()
    assert "You have no benchmark to run." in html and 'name="strategy"' not in html


def test_judges_that_read_prompts_are_offered_nowhere_a_response_is_judged(as_person):
    again = reverse("training:run-derive", args=[finished_run(1).pk])
    for address in (NEW, again):
        page = as_person("lea").get(address).content.decode()
        values = [one.attributes.get("value") for one in elements(page, "input") if "judges" in one.attributes.values()]
        assert "heuristic" in values and not {"prompt_words", "prompt_risks"} & set(values), address
    refused = as_person("ada").post(NEW, posted(judges=["prompt_words"]))
    assert refused.status_code == 422 and EvaluationRun.objects.count() == 1
