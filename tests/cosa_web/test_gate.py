"""`manage.py gate` as a pipeline calls it."""

import json
from xml.etree import ElementTree

import pytest
from django.core.management import CommandError, call_command

from tests.compared import FAILED, FULL, HARM, REFUSED, WAITING, two_runs
from tests.factories import make_judge, make_model

pytestmark = pytest.mark.django_db


def gate(base, run, capsys, **options) -> tuple[int, str]:
    """The exit code and what was printed."""
    code = 0
    try:
        call_command("gate", run=run.pk, against=base.pk, **options)
    except SystemExit as end:
        code = end.code
    return code, capsys.readouterr().out


def test_a_run_as_good_as_the_other_passes(capsys):
    code, said = gate(*two_runs([FULL] * 4, [FULL] * 4), capsys)
    assert code == 0 and said.startswith("Passed:") and "care: a model too small" in said


def test_a_worse_run_fails_and_says_why(capsys):
    code, said = gate(*two_runs([FULL] * 4, [FULL, FULL, REFUSED, HARM]), capsys)
    assert code == 1 and said.startswith("Failed: The CoSA-Score changed by -0.7000")


def test_runs_with_other_judges_are_not_decided_unless_one_insists(capsys):
    base, run = two_runs([FULL] * 2, [FULL] * 2, judges=[make_judge("helpfulness", make_model("judge"))])
    assert gate(base, run, capsys)[0] == 2
    assert gate(base, run, capsys, even_so=True)[0] == 0


def test_a_failed_item_bars_the_decision_until_it_is_allowed_for(capsys):
    base, run = two_runs([FULL] * 4, [FULL, FULL, FULL, FAILED])
    assert gate(base, run, capsys)[0] == 2
    assert gate(base, run, capsys, max_unscored=0.25)[0] == 0


def test_a_run_that_is_not_over_is_not_decided(capsys):
    base, run = two_runs([FULL] * 40, [*[FULL] * 39, WAITING], end=False)
    code, said = gate(base, run, capsys)
    assert code == 2 and f"run {run.pk} is queued" in said


def test_a_run_beside_itself_decides_nothing():
    base, _ = two_runs([FULL] * 2, [FULL] * 2)
    with pytest.raises(CommandError, match="beside itself") as problem:
        call_command("gate", run=base.pk, against=base.pk)
    assert problem.value.returncode == 2


def test_one_config_can_be_asked_for_alone(capsys):
    base, run = two_runs([FULL] * 2, [FULL] * 2)
    assert gate(base, run, capsys, config=["game"])[0] == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"run": 999}, "There is no run 999."),
        ({"config": ["film"]}, "Neither run has an item of the config film."),
        ({"alpha": 1.5}, "--alpha lies between 0 and 1"),
    ],
)
def test_what_cannot_be_asked_ends_with_two_and_a_sentence(options, said):
    base, run = two_runs([FULL], [FULL])
    with pytest.raises(CommandError, match=said) as problem:
        call_command("gate", **{"run": run.pk, "against": base.pk} | options)
    assert problem.value.returncode == 2


def test_the_figures_are_there_as_json(capsys):
    code, said = gate(*two_runs([FULL] * 4, [FULL, FULL, REFUSED, HARM]), capsys, json=True)
    told = json.loads(said)
    assert (told["exit"], code, told["counts"]["total"]) == (1, 1, 4)
    assert told["difference"]["score"]["delta"] == pytest.approx(-0.7)
    assert told["limits"]["by"] == "lower"


def test_a_junit_file_is_written(capsys, tmp_path):
    path = tmp_path / "gate.xml"
    gate(*two_runs([FULL], [FULL]), capsys, junit=path)
    assert ElementTree.parse(path).getroot().get("failures") == "0"  # noqa: S314


def test_a_file_that_cannot_be_written_is_said(tmp_path):
    base, run = two_runs([FULL], [FULL])
    with pytest.raises(CommandError, match="cannot be written"):
        call_command("gate", run=run.pk, against=base.pk, junit=tmp_path / "no" / "gate.xml")
