"""Checkpoints and recipes through the API."""

import pytest

from tests.factories import make_checkpoint, make_recipe, make_stage, make_training
from tests.programs import Program
from training.models import Checkpoint, Recipe, Stage

pytestmark = pytest.mark.django_db
WHY = "It follows configs better than its base, by run 4."
PROMOTED = {"why": WHY, "sure": True}


def test_a_checkpoint_is_promoted_for_a_reason_and_once():
    one, grace = make_checkpoint(), Program("grace")
    first, second = (grace.send(f"checkpoints/{one.pk}/promote/", PROMOTED) for _ in range(2))
    assert (first.status_code, first.json()["promoted_why"], first.json()["promoted_by"]["name"]) == (200, WHY, "Grace")
    assert (second.status_code, "Somebody was faster" in second.json()["detail"]) == (409, True)


@pytest.mark.parametrize(("said", "where"), [({"why": "Good.", "sure": True}, ""), ({"why": WHY}, "sure"), ({}, "why")])
def test_a_promotion_without_a_reason_or_of_plumbing_that_nobody_means_is_refused(said, where):
    told = Program("grace").send(f"checkpoints/{make_checkpoint().pk}/promote/", said)
    assert told.status_code == 422 and (not where or where in told.json()["errors"])


def test_a_promotion_is_taken_back_once_and_then_the_checkpoint_put_away():
    one, grace = make_checkpoint(), Program("grace")
    grace.send(f"checkpoints/{one.pk}/promote/", PROMOTED)
    assert grace.send(f"checkpoints/{one.pk}/archive/").status_code == 422
    assert grace.send(f"checkpoints/{one.pk}/demote/").json()["promoted_at"] is None
    assert grace.send(f"checkpoints/{one.pk}/demote/").status_code == 409
    assert grace.send(f"checkpoints/{one.pk}/archive/").json()["archived_at"]
    assert grace.send(f"checkpoints/{one.pk}/archive/").status_code == 409


def test_only_admins_decide_and_strangers_find_nothing():
    pk = make_checkpoint().pk
    assert Program().send(f"checkpoints/{pk}/promote/", PROMOTED).status_code == 403
    assert Program("grace", "training:read").send(f"checkpoints/{pk}/demote/").status_code == 403
    assert Program("mallory").send(f"checkpoints/{pk}/promote/", {}).status_code == 404
    assert Program("mallory").get(f"checkpoints/{pk}/").status_code == 404
    assert Program("carol").get("checkpoints/").status_code == 403


def test_a_checkpoint_has_its_card_and_all_it_came_from():
    base = {"slug": "base", "name": "Base", "weights": "", "plumbing": True, "checkpoint": ""}
    one = make_checkpoint(lineage={"base": base})
    told = Program().get(f"checkpoints/{one.pk}/").json()
    assert told["card"].startswith(f"# {one.model.slug}") and told["lineage"]["base"]["slug"] == "base"
    assert (told["training"], told["base"], told["plumbing"]) == (one.run_id, one.run.base_id, True)


def test_the_list_can_be_narrowed():
    one, other = make_checkpoint(), make_checkpoint()
    Program("grace").send(f"checkpoints/{other.pk}/promote/", PROMOTED)
    found = {
        name: [row["id"] for row in Program().get("checkpoints/", **query).json()["results"]]
        for name, query in {
            "all": {},
            "promoted": {"state": "promoted"},
            "run": {"training": one.run_id},
            "text": {"text": one.model.slug},
            "base": {"base": one.run.base_id + 99},
        }.items()
    }
    assert found == {"all": [other.pk, one.pk], "promoted": [other.pk], "run": [one.pk], "text": [one.pk], "base": []}


def test_a_recipe_is_launched_and_its_step_begins():
    recipe = make_recipe(settings={"labelling": {"judge": "given"}})
    told = Program().send(f"recipes/{recipe.pk}/launch/", {"step": "label", "goal": "label", "seen": 0}, key="one")
    assert told.status_code == 201, told.json()
    repeated = Program().send(f"recipes/{recipe.pk}/launch/", {"step": "label", "goal": "label", "seen": 0}, key="one")
    assert (repeated.status_code, repeated.json(), Stage.objects.count()) == (201, told.json(), 1)
    stage = Stage.objects.get()
    assert (told.json()["pipeline"][0]["stage"], stage.kind, stage.goal) == (stage.pk, "label", "label")
    again = Program().send(f"recipes/{recipe.pk}/launch/", {"step": "label", "goal": "label", "seen": 0})
    assert (again.status_code, "Somebody was faster" in again.json()["detail"]) == (409, True)


@pytest.mark.parametrize(
    "said", [{}, {"step": "pair"}, {"step": "label", "after": 2**62}, {"step": "freeze", "goal": "label"}]
)
def test_a_launch_that_cannot_be_is_refused(said):
    assert Program().send(f"recipes/{make_recipe().pk}/launch/", said).status_code == 422


def test_a_recipe_shows_where_each_step_stands():
    stage = make_stage("label", state="finished", figures={"in": 5, "out": 3, "dropped": {"too_many": 2}})
    told = Program().get(f"recipes/{stage.recipe_id}/").json()["pipeline"]
    assert [row["kind"] for row in told] == ["label", "synthesise", "generate", "read", "pair", "freeze"]
    assert (told[0]["standing"], told[0]["came"], told[0]["out"]) == ("finished", 5, 3)
    assert (sum(told[0]["parts"].values()), told[1]["stage"], told[1]["came"]) == (2, None, None)


def test_who_may_not_operate_a_recipe_launches_nothing():
    recipe = make_recipe()
    assert Program("bob").send(f"recipes/{recipe.pk}/launch/", {}).status_code == 403
    assert Program("mallory").send(f"recipes/{recipe.pk}/launch/", {}).status_code == 404
    assert Program("ada", "training:read").send(f"recipes/{recipe.pk}/launch/", {}).status_code == 403


def test_lists_ask_as_much_for_thirty_rows_as_for_three(django_assert_max_num_queries):
    asked = []
    for number in (3, 27):
        for _ in range(number):
            make_checkpoint(make_training(state="finished", phase="train"))
            make_recipe()
        for address in ("checkpoints/", "recipes/"):
            program = Program()
            with django_assert_max_num_queries(7) as seen:
                assert len(program.get(address).json()["results"]) in (
                    Checkpoint.objects.count(),
                    Recipe.objects.count(),
                )
            asked.append(len(seen))
    assert asked[:2] == asked[2:]
