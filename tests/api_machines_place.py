"""The addresses of the API of machines: runs, models, trainings, checkpoints, deployments, by what the pages are of."""

from typing import Any

from tests.factories import make_recipe
from training.models import Recipe

ACTIONS = {
    "models": ("model", ("test",)),
    "runs": ("run", ("progress", "results", "items", "cancel", "resume", "budget")),
    "trainings": ("training", ("metrics", "log", "launch", "finish", "cancel", "resume", "archive")),
    "loops": ("loop", ()),
    "checkpoints": ("checkpoint", ("files", "promote", "demote", "archive")),
    "deployments": ("deployment", ("switch", "retire", "traffic")),
    "keys": ("key", ("revoke",)),
}
"""The page each resource is of, and what there is besides its detail."""


def arguments(pages: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """The arguments of every such name."""
    found = {
        f"api:{resource}-{action}": pages[f"{page}-detail"]
        for resource, (page, actions) in ACTIONS.items()
        for action in ("detail", *actions)
    }
    recipe = pages.get("recipe-detail") or [(Recipe.objects.first() or make_recipe()).pk]
    return found | {
        "api:runs-item": pages["item-detail"],
        "api:runs-compare": pages["run-detail"] * 2,
        "api:nodes-detail": pages["node-forget"],
        **{f"api:recipes-{name}": recipe for name in ("detail", "launch")},
    }
