"""A deployment tried from its page: the answer as a stream for its script, or as a page for a plain form."""

from typing import Any, cast

from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from annotations.access import WORKERS, for_roles
from annotations.models import User
from training import access, deployment_queries
from training.deployment_words import SERVED
from training.models import Deployment
from training.services import playground
from training.services.deploy import trying
from training.views.deployments import PAGE, page_of

LINES = "application/x-ndjson"
NOT_SERVED = "This deployment is {state}, so there is nothing to try."


@require_POST
@for_roles(*WORKERS)
def deployment_try(request: HttpRequest, pk: int) -> StreamingHttpResponse | HttpResponse:
    """The answer to a prompt as lines of JSON while it is written, when they are asked for; else the page with it."""
    person = cast(User, request.user)
    deployment, prompt = access.deployment_for_reader(person, pk), request.POST.get("prompt", "")
    state = deployment_queries.state_of(deployment)
    if state != SERVED:
        return _refused(request, deployment, NOT_SERVED.format(state=state), 422)
    try:
        asking = trying.ask(deployment=deployment, prompt=prompt, person=person)
    except playground.PlaygroundProblem as problem:
        return _refused(request, deployment, str(problem), 429 if isinstance(problem, playground.Busy) else 422)
    if _wants_lines(request):
        unbuffered = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingHttpResponse(asking, content_type=LINES, headers=unbuffered)
    return _page(request, deployment, 200, tried=trying.whole(asking))


def _wants_lines(request: HttpRequest) -> bool:
    return request.headers.get("Accept", "") == LINES


def _refused(request: HttpRequest, deployment: Deployment, sentence: str, status: int) -> HttpResponse:
    if _wants_lines(request):
        return JsonResponse({"error": sentence}, status=status)
    return _page(request, deployment, status, tried=trying.Tried(error=sentence))


def _page(request: HttpRequest, deployment: Deployment, status: int, **more: Any) -> HttpResponse:
    """The page of the deployment again, with the prompt kept."""
    context = page_of(request, deployment) | {"prompt": request.POST.get("prompt", "")} | more
    return render(request, PAGE, context, status=status)
