"""What an approval rests on: every run that tells something, and only what the reviewer has read."""

import pytest
from django.utils import timezone

from annotations.models import Review
from annotations.services import floor
from tests.factories import make_candidate, make_model, make_person
from tests.markup import elements
from tests.review_desk import address, waits
from tests.version_runs import make_prompts, run_of
from training import evidence_queries
from training.models import EvaluationRun, RunItem
from training.services import runs

pytestmark = pytest.mark.django_db
BAD = [(1.0, False)] * 4


@pytest.fixture
def version(db):
    """One that waits, with four prompts to test it by."""
    made = waits()
    make_prompts(made.config)
    return made


@pytest.fixture
def bob(as_person):
    return as_person("bob")


def page(client, version):
    return client.get(address("training:review-detail", version)).content.decode()


def seen(html):
    return next(one.attributes["value"] for one in elements(html, "input") if one.attributes.get("name") == "seen")


def approve(client, version, html, **typed):
    given = {"decision": "approve", "seen": seen(html)} | typed
    return client.post(address("training:review-decide", version), given)


def rows(html):
    return [one.text for one in elements(html, "a", "plain") if one.text.startswith("Run ")]


def cancelled(version):
    run = run_of(version, end=False)
    runs.cancel(run=run, actor=None)
    return run


def test_runs_that_were_cancelled_do_not_push_the_evidence_off_the_page(bob, version):
    run = run_of(version)
    for _ in range(10):
        cancelled(version)
    html = page(bob, version)
    assert f"Run {run.pk}" in rows(html) and len(rows(html)) == 11
    assert [one for one in elements(html, "textarea") if one.attributes["name"] == "without_evidence"] == []


def test_runs_in_which_nothing_was_scored_do_not_push_the_evidence_away(version):
    run = run_of(version)
    for _ in range(10):
        run_of(version, [None] * 4)
    assert [row["run"] for row in evidence_queries.evidence(version)] == [run.pk]


def test_runs_that_are_not_listed_are_counted(bob, version):
    for _ in range(12):
        run_of(version)
    html = page(bob, version)
    assert len(rows(html)) == 10 and "2 older runs of this version are not listed." in html


def test_a_run_that_ended_after_the_page_was_read_is_read_first(bob, version):
    run_of(version)
    html = page(bob, version)
    bad = run_of(version, BAD)
    response = approve(bob, version, html, reasons="Fine for me.")
    again = response.content.decode()
    assert response.status_code == 422 and Review.objects.count() == 0
    assert (
        "Read the evidence as it is now first." in again and "Fine for me." in again and f"Run {bad.pk}" in rows(again)
    )
    assert approve(bob, version, again).status_code == 302
    assert bad.pk in [row["run"] for row in Review.objects.get().evidence]


def test_a_run_that_was_tried_again_meanwhile_is_read_again(bob, version):
    run = run_of(version)
    html = page(bob, version)
    EvaluationRun.objects.filter(pk=run.pk).update(finished_at=timezone.now())
    assert approve(bob, version, html).status_code == 422


def test_evidence_that_came_after_a_word_why_there_is_none_is_read_first(bob, version):
    html = page(bob, version)
    run_of(version, BAD)
    response = approve(bob, version, html, without_evidence="A typing error only.")
    assert response.status_code == 422 and Review.objects.count() == 0


def test_returning_a_version_waits_for_no_evidence(bob, version):
    html = page(bob, version)
    run_of(version, BAD)
    given = {"decision": "return", "reasons": "Which weapons?", "seen": seen(html)}
    assert bob.post(address("training:review-decide", version), given).status_code == 302


@pytest.mark.parametrize("state", ["queued", "running", "paused", "cancelled"])
def test_a_run_that_is_not_finished_is_no_evidence(bob, version, state):
    EvaluationRun.objects.filter(pk=run_of(version).pk).update(state=state)
    html = page(bob, version)
    assert seen(html) == "" and approve(bob, version, html).status_code == 422


def test_a_program_that_judged_is_marked_in_what_is_kept_and_on_the_page(bob, version):
    run = run_of(version, candidate=make_candidate(make_model("real", plumbing=False)))
    RunItem.objects.filter(run=run).update(heuristic=True)
    html = page(bob, version)
    assert "heuristic, not evidence" in html and "plumbing, not evidence" not in html
    approve(bob, version, html)
    kept = Review.objects.get().evidence[0]
    assert (kept["heuristic"], kept["plumbing"]) == (True, False)
    decided = next(one for one in elements(page(bob, version), "p") if one.text.startswith("on the evidence of"))
    assert "heuristic, not evidence" in decided.text


def test_a_model_too_small_to_mean_anything_is_marked_in_what_is_kept_and_on_the_page(bob, version):
    run_of(version)
    html = page(bob, version)
    assert "plumbing, not evidence" in html
    approve(bob, version, html)
    assert Review.objects.get().evidence[0]["plumbing"] is True
    decided = next(one for one in elements(page(bob, version), "p") if one.text.startswith("on the evidence of"))
    assert "plumbing, not evidence" in decided.text


def test_a_run_under_a_floor_that_is_not_in_force_is_marked(bob, version):
    grace = make_person("grace")
    for words in ("Nobody is put at risk.", "Nobody is put at risk. Ever."):
        assert "is in force</div>" not in page(bob, version)
        floor.publish(draft=floor.save(text=words, note="", revision=None, actor=grace), actor=grace)
        if words.endswith("risk."):
            run_of(version)
    assert "v2 is in force</div>" in page(bob, version)
    approve(bob, version, page(bob, version))
    assert Review.objects.get().evidence[0]["floor"] == 1
