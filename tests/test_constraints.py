"""No rule of the database stays untested: each is broken once, by its name, in a file test_models_*.py."""

from pathlib import Path

import pytest

from annotations.services import guards
from tests.refusals import constraints

TESTS = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.rglob("test_models_*.py"))


@pytest.mark.parametrize("name", sorted(constraints()))
def test_every_constraint_is_broken_once(name):
    assert f'refused("{name}")' in TESTS


@pytest.mark.parametrize("sentence", ["SUBMITTED_NEVER_CHANGES", "EVENTS_NEVER_CHANGE"])
def test_every_guard_is_broken_once(sentence):
    assert f"refused_with({sentence})" in TESTS


def test_the_two_guards_named_here_are_all_there_are():
    told = {sentence for _, _, sentence in guards._GUARDS}
    assert told == {guards.SUBMITTED_NEVER_CHANGES, guards.EVENTS_NEVER_CHANGE}
