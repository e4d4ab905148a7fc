"""The front door: log-in, each person's home, and the page of an error of ours."""

import sys
from typing import Any, cast

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from annotations.core import log_context
from annotations.models import User
from annotations.services import demo, first_admin, outages
from cosa_web import first_steps
from cosa_web.home import shown

WRONG_LOG_IN = "This user name and password do not belong together. Capital and small letters count."


class LogIn(LoginView):
    """The log-in; the demo names its people on it."""

    redirect_authenticated_user = True

    def get_form(self, form_class: Any = None) -> Any:
        """The form, in the words of the other pages."""
        form = super().get_form(form_class)
        form.fields["username"].label = gettext("User name")
        form.error_messages = form.error_messages | {"invalid_login": WRONG_LOG_IN}
        return form

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The form; in the demo who one can be, and in an empty installation how the first admin comes in."""
        people = [(person.username, gettext(person.who)) for person in demo.PEOPLE] if settings.DEMO else []
        told = {"demo_people": people, "demo_password": demo.PASSWORD, "nobody_is_in": first_admin.nobody_is_in()}
        return super().get_context_data(**kwargs) | told

    def form_invalid(self, form: Any) -> HttpResponse:
        """The form again as 422."""
        return self.render_to_response(self.get_context_data(form=form), status=422)


@require_safe
@login_required
def home(request: HttpRequest) -> HttpResponse:
    """What waits for the person, what runs, and the newest scores."""
    user = cast(User, request.user)
    context = shown(user, wait="figures" in request.GET) | {"first_steps": first_steps.of(user)}
    first_steps.forget(request)
    return render(request, "home.html", context)


def broken(request: HttpRequest) -> HttpResponse:
    """The page for an error of ours: 503 while the database is away, 500 otherwise. It needs no database."""
    problem = sys.exc_info()[1]
    if problem is not None and outages.is_away(problem):
        return HttpResponse(render_to_string("503.html"), status=503, headers={"Retry-After": "5"})
    told = {"request_id": log_context.fields().get("request_id", "")}
    return HttpResponse(render_to_string("500.html", told), status=500)
