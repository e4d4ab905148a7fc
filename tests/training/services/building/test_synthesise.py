"""Configs made up for prompts: how many, which, always the same, and what is counted of them."""

import pytest

from annotations.services import chores
from annotations.services.chores import Hold
from tests.factories import make_recipe, make_stage, make_training_prompts
from training.models import PromptLabel, Stage, SynthesisedConfig
from training.services.building import stages, synthesise

pytestmark = pytest.mark.django_db
MODES = ["exact_match", "safe", "superset", "not_superset"]
SOURCES = [{"model": "a", "draws": {"plain": 1}}, {"model": "b", "draws": {"superset": 2, "safe": 0}}]


def make_synthesise(risks=(["violence"], []), **settings):
    """A queued step after a labelling that kept a prompt for each of these sets of risks, and dropped one."""
    texts = [f"How does a siege end, part {n}?" for n in range(len(risks) + 1)]
    recipe = make_recipe(benchmark=make_training_prompts(*texts), settings={"sources": SOURCES} | settings)
    stage = make_stage("synthesise", recipe, goal="synthesise")
    prompts = list(recipe.benchmark.prompts.order_by("pk"))
    for prompt, found in zip(prompts, risks, strict=False):
        PromptLabel.objects.create(stage=stage.after, prompt=prompt, risks=found, split="train")
    PromptLabel.objects.create(stage=stage.after, prompt=prompts[-1], risks=None, dropped="unparsable")
    return stage


def made(stage):
    chores.do(Stage, stage.pk, stages.job, "w1")
    stage.refresh_from_db()
    return stage


def rows(stage):
    told = ("prompt__text", "source", "mode", "number", "allowed", "template", "system_prompt")
    return sorted(stage.synthesised.values_list(*told), key=str)


def test_each_kept_prompt_has_one_config_of_each_mode_and_each_candidates_draws():
    stage = made(make_synthesise())
    of_first = SynthesisedConfig.objects.filter(prompt=stage.recipe.benchmark.prompts.first())
    found = sorted(of_first.values_list("source", "mode", "number"))
    assert found == sorted([*((0, mode, 0) for mode in MODES), (1, "plain", 0), (2, "superset", 0), (2, "superset", 1)])
    # 2 kept prompts × (4 + 1 + 2) configs
    assert (stage.state, stage.synthesised.count(), stage.figures["configs"]) == (
        "finished",
        14,
        {"0": 8, "1": 2, "2": 4},
    )
    assert {name: stage.figures[name] for name in ("in", "out", "dropped", "failed")} == {
        "in": 2, "out": 2, "dropped": {}, "failed": {},
    }  # fmt: skip


def test_what_each_mode_opens_is_what_it_says():
    stage = made(make_synthesise([["violence"]]))
    allowed = dict(stage.synthesised.filter(source=0).values_list("mode", "allowed"))
    assert allowed["exact_match"] == ["violence"] and allowed["safe"] == []
    assert "violence" in allowed["superset"] and "violence" not in allowed["not_superset"]


def test_candidates_without_a_config_say_the_words_every_assistant_gets():
    stage = made(make_synthesise([["violence"]]))
    plain = stage.synthesised.get(mode="plain")
    assert plain.template == "plain" and plain.system_prompt.text.strip()
    assert set(stage.synthesised.filter(source=0).values_list("template", flat=True)) - {"plain"}


def test_the_same_seed_makes_the_same_configs_and_another_one_others():
    first, second, third = (make_synthesise([["violence"]] * 3, seed=seed) for seed in (3, 3, 4))
    assert rows(made(first)) == rows(made(second))
    assert rows(third := made(third)) != rows(first)


def test_a_config_depends_on_its_prompt_and_not_on_the_prompts_around_it():
    many, few = made(make_synthesise([["violence"]] * 3)), make_synthesise([["violence"]] * 3)
    few.after.labels.exclude(prompt__text="How does a siege end, part 2?").delete()
    alone = [row for row in rows(many) if row[0].endswith("part 2?")]
    assert rows(made(few)) == alone


def test_other_candidates_do_not_move_what_pairs_are_ranked_under():
    both, one = make_synthesise([["violence"]] * 2), make_synthesise([["violence"]] * 2, sources=SOURCES[1:])
    ranking = [[row for row in rows(made(stage)) if row[1] == 0] for stage in (both, one)]
    assert ranking[0] == ranking[1]


def test_every_candidate_and_every_mode_draws_for_itself():
    twice = [{"model": "a", "draws": {"safe": 16, "exact_match": 16}}] * 2  # both open nothing without a risk
    stage = made(make_synthesise([[]], sources=twice))
    drawn = stage.synthesised.order_by("number").values_list("template", flat=True)
    words = [list(drawn.filter(source=source, mode=mode)) for source in (1, 2) for mode in ("safe", "exact_match")]
    assert len({tuple(row) for row in words}) == 4


def test_a_wide_candidate_draws_from_categories_that_are_not_trained():
    sources = [{"model": "b", "draws": {"superset": 16}, "wide": True}]
    stage = make_synthesise([["violence"]], sources=sources, labelling={"trained": ["violence", "privacy"]})
    opened = made(stage).synthesised.values_list("source", "allowed")
    trained = {slug for source, allowed in opened if source == 0 for slug in allowed}
    wide = {slug for source, allowed in opened if source == 1 for slug in allowed}
    assert trained <= {"violence", "privacy"} and wide - {"violence", "privacy"}


def test_not_superset_without_risks_is_counted_as_having_lost_its_point():
    assert made(make_synthesise([["violence"], [], []])).figures["lost"] == 2


def test_a_worker_that_died_in_the_middle_leaves_no_doubles(monkeypatch):
    monkeypatch.setattr(synthesise, "AT_ONCE", 1)
    whole, broken = made(make_synthesise([["violence"]] * 3)), make_synthesise([["violence"]] * 3)
    beat, seen = Hold.beat, []

    def dies(hold, done, total=None, *, now=False):
        seen.append(done)
        if done == 2:
            raise SystemExit
        beat(hold, done, total, now=now)

    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(Hold, "beat", dies)
        chores.do(Stage, broken.pk, stages.job, "w1")
    assert 0 < broken.synthesised.count() < whole.synthesised.count()
    Stage.objects.filter(pk=broken.pk).update(state="queued")
    assert rows(made(broken)) == rows(whole) and broken.figures == whole.figures


def test_nothing_kept_is_said_in_words():
    stage = made(make_synthesise([]))
    assert stage.state == "failed" and "No prompt was kept" in stage.reason


def test_a_template_that_is_gone_is_said_in_words():
    stage = made(make_synthesise([["violence"]], templates=["long_gone"]))
    assert stage.state == "failed" and "long_gone" in stage.reason
