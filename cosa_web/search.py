"""One field for everything the person may see: configs, prompts, runs, models and the rest, in groups."""

import re
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, cast
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from annotations import access as people_access
from annotations import campaign_access, roster
from annotations.core.found_words import Piece, asked_words, pieces
from annotations.marks import CAMPAIGN_STATES, RUN_STATES, mark
from annotations.models import User
from annotations.models.people import ADMIN, LEAD
from annotations.queries import search as reads
from annotations.web import page_or_fragment
from cosa_web.documents import finding
from training import access, candidate_words, search_queries
from training.models import EvaluationRun

FIRST, MOST, LONGEST = 5, 50, 200
DIGEST = re.compile(r"[0-9a-fA-F-]{8,64}")
Make = Callable[[Any], tuple[str, str, str]]


class Hit(NamedTuple):
    """One thing that was found: its name and its text with the words marked, and its address."""

    url: str
    label: tuple[Piece, ...]
    note: tuple[Piece, ...]


class Group(NamedTuple):
    """Things of one sort: at most MOST were looked for, `more` says that there are others, and `every` shows them."""

    name: str
    title: str
    hits: list[Hit]
    number: int
    more: bool
    every: str


class Sort(NamedTuple):
    """A sort of thing: its name above a list and in a sentence, how it is found, and its label, address and text."""

    name: str
    title: Promise | str
    word: Promise | str
    rows: Callable[[User, tuple[str, ...]], Iterable[Any]]
    make: Make
    open_to: Callable[[User], bool]


def _works(user: User) -> bool:
    return bool(people_access.roles(user) & people_access.WORKERS)


def _reads_campaigns(user: User) -> bool:
    return bool(people_access.roles(user) & (people_access.WATCHERS | {LEAD}))


def _rates(user: User) -> bool:
    return bool(people_access.roles(user) & people_access.RATERS)


def _link(name: str, *parts: object) -> str:
    return reverse(name, args=parts)


def _run(run: Any) -> tuple[str, str, str]:
    state = gettext(mark(RUN_STATES, run.state).word)
    note = f"{candidate_words.candidate_words(run.candidate)}, {run.benchmark}, {state}"
    return gettext("Run %(run)s") % {"run": run.pk}, _link("training:run-detail", run.pk), note


def _campaign(row: Any) -> str:
    return gettext(mark(CAMPAIGN_STATES, row.state).word)


SORTS = (
    Sort(
        "configs",
        _("Configs"),
        _("configs"),
        lambda user, words: reads.configs(people_access.configs(user), words),
        lambda row: (row.title, _link("annotations:config-detail", row.pk), f"{row.organisation}: {row.newest_policy}"),
        _works,
    ),
    Sort(
        "benchmarks",
        _("Benchmarks"),
        _("benchmarks"),
        lambda user, words: reads.benchmarks(people_access.benchmarks(user), words),
        lambda row: (row.title, _link("annotations:benchmark-detail", row.pk), f"{row.organisation}: {row.about}"),
        _works,
    ),
    Sort(
        "prompts",
        _("Prompts"),
        _("prompts"),
        lambda user, words: reads.prompts(people_access.benchmarks(user), words),
        lambda row: (row.text, _link("annotations:prompt-detail", row.benchmark_id, row.uid), row.benchmark.title),
        _works,
    ),
    Sort("runs", _("Runs"), _("runs"), lambda user, words: search_queries.runs(access.runs(user), words), _run, _works),
    Sort(
        "models",
        _("Models"),
        _("models"),
        lambda user, words: search_queries.models(access.models(), words),
        lambda row: (row.name, _link("training:model-detail", row.pk), f"{row.slug}, {row.model}"),
        _works,
    ),
    Sort(
        "deployments",
        _("Deployments"),
        _("deployments"),
        lambda user, words: search_queries.deployments(access.deployments(user), words),
        lambda row: (row.slug, _link("training:deployment-detail", row.pk), f"{row.version}, {row.candidate.model}"),
        _works,
    ),
    Sort(
        "campaigns",
        _("Campaigns"),
        _("campaigns"),
        lambda user, words: reads.campaigns(campaign_access.campaigns(user), words),
        lambda row: (row.title, _link("annotations:campaign-detail", row.pk), f"{row.organisation}, {_campaign(row)}"),
        _reads_campaigns,
    ),
    Sort(
        "rate",
        _("Campaigns you rate in"),
        _("campaigns you rate in"),
        lambda user, words: reads.with_words(campaign_access.enrolments(user), words, "campaign__title"),
        lambda row: (str(row.campaign), _link("annotations:rate-start", row.campaign_id), _campaign(row.campaign)),
        _rates,
    ),
    Sort(
        "people",
        _("People"),
        _("people"),
        lambda user, words: roster.people(" ".join(words)),
        lambda row: (str(row), _link("annotations:person-detail", row.pk), f"{row.username}, {row.email}".strip(", ")),
        lambda user: ADMIN in people_access.roles(user),
    ),
)


@require_safe
@login_required
def search(request: HttpRequest) -> HttpResponse:
    """What is found for `?q=`, at most five of a sort, or those of the sort `?in=` alone; a run's number leads to it.

    htmx gets the results alone.
    """
    user, typed, alone = cast(User, request.user), request.GET.get("q", "").strip()[:LONGEST], request.GET.get("in", "")
    words = asked_words(typed)
    if run := None if request.headers.get("HX-Request") else _run_called(user, typed):
        return redirect("training:run-detail", run.pk)
    groups = found(user, typed, words, alone) if words else []
    context = {
        "typed": typed,
        "alone": alone if groups else "",
        "groups": groups,
        "number": sum(group.number for group in groups),
        "sorts": [str(sort.word) for sort in SORTS if sort.open_to(user)],
        "prompts_too": _works(user),
        "latest": reads.LATEST,
        "all_sorts": f"{reverse('search')}?{urlencode({'q': typed})}",
    }
    return page_or_fragment(request, "search/search.html", "search/_search.html", context)


def _run_called(user: User, typed: str) -> EvaluationRun | None:
    """The run of that number, if the person may see it."""
    number = search_queries.run_number(typed)
    return None if number is None or not _works(user) else access.runs(user).filter(pk=number).first()


def found(user: User, typed: str, words: tuple[str, ...], alone: str = "") -> list[Group]:
    """The groups in which anything is found, first what a digest or uid names; of the sort `alone` as many as MOST."""
    most = MOST if alone else FIRST
    groups = [] if alone else [_named(user, typed)]
    for sort in SORTS:
        if sort.open_to(user) and alone in ("", sort.name):
            rows = list(sort.rows(user, words)[: MOST + 1])  # type: ignore[index]
            groups.append(
                _group(sort.name, str(sort.title), (sort.make(row) for row in rows[:most]), words, rows, typed)
            )
    if alone in ("", "docs"):
        groups.append(_documents(typed, most))
    return [group for group in groups if group.hits]


def _group(
    name: str, title: str, made: Iterable[tuple[str, str, str]], words: tuple[str, ...], rows: list[Any], typed: str
) -> Group:
    hits = [Hit(url, pieces(label, words), pieces(note, words)) for label, url, note in made]
    every = f"{reverse('search')}?{urlencode({'q': typed, 'in': name})}"
    if name == "people":
        every = f"{reverse('annotations:person-list')}?{urlencode({'words': typed})}"
    return Group(name, title, hits, min(len(rows), MOST), len(rows) > MOST, every)


def _named(user: User, typed: str) -> Group:
    """The version, prompt or checkpoint of which the uid, the digest or its first eight digits were pasted."""
    made: list[tuple[str, str, str]] = []
    if DIGEST.fullmatch(typed) and _works(user):
        for row in reads.versions_called(people_access.configs(user), typed)[:FIRST]:
            made.append((str(row), _link("annotations:version-detail", row.config_id, row.number), row.digest))
        for prompt in reads.prompts_called(people_access.benchmarks(user), typed)[:FIRST]:
            url = _link("annotations:prompt-detail", prompt.benchmark_id, prompt.uid)
            made.append((prompt.text, url, f"{prompt.uid}, {prompt.digest}"))
        for one in search_queries.checkpoints_called(access.checkpoints(user), typed)[:FIRST]:
            made.append((one.model.slug, _link("training:checkpoint-detail", one.pk), one.sha256))
    return _group("named", gettext("By this name"), made, (typed,), made, typed)


def _documents(typed: str, most: int) -> Group:
    hits = [
        Hit(hit.url, (Piece(f"{hit.title}: {hit.heading}" if hit.heading else hit.title, False),), hit.pieces)
        for hit in finding.find(typed)
    ]
    every = f"{reverse('docs')}?{urlencode({'q': typed})}"
    return Group("docs", gettext("Documents"), hits[:most], len(hits), False, every)
