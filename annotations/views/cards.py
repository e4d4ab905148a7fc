"""What people write for the dataset card of a benchmark, with the card as it will stand beside it."""

from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST

from annotations import access
from annotations.access import WORKERS, for_roles
from annotations.core import dataset_card, word_diff
from annotations.core.config_text import digest
from annotations.core.word_diff import Piece
from annotations.forms.releases import CardForm
from annotations.models import Benchmark, User
from annotations.queries import standing
from annotations.queries.kept import Later, figures
from annotations.queries.validation import word
from annotations.services import releases
from annotations.web import refused, waits

KEPT_SECONDS = 60
PAGE, FRAGMENT = "annotations/release_card.html", "annotations/_release_card.html"


@require_http_methods(["GET", "HEAD", "POST"])
@for_roles(*WORKERS)
def card_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """The sections of the card, and how it stands with the benchmark's facts of now.

    Of a big benchmark that comes after the page, unless it is known.
    """
    benchmark = access.benchmark_for_author(_person(request), pk)
    if request.method != "POST":
        form = CardForm(benchmark)
        return render(request, PAGE, {"form": form} | _card(benchmark, form, waits(request)))
    form = CardForm(benchmark, request.POST)
    if not form.is_valid() or not form.save(_person(request)):
        benchmark.refresh_from_db(fields=["card"])
        about = {"form": form, "differs": _differs(benchmark, form)}
        return refused(request, PAGE, about | _card(benchmark, form, waits(request)))
    messages.success(request, gettext("The card is saved. The next release takes it along."))
    return redirect("annotations:card-edit", pk)


@require_POST
@for_roles(*WORKERS)
def card_preview(request: HttpRequest, pk: int) -> HttpResponse:
    """The card with what is typed now: a fragment."""
    benchmark = access.benchmark_for_author(_person(request), pk)
    return render(request, FRAGMENT, _card(benchmark, CardForm(benchmark, request.POST), True))


def _card(benchmark: Benchmark, form: CardForm, wait: bool) -> dict[str, Any]:
    about = {"benchmark": benchmark, "word": releases.card_word(benchmark)}
    try:
        facts = _facts(benchmark, wait)
    except Later:
        return about | {"later": True}
    return about | {"card": dataset_card.body(dataset_card.card(facts, form.sections))}


def _facts(benchmark: Benchmark, wait: bool) -> dict[str, Any]:
    """The facts of now, kept for a minute while nothing changes: a preview asks for them again and again."""
    told = "\n".join([word(benchmark), benchmark.title, benchmark.about, benchmark.licence])
    key = f"card-facts:{digest(told)}"
    return figures(
        key,
        lambda: standing.facts(benchmark, standing.standing(benchmark)),
        KEPT_SECONDS,
        rows=benchmark.prompts.current(),
        wait=wait,
    )


def _differs(benchmark: Benchmark, form: CardForm) -> list[tuple[str, tuple[Piece, ...]]]:
    """The sections whose words are other ones than the card has now, as they change it."""
    pairs = [(one.title, benchmark.card.get(one.name, ""), form.sections[one.name]) for one in dataset_card.SECTIONS]
    compared = [(title, word_diff.words(now, typed.replace("\r\n", "\n"))) for title, now, typed in pairs]
    return [(title, pieces) for title, pieces in compared if any(piece.kind != "same" for piece in pieces)]


def _person(request: HttpRequest) -> User:
    return cast(User, request.user)
