"""Items whose workers ended: suspects come last and ever fewer at a time; a poison is given up, an innocent never."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from annotations.models import Response
from tests.factories import make_run
from training.models import EvaluationRun, Lease, RunItem
from training.services import losses, runs
from training.services.desk import Desk, Outcome, Task, Vitals

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
VITALS = Vitals(in_flight=0, waiting=0, next_try=0, trouble="")


def seat(run: EvaluationRun, worker: str = "box:1") -> Desk:
    return Desk(run.pk, worker, 30)


def killed(desk: Desk) -> None:
    """The worker is gone: it says nothing any more, and its lease runs out."""
    Lease.objects.filter(pk=desk.lease_id).update(until=Now() - timedelta(seconds=1))


def answered(task: Task) -> Outcome:
    response = Response(prompt_id=task.prompt_id, version_id=task.version_id, text="Yes.")
    return Outcome(task.item_id, response, final={"state": "done", "helpfulness": 1.0})


def positions(tasks: list[Task]) -> list[int]:
    return list(RunItem.objects.filter(pk__in=[task.item_id for task in tasks]).values_list("position", flat=True))


def lost(run: EvaluationRun) -> list[int]:
    return list(run.items.order_by("position").values_list("losses", flat=True))


@pytest.mark.parametrize(("times", "together"), [(0, 64), (1, 8), (2, 1), (3, 1), (9, 1)])
def test_the_more_often_an_item_was_lost_the_fewer_go_with_it(times: int, together: int) -> None:
    assert losses.most(times) == together


def test_what_a_killed_worker_held_is_counted_once_however_many_look() -> None:
    run = make_run(6)
    dead = seat(run)
    dead.save([answered(dead.claim(4)[0])])
    killed(dead)
    for number in range(3):
        seat(run, f"box:{number}").claim(1)
    assert lost(run) == [0, 1, 1, 1, 0, 0]
    assert Lease.objects.get(pk=dead.lease_id).lost_at


def test_what_a_worker_gives_back_in_order_is_no_loss() -> None:
    run = make_run(4)
    desk = seat(run)
    first, *rest = desk.claim(4)
    desk.give_back([task.item_id for task in rest])
    other = seat(run, "box:2")
    assert positions(other.claim(9)) == [2, 3, 4] and desk.save([answered(first)]) == 1
    desk.leave()
    other.leave()
    seat(run, "box:3").claim(1)
    assert lost(run) == [0] * 4 and not Lease.objects.exclude(lost_at=None).exists()


def test_suspects_come_last_eight_at_a_time_then_alone() -> None:
    run = make_run(20)
    dead = seat(run)
    dead.claim(12)
    killed(dead)
    second = seat(run, "box:2")
    fresh = second.claim(64)
    assert positions(fresh) == list(range(13, 21))
    assert second.claim(64) == [] and second.waits
    second.save([answered(task) for task in fresh[1:]])
    assert len(second.claim(64)) == 7  # eight in its hands, with the fresh one
    second.save([answered(fresh[0])])
    assert len(second.claim(64)) == 1
    killed(second)
    third = seat(run, "box:3")
    eight = third.claim(64)
    assert (len(eight), third.waits) == (4, False)
    third.save([answered(task) for task in eight])
    assert [len(third.claim(64)), third.waits] == [1, False]
    assert [len(third.claim(64)), third.waits] == [0, True]


def test_a_worker_that_was_still_and_comes_back_was_not_lost() -> None:
    run = make_run(4)
    still = seat(run)
    still.claim(4)
    killed(still)
    seat(run, "box:2").claim(1)
    assert lost(run) == [1] * 4
    still.beat(VITALS)
    assert lost(run) == [0] * 4 and Lease.objects.exclude(lost_at=None).count() == 0


def test_an_item_given_up_for_a_worker_that_was_still_is_queued_again() -> None:
    run = make_run(1)
    run.items.update(losses=losses.LOSSES_AMONG_OTHERS - 1)
    still = seat(run)
    still.claim(1)
    killed(still)
    assert seat(run, "box:2").claim(1) == [] and run.items.get().state == "failed"
    still.leave()
    assert (run.items.get().state, run.items.get().losses, run.items.get().error) == ("queued", 4, "")


def test_a_poison_costs_three_workers_and_no_other_item() -> None:
    run, deaths = make_run(64), 0
    while run.items.filter(state="queued").exists():
        desk = seat(run, f"box:{deaths}")
        while tasks := desk.claim(64):
            if 40 in positions(tasks):
                deaths += 1
                killed(desk)
                break
            desk.save([answered(task) for task in tasks])
    poison = run.items.get(state="failed")
    assert (deaths, poison.position, poison.error_kind) == (3, 40, "lost_workers")
    assert poison.error.startswith("3 workers ended while they worked on this item (the last: box:2 at 2")
    assert run.items.filter(state="done").count() == 63


def test_trying_failed_items_again_forgets_how_often_they_were_lost() -> None:
    run = make_run(1)
    EvaluationRun.objects.update(state="finished", finished_at=Now())
    run.items.update(state="failed", error="x", error_kind=losses.KIND, losses=3)
    runs.retry_failed(run=run, actor=None)
    assert lost(run) == [0] and len(seat(run).claim(1)) == 1


def drill(run: EvaluationRun, moments: list[int]) -> None:
    """The run is worked on until nothing is left, and a worker killed whenever so many items have been answered."""
    answers, left = 0, run.items.filter(state="queued")
    while left.exists():
        desk = seat(run, f"box:{answers}")
        while tasks := [task.item_id for task in desk.claim(64)]:
            at = moments[0] - answers if moments else len(tasks)
            run.items.filter(pk__in=tasks[:at]).update(state="failed", error="answered")
            desk.hands.clear()
            answers += min(at, len(tasks))
            if at < len(tasks):
                moments.pop(0)
                killed(desk)
                break


def test_ten_kills_from_outside_give_nothing_up() -> None:
    run = make_run(500)
    drill(run, [60, 130, 260, 390, 440, 470, 480, 490, 495, 498])  # three of them alone would have ended some item
    assert run.leases.exclude(lost_at=None).count() == 10
    assert not run.items.exclude(error="answered").exists() and max(lost(run)) >= losses.LOSSES


def test_a_claim_costs_the_same_however_many_workers_were_there_before(django_assert_num_queries: object) -> None:
    run, counts = make_run(40), []
    for _ in range(2):
        desk = seat(run)
        with CaptureQueriesContext(connection) as asked:
            desk.claim(2)
        desk.leave()
        counts.append(len(asked))
        for number in range(5):
            seat(run, f"box:{number}").leave()
    assert counts[0] == counts[1]


def test_an_answer_of_a_worker_that_was_still_is_proof_of_life_before_its_next_beat() -> None:
    run = make_run(1)
    run.items.update(losses=losses.LOSSES_AMONG_OTHERS - 1)
    still = seat(run)
    task = still.claim(1)[0]
    killed(still)
    assert seat(run, "box:2").claim(1) == [] and run.items.get().state == "failed"
    still.save([answered(task)])
    still.beat(VITALS)
    assert (run.items.get().state, run.items.get().losses, run.items.get().error) == ("queued", 4, "")
    assert len(seat(run, "box:3").claim(1)) == 1


def test_a_worker_that_was_still_twice_takes_nothing_back_that_another_was_lost_with() -> None:
    run = make_run(2)
    still, other = seat(run), seat(run, "box:2")
    still.claim(2)
    killed(still)
    assert len(other.claim(1)) == 1
    still.beat(VITALS)
    killed(still)
    killed(other)
    seat(run, "box:3").claim(1)
    still.beat(VITALS)
    assert sorted(lost(run)) == [0, 1]
