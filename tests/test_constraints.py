"""No rule of the database stays untested: each is broken once, by its name, in a file test_models_*.py."""

from pathlib import Path

import pytest

from annotations.services import guards
from tests.refusals import constraints
from training.services import guards as machine_guards

TESTS = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.rglob("test_models_*.py"))


@pytest.mark.parametrize("name", sorted(constraints()))
def test_every_constraint_is_broken_once(name):
    assert f'refused("{name}")' in TESTS


SENTENCES = vars(guards) | vars(machine_guards)
GUARDS = {
    name: value for name, value in SENTENCES.items() if name[0] != "_" and name.isupper() and isinstance(value, str)
}


@pytest.mark.parametrize("sentence", GUARDS)
def test_every_guard_is_broken_once(sentence):
    assert f"refused_with({sentence})" in TESTS


def test_every_sentence_of_the_guards_guards_something():
    every = (*guards._GUARDS, *guards._KEPT, *machine_guards.UNCHANGING, *machine_guards.KEPT)
    assert {sentence for _, _, sentence in every} == set(GUARDS.values())
