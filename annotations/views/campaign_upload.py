"""Responses from a file into a campaign."""

from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods

from annotations.access import for_roles
from annotations.campaign_access import campaign_for_lead
from annotations.forms.campaign_items import ALL, ResponsesForm
from annotations.forms.uploads import Keeper, receive
from annotations.models import Campaign, User
from annotations.models.people import ADMIN, LEAD, REVIEWER
from annotations.services import import_files, response_files
from annotations.services.campaign_items import ItemProblem
from annotations.services.import_files import Upload
from annotations.services.response_files import Look, ResponseFileProblem, Taken
from annotations.web import refused

PAGE, SHOWN = "annotations/campaign_upload.html", 100


@csrf_exempt  # The form carries files, which must be taken in before its token can be read: `_sent` looks at it.
@require_http_methods(["GET", "HEAD", "POST"])
@for_roles(LEAD, REVIEWER, ADMIN)
def campaign_upload(request: HttpRequest, pk: int) -> HttpResponse:
    """The form; sent, its responses become items: all of them, or the good ones if that was asked."""
    user = cast(User, request.user)
    campaign = campaign_for_lead(user, pk)
    if request.method != "POST":
        return render(request, PAGE, {"campaign": campaign, "form": ResponsesForm(campaign, user)})
    keeper = receive(request)
    try:
        return _sent(request, campaign, keeper)
    finally:
        keeper.drop()


@csrf_protect
def _sent(request: HttpRequest, campaign: Campaign, keeper: Keeper) -> HttpResponse:
    form = ResponsesForm(campaign, cast(User, request.user), request.POST, keeper=keeper)
    if not form.is_valid() or form.upload is None:
        return refused(request, PAGE, {"campaign": campaign, "form": form})
    try:
        return _read(request, campaign, form, form.upload)
    except (ResponseFileProblem, ItemProblem) as problem:
        form.add_error("tables", str(problem))
        return refused(request, PAGE, {"campaign": campaign, "form": form})
    finally:
        import_files.remove(form.upload.folder)


def _read(request: HttpRequest, campaign: Campaign, form: ResponsesForm, upload: Upload) -> HttpResponse:
    data = form.cleaned_data
    found = response_files.look(upload=upload, benchmark=data["benchmark"], source=data["source"])
    if not found.ready or (found.problems and data["wrong"] == ALL):
        return refused(request, PAGE, {"campaign": campaign, "form": form} | _wrong(found))
    taken = response_files.take(
        campaign=campaign, benchmark=data["benchmark"], found=found, upload=upload, actor=cast(User, request.user)
    )
    messages.success(request, _words(taken, found))
    if not found.problems:
        return redirect("annotations:campaign-items", campaign.pk)
    return render(request, PAGE, {"campaign": campaign, "form": form, "taken": taken} | _wrong(found))


def _wrong(found: Look) -> dict[str, Any]:
    return {
        "problems": [tuple(problem) for problem in found.problems[:SHOWN]],
        "wrong": len(found.problems),
        "good": len(found.ready),
    }


def _words(taken: Taken, found: Look) -> str:
    said = [f"{taken.new:,} response{'' if taken.new == 1 else 's'} added."]
    if taken.known:
        said.append(f"{taken.known:,} in the campaign already.")
    if found.twice:
        said.append(f"{found.twice:,} repeated in the file.")
    if taken.naming:
        said.append(f"{taken.naming:,} name{'s' if taken.naming == 1 else ''} the model: these stand first.")
    return " ".join(said)
