"""The playground: choose, ask, read the answers side by side, keep a prompt."""

from collections.abc import Iterable
from typing import Any, cast

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import trigger_client_event

from annotations import access as people_access
from annotations.access import WORKERS, for_roles
from annotations.core.storable import whole_number
from annotations.models import ConfigVersion, LanguageModel, Prompt, SafetyConfig, User
from annotations.models.people import ADMIN, EXPERT, LEAD
from annotations.services.prompt_checks import LONGEST
from annotations.web import page_or_fragment, wants_fragment
from training import access
from training.forms.playground import PromptForm
from training.services import playground
from training.services.playground import MOST_MODELS, MOST_VERSIONS

RECENT = 6
NO_CONFIG = 0


@require_safe
@for_roles(*WORKERS)
def playground_page(request: HttpRequest) -> HttpResponse:
    """What to ask, and of whom. `?config=PK&version=N&prompt=…` choose; a prompt in digits is the one of that id."""
    user = cast(User, request.user)
    context = _versions(request, user) | {"most_versions": MOST_VERSIONS}
    if not wants_fragment(request):
        may_save = people_access.benchmarks_to_write_in(user).exists()
        context |= {
            "models": _models(request),
            "most_models": MOST_MODELS,
            "longest": LONGEST,
            "prompt": _prompt(user, request.GET.get("prompt", "")),
            "form": PromptForm(user) if may_save else None,
        }
    return page_or_fragment(request, "training/playground.html", "training/_playground_versions.html", context)


def _models(request: HttpRequest) -> list[LanguageModel]:
    """Every model, `chosen` on those of `?models=`, else on one."""
    models = list(access.models())
    wanted = set(_numbers(request.GET.getlist("models"), MOST_MODELS))
    first = next((model.pk for model in models if not model.plumbing), models[0].pk if models else 0)
    for model in models:
        model.chosen = model.pk in wanted if wanted else model.pk == first  # type: ignore[attr-defined]
    return models


def _prompt(user: User, asked: str) -> str:
    if (number := whole_number(asked)) is not None:
        known = Prompt.objects.filter(benchmark__in=people_access.benchmarks(user), pk=number).first()
        return known.text if known else asked
    return asked


def _versions(request: HttpRequest, user: User) -> dict[str, Any]:
    """The versions one can tick: those chosen, the newest of one config, and its older ones in a list."""
    chosen = _chosen_already(request, user)
    config = _config(request, user, chosen)
    rows = list(config.versions.defer("policy", "rules", "allowed").order_by("-number")) if config else []
    chosen = (chosen + _chosen_now(request, user, config, rows, chosen))[-MOST_VERSIONS:]
    picked = [version for version in chosen if version is not None]
    near = [version for version in rows[:RECENT] if version not in picked]
    return {
        "configs": people_access.configs(user),
        "config": config,
        "picked": picked,
        "near": near,
        "older": [version for version in rows[RECENT:] if version not in picked],
        "none_chosen": None in chosen,
    }


def _chosen_already(request: HttpRequest, user: User) -> list[ConfigVersion | None]:
    return _read(user, _numbers(request.GET.getlist("versions"), MOST_VERSIONS))


def _config(request: HttpRequest, user: User, chosen: list[ConfigVersion | None]) -> SafetyConfig | None:
    """The config whose versions are offered: the one asked for, that of a chosen version, or the newest at work."""
    if (number := whole_number(request.GET.get("config", ""))) is not None:
        return people_access.config_for_reader(user, number)
    known = (
        next((version for version in chosen if version), None) or people_access.versions(user).order_by("-pk").first()
    )
    return known.config if known else None


def _chosen_now(
    request: HttpRequest,
    user: User,
    config: SafetyConfig | None,
    rows: list[ConfigVersion],
    chosen: list[ConfigVersion | None],
) -> list[ConfigVersion | None]:
    """The version asked for by number; a fresh page, or a config just picked, has the newest; None where none is."""
    asked = whole_number(request.GET.get("older", "") or request.GET.get("version", ""))
    if config and asked is not None:
        version = people_access.version_for_reader(user, config.pk, asked)
        return [] if version in chosen else [version]
    fresh = "versions" not in request.GET or "pick" in request.GET
    if fresh and config is None:
        return [None]
    mine = {version.config_id for version in chosen if version}
    return [rows[0]] if rows and fresh and rows[0].config_id not in mine else []


def _numbers(texts: Iterable[str], most: int) -> list[int]:
    """The row ids in the texts, each once, one more than allowed at most. Raises Http404 for anything else."""
    numbers = [whole_number(text) for text in list(dict.fromkeys(texts))[: most + 1]]
    if None in numbers:
        raise Http404
    return cast(list[int], numbers)


def _read(user: User, numbers: list[int]) -> list[ConfigVersion | None]:
    """The versions of these ids in their order, None for no config; 404 when one is not to be read."""
    found = {version.pk: version for version in people_access.versions(user).filter(pk__in=numbers)}
    if set(numbers) - set(found) - {NO_CONFIG}:
        raise Http404
    return [found.get(number) for number in numbers]


@require_POST
@for_roles(*WORKERS)
def playground_ask(request: HttpRequest) -> StreamingHttpResponse | JsonResponse:
    """The answers as lines of JSON while they are written; see training.services.playground.Asking."""
    user = cast(User, request.user)
    models = [access.model_for_reader(number) for number in _numbers(request.POST.getlist("models"), MOST_MODELS)]
    versions = _read(user, _numbers(request.POST.getlist("versions"), MOST_VERSIONS))
    try:
        wanted = playground.cells(prompt=request.POST.get("prompt", ""), models=models, versions=versions)
        lines = playground.ask(person=user.pk, cells=wanted)
    except playground.PlaygroundProblem as problem:
        return JsonResponse({"error": str(problem)}, status=429 if isinstance(problem, playground.Busy) else 422)
    unbuffered = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingHttpResponse(lines, content_type="application/x-ndjson", headers=unbuffered)


@require_POST
@for_roles(*WORKERS)
def playground_stop(request: HttpRequest) -> HttpResponse:
    """Ends the person's own ask of that key, or one cell of it; one that is over already is no error."""
    user = cast(User, request.user)
    playground.stop(person=user.pk, key=request.POST.get("ask", ""), cell=request.POST.get("cell", ""))
    return HttpResponse(status=204)


@require_POST
@for_roles(EXPERT, LEAD, ADMIN)
def playground_save(request: HttpRequest) -> HttpResponse:
    """The prompt becomes one of a benchmark."""
    user = cast(User, request.user)
    if (number := whole_number(request.POST.get("benchmark", ""))) is not None:
        people_access.benchmark_for_author(user, number)
    if (number := whole_number(request.POST.get("config", ""))) is not None:
        people_access.config_for_reader(user, number)
    form = PromptForm(user, request.POST)
    prompt = form.add() if form.is_valid() else None
    if prompt is None:
        return render(request, "training/_playground_save.html", {"form": form}, status=422)
    return _saved(request, user, prompt)


def _saved(request: HttpRequest, user: User, prompt: Prompt) -> HttpResponse:
    place = reverse("annotations:benchmark-detail", args=[prompt.benchmark_id])
    place += f"?config={prompt.config_id}&kind={prompt.kind}#prompts"
    if not wants_fragment(request):
        return redirect(place)
    answer = render(request, "training/_playground_save.html", {"form": PromptForm(user)})
    told = {"text": f"Saved as prompt {prompt.position} of {prompt.benchmark}.", "url": place}
    return trigger_client_event(answer, "prompt-saved", told)
