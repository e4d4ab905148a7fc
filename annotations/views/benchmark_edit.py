"""Making a benchmark, changing what it says and its targets, putting it away and back."""

from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST

from annotations import access
from annotations.access import AUTHORS, WORKERS, for_roles
from annotations.forms.benchmarks import BenchmarkForm
from annotations.models import User
from annotations.models.people import ADMIN
from annotations.services import benchmarks
from annotations.web import refused

PAGE = "annotations/benchmark_form.html"
THEN = {"write": "annotations:prompt-new", "import": "annotations:import-list"}


@require_http_methods(["GET", "HEAD", "POST"])
@for_roles(*AUTHORS, ADMIN)
def benchmark_new(request: HttpRequest) -> HttpResponse:
    """A new, empty benchmark; its coverage then says what to write first."""
    person = cast(User, request.user)
    if request.method != "POST":
        return render(request, PAGE, {"form": BenchmarkForm(person)})
    form = BenchmarkForm(person, request.POST)
    made = form.save(person) if form.is_valid() else None
    if made is None:
        return refused(request, PAGE, {"form": form})
    messages.success(
        request, gettext("%(value)s is made. Write its first prompt, or import some.") % {"value": made.title[:80]}
    )
    return redirect(THEN.get(request.GET.get("then", ""), "annotations:coverage"), made.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@for_roles(*WORKERS)
def benchmark_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """What a benchmark says of itself, its targets, and how many people check a prompt."""
    person = cast(User, request.user)
    benchmark = access.benchmark_for_author(person, pk)
    context = {"benchmark": benchmark, "may_archive": True}
    if request.method != "POST":
        return render(request, PAGE, context | {"form": BenchmarkForm(person, benchmark=benchmark)})
    form = BenchmarkForm(person, request.POST, benchmark=benchmark)
    saved = form.save(person) if form.is_valid() else None
    if saved is None:
        return refused(request, PAGE, context | {"form": form})
    messages.success(request, gettext("%(value)s is saved.") % {"value": saved.title[:80]})
    return redirect("annotations:benchmark-edit", saved.pk)


@require_POST
@for_roles(*WORKERS)
def benchmark_archive(request: HttpRequest, pk: int) -> HttpResponse:
    """The benchmark leaves every list; a box says that the person means it."""
    person = cast(User, request.user)
    benchmark = access.benchmark_for_author(person, pk)
    if not request.POST.get("sure"):
        form = BenchmarkForm(person, benchmark=benchmark)
        return refused(request, PAGE, {"benchmark": benchmark, "may_archive": True, "form": form, "unsure": True})
    try:
        benchmarks.archive(benchmark=benchmark, actor=person)
    except benchmarks.BenchmarkProblem as problem:
        messages.error(request, str(problem))
        return redirect("annotations:benchmark-edit", pk)
    messages.success(
        request,
        gettext("%(value)s is archived. You can put it back at the end of this page.")
        % {"value": benchmark.title[:80]},
    )
    return redirect("annotations:benchmark-list")


@require_POST
@for_roles(*WORKERS)
def benchmark_put_back(request: HttpRequest, pk: int) -> HttpResponse:
    """The benchmark is in the lists again."""
    person = cast(User, request.user)
    benchmark = access.benchmark_to_put_back(person, pk)
    try:
        benchmarks.put_back(benchmark=benchmark, actor=person)
    except benchmarks.BenchmarkProblem as problem:
        messages.error(request, str(problem))
    return redirect("annotations:benchmark-detail", pk)
