"""What the page says about a run while it is worked on, and where its figures come from."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.factories import make_benchmark, make_judge, make_run
from tests.outcomes import answer
from tests.stage import Shift, Stage, helpfulness, play, served, staged, until
from training import queries
from training.lineage import item_lineage, run_lineage
from training.models import EvaluationRun, RunItem
from training.services.desk import Desk, Vitals

db = pytest.mark.django_db
threaded = pytest.mark.django_db(transaction=True)


def watched(run: EvaluationRun, shift: Shift) -> list[queries.Progress]:
    """What the page would show, again and again until the shift is over."""
    seen = []
    while shift.is_alive():
        seen.append(queries.progress(EvaluationRun.objects.get(pk=run.pk)))
    return seen


@threaded
def test_total_is_done_and_failed_and_queued_at_every_moment() -> None:
    with Stage(latency=0.01) as stage:
        stage.says("mixed", *["Yes.", 400, "No."] * 13)
        run = staged(stage, "mixed", prompts=40)
        moments = watched(run, Shift(run))
    assert {(now.total, now.done + now.failed + now.queued) for now in moments} == {(40, 40)}
    assert len({now.done for now in moments}) > 2  # it was seen on its way


@threaded
def test_items_done_never_become_fewer_while_a_run_is_worked_on() -> None:
    with Stage(latency=0.01) as stage:
        run = staged(stage, prompts=40)
        done = [now.done for now in watched(run, Shift(run))]
    assert done == sorted(done)


@db
def test_a_run_that_has_not_begun_has_no_rate_and_no_time_left() -> None:
    run = make_run(3)
    now = queries.progress(run)
    assert (now.total, now.queued, now.rate, now.seconds_left, now.seconds) == (3, 3, None, None, None)
    assert (now.workers, now.calls, now.tokens, queries.errors(run), now.rate_words) == (0, 0, 0, (), "")


@db
def test_a_run_with_a_worker_and_nothing_ended_has_no_rate() -> None:
    run = make_run(3)
    Desk(run.pk, "w1", 30)
    now = queries.progress(EvaluationRun.objects.get(pk=run.pk))
    assert (now.workers, now.rate, now.seconds_left, now.seconds is not None) == (1, None, None, True)


@threaded
def test_a_run_half_done_tells_rate_and_time_left(stage: Stage) -> None:
    stage.says("mixed", *["Yes."] * 10, 402)
    run = play(staged(stage, "mixed", judges=[make_judge()], prompts=30, max_concurrency=1))
    EvaluationRun.objects.filter(pk=run.pk).update(state="running")
    now = queries.progress(EvaluationRun.objects.get(pk=run.pk))
    assert (now.done, now.failed, now.queued) == (10, 1, 19)
    assert now.seconds_left == pytest.approx(19 / now.rate)


@threaded
def test_a_finished_run_tells_what_it_took(stage: Stage) -> None:
    now = queries.progress(play(staged(stage)))
    assert (now.done, now.calls, now.tokens, now.rate) == (4, 8, 400, None)  # 8 calls of 10 + 40 tokens
    assert (now.workers, now.in_flight, now.seconds > 0) == (0, 0, True)


@threaded
@pytest.mark.usefixtures("fast_beats")
def test_calls_waiting_for_their_next_try_show_with_their_trouble(stage: Stage) -> None:
    stage.says("busy", (503, 60))
    run = staged(stage, "busy", judges=[make_judge()], prompts=2, patience=100)
    shift = Shift(run)
    until(lambda: run.leases.filter(waiting=2).exists())
    now = queries.progress(EvaluationRun.objects.get(pk=run.pk))
    shift.stop_event.set()
    shift.end()
    assert (now.in_flight, now.waiting, now.state_word) == (2, 2, "waiting")
    assert (50 < now.next_try <= 66, "status 503" in now.trouble) == (True, True)  # 60 s and up to a tenth more


@threaded
@pytest.mark.usefixtures("fast_beats")
def test_nothing_waits_any_more_once_the_worker_has_gone(stage: Stage) -> None:
    stage.says("busy", (503, 60))
    run = staged(stage, "busy", judges=[make_judge()], prompts=2, patience=100)
    shift = Shift(run)
    until(lambda: run.leases.filter(waiting=2).exists())
    shift.stop_event.set()
    now = queries.progress(shift.end())
    assert (now.workers, now.waiting, now.trouble, now.failed) == (0, 0, "", 0)


@db
def test_two_workers_vitals_add_up() -> None:
    run = make_run(9)
    for worker, waiting in [("w1", 0), ("w2", 3)]:
        Desk(run.pk, worker, 30).beat(Vitals(4, waiting, 1.5 * waiting, "Busy." if waiting else ""))
    now = queries.progress(run)
    assert (now.workers, now.in_flight, now.waiting, now.next_try, now.trouble) == (2, 8, 3, 4.5, "Busy.")


@db
@pytest.mark.parametrize(
    ("waiting", "seconds", "word"), [(3, 11, "waiting"), (3, 5, ""), (0, 11, ""), (4, 5, "waiting")]
)
def test_a_run_in_which_nothing_moves_while_calls_wait_says_so(waiting: int, seconds: int, word: str) -> None:
    run = make_run(9)
    Desk(run.pk, "w1", 30).beat(Vitals(4, waiting, 1.5, "Busy."))
    EvaluationRun.objects.filter(pk=run.pk).update(started_at=timezone.now() - timedelta(seconds=seconds))
    run.refresh_from_db()
    assert queries.progress(run).state_word == word


@db
def test_a_worker_whose_lease_ran_out_does_not_show() -> None:
    run = make_run(2)
    Desk(run.pk, "w1", 30).beat(Vitals(4, 0, 0, ""))
    Desk(run.pk, "w2", -1)
    assert queries.progress(run).workers == 1


@threaded
def test_errors_are_counted_by_what_they_say_most_frequent_first(stage: Stage) -> None:
    stage.says("mixed", 403, 401, 403, 403, 401, "Yes.")
    run = play(staged(stage, "mixed", judges=[make_judge()], prompts=8, max_concurrency=1))
    found = queries.errors(run)
    assert [error.items for error in found] == [3, 2]
    assert ["(403)" in found[0].message, "(401)" in found[1].message] == [True, True]


@threaded
def test_a_verdict_not_given_counts_as_unscored_beside_the_done(stage: Stage) -> None:
    now = queries.progress(play(staged(stage, judges=[helpfulness(stage, "judge-none")])))
    assert (now.done, now.unscored, now.failed) == (4, 4, 0)


@pytest.mark.parametrize("size", [1, 40])
@db
def test_a_run_of_any_size_is_read_in_eight_queries(size: int, django_assert_max_num_queries: object) -> None:
    run = make_run(size)
    with django_assert_max_num_queries(8):  # type: ignore[operator]
        queries.progress(run)


@threaded
def test_a_run_can_be_followed_down_to_its_model(stage: Stage) -> None:
    run = play(staged(stage, judges=[helpfulness(stage), make_judge("follows_config", served(stage, "judge-yes"))]))
    words = [word for word, _ in run_lineage(run)]
    assert (words[0], words[2], words[3]) == ("Scores", "Responses", "Benchmark bench")
    assert ("Helpfulness" in words[1], "Follows the config" in words[1]) == (True, True)
    assert words[4].endswith(", Plain")


@threaded
def test_an_item_can_be_followed_down_through_its_version(stage: Stage) -> None:
    item: RunItem = play(staged(stage)).items.first()
    steps = dict(item_lineage(item))
    assert steps["Config game v1"].endswith("/v1/")
    assert list(steps)[:4] == [f"Run {item.run_id}", "Verdicts", "Response", "Config game v1"]


@threaded
def test_a_response_names_prompt_version_candidate_system_prompt_and_seed(stage: Stage) -> None:
    run = play(staged(stage, prompts=1))
    item, response = run.items.get(), run.items.get().response
    assert (response.prompt, response.version, response.candidate) == (item.prompt, item.version, run.candidate)
    assert (response.seed, response.system_prompt.text) == (0, stage.seen[0].messages[0]["content"])


@db
def test_two_runs_do_not_mix_their_counts() -> None:
    make_run(5, benchmark=make_benchmark("other"))
    assert queries.progress(make_run(2)).total == 2


@threaded
def test_withheld_answers_are_counted_among_the_done() -> None:
    run = make_run(4)
    first, second, third, _ = run.items.all()
    answer(first), answer(second), answer(third)
    RunItem.objects.filter(pk=first.pk).update(withheld=True, helpfulness=0, follows_config=True)
    now = queries.progress(run)
    assert (now.done, now.withheld, now.unscored) == (3, 1, 0)


@threaded
def test_errors_that_differ_in_a_number_only_are_counted_together() -> None:
    with Stage() as stage:
        refusals = [{"code": 400, "message": f"Refused; the request was 7f{number:x}3c."} for number in range(4)]
        stage.says("numbered", *({"error": refusal} for refusal in refusals))
        run = play(staged(stage, "numbered", prompts=4))
    assert [error.items for error in queries.errors(run)] == [4]


@threaded
def test_an_error_of_a_judge_names_the_judge() -> None:
    with Stage() as stage:
        run = play(staged(stage, judges=[helpfulness(stage, "e403")], prompts=1))
    assert queries.errors(run)[0].message.startswith("Judge “Helpfulness”: ")
