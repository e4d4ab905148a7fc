"""Recipes of preference pairs: the list, one with its pipeline, and its launch."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

from annotations.access import WORKERS
from annotations.api.endpoint import Endpoint, creates, lists, reads, route
from annotations.api.fields import json, moment, text, whole, word
from annotations.api.filters import number
from annotations.api.shapes import Id, Person, Said, Shown
from annotations.models.work import WORK_STATES
from annotations.tasks import hint
from training import access, recipe_queries
from training.api.fields import maybe
from training.api.typed import refuse, typed
from training.forms.recipe_launch import LaunchForm
from training.models import Recipe
from training.models.recipes import FREEZE, STAGES
from training.recipe_queries import Pipeline, Row
from training.services.building import recipes
from training.services.building.recipes import RecipeChanged, RecipeProblem


class RecipeShown(Shown):
    """How preference pairs are built from prompts: labels, configs, answers, readings, pairs, a set."""

    id = Id(help_text="Id of the recipe.", source="pk")
    title = text("Its title.")
    about = text("What it is for.")
    benchmark = Id(help_text="Id of the set of prompts it takes.", source="benchmark_id")
    taxonomy = Id(
        help_text="Id of its version of a taxonomy; null for the built-in one.", source="taxonomy_id", allow_null=True
    )
    revision = whole("How often it was changed.")
    steps = whole("How many steps were begun.")
    last_kind = word("The newest step; null before one was begun.", STAGES, allow_null=True)
    last_state = word("Where that step stands; null before.", WORK_STATES, allow_null=True)
    created_by = Person(help_text="Who wrote it; null for the command line.", allow_null=True)
    created_at = moment("When it was written.")


class RecipeStep(Shown):
    """A step of the pipeline: came = out + parts, those still to do among the parts."""

    kind = word("Which step.", STAGES)
    stage = Id(help_text="Id of the stage that did it or does it; null while it is still to come.", allow_null=True)
    standing = text("How it is doing: queued, running, paused, finished, failed or cancelled; empty before.")
    why = text("Why it does not go on; empty where its standing says enough.")
    came = whole("What went in; null before it has counted.", allow_null=True)
    out = whole("What came out; null before it has counted.", allow_null=True)
    parts = serializers.DictField(child=serializers.IntegerField(), help_text="What did not come out, by reason.")
    seconds = maybe("How long it took so far; null before.")
    preference_set = Id(help_text="Id of the set it froze; null for none.", allow_null=True)


class WholeRecipe(RecipeShown):
    """A recipe with its settings, and where its newest chain of steps stands."""

    settings = json("Judges, candidates, modes, weights, seeds; what is not there has its default.")
    pipeline = RecipeStep(many=True, help_text="Its steps, in order.")


class Launch(Said):
    """From which step to which goal; each step follows by itself."""

    step = word("The step to begin with: the one before it is finished.", STAGES)
    goal = word("The step to end with.", STAGES, default=FREEZE)
    after = Id(
        help_text="Id of the finished stage it follows; null for the newest of its kind.",
        required=False,
        allow_null=True,
    )
    seen = whole(
        "Newest stage that somebody had started when you looked, 0 for none; then a second start is refused.",
        required=False,
        allow_null=True,
        min_value=0,
        max_value=2**63 - 1,
    )


class Recipes(Endpoint):
    """The recipes."""

    resource, roles = "training", WORKERS

    @lists(RecipeShown, number("benchmark", "Recipes that take the prompts of this set.", lookup="benchmark"))
    def get(self) -> QuerySet[Recipe]:
        """The recipes you may read, newest first; archived ones are left out."""
        return recipe_queries.listed(access.recipes(self.user))


class OneRecipe(Endpoint):
    """One recipe."""

    resource, roles = "training", WORKERS
    words = {"pk": "Id of the recipe."}

    @reads(WholeRecipe)
    def get(self, pk: int) -> Any:
        """The recipe with its settings, and where its pipeline stands."""
        return _whole(self, pk)


class RecipesLaunch(Endpoint):
    """Launching a recipe."""

    resource, roles = "training", WORKERS
    refusals, conflicts = (RecipeProblem,), (RecipeChanged,)
    words = {"pk": "Id of the recipe."}

    @creates(Launch, WholeRecipe)
    def post(self, pk: int) -> Any:
        """Launch the recipe from one step to another; what it does is fixed from now on."""
        recipe = access.recipe_for_operator(self.user, pk)
        form = LaunchForm(recipe, typed(self.said))
        if not form.is_valid():
            raise refuse(form)
        seen = form.cleaned_data["seen"]
        hint(recipes.launch(recipe=recipe, actor=self.user, seen=seen, **form.chain()))
        return _whole(self, pk)


def _whole(endpoint: Endpoint, pk: int) -> Any:
    access.recipe_for_reader(endpoint.user, pk)
    recipe: Any = recipe_queries.listed(access.recipes(endpoint.user)).get(pk=pk)
    line: Pipeline = recipe_queries.pipeline(recipe)
    recipe.pipeline = [_step(row) for row in line.rows]
    return recipe


def _step(row: Row) -> dict[str, Any]:
    stage, standing, tally = row.stage, row.standing, row.tally
    return {
        "kind": row.kind,
        "stage": stage and stage.pk,
        "standing": standing.word if standing else "",
        "why": standing.why if standing else "",
        "came": tally and tally.total,
        "out": tally and tally.out,
        "parts": dict(tally.parts) if tally else {},
        "seconds": row.seconds,
        "preference_set": stage and stage.preference_set_id,
    }


ROUTES = [
    route("recipes/", Recipes, "recipes-list"),
    route("recipes/<int:pk>/", OneRecipe, "recipes-detail"),
    route("recipes/<int:pk>/launch/", RecipesLaunch, "recipes-launch"),
]
