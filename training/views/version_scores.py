"""What the versions of a config score, beside each other."""

from typing import cast

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from annotations import access as people_access
from annotations.access import WORKERS, for_roles
from annotations.models import User
from annotations.web import page_or_fragment
from training import access, version_scores

PAGE, PART = "training/config_scores.html", "training/_config_scores.html"


@require_safe
@for_roles(*WORKERS)
def config_scores(request: HttpRequest, pk: int) -> HttpResponse:
    """The chart and table of the scores over versions; htmx gets it alone."""
    user = cast(User, request.user)
    config = people_access.config_for_reader(user, pk)
    found = version_scores.of_config(access.runs(user), config)
    return page_or_fragment(request, PAGE, PART, {"config": config, "found": found})
