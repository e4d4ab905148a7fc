"""What a run keeps to show: its own copy, for each version, or a refusal in words."""

import pytest

from annotations.core.config_text import digest
from annotations.models import Demonstration
from tests import pairs
from tests.factories import (
    make_candidate,
    make_config,
    make_demonstration,
    make_organisation,
    make_person,
    make_run,
    make_version,
)
from training.services import shots
from training.services.plans import load_plan
from training.services.runs import RunProblem
from training.services.shots import ShotsProblem

pytestmark = pytest.mark.django_db


def few_shot(**settings):
    return make_candidate(strategy="few_shot", settings=settings)


def kept(run):
    return [(row.version, [each["prompt"] for each in row.rows]) for row in run.demonstrations.order_by("version")]


def two_versions():
    versions = [make_version(make_config(slug, title=slug.title())) for slug in ("game", "law")]
    for version in versions:
        for number in (1, 2, 3):
            make_demonstration(version.config, prompt=f"{version.config} {number}")
    return versions


def test_a_run_keeps_the_first_ones_of_every_version():
    game, law = two_versions()
    run = make_run()
    shots.keep(run, few_shot(shots=2), [game, law])
    assert kept(run) == [(game, ["Game 1", "Game 2"]), (law, ["Law 1", "Law 2"])]


def test_a_later_edit_changes_nothing_in_a_run():
    game, _ = two_versions()
    run = make_run()
    shots.keep(run, few_shot(), [game])
    before = run.demonstrations.get()
    Demonstration.objects.update(prompt="Another one", response="So.")
    assert run.demonstrations.get().rows == before.rows and len(before.digest) == 64
    assert before.digest != digest("") and "Another one" not in str(before.rows)


def test_a_strategy_that_shows_nothing_keeps_nothing():
    run = make_run()
    shots.keep(run, make_candidate(), [make_version()])
    assert kept(run) == []


def test_configs_without_demonstrations_are_named_all_at_once():
    run, names = make_run(), ("law", "film")
    versions = [*two_versions()[:1], *(make_version(make_config(name + "s", title=name)) for name in names)]
    with pytest.raises(ShotsProblem) as problem:
        shots.keep(run, few_shot(), versions)
    assert "“law” has no demonstrations yet" in str(problem.value) and "“film”" in str(problem.value)
    assert kept(run) == []


def test_a_run_that_cannot_show_anything_is_not_started():
    with pytest.raises(RunProblem, match="has no demonstrations yet"):
        make_run(candidate=few_shot())


def test_what_is_kept_reaches_the_strategy():
    make_version(make_config())
    make_demonstration(kind="partial", prompt="Why?", response="So.")
    run = make_run(candidate=few_shot(shots=3))
    (ground,) = load_plan(run.pk).grounds.values()
    assert ground.demonstrations == (("partial", "Why?", "So."),)
    assert shots.shortage(run) == ["“Config game” has 1 of the 3 demonstrations to show."]


def test_nothing_is_short_where_nothing_is_shown():
    assert shots.shortage(make_run()) == []


def make_set(slug="lantern", number=20):
    rows = [pairs.make_pair(each, spec_i="-Violence-") for each in range(number)]
    return pairs.read(pairs.make_set({"train.jsonl": pairs.lines(rows)}, organisation=make_organisation(slug)))


def test_a_set_is_kept_whole_so_that_each_prompt_draws_from_it():
    version, run = make_version(), make_run()
    shots.keep(run, few_shot(shots=2, preference_set=make_set().pk), [version])
    assert len(run.demonstrations.get().rows) == 20


def test_a_set_of_strangers_is_refused_without_its_name():
    source = make_set("elsewhere")
    with pytest.raises(ShotsProblem, match="no preference set .* that you may read") as problem:
        shots.keep(make_run(), few_shot(preference_set=source.pk), [make_version()])
    assert source.title not in str(problem.value)
    shots.keep(make_run(actor=make_person("grace")), few_shot(preference_set=source.pk), [make_version()])
    shots.keep(make_run(actor=None), few_shot(preference_set=source.pk), [make_version()])
