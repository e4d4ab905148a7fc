"""A judge that is asked several times: how it is asked, what is kept, what its samples come to."""

import pytest

from annotations.core.verdicts import Verdict
from tests.factories import make_judge
from tests.stage import Stage, play, served, staged
from training.models import Call, EvaluationRun, RunItem
from training.services import runs
from training.services.desk import verdict_of

pytestmark = pytest.mark.django_db(transaction=True)


def sampled(stage: Stage, *said: str | int, samples: int = 3, judge: str = "helpfulness") -> RunItem:
    """The item of a run whose judge is asked so often and says this, one line after another."""
    stage.says("sampled", *said)
    run = staged(stage, judges=[make_judge(judge, served(stage, "sampled"))], prompts=1)
    EvaluationRun.objects.filter(pk=run.pk).update(samples=samples)
    return play(run).items.get()


def drawn(stage: Stage) -> list[tuple[float, int]]:
    """Temperature and seed of each call to the judge."""
    return [(seen.body["temperature"], seen.body["seed"]) for seen in stage.seen if seen.model == "sampled"]


def test_a_judge_asked_once_is_asked_for_what_it_holds_most_likely(stage: Stage) -> None:
    sampled(stage, "[[4]]", samples=1)
    assert drawn(stage) == [(0, 0)]


def test_each_sample_is_a_draw_of_its_own(stage: Stage) -> None:
    sampled(stage, "[[4]]")
    assert drawn(stage) == [(0.7, 0), (0.7, 1), (0.7, 2)]


def test_the_item_has_one_judgement_with_the_single_verdicts_in_order(stage: Stage) -> None:
    item = sampled(stage, "Well. [[4]]", "[[1]]", "[[2]]")
    judgement = item.judgements.get()
    assert item.helpfulness == judgement.helpfulness == 0.4  # the middle one of 0.8, 0.2 and 0.4
    assert [sample["helpfulness"] for sample in judgement.samples] == [0.8, 0.2, 0.4]
    assert judgement.samples[0]["reasons"] == "Well."
    assert (judgement.tokens, judgement.raw) == (150, "[[2]]")  # 3 x (10 + 40)


def test_most_samples_decide_whether_the_config_is_followed(stage: Stage) -> None:
    item = sampled(stage, "[[NO]]", "[[YES]]", "[[NO]]", judge="follows_config")
    assert item.follows_config is False


def test_a_judge_asked_once_keeps_no_samples(stage: Stage) -> None:
    assert sampled(stage, "[[4]]", samples=1).judgements.get().samples == []


def test_each_sample_without_a_verdict_is_asked_for_once_more(stage: Stage) -> None:
    item = sampled(stage, "Hm.", "[[4]]", "Hm.", "Hm!", "[[2]]")
    rows = list(item.calls.exclude(judge=None).order_by("pk").values_list("sample", "step", "text"))
    assert rows == [(0, 0, "Hm."), (0, 1, "[[4]]"), (1, 0, "Hm."), (1, 1, "Hm!"), (2, 0, "[[2]]")]
    judgement = item.judgements.get()
    assert [sample["helpfulness"] for sample in judgement.samples] == [0.8, None, 0.4]
    assert abs(judgement.helpfulness - 0.6) < 1e-9  # between 0.8 and 0.4; the sample that said nothing is not a zero


def test_samples_that_all_say_nothing_leave_the_item_unscored(stage: Stage) -> None:
    item = sampled(stage, "Hm.")
    assert (item.state, item.helpfulness, verdict_of(item.judgements.get())) == ("done", None, Verdict())


def test_a_failed_sample_is_asked_again_and_the_others_are_not(stage: Stage) -> None:
    item = sampled(stage, "[[4]]", "[[3]]", 400, "[[5]]")
    assert item.state == "failed"
    runs.retry_failed(run=item.run, actor=None)
    play(item.run)
    item.refresh_from_db()
    assert (item.helpfulness, stage.calls("sampled")) == (0.8, 4)
    assert list(item.calls.exclude(judge=None).order_by("pk").values_list("sample", flat=True)) == [0, 1, 2]


def test_asked_more_often_later_the_first_samples_are_taken_over(stage: Stage) -> None:
    first = sampled(stage, "[[4]]", samples=2)
    later = runs.start(
        benchmark=first.run.benchmark, candidate=first.run.candidate, judges=list(first.run.judges.all()), actor=None
    )
    EvaluationRun.objects.filter(pk=later.pk).update(samples=3)
    play(later)
    assert (stage.calls("sampled"), Call.objects.filter(item__run=later, reused=True).count()) == (3, 3)


def test_programs_are_asked_once_whatever_the_samples(stage: Stage) -> None:
    run = staged(stage, judges=[make_judge()], prompts=1)
    EvaluationRun.objects.filter(pk=run.pk).update(samples=5)
    play(run)
    judgement = run.items.get().judgements.get()
    assert (judgement.samples, judgement.tokens) == ([], None)
