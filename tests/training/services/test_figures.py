"""The figures of a finished run are kept with it, and are those one would work out."""

import json

import pytest

from annotations.models import SafetyConfig
from tests.factories import make_person
from tests.outcomes import answer, finish, finished_run
from training import queries, scores
from training.models import EvaluationRun
from training.services import figures, runs
from training.tasks import sweep

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def mixed_run():
    """Four items: helpful and safe, helpful and unsafe, unscored, refused."""
    from tests.factories import make_run

    run = make_run(4)
    said = [(1.0, True), (0.4, False), (None, True), (0.0, True)]
    for item, (helpfulness, follows) in zip(run.items.order_by("position"), said, strict=True):
        answer(item, helpfulness=helpfulness, follows=follows)
    return finish(run)


def test_kept_figures_are_those_one_would_work_out():
    run = mixed_run()
    before = queries.scores(run)
    assert figures.keep(run)
    assert queries.scores(run) == before and before.mean == pytest.approx(0.2)  # (1 - 0.4 + 0) / 3


def test_kept_figures_are_read_in_two_queries(django_assert_num_queries):
    run = mixed_run()
    figures.keep(run)
    with django_assert_num_queries(2):
        queries.scores(run)


def kept_prompts(run):
    run.refresh_from_db()
    return run.prompt_count, run.prompt_sum


def test_which_prompts_a_run_had_is_kept_with_its_figures():
    run = mixed_run()
    figures.keep(run)
    assert kept_prompts(run) == (4, sum(run.items.values_list("prompt", flat=True)))


def test_the_sweeper_keeps_the_prompts_of_runs_that_finished_before_they_were_kept():
    run = mixed_run()
    figures.keep(run)
    before = kept_prompts(run)
    EvaluationRun.objects.update(prompt_count=None, prompt_sum=None)
    sweep()
    assert kept_prompts(run) == before and figures.keep_prompts() == 0


def test_a_config_has_its_title_of_now():
    run = mixed_run()
    figures.keep(run)
    SafetyConfig.objects.update(title="Renamed")
    assert [row.label for row in queries.scores(run).configs] == ["Renamed"]


def test_figures_of_another_form_are_worked_out_again():
    run = mixed_run()
    EvaluationRun.objects.filter(pk=run.pk).update(figures={"form": 0, "configs": []})
    assert queries.scores(run).configs_scored == 1


def test_a_run_that_is_taken_up_again_keeps_no_figures():
    run = finished_run(2)
    run.items.filter(position=1).update(state="failed", error="Gone.", error_kind="passing")
    figures.keep(run)
    runs.retry_failed(run=run, actor=make_person("grace"))
    run.refresh_from_db()
    assert run.figures is None and not figures.keep(run)


def test_the_sweeper_keeps_what_a_dead_worker_left():
    run = mixed_run()
    sweep()
    run.refresh_from_db()
    assert run.figures["form"] == scores.FORM


def test_no_figure_is_lost_in_json():
    found = scores.plain(queries.scores(mixed_run()))
    assert json.loads(json.dumps(found))["overall"][1:3] == [3, 4]  # three of four scored


def test_a_wording_under_two_configs_is_drawn_as_one():
    from tests.factories import make_benchmark, make_config, make_prompt, make_run, make_version

    for slug in ("game", "film"):
        make_version(make_config(slug))
        for digest in "ab":
            make_prompt(config=make_config(slug), digest=digest)
    run = make_run(0, benchmark=make_benchmark())
    for item in run.items.all():
        answer(item, helpfulness=1.0 if item.prompt.digest == "a" else 0.0)
    mean = queries.scores(finish(run)).mean_interval
    # two wordings, drawn twice: a and a (1), b and b (0) or one of each; four prompts drawn alone would shrink it
    assert (mean.low, mean.high) == (0.0, 1.0)
