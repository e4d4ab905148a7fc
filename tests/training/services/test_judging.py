"""A judge is kept in the wording it had when it was chosen."""

import pytest

from tests.factories import make_judge, make_model
from training import judges
from training.judges import CodeJudge, LlmJudge
from training.models import Judge
from training.services import judging
from training.services.judging import JudgeProblem

pytestmark = pytest.mark.django_db


def test_choosing_a_judge_twice_gives_one_row():
    assert make_judge("heuristic") == make_judge("heuristic")


def test_a_row_keeps_label_digest_and_whole_source():
    row, judge = make_judge("helpfulness", make_model()), judges.load("helpfulness")
    assert (row.label, row.digest, row.source) == (judge.label, judge.digest, judge.source)


def test_a_judge_that_asks_a_model_needs_one():
    with pytest.raises(JudgeProblem, match="asks a model. Choose a judge model."):
        judging.choose(name="helpfulness", model=None)


def test_a_judge_that_is_not_there_names_those_that_are():
    with pytest.raises(JudgeProblem, match="There is no judge 'nobody'; there are: .*heuristic"):
        judging.choose(name="nobody", model=None)


def test_a_program_asks_no_model_even_when_one_is_given():
    assert judging.choose(name="heuristic", model=make_model()).model is None


def test_a_program_is_no_evidence():
    assert make_judge("heuristic").heuristic is True


@pytest.mark.parametrize("plumbing", [True, False])
def test_a_judge_is_no_evidence_when_it_asks_a_plumbing_model(plumbing):
    assert make_judge("helpfulness", make_model("judge", plumbing=plumbing)).heuristic is plumbing


@pytest.mark.parametrize(("name", "kind"), [("heuristic", CodeJudge), ("helpfulness", LlmJudge)])
def test_a_row_means_the_judge_it_was_made_from(name, kind):
    row = make_judge(name, make_model() if kind is LlmJudge else None)
    meant = judging.judge_of(row)
    assert isinstance(meant, kind) and meant.digest == row.digest


def test_a_prompt_keeps_the_wording_of_its_row_when_the_file_changes():
    row = make_judge("helpfulness", make_model())
    old = row.source.replace('label = "', 'label = "Former ')
    meant = judging.judge_of(Judge(name=row.name, source=old, digest="0" * 64, model=row.model))
    assert meant.label.startswith("Former ")


def test_a_program_that_has_changed_cannot_be_run_again():
    row = make_judge("heuristic")
    row.digest = "0" * 64
    with pytest.raises(JudgeProblem, match="has changed since this run was made. Start a new run."):
        judging.judge_of(row)
