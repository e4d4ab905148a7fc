"""Promoting for a reason, taking that back, archiving: who wins, what is refused, what is written down."""

import pytest

from annotations.models import AuditEvent, LanguageModel
from tests.databases import at_once
from tests.factories import (
    make_candidate,
    make_checkpoint,
    make_judge,
    make_loop,
    make_model,
    make_person,
    make_run,
    make_training,
)
from training.models import Checkpoint, EvaluationRun
from training.services import checkpoints
from training.services.checkpoints import CheckpointProblem

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
WHY = "It refuses less and follows the config."


def promote(checkpoint, why=WHY):
    checkpoints.promote(checkpoint=checkpoint, why=why, actor=make_person("grace"))


def archive(checkpoint):
    checkpoints.archive(checkpoint=checkpoint, actor=make_person("grace"))


def test_a_promotion_says_who_when_and_why():
    checkpoint = make_checkpoint()
    promote(checkpoint)
    checkpoint.refresh_from_db()
    assert (checkpoint.promoted_by.username, checkpoint.promoted_why) == ("grace", WHY) and checkpoint.promoted_at
    event = AuditEvent.objects.get(action="promote")
    assert (event.object_id, event.after["why"], event.after["plumbing"]) == (
        checkpoint.pk,
        WHY,
        checkpoint.model.plumbing,
    )


@pytest.mark.parametrize("why", ["", "   ", "Good one."])
def test_a_promotion_without_a_reason_is_refused(why):
    with pytest.raises(CheckpointProblem, match="Say in a sentence why"):
        promote(make_checkpoint(), why)


def test_who_promotes_second_reads_that_somebody_was_faster():
    checkpoint = make_checkpoint()
    promote(checkpoint)
    with pytest.raises(CheckpointProblem, match="Somebody was faster: .* is promoted already"):
        promote(checkpoint)
    assert AuditEvent.objects.filter(action="promote").count() == 1


def test_an_archived_checkpoint_is_not_promoted():
    checkpoint = make_checkpoint()
    archive(checkpoint)
    with pytest.raises(CheckpointProblem, match="is archived, and an archived checkpoint is not promoted"):
        promote(checkpoint)


def test_a_promotion_that_is_taken_back_leaves_nothing_but_the_record():
    checkpoint = make_checkpoint()
    promote(checkpoint)
    checkpoint.refresh_from_db()
    checkpoints.demote(checkpoint=checkpoint, actor=make_person("grace"))
    checkpoint.refresh_from_db()
    assert (checkpoint.promoted_at, checkpoint.promoted_by, checkpoint.promoted_why) == (None, None, "")
    assert AuditEvent.objects.get(action="demote").before == {"why": WHY}
    with pytest.raises(CheckpointProblem, match="Somebody was faster"):
        checkpoints.demote(checkpoint=checkpoint, actor=make_person("grace"))


def test_a_promoted_checkpoint_is_not_archived():
    checkpoint = make_checkpoint()
    promote(checkpoint)
    with pytest.raises(CheckpointProblem, match="Take that back first"):
        archive(checkpoint)
    assert LanguageModel.objects.get(pk=checkpoint.model_id).archived_at is None


def test_an_archived_checkpoint_leaves_the_models_and_is_archived_once():
    checkpoint = make_checkpoint()
    archive(checkpoint)
    assert LanguageModel.objects.get(pk=checkpoint.model_id).archived_at
    with pytest.raises(CheckpointProblem, match="Somebody was faster: .* is archived already"):
        archive(checkpoint)


def answering(model):
    return f"evaluation run {make_run(candidate=make_candidate(model)).pk}"


def judging(model):
    run = make_run(candidate=make_candidate(make_model("another")), judges=[make_judge("helpfulness", model)])
    EvaluationRun.objects.filter(pk=run.pk).update(state="paused")
    return f"evaluation run {run.pk}"


def trained_on(model):
    return f"training run {make_training(base=model, state='waiting').pk}"


def merged(model):
    return f"training run {make_training('merge', other=model).pk}"


def looped(model):
    return f"loop {make_loop(base=model).pk}"


@pytest.mark.parametrize("use", [answering, judging, trained_on, merged, looped])
def test_a_checkpoint_that_something_open_needs_is_not_archived(use):
    checkpoint = make_checkpoint(make_training(state="finished", phase="train", base=make_model("first")))
    used = use(checkpoint.model)
    with pytest.raises(CheckpointProblem, match=rf"is used by {used}. Wait until that is over"):
        archive(checkpoint)


def test_what_is_over_does_not_stop_anybody():
    checkpoint = make_checkpoint()
    run = make_run(candidate=make_candidate(checkpoint.model))
    EvaluationRun.objects.filter(pk=run.pk).update(state="cancelled")
    make_training(base=checkpoint.model, state="cancelled")
    archive(checkpoint)
    assert checkpoints.in_use(checkpoint.model) == []


def attempt(act, checkpoint):
    try:
        act(checkpoint)
    except CheckpointProblem as problem:
        return str(problem)
    return ""


@pytest.mark.django_db(transaction=True)
def test_of_promoting_and_archiving_at_once_one_wins():
    make_person("grace")
    checkpoint = make_checkpoint()
    said = at_once(lambda: attempt(promote, checkpoint), lambda: attempt(archive, checkpoint))
    row = Checkpoint.objects.select_related("model").get(pk=checkpoint.pk)
    assert sorted(map(bool, said)) == [False, True]
    assert bool(row.promoted_at) != bool(row.model.archived_at)
