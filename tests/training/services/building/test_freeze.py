"""The step that freezes: the set with its file, its lineage, and what of it stands in benchmarks."""

import json

import pytest

from annotations.core.preference_pairs import RATING
from annotations.models import Artifact, PreferenceSet
from annotations.services import human_pairs, leakage, pair_files, preferences
from tests.annotations.services.test_freezing import pair
from tests.factories import make_benchmark, make_config, make_prompt, make_stage
from tests.paired import Asked, answers, built, make_read
from training.models import Stage
from training.services.building import chain, freeze, stages

pytestmark = pytest.mark.django_db
CONFIGS = {"safe": (), "exact_match": ("violence",)}
SIEGE = "How did a long siege end for the people inside?"
FOUR = answers((), None, ("violence",), ("privacy",))


@pytest.fixture(autouse=True)
def _places_of_their_own(settings, tmp_path):
    settings.PREFERENCES_DIR = tmp_path / "preferences"


def to_freeze(**settings):
    """A queued freeze stage after pairs of two prompts were built."""
    asked = [Asked(text, ("violence",), CONFIGS, FOUR) for text in (SIEGE, "How were walls built?")]
    pairs = built(make_read(*asked, **settings))
    assert pairs.state == "finished", pairs.reason
    return make_stage("freeze", pairs.recipe, after=pairs, settings=pairs.settings)


def test_the_set_holds_every_pair_once_and_says_where_they_come_from():
    stage = built(to_freeze(seed=7))
    row = PreferenceSet.objects.get()
    assert (stage.state, stage.preference_set, row.state, row.origin) == ("finished", row, "finished", "built")
    # two prompts under safe (5 pairs of 4 responses, one tie) and exact_match (6)
    source = chain.before(stage, "pair")
    assert stage.figures["in"] == source.figures["rows"] == row.rows + sum(stage.figures["dropped"].values())
    assert len(list(pair_files.read(preferences.path(row)))) == row.rows
    told = row.manifest
    assert told["recipe"]["id"] == stage.recipe_id and told["seeds"]["recipe"] == 7
    assert [one["kind"] for one in told["stages"]] == ["label", "synthesise", "generate", "read", "pair", "freeze"]
    assert [one["name"] for one in told["templates"]] == ["terse", "x"] and told["templates"][0]["digest"]
    (judge,), (run,) = told["judges"], told["runs"]
    assert (judge["name"], judge["heuristic"], run["judges"]) == ("heuristic", True, [judge["id"]])
    assert told["stages"][4]["sha256"] == source.sha256 and json.dumps(told)


def test_freezing_again_gives_the_same_bytes_in_another_set():
    stage = to_freeze()
    first = built(stage).preference_set
    second = built(make_stage("freeze", stage.recipe, after=stage.after, settings=stage.settings)).preference_set
    assert first != second and first.sha256 == second.sha256


def test_a_stage_that_was_frozen_already_only_ends():
    stage = built(to_freeze())
    Stage.objects.filter(pk=stage.pk).update(state="queued", finished_at=None)
    assert built(stage).state == "finished" and PreferenceSet.objects.count() == 1


def test_a_prompt_that_stands_in_a_benchmark_blocks_the_set():
    make_prompt(SIEGE.upper(), benchmark=make_benchmark("siege"), config=make_config("siege"))
    stage = built(to_freeze())
    assert stage.figures["leaks"] == leakage.found(stage.preference_set) == 1
    assert "stand in benchmarks" in preferences.why_not_train(stage.preference_set)


def test_peoples_pairs_are_mixed_in_by_their_share(monkeypatch):
    asked = []
    monkeypatch.setattr(human_pairs, "rows", lambda *given: asked.append(given) or iter([pair(1, RATING)]))
    stage = built(to_freeze(mixture={"built": 0.5, "people": 0.5, "campaigns": [4]}, seed=2))
    assert stage.state == "finished", stage.reason
    assert dict(stage.preference_set.figures["origins"]) == {"built": 1, "rating": 1}
    assert asked[0][0] == (4,) and stage.figures["dropped"]["built, over its share"] == stage.figures["in"] - 2


def test_a_file_of_pairs_that_is_gone_is_said():
    stage = to_freeze()
    pair_files.path(chain.before(stage, "pair").sha256).unlink()
    stage = built(stage)
    assert stage.state == "failed" and "gone" in stage.reason and not PreferenceSet.objects.exists()


def test_a_stage_cancelled_while_it_is_compared_leaves_no_set_and_no_file(settings, monkeypatch):
    monkeypatch.setattr(human_pairs, "rows", lambda *given: iter([pair(1, RATING)]))
    stage = to_freeze(mixture={"built": 0.5, "people": 0.5, "campaigns": [4]})
    before = set(Artifact.objects.all())

    def check(*args):
        stages.cancel(stage=stage, actor=None)
        return leakage.begun()

    monkeypatch.setattr(freeze.leakage, "check", check)
    assert built(stage).state == "cancelled"
    assert not PreferenceSet.objects.exists() and set(Artifact.objects.all()) == before
    assert list(settings.PREFERENCES_DIR.iterdir()) == []
