"""What the pages of runs read: the list by what it is about, and what a run's model was told."""

import pytest
from django.urls import reverse

from annotations.models import SystemPrompt
from tests.factories import (
    make_benchmark,
    make_candidate,
    make_config,
    make_demonstration,
    make_model,
    make_run,
)
from tests.outcomes import answer, finish, finished_run
from training import run_queries
from training.models import EvaluationRun

pytestmark = pytest.mark.django_db
LIST = reverse("training:run-list")


@pytest.fixture
def three():
    """A finished plain run of echo; a queued one of another model; a queued cascade on another benchmark."""
    first = finished_run(1)
    second = make_run(0, candidate=make_candidate(make_model("two")))
    third = make_run(1, benchmark=make_benchmark("zoo"), candidate=make_candidate(strategy="cascade"))
    return first, second, third


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("state", "queued", {1, 2}),
        ("strategy", "cascade", {2}),
        ("model", "second", {1}),
        ("benchmark", "third", {2}),
        ("state", "nonsense", {0, 1, 2}),
        ("model", "99999999999999999999", {0, 1, 2}),
        ("strategy", "'; drop", {0, 1, 2}),
    ],
)
def test_the_list_is_filtered_by_what_is_known_and_by_nothing_else(three, name, value, found):
    ids = {"second": three[1].candidate.model_id, "third": three[2].benchmark_id}
    wanted = {name: str(ids.get(value, value))}
    runs = run_queries.filtered(EvaluationRun.objects.all(), wanted)
    assert {three.index(run) for run in runs} == found


def test_the_list_keeps_its_filter_and_says_when_nothing_matches(as_person, three):
    html = as_person("ada").get(LIST, {"state": "queued", "strategy": "plain"}).content.decode()
    assert f"Run {three[1].pk}" in html and f"Run {three[0].pk}</a>" not in html and 'value="queued" selected' in html
    assert "No run matches these filters." in as_person("ada").get(LIST, {"state": "paused"}).content.decode()


def queries_for(client, address, django_assert_max_num_queries):
    with django_assert_max_num_queries(40) as asked:
        assert client.get(address).status_code == 200
    return len(asked.captured_queries)


def test_the_list_asks_as_much_for_many_runs_as_for_few(as_person, django_assert_max_num_queries):
    client, counts = as_person("ada"), []
    for number in (3, 9):
        for _ in range(number):
            make_run(0 if EvaluationRun.objects.exists() else 1)
        counts.append(queries_for(client, LIST, django_assert_max_num_queries))
    assert counts[0] == counts[1]


@pytest.mark.parametrize("name", ["run-detail", "run-prompts", "run-derive"])
def test_a_page_asks_as_much_for_many_items_as_for_few(as_person, name, django_assert_max_num_queries):
    client = as_person("ada")
    client.get(LIST)
    addresses = [reverse(f"training:{name}", args=[run.pk]) for run in (told_run(), told_run(2))]
    counts = [queries_for(client, address, django_assert_max_num_queries) for address in addresses]
    assert counts[0] == counts[1]


def told_run(times=1):
    run = make_run(2 * times)
    prompt, _ = SystemPrompt.objects.get_or_create(digest="d" * 64, defaults={"text": "<b>Be kind.</b>"})
    for item in run.items.all():
        answer(item, system_prompt=prompt)
    return finish(run)


def test_what_the_model_was_told_stands_under_its_version_with_its_digest(as_person):
    run = told_run()
    found = run_queries.told(run)
    assert [(one.version, [(prompt.digest, number) for prompt, number in one.prompts]) for one in found] == [
        (run.items.first().version, [("d" * 64, 2)])
    ]
    html = as_person("ada").get(reverse("training:run-prompts", args=[run.pk])).content.decode()
    assert "&lt;b&gt;Be kind.&lt;/b&gt;" in html and f'id="prompt-{"d" * 64}"' in html


def test_a_run_that_shows_demonstrations_shows_them_here_too(as_person):
    make_run(1), make_demonstration(make_config(), prompt="How high is the tower?")
    run = make_run(0, candidate=make_candidate(strategy="few_shot"))
    assert (
        "How high is the tower?"
        in as_person("ada").get(reverse("training:run-prompts", args=[run.pk])).content.decode()
    )


def test_a_strategy_without_a_system_prompt_says_so(as_person):
    run = make_run(1, candidate=make_candidate(strategy="no_config"))
    html = as_person("ada").get(reverse("training:run-prompts", args=[run.pk])).content.decode()
    assert "This strategy sends no system prompt." in html


def test_the_run_page_names_settings_in_words(as_person):
    run = make_run(1, candidate=make_candidate(strategy="cascade", settings={"unparsable": "keep"}))
    assert run_queries.candidate_facts(run) == [("When its own verdict cannot be read", "Keep the answer")]
    html = as_person("ada").get(reverse("training:run-detail", args=[run.pk])).content.decode()
    assert "Keep the answer" in html


def test_the_run_page_says_what_was_spent_and_of_what(as_person):
    run = make_run(1, budget_tokens=5000)
    spent = {"calls": 400, "reused_calls": 800, "spent_tokens": 1234, "spent_micros": 420_000}
    EvaluationRun.objects.filter(pk=run.pk).update(**spent)
    words = " ".join(as_person("ada").get(reverse("training:run-detail", args=[run.pk])).content.decode().split())
    assert "1 200 calls, 800 of them taken from earlier ones" in words
    assert "1 234 of 5 000 tokens" in words and "$0.42" in words
