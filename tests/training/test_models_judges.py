"""A judge is one file in one wording with one model, kept once."""

import pytest

from tests.factories import make_judge, make_model
from tests.refusals import refused
from training.models import Judge

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def test_the_same_judge_without_a_model_twice_is_refused():
    judge = make_judge("heuristic")
    with refused("judge_once_without_model"):
        Judge.objects.create(name=judge.name, digest=judge.digest, label="Again", source="")


def test_the_same_judge_with_one_model_twice_is_refused():
    judge = make_judge("helpfulness", make_model())
    with refused("judge_once_per_model"):
        Judge.objects.create(name=judge.name, digest=judge.digest, model=judge.model, label="Again", source="")


def test_one_wording_with_two_models_is_two_judges():
    assert make_judge("helpfulness", make_model("one")) != make_judge("helpfulness", make_model("two"))


def test_another_wording_is_another_judge():
    judge = make_judge("heuristic")
    other = Judge.objects.create(name=judge.name, digest="0" * 64, label=judge.label, source="another")
    assert other.pk != judge.pk


def test_a_judge_is_shown_with_the_model_it_asks():
    with_model, without = make_judge("helpfulness", make_model("echo")), make_judge("heuristic")
    assert str(with_model).endswith("(Echo)") and str(without) == without.label
