"""Training runs, loops and nodes through the API."""

from pathlib import Path

import pytest

from annotations.models import PreferenceSet
from annotations.services import pair_files
from tests.factories import make_loop, make_model, make_node, make_preference_set, make_run, make_training
from tests.programs import Program
from training.models import Gpu, Node, TrainingPoint, TrainingRun
from training.recipes.settings import PRESETS, plain

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def ready(monkeypatch):
    """A node, a base, and a set whose file counts as there."""
    monkeypatch.setattr(pair_files, "path", lambda sha256: Path(__file__))
    make_preference_set(splits={"train": 400, "dev": 4})


def said(**fields):
    there = {"base": make_model("base", weights="/models/base").pk, "node": make_node().pk, "gpus": 0}
    return {"kind": "dpo", "preset": "tiny_cpu", "preference_set": PreferenceSet.objects.first().pk} | there | fields


def points(run):
    for step, loss in ((1, 0.7), (2, "NaN")):
        TrainingPoint.objects.create(run=run, kind="log", step=step, values={"loss": loss, "step_seconds": 2.0})
    TrainingPoint.objects.create(run=run, kind="eval", step=2, values={"eval_loss": 0.6})


def test_a_training_run_begins_with_its_check_and_the_settings_of_its_preset():
    told = Program("grace").send("trainings/", said(settings={"beta": 0.2}))
    run = TrainingRun.objects.get()
    assert (told.status_code, told.json()["id"], run.state, run.phase) == (201, run.pk, "queued", "check")
    assert run.settings == plain(PRESETS["tiny_cpu"].dpo) | {"beta": 0.2}


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"base": None}, "typed"),
        ({"base": 2**63 - 1}, "base"),
        ({"typed": "../up", "base": None}, "typed"),
        ({"gpus": 3}, "gpus"),
        ({"node": 2**62}, "node"),
        ({"settings": {"beta": "NaN"}}, "settings.beta"),
        ({"settings": {"beta": -1}}, "settings.beta"),
        ({"settings": {"beta": [1]}}, "settings.beta"),
        ({"settings": {"bta": 1}}, "settings.bta"),
        ({"kind": "merge"}, "kind"),
    ],
)
def test_a_training_run_that_is_refused_says_which_field(fields, where):
    response = Program("grace").send("trainings/", said(**fields))
    assert (response.status_code, where in response.json()["errors"]) == (422, True)
    assert not TrainingRun.objects.exists()


def test_only_admins_start_and_move_training_runs():
    run = make_training()
    assert Program().send("trainings/", said()).status_code == 403
    assert Program("grace", "training:read").send("trainings/", said()).status_code == 403
    for move in ("launch", "finish", "cancel", "resume", "archive"):
        assert Program().send(f"trainings/{run.pk}/{move}/").status_code == 403
        assert Program("mallory").send(f"trainings/{run.pk}/{move}/").status_code == 404


def test_an_estimate_starts_nothing():
    told = Program("grace").send("trainings/estimate/", said())
    assert (told.status_code, told.json()["rows"], told.json()["steps"] > 0) == (200, 400, True)
    assert not TrainingRun.objects.exists()


def test_the_list_can_be_narrowed_and_knows_the_last_loss():
    run, other = make_training(title="First"), make_training("sft")
    points(run)
    TrainingPoint.objects.filter(run=run, step=2).delete()
    rows = Program().get("trainings/").json()["results"]
    assert [(row["id"], row["last_step"], row["loss"]) for row in rows] == [(other.pk, None, None), (run.pk, 1, 0.7)]
    for query in ({"kind": "dpo"}, {"text": "first"}):
        assert [row["id"] for row in Program().get("trainings/", **query).json()["results"]] == [run.pk]
    assert Program("mallory").get("trainings/").json()["results"] == []
    assert Program("carol").get("trainings/").status_code == 403


def test_a_run_is_shown_with_its_figures_and_what_forbids_its_launch():
    run = make_training(state="waiting", checked={"problems": ["Too little memory."], "warnings": []})
    points(run)
    told = Program().get(f"trainings/{run.pk}/").json()
    assert (told["last_step"], told["loss"], told["dev"], told["n"]) == (2, None, {"eval_loss": 0.6}, 2)
    assert (told["problems"], told["step_seconds"]) == (["Too little memory."], 2.0)
    refused = Program("grace").send(f"trainings/{run.pk}/launch/")
    assert (refused.status_code, refused.json()["detail"]) == (422, "Too little memory.")


def test_a_run_is_cancelled_once_and_resumed_once():
    run, grace = make_training(), Program("grace")
    assert grace.send(f"trainings/{run.pk}/cancel/").json()["state"] == "cancelled"
    assert grace.send(f"trainings/{run.pk}/cancel/").status_code == 409
    assert grace.send(f"trainings/{run.pk}/resume/").json()["state"] == "queued"
    assert grace.send(f"trainings/{run.pk}/resume/").status_code == 409


def test_a_run_that_trains_is_asked_to_finish_once():
    run, grace = make_training(state="running", phase="train"), Program("grace")
    assert grace.send(f"trainings/{run.pk}/finish/").json()["finish_asked_at"]
    assert grace.send(f"trainings/{run.pk}/finish/").status_code == 409


def test_an_archived_run_is_not_found():
    run, grace = make_training(state="cancelled"), Program("grace")
    assert grace.send(f"trainings/{run.pk}/archive/").status_code == 204
    assert grace.get(f"trainings/{run.pk}/").status_code == 404


def test_points_come_in_the_order_of_their_steps_page_by_page():
    run = make_training()
    points(run)
    first = Program().get(f"trainings/{run.pk}/metrics/", page_size=2).json()
    second = Program().client.get(first["next"]).json()
    told = [(row["kind"], row["step"]) for page in (first, second) for row in page["results"]]
    assert told == [("log", 1), ("log", 2), ("eval", 2)]
    later = Program().get(f"trainings/{run.pk}/metrics/", after=1, kind="log").json()["results"]
    assert [row["values"]["loss"] for row in later] == ["NaN"]


def test_the_end_of_the_log_is_told_line_by_line():
    run = make_training(log="It begins.\nStep 1\rStep 2\n")
    assert Program().get(f"trainings/{run.pk}/log/").json() == {"lines": ["It begins.", "Step 2"], "node": "forge"}


def test_lists_ask_as_much_for_thirty_rows_as_for_three(django_assert_max_num_queries):
    asked = []
    for number in (3, 27):
        for _ in range(number):
            place = Node.objects.count()
            Gpu.objects.create(
                node=make_node(f"n{place}"), number=0, name="A100", run=make_training(), held_at="2026-01-01T00Z"
            )
            make_loop()
        for address in ("trainings/", "loops/", "nodes/"):
            program = Program()
            with django_assert_max_num_queries(9) as seen:
                assert len(program.get(address).json()["results"]) >= number
            asked.append(len(seen))
    assert asked[:3] == asked[3:]


def test_a_loop_is_shown_step_by_step():
    loop = make_loop(base_run=make_run(1), state="running")
    told = Program().get(f"loops/{loop.pk}/").json()
    assert [step["kind"] for step in told["steps"]] == ["sft", "dpo", "base", "trained"]
    assert (told["word"], told["steps"][2]["total"], told["base_run"]) == ("running", 1, loop.base_run_id)
    assert Program("mallory").get(f"loops/{loop.pk}/").status_code == 404


def test_a_node_says_who_holds_its_cards():
    node = make_node("anvil", gpus=2)
    run = make_training()
    Gpu.objects.filter(node=node, number=0).update(run=run, held_at="2026-01-01T00Z")
    told = Program().get(f"nodes/{node.pk}/").json()
    assert [card["training"] for card in told["cards"]] == [run.pk, None]
    assert Program().get("nodes/999/").status_code == 404
