"""The model registry: the list, one model, its form, and a test call."""

from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotations.access import WORKERS, for_roles
from annotations.models import LanguageModel, User
from annotations.models.people import ADMIN
from annotations.services import audit
from annotations.web import page_or_fragment, refused
from training import access, engines
from training.forms.models import ModelForm
from training.services import registry

TEST_PROMPT = "Say in one sentence what a safety policy is for."


def _named(model: LanguageModel) -> LanguageModel:
    """The model with `engine_label`: what people call its engine, or the bare name of one that is gone."""
    try:
        model.engine_label = engines.label(model.engine)
    except LookupError:
        model.engine_label = model.engine
    return model


@require_safe
@for_roles(*WORKERS)
def model_list(request: HttpRequest) -> HttpResponse:
    """Every model one can call."""
    may_edit = access.may_edit_models(cast(User, request.user))
    models = [_named(model) for model in access.models()]
    return render(request, "training/model_list.html", {"models": models, "may_edit": may_edit})


@require_safe
@for_roles(*WORKERS)
def model_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One model: how it is reached, and a box to test it."""
    context = {
        "model": _named(access.model_for_reader(pk)),
        "may_edit": access.may_edit_models(cast(User, request.user)),
        "prompt": TEST_PROMPT,
    }
    return render(request, "training/model_detail.html", context)


@require_POST
@for_roles(*WORKERS)
def model_test(request: HttpRequest, pk: int) -> HttpResponse:
    """One call to the model, with the answer, the time, or the error in words."""
    model = _named(access.model_for_reader(pk))
    prompt = request.POST.get("prompt", "").strip()[:2000] or TEST_PROMPT
    context = {
        "model": model,
        "may_edit": access.may_edit_models(cast(User, request.user)),
        "prompt": prompt,
        "trial": registry.try_model(model, prompt),
    }
    return page_or_fragment(request, "training/model_detail.html", "training/_model_trial.html", context)


@require_http_methods(["GET", "POST"])
@for_roles(ADMIN)
def model_new(request: HttpRequest) -> HttpResponse:
    """Register a model."""
    return _model_form(request, None)


@require_http_methods(["GET", "POST"])
@for_roles(ADMIN)
def model_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change how a model is reached."""
    return _model_form(request, access.model_for_reader(pk))


def _model_form(request: HttpRequest, model: LanguageModel | None) -> HttpResponse:
    form = ModelForm(request.POST or None, instance=model)
    context = {"form": form, "model": model}
    if request.method == "GET":
        return render(request, "training/model_form.html", context)
    if not form.is_valid():
        return refused(request, "training/model_form.html", context)
    saved = form.save()
    after = {name: str(form.cleaned_data[name]) for name in form.changed_data}
    audit.record(actor=cast(User, request.user), action="edit" if model else "create", obj=saved, after=after)
    messages.success(request, f"{saved.name} is saved. Test it below.")
    return redirect("training:model-detail", saved.pk)
