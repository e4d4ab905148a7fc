"""The tests of one version: who sees them, what they show, and starting a run of exactly this version."""

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotations.models import ConfigVersion
from tests.factories import (
    make_benchmark,
    make_candidate,
    make_config,
    make_model,
    make_organisation,
    make_prompt,
    make_version,
)
from tests.markup import elements, inline, undirected
from tests.outcomes import finish
from tests.version_runs import make_prompts, run_of
from training.models import EvaluationRun

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def page_of(version, name="tests"):
    return reverse(f"training:version-{name}", args=[version.config_id, version.number])


def posted(**fields):
    values = {"benchmark": make_benchmark().pk, "model": make_model().pk, "strategy": "plain", "judges": ["heuristic"]}
    return {name: value for name, value in (values | {"temperature": "0", "seed": "0"} | fields).items() if value != ""}


@pytest.mark.parametrize(("person", "status"), [("ada", 200), ("bob", 200), ("carol", 403), ("mallory", 404)])
def test_the_page_is_for_readers_of_the_config(as_person, person, status):
    assert as_person(person).get(page_of(make_version())).status_code == status


@pytest.mark.parametrize(
    ("person", "status"), [("ada", 302), ("lea", 302), ("grace", 302), ("bob", 403), ("mallory", 404)]
)
def test_who_may_run_tests(as_person, person, status):
    version = make_version()
    make_prompts()
    response = as_person(person).post(page_of(version, "test-run"), posted())
    assert (response.status_code, EvaluationRun.objects.count()) == (status, int(status == 302))


def test_a_reviewer_gets_no_form(as_person):
    version = make_version()
    make_prompts()
    html = as_person("bob").get(page_of(version)).content.decode()
    assert 'id="run-tests"' not in html


def test_a_test_run_is_of_this_version_alone_and_a_worker_is_told(as_person, django_capture_on_commit_callbacks):
    make_version()
    version = make_version(state="returned")
    make_prompts(), make_prompts(make_version(make_config("film")).config)
    with django_capture_on_commit_callbacks() as told:
        response = as_person("ada").post(page_of(version, "test-run"), posted())
    run = EvaluationRun.objects.get()
    assert (response.url, run.version, run.items.count(), len(told)) == (page_of(version), version, 4, 1)
    assert {item.version_id for item in run.items.all()} == {version.pk}


def test_testing_a_draft_keeps_its_text_and_says_so(as_person):
    version = make_version(state="draft")
    make_prompts()
    ada = as_person("ada")
    assert "Testing keeps this text as v1" in ada.get(page_of(version)).content.decode()
    html = ada.post(page_of(version, "test-run"), posted(), follow=True).content.decode()
    version.refresh_from_db()
    assert version.frozen_at and "the next edit goes on as a new version" in html
    assert "Testing keeps this text" not in html


def test_a_wrong_form_is_422_with_everything_typed_kept(as_person):
    version = make_version()
    make_prompts()
    response = as_person("ada").post(page_of(version, "test-run"), posted(temperature="9", seed="41"))
    html = response.content.decode()
    seed = next(one for one in elements(html, "input") if one.attributes.get("name") == "seed")
    assert response.status_code == 422 and seed.attributes["value"] == "41" and "id_temperature_error" in html


def test_an_empty_version_is_refused_in_words(as_person):
    version = make_version(policy="", rules=[])
    make_prompts()
    response = as_person("ada").post(page_of(version, "test-run"), posted())
    assert response.status_code == 422 and "v1 is empty. Write a policy or a rule first." in response.content.decode()


def test_only_benchmarks_with_prompts_of_the_config_are_offered(as_person):
    version = make_version()
    make_prompts()
    make_prompt(benchmark=make_benchmark("film"), config=make_version(make_config("film")).config)
    make_prompt(benchmark=make_benchmark("theirs", make_organisation("elsewhere")), config=version.config)
    form = as_person("ada").get(page_of(version)).context["form"]
    assert list(form.fields["benchmark"].queryset) == [make_benchmark()]


def test_the_form_begins_as_the_last_test_was_made(as_person):
    make_prompts(make_config())
    run = run_of(make_version(), candidate=make_candidate(make_model("second"), seed=7))
    form = as_person("ada").get(page_of(make_version(state="draft"))).context["form"]
    assert (form["model"].value(), form["seed"].value(), form["judges"].value()) == (
        [run.candidate.model_id],
        "7",
        ["heuristic"],
    )


def test_a_number_of_prompts_leads_to_those_prompts(as_person):
    version = make_version()
    make_prompts(rule="r1"), make_prompts()
    ada = as_person("ada")
    link = elements(ada.get(page_of(version)).content.decode(), css="test-cell")[0]
    url = next(
        one.attributes["href"]
        for one in elements(ada.get(page_of(version)).content.decode(), "a")
        if any("test-cell" in parent.classes for parent in one.parents)
    )
    page = ada.get(url.partition("#")[0]).context["page"]
    assert link.text.split()[0] == "1" and [(prompt.rule, prompt.kind) for prompt in page] == [("r1", "safe")]


def test_an_outcome_leads_to_the_items_behind_it(as_person):
    version = make_version()
    make_prompts(rule="r1"), make_prompts()
    run = run_of(version, [(1.0, False)] * 8)
    ada = as_person("ada")
    links = [
        one.attributes["href"]
        for one in elements(ada.get(page_of(version)).content.decode(), "a")
        if "outcome=helpful_unsafe" in one.attributes["href"] and "rule=none" in one.attributes["href"]
    ]
    found = [list(ada.get(link).context["page"]) for link in links]
    assert len(links) == 4 and [len(items) for items in found] == [1, 1, 1, 1]
    assert {items[0].run_id for items in found} == {run.pk} and all(items[0].prompt.rule == "" for items in found)


def test_a_rule_without_a_prompt_is_said(as_person):
    version = make_version()
    make_prompts()
    assert "No prompt names this rule: nothing tests it." in as_person("ada").get(page_of(version)).content.decode()


def test_a_config_without_prompts_says_what_to_do(as_person):
    html = as_person("ada").get(page_of(make_version())).content.decode()
    assert "No benchmark has a prompt for this config yet." in html


def test_what_got_worse_is_listed_with_both_answers(as_person):
    base, version = make_version(), make_version(state="draft")
    make_prompts()
    old, new = run_of(base), run_of(version, [(1.0, False), (1.0, True), (1.0, True), (1.0, True)])
    html = as_person("ada").get(page_of(version)).content.decode()
    items = [reverse("training:item-detail", args=[run.pk, run.items.first().pk]) for run in (old, new)]
    assert "Got worse" in html and "Got better" not in html and all(f'href="{url}"' in html for url in items)


def test_a_heuristic_figure_is_marked_wherever_it_stands(as_person):
    version = make_version()
    make_prompts()
    run_of(version)
    EvaluationRun.objects.get().items.update(heuristic=True)
    cache.clear()
    html = as_person("ada").get(page_of(version)).content.decode()
    assert len(elements(html, css="heuristic-badge")) >= 1 and len(elements(html, css="heuristic")) >= 1


def test_htmx_gets_the_matrix_alone(as_person):
    version = make_version()
    make_prompts()
    html = as_person("ada").get(page_of(version), headers=HTMX | {"HX-Target": "version-matrix"}).content.decode()
    assert "<body" not in html and elements(html)[0].attributes["id"] == "version-matrix" and inline(html) == []
    assert [one.attributes["href"] for one in elements(html, "a")].count(page_of(version)) == 1


def test_htmx_gets_the_results_alone(as_person):
    version = make_version()
    html = as_person("ada").get(page_of(version), headers=HTMX | {"HX-Target": "version-results"}).content.decode()
    assert "<body" not in html and elements(html)[0].attributes["id"] == "version-results" and inline(html) == []


def asking(html):
    return [one.attributes.get("id") for one in elements(html) if "hx-get" in one.attributes]


def test_the_page_follows_a_run_and_rests_when_it_is_over(as_person):
    version = make_version()
    make_prompts()
    run, ada = run_of(version, end=False), as_person("ada")
    assert asking(ada.get(page_of(version)).content.decode()) == ["run-live", "version-results"]
    finish(run)
    assert asking(ada.get(page_of(version)).content.decode()) == []


def test_texts_of_people_are_data_and_keep_their_direction(as_person):
    word = "ممنوع"
    hostile = "<script>alert(1)</script>"
    version = make_version(rules=[{"id": "r1", "kind": "allow", "text": f"{word} {hostile}", "example": ""}])
    make_prompt(f"{word} {hostile}", rule="r1"), make_prompt(rule="r9")
    base = make_version()
    run_of(base, [(1.0, True)]), run_of(version, [(1.0, False)])
    html = as_person("ada").get(page_of(version)).content.decode()
    assert hostile not in html and inline(html) == [] and undirected(html, word) == []


def asked(client, version):
    cache.clear()
    with CaptureQueriesContext(connection) as queries:
        assert client.get(page_of(version)).status_code == 200
    return len(queries)


@pytest.mark.parametrize("person", ["ada", "grace"])
def test_many_versions_runs_and_benchmarks_ask_as_often_as_few(as_person, person):
    base, version = make_version(), make_version()
    make_prompts(rule="r1")
    run_of(base), run_of(version, [(1.0, False)] * 4)
    client = as_person(person)
    few = asked(client, version)
    for number in range(8):
        run_of(version, [(1.0, False)] * 4)
        make_prompt(benchmark=make_benchmark(f"more-{number}"), rule="r1")
    ConfigVersion.objects.bulk_create(
        ConfigVersion(config=version.config, number=number, state="set_aside", digest="d") for number in range(3, 201)
    )
    assert asked(client, version) == few <= 40


def test_the_run_says_which_version_it_tests_alone(as_person):
    version = make_version()
    make_prompts()
    run, ada = run_of(version), as_person("ada")
    pages = [ada.get(reverse("training:run-detail", args=[run.pk])), ada.get(reverse("training:run-list"))]
    texts = [" ".join(elements(page.content.decode(), "main")[0].text.split()) for page in pages]
    assert ["Config game v1 alone" in text for text in texts] == [True, True]


@pytest.mark.parametrize("name", ["training:run-list", "home"])
def test_runs_of_one_version_are_listed_with_as_many_questions_as_any(as_person, name):
    version, ada = make_version(), as_person("ada")
    make_prompts()
    run_of(version)

    def listed():
        cache.clear()
        with CaptureQueriesContext(connection) as queries:
            assert ada.get(reverse(name)).status_code == 200
        return len(queries)

    few = listed()
    for number in range(2, 6):
        make_prompts(make_config(f"c{number}"))
        run_of(make_version(make_config(f"c{number}")))
    assert listed() == few


def test_a_run_without_any_score_shows_dashes_and_no_zero(as_person):
    version = make_version()
    make_prompts()
    run_of(version, [None, (None, True), (1.0, None), None])
    response = as_person("ada").get(page_of(version))
    kinds = [one.text.split() for one in elements(response.content.decode(), "li") if "0 of 1" in one.text]
    assert response.status_code == 200 and [words[1] for words in kinds] == ["–"] * 4
