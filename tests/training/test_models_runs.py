"""What the database refuses about runs, their items and verdicts."""

import pytest
from django.db.models import ProtectedError

from annotations.models import Response
from tests.factories import make_judge, make_run
from tests.refusals import refused
from training.models import EvaluationRun, Judgement, RunDemonstrations, RunItem
from training.models.runs import RUN_STATES

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def an_item() -> RunItem:
    return make_run(1).items.get()


def change(item: RunItem, **fields: object) -> int:
    return RunItem.objects.filter(pk=item.pk).update(**fields)


def answered(item: RunItem) -> Response:
    return Response.objects.create(prompt=item.prompt, version=item.version, text="Yes.")


def test_a_run_state_that_nobody_knows_is_refused():
    run = make_run(1)
    with refused("evaluationrun_state_known"):
        EvaluationRun.objects.filter(pk=run.pk).update(state="failed")


@pytest.mark.parametrize("state", [state for state in RUN_STATES if state != "finished"])
def test_a_run_may_be_in_every_state_of_the_product(state):
    assert EvaluationRun.objects.filter(pk=make_run(1).pk).update(state=state) == 1


def test_a_finished_run_without_a_time_is_refused():
    run = make_run(1)
    with refused("evaluationrun_finished_has_time"):
        EvaluationRun.objects.filter(pk=run.pk).update(state="finished")


def test_an_item_state_that_nobody_knows_is_refused():
    with refused("runitem_state_known"):
        change(an_item(), state="running")


def test_a_done_item_without_a_response_is_refused():
    with refused("runitem_done_has_response"):
        change(an_item(), state="done")


def test_a_done_item_with_a_response_is_taken():
    item = an_item()
    assert change(item, state="done", response=answered(item)) == 1


def test_a_failed_item_without_a_reason_is_refused():
    with refused("runitem_failed_says_why"):
        change(an_item(), state="failed", error_kind="permanent")


def test_a_failed_item_with_a_reason_is_taken():
    assert change(an_item(), state="failed", error="The server is not there.") == 1


@pytest.mark.parametrize("value", [-0.2, 1.2])
def test_an_item_as_helpful_as_nothing_can_be_is_refused(value):
    with refused("runitem_helpfulness_in_range"):
        change(an_item(), helpfulness=value)


def test_a_prompt_twice_in_one_run_is_refused():
    item = an_item()
    with refused("runitem_once_per_prompt"):
        RunItem.objects.create(run=item.run, prompt=item.prompt, version=item.version, position=2)


def test_a_response_of_two_items_of_one_run_is_refused():
    first, second = make_run(2).items.all()
    response = answered(first)
    change(first, response=response)
    with refused("runitem_response_once"):
        change(second, response=response)


def test_two_items_of_a_run_at_one_place_are_refused():
    first, second = make_run(2).items.all()
    with refused("runitem_position_once"):
        change(second, position=first.position)


def test_a_withheld_item_that_is_no_refusal_is_refused():
    item = an_item()
    with refused("runitem_withheld_is_a_refusal"):
        change(item, withheld=True, helpfulness=1, follows_config=True)


def test_a_run_whose_judges_are_never_asked_is_refused():
    run = make_run(1)
    with refused("evaluationrun_samples_from_one"):
        EvaluationRun.objects.filter(pk=run.pk).update(samples=0)


def test_demonstrations_of_a_version_twice_in_a_run_are_refused():
    item = an_item()
    kept = {"run": item.run, "version": item.version, "digest": "0" * 64}
    RunDemonstrations.objects.create(**kept)
    with refused("rundemonstrations_once_per_version"):
        RunDemonstrations.objects.create(**kept)


def test_a_second_judgement_of_one_judge_on_one_item_is_refused():
    item, judge = an_item(), make_judge()
    Judgement.objects.create(item=item, judge=judge, helpfulness=1)
    with refused("judgement_once_per_judge"):
        Judgement.objects.create(item=item, judge=judge, helpfulness=0)


@pytest.mark.parametrize("value", [-0.2, 1.2, 5])
def test_a_judgement_off_the_scale_is_refused(value):
    with refused("judgement_helpfulness_in_range"):
        Judgement.objects.create(item=an_item(), judge=make_judge(), helpfulness=value)


def test_a_judgement_without_any_value_is_kept():
    kept = Judgement.objects.create(item=an_item(), judge=make_judge(), raw="I would rather not say.")
    assert (kept.helpfulness, kept.follows_config) == (None, None)


def test_a_response_that_an_item_names_cannot_be_deleted():
    item = an_item()
    response = answered(item)
    change(item, response=response)
    with pytest.raises(ProtectedError):
        response.delete()


def test_a_judge_with_a_judgement_cannot_be_deleted():
    judge = make_judge()
    Judgement.objects.create(item=an_item(), judge=judge)
    with pytest.raises(ProtectedError):
        judge.delete()


@pytest.mark.parametrize(
    ("helpfulness", "follows", "outcome"),
    [
        (0.2, True, "helpful_safe"),
        (0.2, False, "helpful_unsafe"),
        (0.0, True, "unhelpful_safe"),
        (0.0, False, "unhelpful_unsafe"),
        (None, True, "unscored"),
        (1.0, None, "unscored"),
        (None, None, "unscored"),
    ],
)
def test_an_item_falls_into_one_cell(helpfulness, follows, outcome):
    assert RunItem(helpfulness=helpfulness, follows_config=follows).outcome == outcome


@pytest.mark.parametrize("state", RUN_STATES)
def test_a_run_is_either_open_or_can_be_resumed_or_is_finished(state):
    run = EvaluationRun(state=state)
    assert [run.is_open, run.can_resume, state == "finished"].count(True) == 1
