"""The addresses of a deployment and of a key that opens it."""

from typing import Any

from annotations.models import ConfigVersion
from tests.factories import make_deployment, make_key

DEPLOYMENT = ("detail", "switch", "retire", "try", "traffic")
KEY = ("detail", "edit", "revoke")


def arguments(version: ConfigVersion) -> dict[str, list[Any]]:
    """The arguments of every such address, by its short name, for a deployment of the version."""
    deployment = make_deployment("lantern-game", version)
    key, _ = make_key(deployment)
    named: dict[str, list[Any]] = {f"deployment-{name}": [deployment.pk] for name in DEPLOYMENT}
    return named | {f"key-{name}": [key.pk] for name in KEY}
