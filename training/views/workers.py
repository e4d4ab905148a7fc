"""The processes that take work from queues."""

from typing import cast

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from annotations.access import WORKERS, for_roles
from annotations.models import User
from annotations.web import page_or_fragment
from training import worker_queries

PAGE, LIVE = "training/worker_list.html", "training/_workers_live.html"


@require_safe
@for_roles(*WORKERS)
def worker_list(request: HttpRequest) -> HttpResponse:
    """Every worker with what it does right now, the queues, and what waits though nobody listens."""
    return page_or_fragment(request, PAGE, LIVE, worker_queries.overview(cast(User, request.user))._asdict())
