"""A judge is kept in the wording it had when it was chosen."""

import pytest

from annotations.core.taxonomies import of_rows
from tests.factories import make_judge, make_model, make_run
from tests.outcomes import finished_run
from training import judges
from training.judges import CodeJudge, LlmJudge
from training.models import Judge
from training.services import derive, judging
from training.services.judging import JudgeProblem
from training.services.run_items import RunProblem

pytestmark = pytest.mark.django_db
TOYS = of_rows(
    "Toys v2", [dict(slug="kites", name="Kites", full_name="Kites", definition="On a string.", trained=True)]
)


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


def test_a_judge_for_a_taxonomy_is_a_row_of_its_own_that_keeps_the_definitions_it_was_told():
    row = judging.choose(name="risk_categories", model=make_model(), taxonomy=TOYS)
    assert row.label == "Risk categories · Toys v2" and "On a string." in row.source
    assert (
        row != judging.choose(name="risk_categories", model=make_model()) and judging.judge_of(row).slugs[0] == "kites"
    )
    assert row == judging.choose(name="risk_categories", model=make_model(), taxonomy=TOYS)


def test_a_program_that_does_not_know_the_taxonomy_says_so():
    with pytest.raises(JudgeProblem, match="knows the built-in categories alone"):
        judging.choose(name="heuristic", model=None, taxonomy=TOYS)


def test_no_run_over_responses_takes_a_judge_of_prompts():
    words = judging.choose(name="prompt_words", model=None)
    with pytest.raises(RunProblem, match="“Words of prompts” reads prompts and no responses"):
        make_run(1, judges=[make_judge(), words])
    with pytest.raises(RunProblem, match="“Words of prompts” reads prompts and no responses"):
        derive.read_again(source=finished_run(1), judges=[words], actor=None)
