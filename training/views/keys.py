"""Keys: the list, a new one whose secret is shown once, other limits, and revoking."""

from typing import Any, cast

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotations.access import WORKERS, for_roles
from annotations.core.storable import whole_number
from annotations.models import User
from annotations.models.people import ADMIN, LEAD
from annotations.web import asked_filters, paged, refused
from training import access, key_queries, snippets
from training.forms.keys import EditForm, KeyForm
from training.models import ApiKey
from training.services.deploy import keys
from training.services.deploy.keys import KeyProblem

LIST, NEW, PAGE, SHOWN = (f"training/key_{name}.html" for name in ("list", "new", "detail", "shown"))
SHOWN_ONCE = "This key was made already, and its secret was shown once. If it is lost, revoke the key and make another."


def _person(request: HttpRequest) -> User:
    return cast(User, request.user)


@require_safe
@for_roles(*WORKERS)
def key_list(request: HttpRequest) -> HttpResponse:
    """The keys of the person's organisations, the newest first, by organisation, deployment and state."""
    person, wanted = _person(request), asked_filters(request, key_queries.FILTERS)
    page = paged(request, key_queries.listed(access.api_keys(person), wanted), size=25)
    number = whole_number(wanted["deployment"])
    deployment = access.deployments(person).filter(pk=number).first() if number is not None else None
    homes = key_queries.homes(person)
    context = {
        "page": page,
        "organisations": key_queries.organisations(access.api_keys(person)),
        "rows": key_queries.rows(page.object_list),
        "wanted": wanted,
        "filtered": any(wanted.values()),
        "states": key_queries.STATES,
        "deployment": deployment,
        "may_give": (homes.filter(pk=deployment.organisation_id) if deployment else homes).exists(),
    }
    return render(request, LIST, context)


@never_cache
@require_http_methods(["GET", "POST"])
@for_roles(LEAD, ADMIN)
def key_new(request: HttpRequest) -> HttpResponse:
    """A new key; the answer to its form is the only page that ever shows the secret, and no cache keeps it."""
    person = _person(request)
    if request.method == "GET":
        number = whole_number(request.GET.get("deployment", ""))
        opens = access.deployment_for_key_giver(person, number) if number is not None else None
        return render(request, NEW, {"form": KeyForm(person, initial={"opens": opens}), "opens": opens})
    form = KeyForm(person, request.POST)
    made = form.issue() if form.is_valid() else None
    if made is None:
        return refused(request, NEW, {"form": form})
    if made.secret is None:
        messages.info(request, SHOWN_ONCE)
        return redirect("training:key-detail", made.pk)
    context = {"key": access.api_key_for_holder(person, made.pk), "secret": made.secret}
    return render(request, SHOWN, context | {"base_url": snippets.base_url(settings.GATEWAY_URL)})


@require_safe
@for_roles(*WORKERS)
def key_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One key: what it opens, its limits, what it used; and for those who give keys, what can be changed."""
    key = access.api_key_for_reader(_person(request), pk)
    return render(request, PAGE, _page(request, key, EditForm(key)))


def _page(request: HttpRequest, key: ApiKey, form: EditForm) -> dict[str, Any]:
    row = key_queries.rows([key])[0]
    may = access.may_give_keys(_person(request), key.organisation_id) and row.state != key_queries.REVOKED
    return {"key": key, "row": row, "form": form if may else None}


@require_POST
@for_roles(*WORKERS)
def key_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Another name, other limits, another end."""
    key = access.api_key_for_holder(_person(request), pk)
    form = EditForm(key, request.POST)
    if not (form.is_valid() and form.change(_person(request))):
        return refused(request, PAGE, _page(request, access.api_key_for_holder(_person(request), pk), form))
    messages.success(
        request, gettext("Saved. It counts for the next call, in every process of the gateway within a second.")
    )
    return redirect("training:key-detail", pk)


@require_POST
@for_roles(*WORKERS)
def key_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """End a key for good."""
    key = access.api_key_for_holder(_person(request), pk)
    try:
        keys.revoke(key=key, actor=_person(request))
    except KeyProblem as problem:
        messages.error(request, str(problem))
        return redirect("training:key-detail", pk)
    messages.success(
        request,
        gettext("%(name)s is revoked. Its calls are refused within a second, those in progress too.")
        % {"name": key.name},
    )
    return redirect("training:key-detail", pk)
