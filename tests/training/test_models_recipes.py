"""What the database refuses about recipes' stages, what they find out, and the runs that build for them."""

import pytest

from annotations.models import SystemPrompt
from tests.factories import make_candidate, make_organisation, make_prompt, make_recipe, make_run, make_stage
from tests.refusals import refused
from training.models import Cluster, EvaluationRun, PromptLabel, PromptMap, RunItem, Stage, SynthesisedConfig

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def make_synthesised(stage=None, **fields):
    words, _ = SystemPrompt.objects.get_or_create(digest="0" * 64, defaults={"text": "You help."})
    values = {"mode": "safe", "template": "plain", "system_prompt": words} | fields
    values["prompt"] = values.get("prompt") or make_prompt()
    return SynthesisedConfig.objects.create(stage=stage or make_stage("synthesise"), **values)


def make_build_run(**fields):
    stage = fields.pop("stage", None) or make_stage("generate")
    values = {"benchmark": stage.recipe.benchmark, "organisation": stage.organisation, "purpose": "build"} | fields
    return EvaluationRun.every.create(stage=stage, **values)


def test_a_kind_of_stage_that_nobody_knows_is_refused():
    with refused("stage_kind_known"):
        Stage.objects.filter(pk=make_stage("pair").pk).update(kind="dream")


def test_a_goal_that_nobody_knows_is_refused():
    with refused("stage_goal_known"):
        make_stage(goal="glory")


def test_a_state_that_nobody_knows_is_refused():
    with refused("stage_state_known"):
        make_stage(state="lost")


def test_a_stage_that_failed_without_a_reason_is_refused():
    with refused("stage_failed_says_why"):
        make_stage(state="failed")


def test_a_stage_in_the_middle_comes_after_another():
    stage = make_stage("pair")
    with refused("stage_comes_after_another"):
        Stage.objects.filter(pk=stage.pk).update(after=None)


def test_a_chain_goes_on_by_itself_only_once():
    first = make_stage()
    make_stage("synthesise", first.recipe, after=first, automatic=True)
    with refused("stage_follows_once"):
        make_stage("synthesise", first.recipe, after=first, automatic=True)


def test_a_person_may_do_a_step_again():
    first = make_stage()
    make_stage("synthesise", first.recipe, after=first, automatic=True)
    assert make_stage("synthesise", first.recipe, after=first).after == first


def test_finished_pairs_without_their_file_are_refused():
    with refused("stage_finished_pairs_have_file"):
        make_stage("pair", state="finished")


def test_a_finished_freeze_without_its_set_is_refused():
    with refused("stage_finished_freeze_has_set"):
        make_stage("freeze", state="finished")


def test_a_prompt_is_labelled_once_in_a_stage():
    label = {"stage": make_stage(), "prompt": make_prompt(), "risks": [], "split": "train"}
    PromptLabel.objects.create(**label)
    with refused("promptlabel_once_per_prompt"):
        PromptLabel.objects.create(**label)


@pytest.mark.parametrize(
    "half",
    [{}, {"risks": [], "split": "train", "dropped": "untrained"}, {"split": "train"}, {"risks": [], "split": "x"}],
)
def test_a_prompt_is_kept_in_a_split_or_dropped_for_a_reason(half):
    with refused("promptlabel_kept_or_dropped"):
        PromptLabel.objects.create(stage=make_stage(), prompt=make_prompt(), **half)


def test_a_prompt_without_a_verdict_is_dropped_and_keeps_its_none():
    stage = make_stage()
    PromptLabel.objects.create(stage=stage, prompt=make_prompt(), risks=None, dropped="unparsable")
    assert stage.labels.get(risks__isnull=True).risks is None


def test_a_config_is_synthesised_once():
    made = make_synthesised()
    with refused("synthesisedconfig_once"):
        make_synthesised(made.stage, prompt=made.prompt)


def test_a_run_that_builds_belongs_to_a_stage():
    run = make_run(1)
    with refused("evaluationrun_builds_in_a_stage"):
        EvaluationRun.every.filter(pk=run.pk).update(purpose="build")


def test_a_run_that_evaluates_has_a_candidate():
    run = make_run(1)
    with refused("evaluationrun_builds_in_a_stage"):
        EvaluationRun.every.filter(pk=run.pk).update(candidate=None)


def test_runs_that_build_are_no_evaluations():
    run = make_build_run(candidate=make_candidate())
    assert not EvaluationRun.objects.filter(pk=run.pk).exists()
    assert not run.candidate.runs.exists()


def test_an_item_stands_under_one_config():
    item, made = make_run(1).items.get(), make_synthesised()
    with refused("runitem_under_one_config"):
        RunItem.objects.filter(pk=item.pk).update(synthesised=made)


def test_a_prompt_is_answered_once_under_a_synthesised_config():
    run, made = make_build_run(candidate=make_candidate()), make_synthesised()
    RunItem.objects.create(run=run, prompt=made.prompt, synthesised=made, position=1)
    with refused("runitem_once_per_synthesised"):
        RunItem.objects.create(run=run, prompt=made.prompt, synthesised=made, position=2)


def test_a_prompt_may_be_answered_under_several_synthesised_configs():
    run, made = make_build_run(candidate=make_candidate()), make_synthesised()
    other = make_synthesised(made.stage, prompt=made.prompt, number=1)
    for position, config in enumerate((made, other)):
        RunItem.objects.create(run=run, prompt=made.prompt, synthesised=config, position=position)
    assert run.items.count() == 2


def test_a_prompt_that_is_only_labelled_is_done_without_a_response():
    item = RunItem.objects.create(run=make_build_run(), prompt=make_prompt(), position=1)
    assert RunItem.objects.filter(pk=item.pk).update(state="done") == 1


def test_an_item_under_a_synthesised_config_is_not_done_without_a_response():
    made = make_synthesised()
    item = RunItem.objects.create(run=make_build_run(), prompt=made.prompt, synthesised=made, position=1)
    with refused("runitem_done_has_response"):
        RunItem.objects.filter(pk=item.pk).update(state="done")


def make_map(**fields):
    recipe = make_recipe()
    return PromptMap.objects.create(benchmark=recipe.benchmark, organisation=make_organisation(), **fields)


def test_a_map_in_a_state_that_nobody_knows_is_refused():
    with refused("promptmap_state_known"):
        make_map(state="lost")


def test_a_map_that_failed_without_a_reason_is_refused():
    with refused("promptmap_failed_says_why"):
        make_map(state="failed")


def test_a_finished_map_without_points_is_refused():
    with refused("promptmap_finished_has_points"):
        make_map(state="finished")


def make_cluster(of=None, number=1, **fields):
    return Cluster.objects.create(map=of or make_map(), number=number, **fields)


def test_the_number_of_a_cluster_is_taken_once():
    cluster = make_cluster()
    with refused("cluster_number_once"):
        make_cluster(cluster.map)


def test_a_state_of_a_cluster_that_nobody_knows_is_refused():
    with refused("cluster_state_known"):
        make_cluster(state="lost")


@pytest.mark.parametrize("words", [{"name": "Theft"}, {"definition": "Taking what is not one's own."}])
def test_a_kept_cluster_without_a_name_and_a_definition_is_refused(words):
    with refused("cluster_kept_has_words"):
        make_cluster(state="kept", **words)


def test_a_merged_cluster_says_into_which():
    with refused("cluster_merged_into_one"):
        make_cluster(state="merged")


def test_a_rejected_cluster_says_why():
    with refused("cluster_rejected_says_why"):
        make_cluster(state="rejected")
