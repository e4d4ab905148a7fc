"""`manage.py evaluate`: a run from a script, its exit code, and the figures of the page."""

import json
import signal

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from tests.factories import (
    make_benchmark,
    make_candidate,
    make_config,
    make_model,
    make_person,
    make_prompt,
    make_run,
    make_version,
)
from tests.outcomes import fail, finish, finished_run
from training import queries
from training.models import EvaluationRun

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _signals_as_before():
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def asked():
    """The options of an evaluation of eight prompts under two configs by the echo, judged by the heuristic."""
    for slug in ("film", "game"):
        config = make_version(make_config(slug, title=slug.title())).config
        for kind in ("safe", "allowed", "partial", "disallowed"):
            make_prompt(config=config, kind=kind)
    make_model("echo", max_concurrency=8)
    return ["--benchmark", make_benchmark().slug, "--model", "echo", "--judge", "heuristic"]


def code_of(*options: str) -> int:
    """The command's exit code."""
    try:
        call_command("evaluate", *options)
    except SystemExit as end:
        return int(end.code)
    return 0


def figures_of(capsys, *options: str) -> dict:
    code_of(*options, "--json")
    return json.loads(capsys.readouterr().out)


def test_every_item_is_answered_and_scored(asked, capsys):
    figures = figures_of(capsys, *asked)
    assert figures["items"] == {"total": 8, "done": 8, "failed": 0, "queued": 0, "unscored": 0}
    assert figures["state"] == "finished"


def test_a_whole_run_ends_with_code_zero(asked):
    assert code_of(*asked) == 0


def test_the_figures_are_those_of_the_page(asked, capsys):
    figures = figures_of(capsys, *asked)
    client = Client()
    client.force_login(make_person("grace"))
    scores = client.get(f"/runs/{figures['run']}/").context["scores"]
    assert (figures["cosa_score"], figures["interval"]) == (scores.mean, list(scores.mean_interval))
    assert {row["name"]: row["score"] for row in figures["configs"]} == {
        row.label: row.scored.score for row in scores.configs
    }
    assert {row["name"]: row["n_scored"] for row in figures["kinds"]} == {
        row.label: row.scored.n_scored for row in scores.kinds
    }


def test_the_table_shows_the_same_score_as_the_json(asked, capsys):
    code_of(*asked)
    shown = capsys.readouterr().out
    mean = queries.scores(EvaluationRun.objects.get()).mean
    assert f" {mean:.2f} ".replace("-", "−") in next(line for line in shown.splitlines() if "Mean over configs" in line)


def test_progress_goes_to_the_error_stream_alone(asked, capsys):
    code_of(*asked, "--json")
    printed = capsys.readouterr()
    assert "8 of 8, 0 failed" in printed.err and "of 8" not in printed.out


def test_a_failed_item_ends_with_code_one(asked):
    make_model("failing", base_url="echo://?fail=1&kind=permanent")
    options = [option if option != "echo" else "failing" for option in asked]
    assert code_of(*options) == 1
    assert EvaluationRun.objects.get().items.filter(state="failed").count() == 8


def test_an_unscored_item_ends_with_code_one(asked, capsys):
    options = [option if option != "heuristic" else "helpfulness:echo" for option in asked]
    assert code_of(*options) == 1 and "8 unscored" in capsys.readouterr().out


def test_configs_and_kinds_can_be_limited(asked, capsys):
    figures = figures_of(capsys, *asked, "--config", "film", "--per-kind", "1")
    assert figures["items"]["total"] == 4 and [row["name"] for row in figures["configs"]] == ["Film"]


def test_a_run_from_the_command_line_has_no_author(asked):
    code_of(*asked)
    assert EvaluationRun.objects.get().created_by is None


def test_an_open_run_is_taken_up_again(asked, capsys):
    run = make_run(0)
    figures = figures_of(capsys, "--run", str(run.pk))
    assert (figures["run"], figures["items"]["done"], EvaluationRun.objects.count()) == (run.pk, 8, 1)


def test_a_finished_run_is_shown_as_it_is(capsys):
    run = finished_run(2)
    assert code_of("--run", str(run.pk)) == 0 and f"Run {run.pk} finished" in capsys.readouterr().out


def test_a_finished_run_with_a_failed_item_is_shown_with_code_one():
    run = make_run(1)
    fail(run.items.get())
    assert code_of("--run", str(finish(run).pk)) == 1


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--benchmark", "nope", "There is no benchmark 'nope'; there are: bench."),
        ("--model", "nope", "There is no model 'nope'; there are: echo."),
        ("--judge", "nope", "There is no judge 'nope'; there are:"),
        ("--judge", "helpfulness", "Choose a judge model."),
        ("--judge", "helpfulness:nope", "There is no judge model 'nope'; there are: echo."),
        ("--config", "nope", "There is no config 'nope'; there are: film, game."),
        ("--run", "99", "There is no run 99; there are: none."),
    ],
)
def test_a_wrong_name_is_told_with_the_right_ones(asked, option, value, words):
    with pytest.raises(CommandError, match=words):
        call_command("evaluate", *asked, option, value)
    assert not EvaluationRun.objects.exists()


def test_nothing_runs_without_a_judge(asked):
    with pytest.raises(CommandError, match="Choose at least one judge"):
        call_command("evaluate", *asked[:4])


def test_an_unknown_strategy_is_told_and_nothing_runs(asked):
    with pytest.raises(CommandError, match="There is no strategy 'cleverest'; there are: .*plain"):
        call_command("evaluate", *asked, "--strategy", "cleverest")
    assert not EvaluationRun.objects.exists()


@pytest.mark.parametrize("options", [["--temperature", "7"], ["--temperature", "nan"], ["--max-tokens", "0"]])
def test_sampling_out_of_range_is_told_in_words(asked, options):
    with pytest.raises(CommandError, match="Choose a temperature from 0 to 2, and at least 1 token"):
        call_command("evaluate", *asked, *options)


def test_settings_and_terms_stand_on_the_run(asked):
    options = ["--strategy", "cascade", "--setting", "unparsable=keep", "--samples", "2", "--no-cache"]
    assert code_of(*asked, *options, "--budget-tokens", "9000000") in (0, 1)
    run = EvaluationRun.objects.get()
    assert (run.candidate.settings, run.samples, run.use_cache) == ({"unparsable": "keep"}, 2, False)
    assert run.budget_tokens == 9_000_000


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--setting", "shots"], "A setting is written name=value; not 'shots'."),
        (["--setting", "shots=3"], "has no setting shots"),
        (["--budget-dollars", "1"], "No price is known of Echo"),
        (["--budget-dollars", "nan"], "no amount of US dollars"),
        (["--samples", "0"], "A judge is asked 1 to 15 times"),
    ],
)
def test_wrong_terms_are_told_in_words(asked, options, words):
    with pytest.raises(CommandError, match=words):
        call_command("evaluate", *asked, *options)
    assert not EvaluationRun.objects.exists()


def test_a_run_is_read_again_or_filtered(capsys):
    source = finished_run(2)
    assert code_of("--again", str(source.pk), "--strategy", "cascade_oracle", "--json") == 0
    figures = json.loads(capsys.readouterr().out)
    assert (figures["source"], figures["strategy"]["name"], figures["calls"]["all"]) == (source.pk, "cascade_oracle", 0)
    with pytest.raises(CommandError, match="Say with --judge who reads it again"):
        call_command("evaluate", "--again", str(source.pk))
    with pytest.raises(CommandError, match="was read by just these judges"):
        call_command("evaluate", "--again", str(source.pk), "--judge", "heuristic")


def test_a_run_of_another_node_is_left_to_its_worker(monkeypatch, tmp_path):
    model = make_model("far", engine="embedded", base_url="", weights=str(tmp_path / "model.gguf"), node="forge")
    run = make_run(1, candidate=make_candidate(model))
    told = []

    def hint(run_id):
        told.append(run_id)
        finish(run)
        EvaluationRun.objects.filter(pk=run_id).update(state="finished", finished_at=timezone.now())

    monkeypatch.setattr("cosa_web.management.commands.evaluate.hint", hint)
    code_of("--run", str(run.pk))
    run.refresh_from_db()
    assert (told, run.state, run.reason) == ([run.pk], "finished", "")
