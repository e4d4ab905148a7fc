"""The pages of evaluation runs: list, form, one run while it works and when it is over, stop and go."""

import pytest
from django.urls import reverse

from annotations.models import AuditEvent
from tests.factories import make_benchmark, make_config, make_model, make_person, make_prompt, make_run, make_version
from tests.markup import elements, inline, next_page
from tests.outcomes import answer, fail, finish, finished_run
from training import queries
from training.models import EvaluationRun

pytestmark = pytest.mark.django_db
LIST, NEW = reverse("training:run-list"), reverse("training:run-new")
HTMX = {"HX-Request": "true"}


def detail(run):
    return reverse("training:run-detail", args=[run.pk])


def posted(**fields):
    """A form as a browser sends it: the benchmark with four prompts, echo, the heuristic judge."""
    version, benchmark = make_version(), make_benchmark()
    for kind in ("safe", "allowed", "partial", "disallowed"):
        make_prompt(benchmark=benchmark, config=version.config, kind=kind)
    values = {"benchmark": benchmark.pk, "model": make_model().pk, "strategy": "plain", "judges": ["heuristic"]}
    return {name: value for name, value in (values | {"temperature": "0", "seed": "0"} | fields).items() if value != ""}


def fields_of(html):
    """The form's fields that are filled in, ticked or chosen, by name."""
    found = {}
    for one in elements(html):
        name, value = one.attributes.get("name"), one.attributes.get("value", "")
        if one.tag == "input" and (one.attributes.get("type") != "checkbox" or "checked" in one.attributes):
            found.setdefault(name, []).append(value)
        if one.tag == "option" and "selected" in one.attributes and value:
            found.setdefault(one.parents[-1].attributes["name"], []).append(value)
    return found


def errors_of(html):
    return [one.text for one in elements(html, css="field-error")] + [one.text for one in elements(html, css="error")]


def test_the_list_shows_the_newest_run_first(as_person):
    first, second = make_run(1), make_run(1)
    html = as_person("ada").get(LIST).content.decode()
    assert html.index(f'href="{detail(second)}"') < html.index(f'href="{detail(first)}"')


def test_the_list_counts_what_is_done_and_failed(as_person):
    run = make_run(5)
    first, second, third, *_ = run.items.all()
    answer(first), answer(second), fail(third)
    counts = [one.text for one in elements(as_person("ada").get(LIST).content.decode(), "td", "number")]
    assert counts[:3] == ["2", "1", "5"]


def test_the_list_holds_no_run_of_another_organisation(as_person):
    run = make_run(1)
    assert detail(run) not in as_person("mallory").get(LIST).content.decode()


def test_the_list_comes_in_pages(as_person):
    for _ in range(26):
        make_run(0 if EvaluationRun.objects.exists() else 1)
    ada = as_person("ada")
    first = ada.get(f"{LIST}?page=2").content.decode()
    assert "1–25 of 26" in first and "1 of 26" in ada.get(LIST + next_page(first)).content.decode()


def test_an_untouched_form_has_a_benchmark_a_model_and_a_judge_that_needs_no_model(as_person):
    values = posted()
    found = fields_of(as_person("ada").get(NEW).content.decode())
    assert (found["benchmark"], found["model"], found["judges"]) == (
        [str(values["benchmark"])],
        [str(values["model"])],
        ["heuristic"],
    )


def test_a_link_may_choose_the_benchmark(as_person):
    posted()
    other = make_benchmark("zoo")
    found = fields_of(as_person("ada").get(f"{NEW}?benchmark={other.pk}").content.decode())
    assert found["benchmark"] == [str(other.pk)]


def test_a_right_form_starts_a_run_and_leads_to_it(as_person):
    response = as_person("ada").post(NEW, posted())
    run = EvaluationRun.objects.get()
    assert (response.status_code, response.url, run.state, run.items.count()) == (302, detail(run), "queued", 4)


def test_the_worker_is_told_after_the_commit(as_person, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as told:
        as_person("ada").post(NEW, posted())
    assert len(told) == 1


def test_the_run_says_who_started_it(as_person):
    as_person("ada").post(NEW, posted())
    event = AuditEvent.objects.get(action="start")
    assert (event.actor, event.object_id) == (make_person("ada"), EvaluationRun.objects.get().pk)


def test_prompts_of_each_kind_can_be_limited(as_person):
    values = posted(per_kind="1")
    make_prompt(benchmark=make_benchmark(), config=make_config(), kind="safe")
    as_person("ada").post(NEW, values)
    assert EvaluationRun.objects.get().items.count() == 4


def test_a_wrong_form_is_422_with_everything_typed_kept(as_person):
    values = posted(temperature="9", seed="7", per_kind="0", judges=["heuristic", "helpfulness"])
    response = as_person("ada").post(NEW, values)
    found = fields_of(response.content.decode())
    kept = {name: found[name] for name in ("temperature", "seed", "per_kind", "judges", "benchmark", "model")}
    assert response.status_code == 422 and kept == {
        "temperature": ["9"],
        "seed": ["7"],
        "per_kind": ["0"],
        "judges": ["helpfulness", "heuristic"],
        "benchmark": [str(values["benchmark"])],
        "model": [str(values["model"])],
    }


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("benchmark", "999"),
        ("benchmark", ""),
        ("model", ""),
        ("strategy", "cleverest"),
        ("judges", "nobody"),
        ("judges", ""),
        ("temperature", "3"),
        ("temperature", "nan"),
        ("temperature", "-1"),
        ("seed", "-1"),
        ("seed", str(2**31)),
        ("seed", "one"),
        ("per_kind", "0"),
        ("max_tokens", "0"),
        ("max_tokens", "1000000"),
    ],
)
def test_a_wrong_value_starts_nothing_and_is_named(as_person, field, value):
    response = as_person("ada").post(NEW, posted(**{field: value}))
    assert response.status_code == 422 and not EvaluationRun.objects.exists()
    assert f'id="id_{field}_error"' in response.content.decode()


def test_a_judge_that_is_a_prompt_asks_for_its_model(as_person):
    response = as_person("ada").post(NEW, posted(judges=["helpfulness"]))
    assert response.status_code == 422 and "Choose a judge model." in " ".join(errors_of(response.content.decode()))


def test_a_config_without_an_approved_version_is_said_in_words(as_person):
    values = posted()
    make_config().versions.update(state="returned")
    response = as_person("ada").post(NEW, values)
    words = " ".join(errors_of(response.content.decode()))
    assert response.status_code == 422 and "There is no approved version of" in words


def test_a_benchmark_of_another_organisation_cannot_be_chosen(as_person):
    response = as_person("mallory").post(NEW, posted())
    assert response.status_code == 422 and not EvaluationRun.objects.exists()


def test_a_queued_run_asks_for_itself_again(as_person):
    live = elements(as_person("ada").get(detail(make_run(1))).content.decode(), css="run-head")[0]
    asks = [one.attributes for one in (live, *live.parents) if one.attributes.get("hx-trigger")]
    assert asks and asks[0]["hx-get"].startswith("/runs/")


@pytest.mark.parametrize("state", ["paused", "cancelled", "finished"])
def test_a_run_that_does_not_work_asks_for_nothing(as_person, state):
    run = finished_run(1)
    EvaluationRun.objects.filter(pk=run.pk).update(state=state)
    html = as_person("ada").get(detail(run)).content.decode()
    assert [one for one in elements(html) if "hx-get" in one.attributes] == []


@pytest.mark.parametrize("target", ["run-live", "run-figures"])
def test_htmx_gets_the_part_it_asks_for(as_person, target):
    html = as_person("ada").get(detail(make_run(1)), headers=HTMX | {"HX-Target": target}).content.decode()
    assert "<body" not in html and elements(html)[0].attributes["id"] == target and inline(html) == []


def test_a_restored_history_gets_the_whole_page(as_person):
    headers = HTMX | {"HX-History-Restore-Request": "true"}
    assert "<body" in as_person("ada").get(detail(make_run(1)), headers=headers).content.decode()


def test_what_is_not_done_adds_up_to_the_whole(as_person):
    run = make_run(5)
    first, second, *_ = run.items.all()
    answer(first), fail(second)
    now = queries.progress(run)
    assert (now.total, now.done, now.failed, now.queued) == (5, 1, 1, 3)
    assert now.total == now.done + sum(count for _, count in now.parts)


def test_errors_stand_there_in_words_with_their_count(as_person):
    run = make_run(3)
    for item in run.items.all():
        fail(item, error="The model is not there. Look up its name.")
    words = as_person("ada").get(detail(finish(run))).content.decode()
    assert "The model is not there. Look up its name." in words and "3 ×" in words


def test_a_paused_run_says_why(as_person):
    run = make_run(1)
    EvaluationRun.objects.update(state="paused", reason="The key has no money left.")
    assert "The key has no money left." in as_person("ada").get(detail(run)).content.decode()


def buttons(html):
    """Where the forms of the page's content lead."""
    return [
        one.attributes["action"].rsplit("/", 2)[-2]
        for one in elements(html, "form")
        if "/runs/" in one.attributes.get("action", "")
    ]


@pytest.mark.parametrize(
    ("state", "offered"),
    [
        ("queued", ["cancel"]),
        ("running", ["cancel"]),
        ("paused", ["resume"]),
        ("cancelled", ["resume"]),
        ("finished", []),
    ],
)
def test_a_run_offers_what_can_be_done_with_it(as_person, state, offered):
    run = finished_run(1)
    EvaluationRun.objects.filter(pk=run.pk).update(state=state)
    assert buttons(as_person("ada").get(detail(run)).content.decode()) == offered


def test_a_finished_run_with_failed_items_offers_to_try_them_again(as_person):
    run = make_run(1)
    fail(run.items.get())
    assert buttons(as_person("ada").get(detail(finish(run))).content.decode()) == ["resume"]


def test_a_reader_without_the_right_is_offered_nothing(as_person):
    assert buttons(as_person("bob").get(detail(make_run(1))).content.decode()) == []


def test_cancelling_stops_the_run(as_person):
    run = make_run(1)
    as_person("ada").post(reverse("training:run-cancel", args=[run.pk]))
    run.refresh_from_db()
    assert (run.state, run.reason) == ("cancelled", "Cancelled.")


def test_resuming_queues_the_run_and_tells_a_worker(as_person, django_capture_on_commit_callbacks):
    run = make_run(1)
    EvaluationRun.objects.update(state="cancelled")
    with django_capture_on_commit_callbacks() as told:
        as_person("ada").post(reverse("training:run-resume", args=[run.pk]))
    run.refresh_from_db()
    assert (run.state, len(told)) == ("queued", 1)


def test_trying_failed_items_again_queues_only_those(as_person):
    run = make_run(2)
    first, second = run.items.all()
    answer(first), fail(second)
    as_person("grace").post(reverse("training:run-resume", args=[finish(run).pk]))
    assert sorted(run.items.values_list("position", "state")) == [(1, "done"), (2, "queued")]


def test_pressing_cancel_twice_says_that_somebody_was_faster(as_person):
    run, ada = make_run(1), as_person("ada")
    url = reverse("training:run-cancel", args=[run.pk])
    ada.post(url)
    assert "Somebody was faster: the run is already cancelled." in ada.post(url, follow=True).content.decode()


def test_pressing_resume_twice_says_that_somebody_was_faster(as_person):
    run, ada = make_run(1), as_person("ada")
    EvaluationRun.objects.update(state="paused")
    url = reverse("training:run-resume", args=[run.pk])
    ada.post(url)
    assert "Somebody was faster: the run is already queued." in ada.post(url, follow=True).content.decode()
