"""Passwords, typed by their owners alone: the first one with a link, every later one by somebody logged in."""

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.views import INTERNAL_RESET_SESSION_TOKEN, PasswordChangeView, PasswordResetConfirmView
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse_lazy
from django.utils.translation import gettext

from annotations.forms.people import FirstPasswordForm, OwnPasswordForm
from annotations.models import User
from annotations.services import people


class PasswordSet(PasswordResetConfirmView):
    """A person sets a password with the link an admin gave them; the link then is dead, and so is every other."""

    form_class = FirstPasswordForm
    template_name = "registration/password_set.html"
    success_url = reverse_lazy("login")

    def get_user(self, uidb64: str) -> User | None:
        """Whom the link is for; nobody who is deactivated."""
        person = super().get_user(uidb64)
        return person if person and person.is_active else None

    def render_to_response(self, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        """The form; 422 when it was refused, 404 for a link that leads nowhere."""
        form = context.get("form")
        status = 404 if form is None else 422 if form.errors else 200
        return super().render_to_response(context, status=status, **kwargs)

    def form_valid(self, form: Any) -> HttpResponse:
        """The password stands; the person goes on to the log-in."""
        del self.request.session[INTERNAL_RESET_SESSION_TOKEN]
        try:
            people.set_password(person=form.user, password=form.cleaned_data["new_password1"])
        except people.PeopleProblem as problem:
            messages.error(self.request, str(problem))
        else:
            messages.success(self.request, gettext("Your password is set. Log in with it."))
        return HttpResponseRedirect(self.get_success_url())


class PasswordChange(PasswordChangeView):
    """Another password for somebody logged in: this session goes on, every other one of theirs ends."""

    form_class = OwnPasswordForm
    template_name = "registration/password_change.html"
    success_url = reverse_lazy("home")

    def form_invalid(self, form: Any) -> HttpResponse:
        """The form again as 422."""
        return self.render_to_response(self.get_context_data(form=form), status=422)

    def form_valid(self, form: Any) -> HttpResponse:
        """The password stands."""
        person = cast(User, self.request.user)
        try:
            people.change_password(person=person, password=form.cleaned_data["new_password1"])
        except people.PeopleProblem as problem:
            messages.error(self.request, str(problem))
        else:
            update_session_auth_hash(self.request, person)
            messages.success(self.request, gettext("Your password is changed. Everywhere else you are signed out."))
        return HttpResponseRedirect(self.get_success_url())
