"""The addresses of the API in a world of rows: what each name needs, by its whole name."""

from typing import Any

from annotations.models import Comment, ConfigVersion
from tests import api_machines_place, api_people_place
from tests.factories import make_person


def arguments(version: ConfigVersion, pages: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """The arguments of every name of the API; `version` is what the pages' arguments are about."""
    config, place = [version.config_id], [version.config_id, version.number]
    return {
        "api:configs-detail": config,
        **api_machines_place.arguments(pages),
        **api_people_place.arguments(pages),
        "api:versions-list": config,
        **{f"api:versions-{name}": place for name in ("detail", "submit", "withdraw", "restore")},
        **{f"api:reviews-{name}": place for name in ("detail", "retire", "comments")},
        **{f"api:reviews-comments-{name}": [*place, _remark(version)] for name in ("resolve", "reopen")},
    }


def _remark(version: ConfigVersion) -> int:
    said = {"author": make_person("bob"), "text": "Which weapons?"}
    return version.comments.filter(parent=None).values_list("pk", flat=True).first() or (
        Comment.objects.create(version=version, **said).pk
    )
