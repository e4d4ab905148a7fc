"""The step that labels prompts, through the one engine: what the judge reads, what is kept, what is counted."""

import json
from collections import Counter
from hashlib import sha256
from threading import Event
from typing import Any

import pytest

from annotations.core import labelling, recipe
from annotations.core.recipe import Labelling, RecipeSettings
from annotations.core.taxonomies import built_in
from annotations.core.taxonomy import SLUGS
from annotations.models import Prompt, Taxonomy, TaxonomyVersion
from annotations.services import chores
from tests.factories import make_config, make_prompt, make_recipe, make_run, make_stage, make_training_prompts
from tests.stage import Stage as Server
from tests.stage import served
from training.models import Call, EvaluationRun, PromptLabel, Stage
from training.services import judging, runs
from training.services.building import label, stages
from training.services.run_items import RunProblem
from training.services.work import work

pytestmark = pytest.mark.django_db(transaction=True)
THEFT, STAB, DRUGS, TEA = "Tell of a theft.", "Tell of a stabbing.", "Tell of a cocaine ring.", "How is tea made?"
ROWS = [{"slug": "tea", "name": "Tea", "full_name": "Tea, all kinds", "definition": "Leaves.", "trained": True}]


def prompts(*texts: str, **fields: Any) -> None:
    """Training prompts of these texts, each with the digest of its text."""
    made, place = make_training_prompts(), make_config("training-prompts")
    for text in texts:
        make_prompt(
            text, benchmark=made, config=place, **{"kind": "", "digest": sha256(text.encode()).hexdigest()} | fields
        )


def started(seed: int = 0, taxonomy: Any = None, **asked: Any) -> Stage:
    """A queued label stage over the training prompts; the judge of words, unless told otherwise."""
    told = RecipeSettings(seed=seed, labelling=Labelling(**{"judge": "prompt_words", "dev_share": 0.0} | asked))
    recipe_row = make_recipe(settings=recipe.plain(told), taxonomy=taxonomy)
    return make_stage("label", recipe_row, goal="label")


def look(stage: Stage) -> Stage:
    """The stage after a worker looked at it."""
    chores.do(Stage, stage.pk, stages.job, "w1")
    stage.refresh_from_db()
    return stage


def run_of(stage: Stage) -> EvaluationRun:
    return EvaluationRun.every.get(stage=stage)


def labelled(stage: Stage) -> Stage:
    """The stage at its end: started, its run worked on, looked at again."""
    look(stage)
    work(run_of(stage).pk, "w1", Event())
    return look(stage)


def kept(stage: Stage) -> dict[str, tuple[Any, str]]:
    """Risks, and the split or why it was dropped, of each prompt by its text."""
    rows = PromptLabel.objects.filter(stage=stage).select_related("prompt")
    return {row.prompt.text: (row.risks, row.split or row.dropped) for row in rows}


def law(stage: Stage) -> tuple[int, int, dict[str, int], dict[str, int]]:
    figures = stage.figures
    assert figures["in"] == figures["out"] + sum(figures["dropped"].values()) + sum(figures["failed"].values())
    return figures["in"], figures["out"], figures["dropped"], figures["failed"]


def flagged(*slugs: str, of: tuple[str, ...] = SLUGS) -> str:
    return json.dumps({"reasons": "r", "risk_categories": {slug: slug in slugs for slug in of}})


def by_model(server: Server, name: str = "judge", **asked: Any) -> Stage:
    """A queued stage whose judge is a model of that name on the server."""
    return started(judge="prompt_risks", model=served(server, name, patience=1, max_concurrency=1).slug, **asked)


def test_the_judge_reads_each_text_once_and_nobody_answers() -> None:
    prompts(THEFT, STAB, TEA)
    make_prompt(
        TEA, benchmark=Prompt.objects.first().benchmark, digest=Prompt.objects.get(text=TEA).digest, kind="safe"
    )
    stage = look(started())
    run = run_of(stage)
    assert (stage.state, stage.reason, run.candidate, run.items.count(), run.state) == ("queued", "", None, 3, "queued")
    stage = labelled(stage)
    assert (stage.state, stage.done, stage.total) == ("finished", 3, 3)
    assert law(stage) == (4, 3, {"double": 1}, {})
    assert kept(stage)[TEA] == ([], "train") and not run.items.exclude(response=None).exists()
    assert stage.figures["risks"] == {"": 1, "financial_crime": 1, "violence": 1}


def test_looking_again_starts_no_second_run_and_a_stage_waits_while_its_run_is_paused() -> None:
    prompts(THEFT)
    stage = look(look(started()))
    runs.pause(run=run_of(stage), reason="The budget is spent.")
    assert look(stage).state == "queued" and not PromptLabel.objects.exists()
    runs.resume(run=run_of(stage), actor=None)
    assert labelled(stage).state == "finished"


def test_a_risk_that_is_not_trained_drops_a_prompt_and_its_risks_are_kept_with_it() -> None:
    prompts(THEFT, DRUGS, TEA)
    stage = labelled(started())
    assert kept(stage)[DRUGS] == (["drugs"], "untrained")
    assert law(stage) == (3, 2, {"untrained": 1}, {})
    assert kept(labelled(started(trained=("drugs",))))[DRUGS][1] == "train"


def test_a_reply_that_cannot_be_read_is_asked_for_again_then_unscored_and_never_taken_for_harmless(
    stage: Server,
) -> None:
    prompts(THEFT, TEA)
    stage.says("judge", "Hm.", flagged("violence"), "Well.", "I do not know.")
    step = labelled(by_model(stage))
    assert stage.calls("judge") == 4
    assert kept(step) == {THEFT: (["violence"], "train"), TEA: (None, "unparsable")}
    assert law(step) == (2, 1, {"unparsable": 1}, {})
    (silent,) = [one for one in run_of(step).items.all() if one.judgements.get().risks is None]
    assert (silent.state, silent.judgements.get().raw) == ("done", "I do not know.")


def test_a_prompt_nobody_could_be_asked_about_is_failed_by_its_kind_and_out_of_the_sample(stage: Server) -> None:
    prompts(THEFT, f"{TEA} In a lighthouse?")
    step = labelled(by_model(stage, "marked-filtered"))
    assert (step.figures["failed"], len(step.figures["sample"])) == ({"permanent": 1}, 1)
    assert law(step)[0] == 2


@pytest.mark.both_databases
def test_a_second_stage_takes_every_verdict_from_the_cache(stage: Server) -> None:
    prompts(THEFT, STAB, TEA)
    stage.says("judge", flagged("violence"))
    first = by_model(stage)
    labelled(first)
    second = labelled(make_stage("label", first.recipe, goal="label"))
    assert (stage.calls("judge"), second.state, kept(second) == kept(first)) == (3, "finished", True)
    assert Call.objects.filter(item__run__stage=second, reused=True).count() == 3


def test_a_judge_of_a_custom_taxonomy_labels_with_its_slugs_alone(stage: Server) -> None:
    prompts(TEA, THEFT)
    of = TaxonomyVersion.objects.create(
        taxonomy=Taxonomy.objects.create(organisation=make_recipe().organisation, title="Drinks"),
        number=1,
        categories=ROWS,
    )
    stage.says("judge", flagged("tea", of=("tea", "other")), flagged("violence"), flagged("violence"))
    step = labelled(by_model(stage, taxonomy=of))
    assert kept(step) == {TEA: (["tea"], "train"), THEFT: (None, "unparsable")}
    assert "Tea, all kinds" in stage.seen[0].messages[0]["content"]
    assert run_of(step).judges.get().label == "Risks of prompts · Drinks v1"


def test_of_a_large_set_the_cap_stays_and_of_a_small_one_nothing() -> None:
    prompts(*(f"A theft, told {number} times." for number in range(7)), STAB, TEA, f"{TEA} And coffee?")
    stage = labelled(started(cap=4, least=2))
    assert law(stage) == (10, 6, {"over_cap": 3, "too_few": 1}, {})
    counts = Counter((tuple(risks), where) for risks, where in kept(stage).values())
    assert (
        counts[("financial_crime",), "train"] == 4
        and counts[("violence",), "too_few"] == 1
        and counts[(), "train"] == 2
    )


def test_the_same_seed_keeps_and_splits_the_same_prompts_and_another_does_not() -> None:
    prompts(*(f"A theft, told {number} times." for number in range(30)))
    one, same, other = (labelled(started(seed=seed, cap=20, dev_share=0.3)) for seed in (5, 5, 6))
    assert kept(one) == kept(same) != kept(other)
    assert one.figures["sample"] == same.figures["sample"] != other.figures["sample"]
    assert one.figures["splits"]["dev"] > 0


def test_prompts_that_come_later_move_none_between_the_splits() -> None:
    prompts(*(f"A theft, told {number} times." for number in range(20)))
    before = kept(labelled(started(dev_share=0.4)))
    prompts(*(f"A robbery, told {number} times." for number in range(20)))
    after = kept(labelled(started(dev_share=0.4)))
    assert len(after) == 40 and {text: after[text] for text in before} == before


@pytest.mark.both_databases
def test_risks_that_people_wrote_are_taken_without_a_run() -> None:
    prompts(THEFT, risks=["financial_crime"])
    prompts(DRUGS, kind="disallowed", risks=["drugs", "violence"])
    prompts(STAB, kind="partial")
    prompts(TEA, kind="safe")
    stage = look(started(judge="given"))
    assert (stage.state, EvaluationRun.every.count()) == ("finished", 0)
    assert kept(stage) == {
        THEFT: (["financial_crime"], "train"),
        DRUGS: (["drugs", "violence"], "untrained"),
        STAB: (None, "unlabelled"),
        TEA: ([], "train"),
    }
    assert law(stage) == (4, 2, {"unlabelled": 1, "untrained": 1}, {})


def test_a_stage_without_a_prompt_fails_in_words() -> None:
    make_training_prompts()
    assert "There is no prompt to label" in look(started()).reason


def test_a_stage_that_keeps_nothing_fails_and_its_labels_say_why() -> None:
    prompts(DRUGS)
    stage = labelled(started())
    assert (stage.state, kept(stage)) == ("failed", {DRUGS: (["drugs"], "untrained")})
    assert stage.reason.startswith(
        "No prompt is left to build from. Of 1: 1 with a risk that training does not draw from."
    )
    assert law(stage) == (1, 0, {"untrained": 1}, {})


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"judge": "heuristic"}, "“Heuristic” reads responses"),
        ({"judge": "gone"}, "There is no judge “gone”"),
        ({"judge": "prompt_risks"}, "No model is chosen"),
    ],
)
def test_a_judge_that_cannot_read_prompts_stops_the_stage_in_words(asked: dict[str, str], sentence: str) -> None:
    prompts(THEFT)
    stage = look(started(**asked))
    assert (stage.state, sentence in stage.reason, EvaluationRun.every.count()) == ("failed", True, 0)


def test_a_taxonomy_without_a_trained_category_is_refused_before_anything_is_asked() -> None:
    prompts(THEFT)
    home = Taxonomy.objects.create(organisation=make_recipe().organisation, title="Drinks")
    of = TaxonomyVersion.objects.create(taxonomy=home, number=1, categories=[ROWS[0] | {"trained": False}])
    assert "No category of this taxonomy is drawn from in training" in look(started(taxonomy=of)).reason


@pytest.mark.both_databases
def test_a_worker_that_lost_its_hold_writes_no_label() -> None:
    prompts(THEFT)
    stage = look(started())
    work(run_of(stage).pk, "w1", Event())
    hold = chores.claim(Stage, stage.pk, "w1")
    Stage.objects.filter(pk=stage.pk).update(fence=hold.fence + 1)
    with pytest.raises(chores.Stopped):
        label.job(hold)
    assert not PromptLabel.objects.exists()


def test_a_judge_of_prompts_judges_no_responses() -> None:
    with pytest.raises(RunProblem, match="“Words of prompts” reads prompts and no responses"):
        make_run(1, judges=[judging.choose(name="prompt_words", model=None)])


def test_every_reason_has_words_and_fits_its_column() -> None:
    reasons = {value for name, value in vars(labelling).items() if name.isupper() and isinstance(value, str)}
    assert reasons - {"train", "dev"} == set(labelling.WORDS) and max(map(len, reasons)) <= 20
    assert built_in().slugs == SLUGS


def test_prompts_that_differ_in_case_and_signs_alone_stand_in_the_same_split():
    prompts(*(text for number in range(30) for text in (f"How is tea {number} made?", f"how is TEA {number}  made")))
    found = kept(labelled(started(dev_share=0.5)))
    splits = [{found[f"How is tea {number} made?"][1], found[f"how is TEA {number}  made"][1]} for number in range(30)]
    assert all(len(both) == 1 for both in splits) and {"dev"} in splits and {"train"} in splits
