"""The step that builds pairs: what it takes, what it leaves out with which reason, and the file it writes."""

import hashlib

import pyarrow.parquet as pq
import pytest

from annotations.core.preference_pairs import COLUMNS
from annotations.models import Artifact, Prompt, Taxonomy, TaxonomyVersion
from annotations.services import chores, pair_files
from tests.factories import make_organisation
from tests.paired import Asked, Said, answers, built, make_read
from training.models import Judgement, Stage
from training.services.building import pair, pair_material
from training.services.building.pair_material import Material

pytestmark = pytest.mark.django_db
ALL = {"exact_match": ("violence",), "safe": (), "superset": ("violence", "privacy"), "not_superset": ("privacy",)}
# harmless 0, a refusal 1, violence 0.1 or 3, privacy 0.1 or 3
FOUR = answers((), None, ("violence",), ("privacy",))


@pytest.fixture(autouse=True)
def _places_of_their_own(settings, tmp_path):
    settings.PREFERENCES_DIR = tmp_path / "preferences"


def rows(stage):
    return pq.read_table(pair_files.path(stage.sha256)).to_pylist()


def files(settings):
    place = settings.PREFERENCES_DIR
    return sorted(path.name for path in place.iterdir()) if place.is_dir() else []


def ask(number=1, said=FOUR, **fields):
    values = {"risks": ("violence",), "configs": ALL, "said": said} | fields
    return Asked(f"How did a siege end, part {number}?", **values)


def test_every_config_of_a_prompt_gives_its_pairs():
    stage = built(make_read(ask(), seed=3))
    assert (stage.state, stage.reason) == ("finished", "")
    # exact_match (violence 0.1, privacy 3): 6 pairs of 4 categories; safe (both 3, a tie): 5; superset (both 0.1): 5;
    # not_superset (privacy 0.1, violence 3): 6
    by_mode = {"exact_match": 6, "safe": 5, "superset": 5, "not_superset": 6}
    assert dict(stage.figures["modes"]) == by_mode and stage.figures["rows"] == len(rows(stage)) == 22
    assert stage.figures["reasons"] == {"made": 22, "tie": 2, "chosen too bad": 0}
    assert stage.figures["considered"] == 24 and stage.figures["ranked"] == 4


def test_a_row_says_everything_about_its_pair():
    stage = built(make_read(ask(said=FOUR[::3], configs={"safe": ()}, split="dev")))
    (row,) = rows(stage)
    prompt = Prompt.objects.get()
    chosen, rejected = prompt.responses.order_by("pk")
    assert tuple(row) == COLUMNS
    assert row == {
        "split": "dev",
        "system_prompt": "Open: .",
        "prompt": "How did a siege end, part 1?",
        "chosen_response": "Answer 0.",
        "rejected_response": "Answer 3.",
        "spec_i": "--",
        "spec_j": "-Violence-",
        "mode": "safe",
        "chosen_cat": "('--', 1)",
        "rejected_cat": "('-Privacy Violations-', 1)",
        "chosen_category_error_score": 0.0,
        "rejected_category_error_score": 3.0,
        "origin": "built",
        "prompt_id": prompt.pk,
        "chosen_id": chosen.pk,
        "rejected_id": rejected.pk,
        "template": "terse",
    }


def test_the_file_is_named_by_its_digest_and_a_rerun_gives_it_again(settings):
    said = (*FOUR, *(Said(f"No, {number}.", (), False) for number in range(5)))
    stage = built(make_read(ask(said=said), seed=3))
    assert files(settings) == [] and pair_files.path(stage.sha256).is_file()
    assert hashlib.sha256(pair_files.path(stage.sha256).read_bytes()).hexdigest() == stage.sha256
    kept = {"kind": "pair", "goal": "freeze", "settings": stage.settings, "after": stage.after}
    again = Stage.objects.create(recipe=stage.recipe, organisation=stage.organisation, **kept)
    assert built(again).sha256 == stage.sha256 and Artifact.objects.count() == 1
    kept["settings"] = stage.settings | {"seed": 4}
    other = Stage.objects.create(recipe=stage.recipe, organisation=stage.organisation, **kept)
    assert built(other).sha256 != stage.sha256


def test_what_cannot_be_paired_is_dropped_and_counted():
    said = (
        Said("Yes."),
        Said("No.", (), False),
        Said(" Yes. "),
        Said("", (), True),
        Said("What?", None, True),
        Said("Who?", (), None),
    )
    figures = built(make_read(ask(said=said))).figures
    assert (figures["in"], figures["out"], figures["failed"]) == (6, 2, {})
    dropped = {"same text twice": 1, "empty text": 1, "risks unscored": 1, "addressed unscored": 1}
    assert figures["dropped"] == dropped and figures["in"] == figures["out"] + sum(dropped.values())
    assert figures["labels"] == [
        {"risks": [], "addressed": False, "n": 1},
        {"risks": [], "addressed": True, "n": 1},
    ]


def test_each_prompt_without_a_pair_says_why():
    prompts = [
        ask(1),
        ask(2, FOUR[:1]),
        ask(3, (Said("?", None, None), Said("", ()))),
        ask(4, ()),
        ask(5, answers(("drugs",), ("weapons",))),
        ask(6, answers(("violence", "privacy"), ("violence",)), configs={"safe": ()}),
    ]
    figures = built(make_read(*prompts)).figures
    assert figures["prompts"] == {
        "pairs made": 1,
        "no response": 1,
        "all invalid": 1,
        "one response": 1,
        "all tied": 1,
        "chosen too bad": 1,
    }
    ids = list(Prompt.objects.order_by("pk").values_list("pk", flat=True))
    assert figures["without"] == {
        "one response": [ids[1]],
        "all invalid": [ids[2]],
        "no response": [ids[3]],
        "all tied": [ids[4]],
        "chosen too bad": [ids[5]],
    }


def test_where_no_pair_comes_the_step_fails_with_its_figures_and_no_file(settings):
    stage = built(make_read(ask(said=FOUR[:1]), ask(2, ())))
    assert (stage.state, stage.sha256, files(settings)) == ("failed", "", [])
    assert "No pair came of 1 responses to 2 prompts (one response: 1, no response: 1)" in stage.reason
    assert stage.figures["prompts"]["one response"] == 1


def test_one_prompt_under_several_configs_and_twice_in_the_benchmark():
    same = ask(configs={"safe": ()}, said=FOUR[:2])
    stage = built(make_read(same, same))
    assert len(rows(stage)) == 2 and len({row["prompt_id"] for row in rows(stage)}) == 2


def test_responses_that_are_not_all_read_are_not_paired():
    stage = make_read(ask())
    Stage.objects.filter(pk=stage.after_id).update(state="running")
    assert "not all read yet" in built(stage).reason


def test_readers_of_another_name_are_missed_in_words():
    stage = make_read(ask())
    Stage.objects.filter(pk=stage.after_id).update(settings={"reading": {"risks": "risk_categories"}})
    assert "no judge “risk_categories”" in built(stage).reason


def test_a_cancelled_step_leaves_nothing_behind(settings, monkeypatch):
    stage = make_read(ask(1), ask(2), ask(3))
    monkeypatch.setattr(pair_material, "MOST_RESPONSES", 4)  # one prompt at a time
    monkeypatch.setattr(chores, "BEAT_SECONDS", 0)
    add = pair.Tally.add

    def cancelled(tally, *told):
        if tally.prompts == 1:
            chores.cancel(row=Stage.objects.get(pk=stage.pk), actor=None)
        add(tally, *told)

    monkeypatch.setattr(pair.Tally, "add", cancelled)
    after = built(stage)
    assert (after.state, after.sha256, files(settings)) == ("cancelled", "", [])


def test_a_step_that_was_done_but_not_ended_is_not_done_again(monkeypatch):
    stage = built(make_read(ask()))
    Stage.objects.filter(pk=stage.pk).update(state="queued")
    monkeypatch.setattr(pair, "Material", None)
    assert built(stage).state == "finished"


def test_a_custom_taxonomy_names_its_own_categories():
    category = {"full_name": "Cards, dice and night-time noise", "definition": "Games.", "trained": True}
    version = TaxonomyVersion.objects.create(
        taxonomy=Taxonomy.objects.create(organisation=make_organisation(), title="House"),
        number=1,
        categories=[
            {"slug": "games", "name": "Games"} | category,
            {"slug": "plastic", "name": "Plastic"} | category | {"full_name": "Plastic", "trained": False},
        ],
    )
    said = answers(("games",), ("plastic",), ("violence",))
    stage = built(make_read(ask(risks=("games",), configs={"exact_match": ("games",)}, said=said), taxonomy=version))
    # games 0.1; plastic (not trained) and violence (unknown to the taxonomy) are one other each: 3, a tie
    assert stage.figures["reasons"] == {"made": 2, "tie": 1, "chosen too bad": 0}
    assert {(row["spec_i"], row["chosen_cat"], row["rejected_cat"]) for row in rows(stage)} == {
        ("-Cards, dice and night-time noise-", "('-Cards, dice and night-time noise-', 1)", f"('-{other}-', 1)")
        for other in ("Plastic", "Other Harms")
    }
    assert stage.figures["configs"] == [["Allows games", 2]]


def test_risks_that_training_does_not_draw_from_cost_once_together():
    stage = built(make_read(ask(configs={"safe": ()}, said=answers((), ("drugs", "weapons"), ("violence", "privacy")))))
    # drugs and weapons are one other: 3; violence and privacy are trained: 6; of 3 and 6 even the better is too bad
    assert [row["rejected_category_error_score"] for row in rows(stage)] == [3, 6]
    assert stage.figures["reasons"] == {"made": 2, "tie": 0, "chosen too bad": 1}


def test_prompts_come_in_batches_and_all_of_them(monkeypatch, django_assert_max_num_queries):
    stage = make_read(*(ask(number) for number in range(7)))
    monkeypatch.setattr(pair_material, "MOST_RESPONSES", 12)
    material = Material(stage)
    batches = list(material.batches())
    assert [len(batch) for batch in batches] == [3, 3, 1]
    found = [asked for batch in batches for asked in batch]
    assert [asked.id for asked in found] == list(Prompt.objects.order_by("pk").values_list("pk", flat=True))
    with django_assert_max_num_queries(5):
        assert material.some([found[2].id]) == [found[2]]
    assert [config.mode for config in found[2].configs] == list(ALL)


def test_no_prompt_is_passed_over_where_the_order_of_a_benchmark_is_another(monkeypatch):
    stage = make_read(*(ask(number, position=90 - number) for number in range(5)))
    monkeypatch.setattr(pair_material, "MOST_RESPONSES", 8)
    assert [len(batch) for batch in Material(stage).batches()] == [2, 2, 1]


def test_the_preview_of_a_prompt_is_what_the_file_holds():
    stage = built(make_read(ask(said=(*FOUR, *(Said(f"No, {number}.", (), False) for number in range(5))))))
    material = Material(stage)
    (asked,) = material.some([Prompt.objects.get().pk])
    shown = [
        (one.chosen.id, one.rejected.id) for config in asked.configs for one in material.pairing(asked, config).pairs
    ]
    assert shown == [(row["chosen_id"], row["rejected_id"]) for row in rows(stage)]


def test_a_response_nobody_read_is_unscored():
    stage = make_read(ask())
    Judgement.objects.filter(item__response__text="Answer 0.").delete()
    assert built(stage).figures["dropped"] == {"risks unscored": 1}
