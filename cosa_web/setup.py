"""The page of the first steps, and the button that registers a model without an address."""

from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from annotations.access import AUTHORS, for_roles, roles
from annotations.models import User
from annotations.models.people import ADMIN
from annotations.web import refused
from cosa_web import first_steps
from training.services import first_models, registry

PAGE = "setup.html"
HELLO = "Say in one sentence what you are."


@require_safe
@for_roles(*AUTHORS, ADMIN)
def setup(request: HttpRequest) -> HttpResponse:
    """Every step with its button; while some are left, other pages lead back here until Home is opened."""
    context = _page(request)
    first_steps.remember(request, context["first_steps"])
    return render(request, PAGE, context)


@require_POST
@for_roles(ADMIN)
def setup_model(request: HttpRequest) -> HttpResponse:
    """The packaged model or the echo is registered and asked once; what came of it is said on the page of the steps."""
    name = request.POST.get("model", "")
    if name not in first_models.NAMES:
        return refused(request, PAGE, _page(request) | {"unknown_model": True})
    model = first_models.register(name, actor=cast(User, request.user))
    trial = registry.try_model(model, HELLO)
    if trial.error:
        messages.error(
            request,
            gettext("%(model)s is registered, but did not answer: %(error)s") % {"model": model, "error": trial.error},
        )
    else:
        messages.success(
            request,
            gettext("%(model)s is registered, and answered in %(seconds)s seconds.")
            % {"model": model, "seconds": f"{trial.seconds:.1f}"},
        )
    return redirect("setup")


def _page(request: HttpRequest) -> dict[str, Any]:
    user = cast(User, request.user)
    steps = first_steps.of(user)
    is_admin = ADMIN in roles(user)
    return {"first_steps": steps, "is_admin": is_admin, **first_steps.beside(user, steps)}
