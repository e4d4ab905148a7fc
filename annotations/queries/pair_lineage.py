"""Where preference pairs come from: from the set down to its prompts, and from one pair to its prompt and responses."""

from typing import Any, NamedTuple

from django.urls import reverse

from annotations.core.preference_pairs import PEOPLES, Pair
from annotations.models import PreferenceSet, Prompt, Response

Step = tuple[str, str]
PAIR = "pair"


class Origin(NamedTuple):
    """Where one pair comes from, as links; "" where there is no page.

    `preview` says why it exists, `chosen` and `rejected` show the items of runs that the responses belong to.
    """

    preview: str = ""
    prompt: str = ""
    chosen: str = ""
    rejected: str = ""


def steps(row: PreferenceSet) -> list[Step]:
    """The pairs, then each step back: stages, recipe and prompts; campaigns; or the files that were uploaded."""
    told = row.manifest
    if recipe := told.get("recipe"):
        return [("Pairs", ""), *_stages(recipe["id"], told["stages"]), *_recipe(recipe)]
    if row.settings.get("campaigns"):
        numbered = zip(row.settings["titles"], row.settings["campaigns"], strict=True)
        campaigns = [(title, reverse("annotations:campaign-detail", args=[pk])) for title, pk in numbered]
        return [("Pairs", ""), ("Ratings of people", ""), *campaigns]
    return [("Pairs", ""), (row.source or "Files that were uploaded", "")]


def _stages(recipe: int, stages: list[dict[str, Any]]) -> list[Step]:
    return [
        (f"{one['kind'].capitalize()} {one['id']}", reverse("training:stage-detail", args=[recipe, one["id"]]))
        for one in reversed(stages)
    ]


def _recipe(recipe: dict[str, Any]) -> list[Step]:
    return [
        (f"Recipe {recipe['title']}", reverse("training:recipe-detail", args=[recipe["id"]])),
        (recipe["prompts"]["title"], _prompts(recipe["prompts"])),
    ]


def _prompts(prompts: dict[str, Any]) -> str:
    name = "training-prompts-detail" if prompts.get("purpose") == "training" else "benchmark-detail"
    return reverse(f"annotations:{name}", args=[prompts["id"]])


def of_pair(row: PreferenceSet, values: Pair) -> Origin:
    """The pages of the pair's prompt and responses; two queries, none where the file names no ids."""
    if values.prompt_id is None:
        return Origin()
    items = _items(row, [each for each in (values.chosen_id, values.rejected_id) if each is not None])
    chosen, rejected = (items.get(each or 0, "") for each in (values.chosen_id, values.rejected_id))
    return Origin(_preview(row, values), _prompt(values), chosen, rejected)


def _preview(row: PreferenceSet, values: Pair) -> str:
    """The page that says why the pair exists: its prompt in the stage that built pairs."""
    recipe, stages = row.manifest.get("recipe"), row.manifest.get("stages", [])
    stage = next((one["id"] for one in stages if one["kind"] == PAIR), None)
    if not recipe or not stage or values.origin in PEOPLES:
        return ""
    return reverse("training:pair-preview", args=[recipe["id"], stage, values.prompt_id])


def _prompt(values: Pair) -> str:
    """The page of the prompt in its benchmark; training prompts have none of their own."""
    found = Prompt.objects.filter(pk=values.prompt_id or 0).exclude(kind="").values_list("benchmark", "uid").first()
    return reverse("annotations:prompt-detail", args=found) if found else ""


def _items(row: PreferenceSet, responses: list[int]) -> dict[int, str]:
    """The newest item of a run that shows each response (ids): of a stage of the recipe, or of an evaluation."""
    stages = {one["id"]: row.manifest["recipe"]["id"] for one in row.manifest.get("stages", [])}
    known = Response.objects.filter(pk__in=responses, run_items__isnull=False)
    seen = known.order_by("run_items").values_list("pk", "run_items", "run_items__run", "run_items__run__stage")
    found = {}
    for response, item, run, stage in seen:
        if stage in stages:
            found[response] = reverse("training:stage-item", args=[stages[stage], stage, item])
        elif stage is None:
            found[response] = reverse("training:item-detail", args=[run, item])
    return found
