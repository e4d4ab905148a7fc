"""The model registry: the list, one model, its form, and a test call."""

from typing import Any, cast

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotations import access as people_access
from annotations.access import WORKERS, for_roles
from annotations.models import LanguageModel, User
from annotations.models.people import ADMIN
from annotations.services import safety_suite
from annotations.web import paged, refused, wants_fragment
from training import access, checkpoint_queries, engines, model_charts, model_queries
from training.forms.capability import CapabilityForm
from training.forms.models import ModelForm
from training.models import EvaluationRun
from training.services import capability, places, registry, serving

DETAIL = "training/model_detail.html"
RUNS, CAPABILITY_RUNS = 10, 10
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
    """Every model one can call, with its prices and its score in the newest finished run the person may read."""
    user = cast(User, request.user)
    newest = model_queries.newest_scores(access.runs(user))
    rows = [(_named(model), newest.get(model.pk)) for model in access.models()]
    return render(request, "training/model_list.html", {"rows": rows, "may_edit": access.may_edit_models(user)})


@require_safe
@for_roles(*WORKERS)
def model_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One model: how it is reached, how it answered, what it refused, what it cost, and how it judges."""
    return render(request, DETAIL, model_page(request, access.model_for_reader(pk)))


def model_page(request: HttpRequest, model: LanguageModel) -> dict[str, Any]:
    """All that is known of the model to this person: figures come from runs they may read, and from no other."""
    user = cast(User, request.user)
    runs = access.runs(user)
    suite = model_queries.suite_run(runs, model)
    return (
        _answering(request, model, runs)
        | {
            "model": _named(model),
            "may_edit": access.may_edit_models(user),
            "checkpoint": checkpoint_queries.of_model(access.checkpoints(user), model) if model.weights else None,
            "prompt": TEST_PROMPT,
            "suite": suite,
            "suite_benchmark": people_access.benchmarks(user).filter(slug=safety_suite.SLUG).first(),
            "refusals": model_queries.refusals(suite) if suite else (),
            "judging": model_queries.judging(runs, model),
            "abilities": model_queries.abilities(model),
            "capability_runs": access.signed(user, model_queries.capability_runs(model)[:CAPABILITY_RUNS]),
            "capability_form": CapabilityForm(),
            "cannot": capability.unreachable(model) or capability.missing(),
        }
        | _serving(model)
    )


def _serving(model: LanguageModel) -> dict[str, Any]:
    """How a server of the model is started, where it has no other; `held` are the cards it has now.

    `fetched` says that nodes which do not have the weights fetch them.
    """
    starts = places.started(model)
    cards = serving.cards_of(model) if starts else 0
    fetched = bool(starts and model.node and model.weights and not places.fixed([model]))
    return {
        "fetched": fetched,
        "starts": starts,
        "cards": cards,
        "held": model.gpus_held.select_related("node") if cards else (),
    }


def _answering(request: HttpRequest, model: LanguageModel, runs: QuerySet[EvaluationRun]) -> dict[str, Any]:
    """What these runs say of the model as one that answers."""
    page = paged(request, model_queries.answered_by(runs, model), size=RUNS)
    newest = model_queries.newest_of(runs, model)
    found = model_queries.scored([*page, newest] if newest else page)
    shown = found[: len(page)]
    return {
        "page": page,
        "runs": shown,
        "newest": found[-1] if newest else None,
        "chart": model_charts.over_time(shown),
        "names": model_queries.identities(page),
        "spent": model_queries.spent(runs, model),
        "answerers": model_queries.answerers(runs, model),
    }


@require_POST
@for_roles(*WORKERS)
def model_test(request: HttpRequest, pk: int) -> HttpResponse:
    """One call to the model, with the answer, the time, or the error in words."""
    model = access.model_for_reader(pk)
    prompt = request.POST.get("prompt", "").strip()[:2000] or TEST_PROMPT
    said = {"prompt": prompt, "trial": registry.try_model(model, prompt)}
    if wants_fragment(request):
        return render(request, "training/_model_trial.html", said)
    return render(request, DETAIL, model_page(request, model) | said)


@sensitive_post_parameters("key")
@require_http_methods(["GET", "POST"])
@for_roles(ADMIN)
def model_new(request: HttpRequest) -> HttpResponse:
    """Register a model."""
    return _model_form(request, None)


@sensitive_post_parameters("key")
@require_http_methods(["GET", "POST"])
@for_roles(ADMIN)
def model_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change how a model is reached."""
    return _model_form(request, access.model_for_reader(pk))


def _model_form(request: HttpRequest, model: LanguageModel | None) -> HttpResponse:
    first = {"engine": request.GET["engine"]} if "engine" in request.GET else None
    form = ModelForm(request.POST or None, instance=model, initial=first)
    context = {"form": form, "model": model}
    if request.method == "GET":
        return render(request, "training/model_form.html", context)
    if not form.is_valid():
        return refused(request, "training/model_form.html", context)
    saved = form.keep(cast(User, request.user))
    messages.success(request, gettext("%(name)s is saved. Test it below.") % {"name": saved.name})
    return redirect("training:model-detail", saved.pk)
