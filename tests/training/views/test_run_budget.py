"""A run that stopped at its budget: its page offers to raise it, and it goes on."""

import pytest
from django.urls import reverse

from tests.factories import make_run
from tests.markup import elements
from training.models import EvaluationRun

pytestmark = pytest.mark.django_db


@pytest.fixture
def run():
    made = make_run(2)
    reason = "The budget of 3,000 tokens does not cover the next call. Raise it, then resume."
    EvaluationRun.objects.filter(pk=made.pk).update(
        state="paused", budget_tokens=3_000, spent_tokens=2_500, reason=reason
    )
    made.refresh_from_db()
    return made


def send(client, run, **fields):
    response = client.post(reverse("training:run-budget", args=[run.pk]), fields, follow=True)
    run.refresh_from_db()
    return response.content.decode()


def test_a_run_paused_at_its_budget_offers_to_raise_it(as_person, run):
    html = as_person("ada").get(reverse("training:run-detail", args=[run.pk])).content.decode()
    (field,) = (one for one in elements(html, "input") if one.attributes.get("name") == "budget_tokens")
    assert field.attributes["value"] == "3000" and "Set the budget" in html


def test_a_reader_without_the_right_is_not_offered_it(as_person, run):
    assert "Set the budget" not in as_person("bob").get(reverse("training:run-detail", args=[run.pk])).content.decode()


def test_the_new_budget_is_kept_and_the_run_waits_to_be_resumed(as_person, run):
    assert "The budget is set." in send(as_person("ada"), run, budget_tokens="9000")
    assert (run.budget_tokens, run.budget_micros, run.state) == (9_000, None, "paused")


def test_an_empty_field_takes_the_limit_away(as_person, run):
    send(as_person("ada"), run, budget_tokens="", budget_dollars="")
    assert run.budget_tokens is None


@pytest.mark.parametrize(
    ("tokens", "said"),
    [("2000", "The run has spent more than that already."), ("-4", "At most tokens: "), ("many", "At most tokens: ")],
)
def test_a_budget_that_cannot_be_is_refused_in_words_and_the_old_one_stays(as_person, run, tokens, said):
    assert said in send(as_person("ada"), run, budget_tokens=tokens)
    assert run.budget_tokens == 3_000
