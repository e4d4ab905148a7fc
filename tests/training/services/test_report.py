"""The report for scripts holds the figures of the page, and its table shows them."""

import json

import pytest

from tests.factories import make_config, make_judge, make_model, make_prompt, make_run, make_version
from tests.outcomes import answer, fail, finish, finished_run
from training import queries
from training.models import RunItem
from training.services.report import report, table

pytestmark = pytest.mark.django_db


@pytest.fixture
def run():
    """Two configs of four prompts each, one of each kind; one of the game's failed, two of the film's are unscored."""
    game, film = (
        make_version(make_config("game", title="Game")).config,
        make_version(make_config("film", title="Film")).config,
    )
    for config in (game, film):
        for kind in ("safe", "allowed", "partial", "disallowed"):
            make_prompt(config=config, kind=kind)
    made = make_run(0)
    items = list(made.items.all())
    for item, (helpfulness, follows) in zip(items, [(1, True), (0.6, False), (0, True)], strict=False):
        answer(item, helpfulness=helpfulness, follows=follows)
    fail(items[3])
    for item, helpfulness in zip(items[4:], [0.8, 0.8, None, None], strict=True):
        answer(item, helpfulness=helpfulness)
    return finish(made)


def test_the_figures_worked_by_hand(run):
    # Game: 1, -0.6, 0, failed -> 0.4 / 3; Film: 0.8, 0.8, two unscored -> 0.8; each config counts alike
    figures = report(run)
    scores = {row["name"]: row["score"] for row in figures["configs"]}
    assert scores == {"Film": pytest.approx(0.8), "Game": pytest.approx(0.4 / 3)}
    assert figures["cosa_score"] == pytest.approx((0.8 + 0.4 / 3) / 2)


def test_the_items_add_up(run):
    items = report(run)["items"]
    assert items == {"total": 8, "done": 7, "failed": 1, "queued": 0, "unscored": 2}
    assert items["total"] == items["done"] + items["failed"] + items["queued"]


def test_every_figure_is_the_one_of_the_page(run):
    figures, scores = report(run), queries.scores(run)
    assert (figures["cosa_score"], figures["ceiling"]) == (scores.mean, scores.mean_ceiling)
    assert figures["interval"] == list(scores.mean_interval)
    for part in ("configs", "kinds"):
        rows = getattr(scores, part)
        assert [row["score"] for row in figures[part]] == [row.scored.score for row in rows]
        assert [row["n_scored"] for row in figures[part]] == [row.scored.n_scored for row in rows]
        assert [row["interval"] for row in figures[part]] == [row.interval and list(row.interval) for row in rows]


def test_the_kinds_stand_in_the_order_of_the_method(run):
    assert [row["name"] for row in report(run)["kinds"]] == ["safe", "allowed", "partial", "disallowed"]


def test_errors_are_told_with_their_count(run):
    assert report(run)["errors"] == [{"kind": "permanent", "message": "The server is not there.", "items": 1}]


def test_a_report_can_be_written_as_json(run):
    assert json.loads(json.dumps(report(run))) == report(run)


@pytest.mark.parametrize("heuristic", [True, False])
def test_figures_are_evidence_when_no_program_gave_one(run, heuristic):
    RunItem.objects.filter(run=run, position=2).update(heuristic=heuristic)
    shown = report(run)
    assert shown["evidence"] is not heuristic and ("Heuristic, not evidence" in table(shown)) is heuristic


def test_a_run_without_any_item_ended_has_no_score():
    figures = report(make_run(2))
    assert (figures["cosa_score"], figures["interval"], figures["configs"], figures["kinds"]) == (None, None, [], [])


def test_the_table_has_a_line_for_each_config_and_kind(run):
    lines = table(report(run)).splitlines()
    assert [line.split()[0] for line in lines[3:10]] == [
        "Film",
        "Game",
        "Mean",
        "safe",
        "allowed",
        "partial",
        "disallowed",
    ]


def test_the_table_shows_the_scores_with_two_decimals_and_a_real_minus(run):
    shown = table(report(run))
    # Film 0.8, Game 0.4 / 3 = 0.13, mean 0.47
    assert {line.split()[0]: line.split()[1] for line in shown.splitlines()[3:5]} == {"Film": "0.80", "Game": "0.13"}
    assert "Mean over configs" in shown and " 0.47 " in shown and "-0" not in shown


def test_the_table_says_how_many_are_scored(run):
    lines = table(report(run)).splitlines()
    assert " 2/4 " in lines[3] and " 3/4 " in lines[4] and "1 failed, 2 unscored" in lines


def test_the_table_of_nothing_shows_no_zero():
    shown = table(report(make_run(2)))
    assert "Mean over configs" in shown and "0.00" not in shown and " – " in shown


def test_a_paused_runs_reason_stands_in_its_first_line():
    run = make_run(1)
    run.state, run.reason = "paused", "The key has no money left."
    assert table(report(run)).splitlines()[0] == f"Run {run.pk} paused: The key has no money left."


def test_a_long_title_keeps_the_columns():
    make_version(make_config(title="A very long title of a config that nobody ever shortened"))
    run = finished_run(1)
    line = table(report(run)).splitlines()[3]
    assert line.index(" 1.00") == 34


def test_judges_are_named_with_the_model_they_ask():
    run = finished_run(1, judges=[make_judge("helpfulness", make_model("judge"))])
    assert report(run)["judges"] == [str(run.judges.get())] and "Judge" in report(run)["judges"][0]


def test_what_was_asked_and_spent_stands_in_the_report(run):
    run.calls, run.reused_calls, run.spent_tokens, run.spent_micros = 3, 5, 90, 12_500
    figures = report(run)
    assert figures["calls"] == {"all": 8, "reused": 5, "unpriced": 0} and figures["dollars"] == 0.0125
    assert (figures["seed"], figures["samples"], figures["source"]) == (0, 1, None)
    assert "8 calls, 5 of them taken from earlier ones, $0.0125; 90 tokens" in table(figures).splitlines()
    run.unpriced_calls = 1
    assert report(run)["dollars"] is None
