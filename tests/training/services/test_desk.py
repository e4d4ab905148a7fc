"""Claims, leases and saves, between two workers' seats at one run."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError
from django.db.models.functions import Now

from annotations.core.verdicts import Verdict
from annotations.models import Response
from tests.factories import make_benchmark, make_candidate, make_judge, make_model, make_run
from training.models import Call, EvaluationRun, Judgement, Lease, RunItem
from training.services import runs
from training.services.desk import Desk, Outcome, Task, Vitals, judgement_row, verdict_of

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
VITALS = Vitals(in_flight=3, waiting=1, next_try=2.5, trouble="It rests.")


def seat(run: EvaluationRun, worker: str = "w1") -> Desk:
    return Desk(run.pk, worker, 30)


def run_out(desk: Desk) -> None:
    """The lease's time is over, as after a long sleep."""
    Lease.objects.filter(pk=desk.lease_id).update(until=Now() - timedelta(seconds=1))


def answered(task: Task, judge: Any = None) -> Outcome:
    """An item answered, judged and done."""
    response = Response(prompt_id=task.prompt_id, version_id=task.version_id, text="Yes.")
    judgements = [judgement_row(task.item_id, judge.pk, Verdict(helpfulness=1.0))] if judge else []
    call = Call(item_id=task.item_id, key="0" * 64, latency_ms=5)
    return Outcome(task.item_id, response, [call], judgements, {"state": "done", "helpfulness": 1.0})


def test_a_claim_brings_the_first_items_and_no_more_than_asked() -> None:
    tasks = seat(make_run(4)).claim(3)
    items = RunItem.objects.in_bulk([task.item_id for task in tasks])
    assert [items[task.item_id].position for task in tasks] == [1, 2, 3]


def test_items_of_a_living_lease_are_nobody_elses() -> None:
    run = make_run(4)
    ada = {task.item_id for task in seat(run).claim(3)}
    bob = {task.item_id for task in seat(run, "w2").claim(9)}
    assert (len(ada), len(bob), ada & bob) == (3, 1, set())


def test_a_claim_does_not_bring_what_the_seat_already_holds() -> None:
    desk = seat(make_run(4))
    first = desk.claim(2)
    assert {task.item_id for task in desk.claim(9)}.isdisjoint({task.item_id for task in first})


def test_items_of_a_lease_that_ran_out_can_be_claimed() -> None:
    run = make_run(4)
    late = seat(run)
    held = late.claim(4)
    run_out(late)
    assert seat(run, "w2").claim(9) == held


@pytest.mark.parametrize("state", ["paused", "cancelled"])
def test_a_run_that_is_not_open_gives_no_items(state: str) -> None:
    run = make_run(4)
    desk = seat(run)
    EvaluationRun.objects.filter(pk=run.pk).update(state=state)
    assert desk.claim(9) == []


def test_a_claim_is_of_its_own_run_only() -> None:
    other = make_run(2, benchmark=make_benchmark("other"))
    tasks = seat(make_run(2)).claim(9)
    assert not other.items.filter(pk__in=[task.item_id for task in tasks]).exists()


def test_a_claim_brings_what_an_earlier_worker_got() -> None:
    run, judge = make_run(1), make_judge()
    first = seat(run)
    outcome = answered(first.claim(1)[0], judge)
    first.save([outcome.part()])
    first.leave()
    task = seat(run, "w2").claim(1)[0]
    assert (task.response, task.verdicts[judge.pk].helpfulness) == ("Yes.", 1.0)


def test_a_saved_outcome_is_the_item_with_response_call_and_verdict() -> None:
    run = make_run(1)
    desk = seat(run)
    assert desk.save([answered(desk.claim(1)[0], make_judge())]) == 1
    item = run.items.get()
    assert (item.state, item.helpfulness, item.response.text) == ("done", 1.0, "Yes.")
    assert (item.finished_at is not None, item.calls.count(), item.judgements.count()) == (True, 1, 1)


def test_a_late_worker_whose_items_were_taken_writes_nothing() -> None:
    run, judge = make_run(2), make_judge()
    late = seat(run)
    tasks = late.claim(2)
    run_out(late)
    seat(run, "w2").claim(2)
    assert late.save([answered(task, judge) for task in tasks]) == 0
    assert (Response.objects.count(), Call.objects.count(), Judgement.objects.count()) == (0, 0, 0)


def test_a_late_worker_keeps_the_items_nobody_took() -> None:
    run = make_run(3)
    late = seat(run)
    tasks = late.claim(3)
    run_out(late)
    taken = seat(run, "w2").claim(1)
    assert late.save([answered(task) for task in tasks]) == 2
    assert set(run.items.filter(state="queued").values_list("pk", flat=True)) == {taken[0].item_id}


def test_a_late_worker_may_write_while_nobody_took_its_items() -> None:
    run = make_run(2)
    late = seat(run)
    tasks = late.claim(2)
    run_out(late)
    assert late.save([answered(task) for task in tasks]) == 2


def test_a_late_worker_that_renewed_its_lease_does_not_get_taken_items_back() -> None:
    run = make_run(1)
    late = seat(run)
    tasks = late.claim(1)
    run_out(late)
    seat(run, "w2").claim(1)
    late.beat(VITALS)
    assert late.save([answered(tasks[0])]) == 0


def test_an_item_that_ended_is_not_written_again() -> None:
    run = make_run(1)
    desk = seat(run)
    task = desk.claim(1)[0]
    desk.save([answered(task)])
    assert (desk.save([answered(task)]), Response.objects.count()) == (0, 1)


def test_a_save_that_fails_leaves_nothing_behind() -> None:
    run, judge = make_run(2), make_judge()
    desk = seat(run)
    good, bad = (answered(task, judge) for task in desk.claim(2))
    bad.judgements *= 2
    bad.judgements[1] = judgement_row(bad.item_id, judge.pk, Verdict())
    with pytest.raises(IntegrityError):
        desk.save([good, bad])
    assert (Response.objects.count(), run.items.filter(state="queued").count()) == (0, 2)


def test_one_worker_has_all_of_a_models_places() -> None:
    model = make_model(max_concurrency=8)
    assert seat(make_run(1, candidate=make_candidate(model))).shares() == {model.pk: 8}


def test_living_leases_share_a_models_places() -> None:
    model = make_model(max_concurrency=8)
    run = make_run(1, candidate=make_candidate(model))
    desks = [seat(run, f"w{number}") for number in range(3)]
    assert [desk.shares()[model.pk] for desk in desks] == [2, 2, 2]  # 8 // 3


def test_a_lease_that_ran_out_has_no_share() -> None:
    model = make_model(max_concurrency=8)
    run = make_run(1, candidate=make_candidate(model))
    run_out(seat(run, "gone"))
    assert seat(run).shares() == {model.pk: 8}


def test_another_run_that_judges_by_the_model_shares_its_places() -> None:
    model = make_model(max_concurrency=8)
    desk = seat(make_run(1, candidate=make_candidate(model)))
    judged = make_run(1, candidate=make_candidate(make_model("other")), judges=[make_judge("helpfulness", model)])
    seat(judged, "w2")
    assert desk.shares() == {model.pk: 4}


def test_a_share_is_never_nothing() -> None:
    model = make_model(max_concurrency=1)
    run = make_run(1, candidate=make_candidate(model))
    assert [desk.shares() for desk in [seat(run), seat(run, "w2")]] == [{model.pk: 1}] * 2


def test_leaving_frees_the_items_at_once() -> None:
    run = make_run(4)
    desk = seat(run)
    desk.claim(4)
    desk.leave()
    assert len(seat(run, "w2").claim(9)) == 4


def test_leaving_finishes_a_complete_run() -> None:
    run = make_run(1)
    desk = seat(run)
    desk.save([answered(desk.claim(1)[0])])
    desk.leave()
    run.refresh_from_db()
    assert (run.state, run.finished_at is not None) == ("finished", True)


def test_leaving_keeps_a_run_open_that_has_items_left() -> None:
    run = make_run(2)
    desk = seat(run)
    desk.save([answered(desk.claim(1)[0])])
    desk.leave()
    run.refresh_from_db()
    assert (run.state, run.finished_at) == ("running", None)


def test_a_seat_starts_a_queued_run() -> None:
    run = make_run(1)
    seat(run)
    run.refresh_from_db()
    assert (run.state, run.started_at is not None) == ("running", True)


def test_a_beat_renews_the_lease_and_shows_the_workers_state() -> None:
    run = make_run(1)
    desk = seat(run)
    run_out(desk)
    assert desk.beat(VITALS).go_on
    lease = run.leases.get()
    assert run.leases_alive()
    assert (lease.in_flight, lease.waiting, lease.next_try, lease.trouble) == VITALS


def test_a_beat_tells_that_the_run_was_cancelled() -> None:
    run = make_run(1)
    desk = seat(run)
    runs.cancel(run=run, actor=None)
    assert not desk.beat(VITALS).go_on


def test_a_beat_brings_the_new_share_when_another_worker_came() -> None:
    model = make_model(max_concurrency=8)
    run = make_run(1, candidate=make_candidate(model))
    desk = seat(run)
    seat(run, "w2")
    assert desk.beat(VITALS).shares == {model.pk: 4}


def test_a_verdict_survives_the_database() -> None:
    run, judge = make_run(1), make_judge()
    whole = Verdict(0.4, False, frozenset({"drugs", "other"}), True, "partial_refusal", ("r1", "r3"), "Because.")
    judgement_row(run.items.get().pk, judge.pk, whole, raw="r").save()
    assert verdict_of(Judgement.objects.get()) == whole


def test_a_verdict_without_values_survives_the_database() -> None:
    run, judge = make_run(1), make_judge()
    judgement_row(run.items.get().pk, judge.pk, Verdict()).save()
    assert verdict_of(Judgement.objects.get()) == Verdict()


def test_an_outcome_the_database_refuses_fails_its_own_item_alone() -> None:
    run = make_run(3)
    desk = seat(run)
    outcomes = [answered(task) for task in desk.claim(3)]
    outcomes[1].calls[0].latency_ms = None
    desk.save_each(outcomes)
    assert list(run.items.order_by("position").values_list("state", flat=True)) == ["done", "failed", "done"]
    assert "refused" in run.items.get(state="failed").error
    assert Response.objects.count() == Call.objects.count() == 2
