"""The settings of a recipe: whatever stands in their place is read, or refused in a sentence."""

import copy
import json
from dataclasses import replace

import pytest

from annotations.core import recipe
from annotations.core.recipe import BadRecipe, Labelling, Mixture, RecipeSettings, Source

STRANGE = [None, 5, -1, 2**70, 1.5, float("nan"), float("inf"), "x", "", [], [None], [1], {}, {"a": 1}, True, ["safe"]]
WHOLE = RecipeSettings(
    labelling=Labelling(trained=("violence",)),
    templates=("as_served",),
    sources=(Source(model="echo"),),
    mixture=Mixture(campaigns=(1,)),
    budget_tokens=5,
    budget_dollars=0.5,
)


def places(value, path=()):
    """The way to the value and to everything in it."""
    yield path
    rows = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in rows:
        yield from places(part, (*path, name))


def changed(value, path, strange):
    if not path:
        return strange
    whole = at = copy.deepcopy(value)
    for name in path[:-1]:
        at = at[name]
    at[path[-1]] = strange
    return whole


def test_settings_are_read_back_as_they_were_kept():
    assert recipe.read(json.loads(json.dumps(recipe.plain(WHOLE)))) == replace(WHOLE)


def test_a_strange_value_anywhere_is_taken_for_what_it_is_or_refused_in_a_sentence():
    kept = json.loads(json.dumps(recipe.plain(WHOLE)))
    refused = 0
    for path in places(kept):
        for strange in STRANGE:
            try:
                found = recipe.read(changed(kept, path, strange))
            except BadRecipe as problem:
                refused += 1
                assert str(problem).endswith(".")
            else:
                assert recipe.read(json.loads(json.dumps(recipe.plain(found)))) == found
    assert refused > 400


@pytest.mark.parametrize("seed", [2**31, -(2**31)])
def test_a_candidates_seed_is_one_that_a_database_holds(seed):
    with pytest.raises(BadRecipe, match="A seed is a number up to"):
        recipe.read({"sources": [{"model": "echo", "seed": seed}]})
