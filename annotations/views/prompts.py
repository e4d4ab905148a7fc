"""Prompts of a benchmark: written one after the other, pasted many at once, one with its history, edited, taken out."""

from typing import Any, cast
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotations import access
from annotations.access import WORKERS, for_roles
from annotations.core import word_diff
from annotations.core.storable import tidy, whole_number
from annotations.core.taxonomy import KINDS, SLUGS
from annotations.forms.prompts import EditForm, LabelsForm, PasteForm, WriteForm
from annotations.models import Benchmark, Prompt, User
from annotations.queries import prompt_history
from annotations.queries.validation import same_text, with_validation
from annotations.services import prompts
from annotations.services.pasting import Look
from annotations.services.prompt_checks import PromptProblem
from annotations.services.prompts import PromptChanged
from annotations.web import page_or_fragment, refused, wants_fragment

NEW, PASTE, EDIT = "annotations/prompt_new.html", "annotations/prompt_paste.html", "annotations/prompt_edit.html"
WRITTEN, CONFIG = "annotations/_prompt_written.html", "annotations/_prompt_config.html"
STEPS = 20
PLAIN = ("config", "kind", "rule", "language", "source")


def _person(request: HttpRequest) -> User:
    return cast(User, request.user)


@require_http_methods(["GET", "HEAD", "POST"])
@for_roles(*WORKERS)
def prompt_new(request: HttpRequest, pk: int) -> HttpResponse:
    """The writer: one prompt after the other, what stays the same kept; a config's rules when htmx asks for them."""
    person = _person(request)
    benchmark = access.benchmark_for_author(person, pk)
    if request.method != "POST":
        form = WriteForm(benchmark, person, initial=_asked(request, benchmark))
        return page_or_fragment(request, NEW, CONFIG, _page(request, form))
    if request.POST.get("do") == "rules":
        return render(request, NEW, _page(request, WriteForm(benchmark, person, initial=_typed(request))))
    form = WriteForm(benchmark, person, request.POST)
    if not form.is_valid() or not form.write():
        return refused(request, WRITTEN if wants_fragment(request) else NEW, _page(request, form))
    if wants_fragment(request):
        response = render(request, WRITTEN, _page(request, form))
        response.headers["HX-Trigger-After-Settle"] = "prompt-written"
        return response
    messages.success(request, "The prompt is saved.")
    return redirect(f"{reverse('annotations:prompt-new', args=[pk])}?{urlencode(form.kept())}")


def _asked(request: HttpRequest, benchmark: Benchmark) -> dict[str, Any]:
    """What the address fills in; without a config the one the person wrote for last here, or the only one."""
    asked: dict[str, Any] = {name: request.GET.get(name, "") for name in PLAIN}
    asked["config"] = whole_number(asked["config"]) or _likely_config(benchmark, _person(request))
    asked["kind"] = asked["kind"] if asked["kind"] in KINDS else ""
    return asked | {"risks": [slug for slug in request.GET.getlist("risk") if slug in SLUGS]}


def _likely_config(benchmark: Benchmark, person: User) -> int | None:
    mine = benchmark.prompts.current().filter(created_by=person)
    last: int | None = mine.order_by("-pk").values_list("config", flat=True).first()
    if last:
        return last
    every = list(access.configs(person).order_by().values_list("pk", flat=True)[:2])
    return every[0] if len(every) == 1 else None


def _typed(request: HttpRequest) -> dict[str, Any]:
    plain = {name: request.POST.get(name, "") for name in (*PLAIN, "text", "why", "way")}
    return plain | {"risks": request.POST.getlist("risks")}


def _page(request: HttpRequest, form: LabelsForm, **more: Any) -> dict[str, Any]:
    """What every page with such a form shows: the form, its config's newest version, what was written lately."""
    beside = {"benchmark": form.benchmark, "form": form, "config": form.chosen, "version": form.version}
    written = prompt_history.sitting(form.benchmark, _person(request))
    return beside | {"fragment": wants_fragment(request), "sitting": written} | more


@require_http_methods(["GET", "HEAD", "POST"])
@for_roles(*WORKERS)
def prompt_paste(request: HttpRequest, pk: int) -> HttpResponse:
    """Many prompts in one text: what would come in, and after a second look the good ones."""
    person = _person(request)
    benchmark = access.benchmark_for_author(person, pk)
    if request.method != "POST" or request.POST.get("do") == "rules":
        first = _asked(request, benchmark) if request.method != "POST" else _typed(request)
        return render(request, PASTE, _page(request, PasteForm(benchmark, person, initial=first)))
    form = PasteForm(benchmark, person, request.POST)
    found = form.look()
    if form.errors:
        return refused(request, PASTE, _page(request, form))
    if "add" not in request.POST:
        return render(request, PASTE, _page(request, form, **_sorted(found)))
    good = len(_sorted(found)["fine"])
    if good and request.POST["add"] == str(good) and form.add(found) is not None:
        return _after_adding(request, form, found)
    again = PasteForm(benchmark, person, request.POST)
    return refused(request, PASTE, _page(request, again, **_sorted(again.look()), changed=True))


def _sorted(found: list[Look]) -> dict[str, list[Look]]:
    return {
        "bad": [each for each in found if each.problem],
        "fine": [each for each in found if not each.problem],
    }


def _after_adding(request: HttpRequest, form: PasteForm, found: list[Look]) -> HttpResponse:
    """To the benchmark when all are in; else what was not added stays in the form, so that nothing typed is lost."""
    left = [each for each in found if each.problem]
    number = len(found) - len(left)
    messages.success(request, f"{number:,} prompt{'' if number == 1 else 's'} added to “{form.benchmark}”.")
    if not left:
        return redirect("annotations:benchmark-detail", form.benchmark.pk)
    form.keep_only(left)
    rest = PasteForm(form.benchmark, form.user, form.data)
    return render(request, PASTE, _page(request, rest, **_sorted(rest.look()), left=True))


@require_safe
@for_roles(*WORKERS)
def prompt_detail(request: HttpRequest, pk: int, uid: UUID) -> HttpResponse:
    """One prompt as it stands: its labels, who uses it, and everything that became of it."""
    person = _person(request)
    prompt = access.prompt_for_reader(person, pk, uid)
    steps = Paginator(prompt_history.steps(uid, prompt.benchmark), STEPS).get_page(request.GET.get("page"))
    context = {
        "benchmark": prompt.benchmark,
        "prompt": prompt,
        "stamp": prompts.stamp(prompt),
        "state": with_validation(Prompt.objects.filter(pk=prompt.pk)).only("pk").get(),
        "not_blind": _may_still_label(person, prompt),
        "may_write": access.may_run(person, prompt.benchmark.organisation_id),
        "page": steps,
        "history": prompt_history.lines(list(steps), uid, prompt.benchmark),
        "use": prompt_history.use(prompt),
        "elsewhere": prompt_history.elsewhere(prompt, access.benchmarks(person)),
    }
    return render(request, "annotations/prompt_detail.html", context)


def _may_still_label(person: User, prompt: Prompt) -> bool:
    """True for somebody who may be asked for a label of this prompt and has given none."""
    if prompt.archived_at or prompt.created_by_id == person.pk:
        return False
    labelled = same_text(prompt).filter(rater=person, withdrawn_at=None)
    return access.benchmarks_to_check(person).filter(pk=prompt.benchmark_id).exists() and not labelled.exists()


@require_http_methods(["GET", "HEAD", "POST"])
@for_roles(*WORKERS)
def prompt_edit(request: HttpRequest, pk: int, uid: UUID) -> HttpResponse:
    """The prompt's next wording; what somebody else changed meanwhile is shown, never overwritten unseen."""
    person = _person(request)
    prompt = access.prompt_for_author(person, pk, uid)
    if request.method != "POST":
        if prompt.archived_at:
            messages.error(request, "This prompt is not in the benchmark. Put it back first, then edit it.")
            return redirect("annotations:prompt-detail", pk, uid)
        form = EditForm(prompt, person)
        return render(request, EDIT, _page(request, form, prompt=prompt))
    form = EditForm(prompt, person, request.POST)
    try:
        if form.is_valid():
            form.save()
            messages.success(request, "The prompt is saved.")
            return redirect("annotations:prompt-detail", pk, uid)
    except PromptChanged:
        return _conflict(request, form, access.prompt_for_author(person, pk, uid))
    except PromptProblem as problem:
        form.tell(problem)
    return refused(request, EDIT, _page(request, form, prompt=prompt))


def _conflict(request: HttpRequest, form: EditForm, now: Prompt) -> HttpResponse:
    """Everything typed again, beside what somebody else made of the prompt; saved once more it goes over that."""
    form.over(now)
    words = word_diff.words(now.text, tidy(form.cleaned_data["text"]))
    return refused(request, EDIT, _page(request, form, prompt=now, conflict=True, words=words))


@require_POST
@for_roles(*WORKERS)
def prompt_take_out(request: HttpRequest, pk: int, uid: UUID) -> HttpResponse:
    """Takes the prompt out of its benchmark, as the person saw it."""
    prompt = access.prompt_for_author(_person(request), pk, uid)
    try:
        prompts.take_out(prompt=prompt, actor=_person(request), seen=request.POST.get("seen") or None)
        messages.success(request, "The prompt is out of the benchmark. Runs and releases that have it keep it.")
    except PromptProblem as problem:
        messages.error(request, str(problem))
    return redirect("annotations:prompt-detail", pk, uid)


@require_POST
@for_roles(*WORKERS)
def prompt_put_back(request: HttpRequest, pk: int, uid: UUID) -> HttpResponse:
    """Puts a prompt that was taken out at the end of its benchmark again."""
    prompt = access.prompt_for_author(_person(request), pk, uid)
    try:
        prompts.put_back(prompt=prompt, actor=_person(request))
        messages.success(request, "The prompt is in the benchmark again, at its end.")
    except PromptProblem as problem:
        messages.error(request, str(problem))
    return redirect("annotations:prompt-detail", pk, uid)
