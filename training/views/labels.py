"""What a label step found of each prompt, the sample that people label, and how far they and the judge agree."""

from typing import Any, cast

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from annotations import exports, heat
from annotations.access import WORKERS, for_roles
from annotations.access import may_run as may_operate
from annotations.core.labelling import WORDS
from annotations.core.rater_facts import FEWEST
from annotations.core.storable import whole_number
from annotations.core.taxonomies import Taxonomy
from annotations.models import User
from annotations.models.people import ADMIN, EXPERT, LEAD
from annotations.services import risk_labels
from annotations.web import (
    asked_filters,
    asked_format,
    filter_query,
    page_or_fragment,
    paged,
    taken_away,
    wants_fragment,
)
from training import access, label_queries
from training.forms.labels import RiskForm, said_by
from training.label_queries import FILTERS, MOST_SETS, AgreementFound, Compared, Turn
from training.models import Judge, Stage
from training.models.recipes import LABEL, SPLITS
from training.services.building import chain

LIST, ROWS = "training/label_list.html", "training/_labels.html"
SAMPLE, ONE = "training/label_sample.html", "training/_label_sample.html"
FORMATS = exports.choices(dataset=False)
NOT_DRAWN = "That prompt is not in the sample of this step. Here is the next one."


def _stage(request: HttpRequest, pk: int, stage: int) -> Stage:
    """The step that labels prompts, or 404."""
    return _labelling(access.stage_for_reader(cast(User, request.user), pk, stage))


def _labelling(stage: Stage) -> Stage:
    if stage.kind != LABEL:
        raise Http404("Only the step that labels prompts has labels.")
    return stage


@require_safe
@for_roles(*WORKERS)
def stage_labels(request: HttpRequest, pk: int, stage: int) -> HttpResponse:
    """The prompts of the step with their risks, by set of risks, split and why they were dropped."""
    one, wanted = _stage(request, pk, stage), asked_filters(request, FILTERS)
    taxonomy = chain.taxonomy(one.taxonomy)
    page = paged(request, label_queries.labels(one, **wanted))
    for row in page.object_list:
        row.names = label_queries.UNKNOWN if row.risks is None else taxonomy.names(row.risks)
        row.why = WORDS.get(row.dropped, "")
    context: dict[str, Any] = {"stage": one, "wanted": wanted, "query": filter_query(wanted), "page": page}
    if not wants_fragment(request):
        context |= _by_set(one, taxonomy) | {"splits": SPLITS, "formats": FORMATS}
        judge = label_queries.judge(one)
        context |= {"judge": judge, "lineage": _lineage(one, "Labels", judge)}
        context["may_label"] = may_operate(cast(User, request.user), one.organisation_id)
    return page_or_fragment(request, LIST, ROWS, context)


def _by_set(stage: Stage, taxonomy: Taxonomy) -> dict[str, Any]:
    sets = label_queries.by_set(stage, taxonomy)
    law = stage.figures
    dropped = law.get("dropped", {})
    lost = [(words, dropped[reason]) for reason, words in WORDS.items() if dropped.get(reason)]
    lost += [
        (gettext("failed: %(kind)s") % {"kind": kind.replace("_", " ")}, n) for kind, n in law.get("failed", {}).items()
    ]
    return {
        "sets": sets[:MOST_SETS],
        "more": len(sets) - MOST_SETS,
        "reasons": label_queries.reasons(sets),
        "total": sum(row.total for row in sets),
        "lost": lost,
    }


@require_safe
@for_roles(*WORKERS)
def stage_labels_export(request: HttpRequest, pk: int, stage: int) -> HttpResponseBase:
    """The prompts that the filters leave, with risks, split and reason, as a file in the format `?format=` names."""
    one = _stage(request, pk, stage)
    format = asked_format(request, "The labels")
    rows = label_queries.table_rows(label_queries.labels(one, **asked_filters(request, FILTERS)))
    return taken_away(exports.Table(label_queries.COLUMNS, rows, f"labels-{one.pk}"), format)


@require_http_methods(["GET", "HEAD", "POST"])
@for_roles(EXPERT, LEAD, ADMIN)
def stage_sample(request: HttpRequest, pk: int, stage: int) -> HttpResponse:
    """The next prompt of the sample, without what the judge found of it; a POST stores what the person says."""
    user = cast(User, request.user)
    one = _labelling(access.stage_for_operator(user, pk, stage))
    if request.method == "POST":
        return _said(request, one, user)
    turn = label_queries.turn(one, user, after=_number(request, "after"), at=_number(request, "prompt"))
    first = said_by(turn.mine) if turn.mine else None
    form = RiskForm(chain.taxonomy(one.taxonomy), initial=first)
    return page_or_fragment(request, SAMPLE, ONE, _context(one, turn, form))


def _said(request: HttpRequest, stage: Stage, user: User) -> HttpResponse:
    taxonomy = chain.taxonomy(stage.taxonomy)
    turn = label_queries.turn(stage, user, at=_number(request, "prompt"))
    form = RiskForm(taxonomy, request.POST)
    if turn.prompt is None or turn.prompt.pk != _number(request, "prompt"):
        return _refused(request, _context(stage, turn, RiskForm(taxonomy)) | {"problem": NOT_DRAWN})
    if not form.is_valid():
        return _refused(request, _context(stage, turn, form))
    what = {"prompt": turn.prompt, "taxonomy": stage.taxonomy, "known": taxonomy.slugs, "rater": user}
    try:
        risk_labels.label(**what, **form.cleaned_data)
    except risk_labels.LabelProblem as problem:
        return _refused(request, _context(stage, turn, form) | {"problem": str(problem)})
    return _on(request, stage, user, turn.prompt.pk)


def _on(request: HttpRequest, stage: Stage, user: User, after: int) -> HttpResponse:
    address = reverse("training:stage-sample", args=[stage.recipe_id, stage.pk])
    if not wants_fragment(request):
        return redirect(address)
    form = RiskForm(chain.taxonomy(stage.taxonomy))
    response = render(request, ONE, _context(stage, label_queries.turn(stage, user, after=after), form))
    response.headers["HX-Replace-Url"] = address
    return response


def _refused(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    return render(request, ONE if wants_fragment(request) else SAMPLE, context, status=422)


def _context(stage: Stage, turn: Turn, form: RiskForm) -> dict[str, Any]:
    taxonomy = chain.taxonomy(stage.taxonomy)
    return {"stage": stage, "turn": turn, "prompt": turn.prompt, "form": form, "taxonomy": taxonomy}


def _number(request: HttpRequest, name: str) -> int | None:
    given = request.POST if request.method == "POST" else request.GET
    return whole_number(given.get(name, ""))


@require_safe
@for_roles(*WORKERS)
def stage_agreement(request: HttpRequest, pk: int, stage: int) -> HttpResponse:
    """How far people's sets of risks are those of the judge, by category, and where they differ."""
    user, one = cast(User, request.user), _stage(request, pk, stage)
    taxonomy = chain.taxonomy(one.taxonomy)
    found = label_queries.agreement(one, taxonomy)
    shown, judge = _open_to(user, found), label_queries.judge(one)
    context = {
        "stage": one,
        "found": found,
        "differences": [_in_words(row, taxonomy) for row in shown],
        "withheld": len(found.differences) - len(shown),
        "judge": judge,
        "beside": _beside(found, judge),
        "paper": label_queries.PAPER,
        "paper_other": label_queries.PAPER_OTHER,
        "may_label": may_operate(user, one.organisation_id),
        "lineage": _lineage(one, "Agreement", judge),
    }
    return render(request, "training/label_agreement.html", context)


def _beside(found: AgreementFound, judge: Judge | None) -> tuple[heat.SquareRow, ...]:
    """The judge and each person who labelled, as numbers, each beside each."""
    said = str(judge) if judge else "the risks as given"
    parties = {label_queries.JUDGE: heat.Party("J", said, judge is not None and judge.heuristic)}
    parties |= {number: heat.Party(str(number), f"Person {number}") for number in range(1, len(found.raters) + 1)}
    return heat.squares(parties, found.pairs, FEWEST)


def _open_to(user: User, found: AgreementFound) -> list[Compared]:
    """The differences a person may read: who labels sees those of prompts they have labelled, and no others."""
    if user.pk not in found.raters:
        return found.differences
    return [row for row in found.differences if any(label.rater_id == user.pk for label in row.said)]


def _in_words(row: Compared, taxonomy: Taxonomy) -> dict[str, Any]:
    people, judge = (None if side is None else taxonomy.names(side) for side in (row.people, row.judge))
    said = [(label, taxonomy.names(label.risks)) for label in row.said]
    return {"prompt": row.prompt, "people": people, "judge": judge, "said": said}


def _lineage(stage: Stage, what: str, judge: Judge | None) -> list[tuple[str, str]]:
    """what ← labels ← judge ← prompts ← recipe."""
    recipe = stage.recipe
    at = reverse("training:judge-detail", args=[judge.pk]) if judge else ""
    return [
        (what, ""),
        (f"Step {stage.pk}", reverse("training:stage-detail", args=[recipe.pk, stage.pk])),
        (f"Judge: {judge}" if judge else "Risks that people wrote", at),
        (recipe.benchmark.title, ""),
        (recipe.title, reverse("training:recipe-detail", args=[recipe.pk])),
    ]
