"""Which prompts of a benchmark are validated, how far people agree, and a lead's decision where they do not."""

from typing import Any, NamedTuple, cast
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from annotations import access, exports
from annotations.access import WORKERS, for_roles
from annotations.core.storable import whole_number
from annotations.forms.checks import DecisionForm
from annotations.models import Benchmark, Prompt, User
from annotations.queries import agreement, validation, validation_table
from annotations.queries.checks import to_label, version_to_show
from annotations.queries.kept import Later
from annotations.queries.validation import DISPUTED, STATES
from annotations.services import checks
from annotations.web import refused, waits, wants_fragment

PAGE, FRAGMENT, READER = (
    f"annotations/{name}.html" for name in ("validation", "_validation_prompts", "validation_prompt")
)
FORMATS = exports.choices(dataset=False)


class Wanted(NamedTuple):
    """What the filters ask for; an unknown value asks for nothing."""

    state: str
    config: int | None
    query: str


@require_safe
@for_roles(*WORKERS)
def validation_page(request: HttpRequest, pk: int) -> HttpResponse:
    """States by config, agreement, and the prompts in a state: the disputed ones, those that differ most first.

    The agreement of many labels comes after the page, unless it is known.
    """
    benchmark, wanted = access.benchmark_for_reader(cast(User, request.user), pk), _wanted(request)
    now = validation.word(benchmark)
    ids, withheld = _readable(request, benchmark, wanted, now)
    context: dict[str, Any] = {"benchmark": benchmark, "wanted": wanted, "states": STATES, "withheld": withheld}
    context["page"] = _rows(request, ids)
    whole = waits(request) or not wants_fragment(request)
    if whole:
        configs = validation.states_by_config(benchmark, now=now)
        context |= {"configs": configs, "total": validation.summed(configs)}
        try:
            context["agreements"] = agreement.agreements(benchmark, wanted.config, now=now, wait=waits(request))
        except Later:
            context["later"] = True
        context["formats"] = FORMATS
        context["may_label"] = access.benchmarks_to_check(cast(User, request.user)).filter(pk=pk).exists()
    return render(request, PAGE if whole else FRAGMENT, context)


@require_safe
@for_roles(*WORKERS)
def validation_download(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The prompts that the filters leave, with their labels, as a file in the format that `?format=` names."""
    benchmark, wanted = access.benchmark_for_reader(cast(User, request.user), pk), _wanted(request)
    if (name := request.GET.get("format", "csv")) not in dict(FORMATS):
        raise Http404(f"The list cannot be downloaded as {name[:20]!r}; there are: {', '.join(dict(FORMATS))}.")
    format = exports.load(name)
    ids, _ = _readable(request, benchmark, wanted)
    table = exports.Table(validation_table.COLUMNS, validation_table.rows(benchmark, ids), "validation")
    response = StreamingHttpResponse(format.pieces(table), content_type=format.CONTENT_TYPE)
    response.headers["Content-Disposition"] = f'attachment; filename="validation-{benchmark.slug}{format.SUFFIX}"'
    return response


@require_safe
@for_roles(*WORKERS)
def validation_prompt(request: HttpRequest, pk: int, uid: UUID) -> HttpResponse:
    """One prompt beside its config, with what its author and each rater said, and the decision."""
    benchmark = access.benchmark_for_reader(cast(User, request.user), pk)
    prompt = _prompt(benchmark, uid)
    if _waits_for(request, benchmark, prompt):
        messages.info(request, gettext("That prompt waits for your own label. Its labels are open to you afterwards."))
        return redirect("annotations:check-next", benchmark.pk)
    return render(request, READER, _reader(request, benchmark, prompt))


@require_POST
@for_roles(*WORKERS)
def validation_decide(request: HttpRequest, pk: int, uid: UUID) -> HttpResponse:
    """The lead's decision is stored, and the next prompt of the filter comes."""
    user = cast(User, request.user)
    benchmark = access.benchmark_for_lead(user, pk)
    prompt = _prompt(benchmark, uid)
    ids, _ = _readable(request, benchmark, _wanted(request))
    form = DecisionForm(prompt.config, request.POST)
    if not form.is_valid():
        return refused(request, READER, _reader(request, benchmark, prompt) | {"form": form})
    seen = Prompt.objects.filter(uid=uid, pk=whole_number(request.POST.get("seen", "")) or prompt.pk).first()
    try:
        ruling = checks.decide(prompt=seen or prompt, actor=user, **form.as_said())
    except checks.CheckProblem as problem:
        told = {"form": form, "problem": str(problem)}
        return refused(request, READER, _reader(request, benchmark, _prompt(benchmark, uid)) | told)
    _tell(request, _prompt(benchmark, uid), ruling.kind)
    return redirect(_onward(request, benchmark, ids, prompt))


@require_POST
@for_roles(*WORKERS)
def validation_reopen(request: HttpRequest, pk: int, uid: UUID) -> HttpResponse:
    """The decision counts no longer; it stays readable."""
    user = cast(User, request.user)
    benchmark = access.benchmark_for_lead(user, pk)
    prompt = _prompt(benchmark, uid)
    try:
        checks.reopen(prompt=prompt, actor=user)
    except checks.CheckProblem as problem:
        messages.error(request, str(problem))
    else:
        messages.success(request, gettext("The decision counts no longer. It stays readable below."))
    return redirect("annotations:validation-prompt", benchmark.pk, uid)


def _wanted(request: HttpRequest) -> Wanted:
    given = {name: request.GET[name] for name in ("state", "config") if request.GET.get(name)}
    return Wanted(given.get("state", DISPUTED), whole_number(given.get("config", "")), urlencode(given))


def _readable(request: HttpRequest, benchmark: Benchmark, wanted: Wanted, now: str = "") -> tuple[list[int], int]:
    """The prompts in order, and how many are withheld: who may still label a prompt does not see what others said."""
    ids = agreement.in_order(benchmark, wanted.state, wanted.config, now=now)
    waiting = _waiting(cast(User, request.user), benchmark)
    return [pk for pk in ids if pk not in waiting], sum(pk in waiting for pk in ids)


def _waiting(user: User, benchmark: Benchmark) -> set[int]:
    blind = access.benchmarks_to_check(user).filter(pk=benchmark.pk).exists()
    if not blind or access.leads(user, benchmark.organisation_id):
        return set()
    return set(to_label(user, [benchmark]).order_by().values_list("pk", flat=True))


def _waits_for(request: HttpRequest, benchmark: Benchmark, prompt: Prompt) -> bool:
    return prompt.pk in _waiting(cast(User, request.user), benchmark)


def _rows(request: HttpRequest, ids: list[int]) -> Page[Any]:
    page: Page[Any] = Paginator(ids, 50).get_page(request.GET.get("page"))
    page.object_list = validation_table.lines(list(page.object_list))
    return page


def _prompt(benchmark: Benchmark, uid: UUID) -> Prompt:
    found = validation.with_validation(benchmark.prompts.current()).select_related("config", "benchmark")
    return cast(Prompt, access.one_or_404(found, uid=uid))


def _reader(request: HttpRequest, benchmark: Benchmark, prompt: Prompt) -> dict[str, Any]:
    user, wanted = cast(User, request.user), _wanted(request)
    ids, _ = _readable(request, benchmark, wanted)
    labels = validation_table.labels(benchmark, prompt, user)
    rulings = list(validation.decisions(prompt))
    return {
        "benchmark": benchmark,
        "prompt": prompt,
        "version": version_to_show(prompt.config),
        "labels": labels,
        "rulings": rulings,
        "ruling": next((one for one in rulings if one.withdrawn_at is None), None),
        "obstacle": checks.obstacle(prompt, user),
        "form": DecisionForm(prompt.config),
        "wanted": wanted,
        "beside": validation_table.beside(ids, prompt.pk),
    }


def _onward(request: HttpRequest, benchmark: Benchmark, ids: list[int], prompt: Prompt) -> str:
    """The address of the prompt that came after this one in the filter, else of the list."""
    after = validation_table.beside(ids, prompt.pk).next
    query = f"?{_wanted(request).query}" if request.GET else ""
    if after:
        return reverse("annotations:validation-prompt", args=[benchmark.pk, after]) + query
    return reverse("annotations:validation", args=[benchmark.pk]) + query


def _tell(request: HttpRequest, prompt: Any, kind: str) -> None:
    if prompt.validation == validation.VALIDATED:
        messages.success(request, gettext("Decided: the prompt is %(kind)s and validated.") % {"kind": kind})
    else:
        messages.warning(
            request,
            gettext(
                "Decided: the prompt is %(kind)s. Its risks still say situation %(situation)s: put "
                "them right on its page, and it is validated."
            )
            % {"kind": kind, "situation": prompt.situation},
        )
