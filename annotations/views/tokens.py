"""A person's own access tokens: the list, a new one whose secret is shown once, and revoking."""

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotations import access
from annotations.forms.tokens import TokenForm
from annotations.models import AccessToken, User
from annotations.services import tokens
from annotations.web import paged, refused

NEW = "annotations/token_new.html"


@require_safe
@login_required
def token_list(request: HttpRequest) -> HttpResponse:
    """The person's tokens, newest first."""
    page = paged(request, tokens.of_person(cast(User, request.user)))
    return render(request, "annotations/token_list.html", {"page": page, "now": timezone.now()})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def token_new(request: HttpRequest) -> HttpResponse:
    """A new token; the answer to the form is the only page that ever shows its secret."""
    person = cast(User, request.user)
    if request.method != "POST":
        return render(request, NEW, {"form": TokenForm(person)})
    form = TokenForm(person, request.POST)
    if not form.is_valid():
        return refused(request, NEW, {"form": form})
    said = {name: form.cleaned_data[name] for name in ("name", "scopes")}
    try:
        token, secret = tokens.issue(user=person, expires_at=form.expires_at, **said)
    except tokens.TokenProblem as problem:
        form.add_error(problem.field if problem.field in form.fields else None, str(problem))
        return refused(request, NEW, {"form": form})
    api = request.build_absolute_uri(reverse("api:configs-list"))
    return render(request, "annotations/token_made.html", {"token": token, "secret": secret, "api": api})


@require_POST
@login_required
def token_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """An own token opens nothing any more."""
    person = cast(User, request.user)
    token: AccessToken = access.one_or_404(tokens.of_person(person), pk=pk)
    try:
        tokens.revoke(token=token, actor=person)
        messages.success(request, gettext("%(name)s is revoked.") % {"name": token.name})
    except tokens.TokenProblem as problem:
        messages.error(request, str(problem))
    return redirect("annotations:token-list")
