"""A whole chain through the queue, from prompts to a frozen set: hints alone carry it, no sweep is needed."""

import pytest

from annotations import tasks as people_tasks
from annotations.models import PreferenceSet
from tests.factories import make_model, make_person, make_recipe, make_training_prompts
from training import tasks
from training.models import EvaluationRun, Stage
from training.models.recipes import STAGES
from training.services.building import recipes, stages

pytestmark = pytest.mark.django_db(transaction=True)
TEXTS = [f"Tell me about the {what} in a siege." for what in ("food", "music", "stabbing", "songs", "murder", "bread")]
SETTINGS = {
    "labelling": {"judge": "prompt_words", "dev_share": 0.0},
    "reading": {"risks": "heuristic", "addressed": "heuristic"},
    "sources": [
        {"model": "echo", "draws": {"plain": 1}},
        {"model": "refuser", "draws": {"superset": 1, "not_superset": 1}},
    ],
}


@pytest.fixture
def queue(monkeypatch, settings, tmp_path):
    """What was hinted, in order: (task, arguments); a worker that does it all is `at_work(queue)`."""
    settings.PREFERENCES_DIR = tmp_path / "preferences"
    hints = []
    for task in (tasks.look_at_run, tasks.look_at_stage, people_tasks.look_at_work):
        put = lambda args, task=task, **options: hints.append((task, args))  # noqa: E731
        monkeypatch.setattr(task, "apply_async", put)
    return hints


def at_work(queue, until=lambda: False):
    while queue and not until():
        task, args = queue.pop(0)
        task(*args)


def launched(goal="freeze"):
    make_model("echo", base_url="echo://")
    make_model("refuser", base_url="echo://?refusals=1")
    recipe = make_recipe(benchmark=make_training_prompts(*TEXTS), settings=SETTINGS)
    stage = recipes.launch(recipe=recipe, actor=make_person("ada"), step="label", goal=goal)
    people_tasks.hint(stage)
    return recipe


def test_hints_alone_carry_a_chain_from_prompts_to_a_set(queue):
    recipe = launched()
    at_work(queue)
    found = list(recipe.stages.order_by("pk").values_list("kind", "state", "reason", "automatic"))
    assert found == [(kind, "finished", "", kind != "label") for kind in STAGES]
    assert PreferenceSet.objects.get().rows > 0
    assert all(stage.figures["in"] for stage in recipe.stages.all())


def test_a_chain_that_is_cancelled_in_the_middle_goes_on_where_it_was(queue):
    recipe = launched("read")
    at_work(queue, until=lambda: recipe.stages.filter(kind="generate").exists())
    stage = recipe.stages.get(kind="generate")
    stages.cancel(stage=stage, actor=None)
    at_work(queue)
    assert not recipe.stages.filter(kind="read").exists()
    stage.refresh_from_db()
    stages.resume(stage=stage, actor=None)
    people_tasks.hint(stage)
    at_work(queue)
    assert set(recipe.stages.values_list("kind", "state")) == {(kind, "finished") for kind in STAGES[:4]}
    answered = EvaluationRun.every.filter(stage=stage).values_list("items__synthesised", flat=True)
    assert len(answered) == len(set(answered)) == 6 * 3


def test_a_step_that_is_held_by_another_worker_is_looked_at_once_more_a_little_later(queue):
    recipe = launched()
    stage = recipe.stages.get()
    Stage.objects.filter(pk=stage.pk).update(state="running", until="2999-01-01T00:00Z")
    queue.clear()
    tasks.look_at_stage(stage.pk)
    assert queue == [(tasks.look_at_stage, (stage.pk, 1))]
