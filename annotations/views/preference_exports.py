"""Taking a preference set away, in the shape that a training program reads."""

from collections.abc import Collection
from typing import NamedTuple, cast
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from annotations import access, exports
from annotations.access import WORKERS, for_roles
from annotations.exports._training import LAST, PAIRS, SHAPES, TARGETS, Column, Shape, Wanted, columns
from annotations.models import PreferenceSet, User
from annotations.queries import training_exports
from annotations.services import links, pair_files, preferences
from annotations.views import downloads
from annotations.views.exports import download

PAGE, WHAT = "annotations/preference_shapes.html", "preferences"


class Link(NamedTuple):
    """A format of a shape, and where its file is."""

    label: str
    url: str


class Line(NamedTuple):
    """A shape as the page shows it."""

    label: str
    about: str
    columns: Collection[Column]
    links: list[Link]


@require_safe
@for_roles(*WORKERS)
def preference_shapes(request: HttpRequest, pk: int) -> HttpResponse:
    """Every shape in every format, for the split and the target that are chosen."""
    row = _there(request, pk)
    wanted = _wanted(request, row)
    lines = [_line(row, name, shape, wanted) for name, shape in SHAPES.items()]
    context = {"row": row, "wanted": wanted, "targets": TARGETS.items(), "lines": lines}
    return render(request, PAGE, context)


@require_safe
@for_roles(*WORKERS)
def preference_export(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The set as a file: `?shape=` and `?format=`, one split with `?split=`, and which response SFT learns."""
    row = _there(request, pk)
    wanted = _wanted(request, row)
    format = _one_of(request, "format", SHAPES[wanted.shape].formats[0], SHAPES[wanted.shape].formats)
    table = training_exports.table(row, wanted, divided=exports.load(format).SPLITS)
    return download(table, format)


@require_safe
@for_roles(*WORKERS)
def preference_file(request: HttpRequest, pk: int) -> HttpResponse:
    """On to a link at the file of the set as it is kept, which holds for some minutes and for this person alone."""
    row = access.preference_set_for_reader(cast(User, request.user), pk)
    if not row.sha256:
        raise Http404("Its pairs are not there. Open its page to see why.")
    text = links.made(person=cast(User, request.user), what=WHAT, pk=pk, name="")
    return redirect("annotations:preference-download", text)


@require_safe
def preference_download(request: HttpRequest, link: str) -> HttpResponseBase:
    """The file of a link, if who it was made for may read the set still."""
    found = downloads.opened(request, link, WHAT)
    row = access.preference_set_for_reader(found.person, found.pk)
    place, artifact = pair_files.source(row.sha256, row.size)
    return downloads.send(request, place, artifact, f"pairs-{row.pk}-{row.sha256[:8]}.parquet")


def _there(request: HttpRequest, pk: int) -> PreferenceSet:
    """The set, if the person reads it and its pairs are there, compared with benchmarks or not. Raises Http404."""
    row = access.preference_set_for_reader(cast(User, request.user), pk)
    if not row.sha256 or not preferences.path(row).is_file():
        raise Http404("Its pairs are not there. Open its page to see why.")
    return row


def _wanted(request: HttpRequest, row: PreferenceSet) -> Wanted:
    """What the address asks for. Raises Http404 for a word that names nothing."""
    shape = _one_of(request, "shape", PAIRS, SHAPES)
    target = _one_of(request, "target", LAST, TARGETS)
    return Wanted(shape, target, _one_of(request, "split", "", ["", *row.splits]))


def _one_of(request: HttpRequest, name: str, usual: str, there: Collection[str]) -> str:
    asked = request.GET.get(name, usual)
    if asked not in there:
        named = ", ".join(one for one in there if one)
        raise Http404(f"There is no {name} {asked[:20]!r} here; there are: {named}.")
    return asked


def _line(row: PreferenceSet, name: str, shape: Shape, wanted: Wanted) -> Line:
    target = {"target": wanted.target} if shape.one_each else {}
    split = {"split": wanted.split} if wanted.split else {}
    file = reverse("annotations:preference-export", args=[row.pk])
    links = [
        Link(label, f"{file}?{urlencode({'shape': name, 'format': format} | target | split)}")
        for format, label in training_exports.formats(name)
    ]
    return Line(shape.label, shape.about, columns(preferences.path(row), name), links)
