"""The items behind a run's figures: the list, and the reader for one."""

from typing import Any, cast

from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from annotations.access import WORKERS, for_roles, one_or_404
from annotations.core import panel
from annotations.core.taxonomy import KINDS
from annotations.core.verdicts import Verdict
from annotations.marks import OUTCOMES
from annotations.models import ConfigVersion, SafetyConfig, User
from annotations.templatetags.look import count, ms, stars
from annotations.web import asked_filters, filter_query, page_or_fragment, paged
from training import access, panel_words, queries
from training.lineage import item_lineage
from training.models import EvaluationRun, Judgement, RunItem
from training.models.runs import ITEM_FAILED
from training.services.desk import verdict_of

FILTERS = ("config", "kind", "rule", "outcome")


def _configs(run: EvaluationRun) -> list[SafetyConfig]:
    """The configs of the run, out of its kept figures where it has them: nobody reads every item for a filter."""
    if kept := (run.figures or {}).get("configs"):
        return list(SafetyConfig.objects.filter(pk__in=[row["config_id"] for row in kept]))
    versions = ConfigVersion.objects.filter(Exists(run.items.filter(version=OuterRef("pk")).order_by()))
    return list(SafetyConfig.objects.filter(Exists(versions.filter(config=OuterRef("pk")).order_by())))


def shown(judgement: Judgement) -> dict[str, Any]:
    """A judgement as the verdict component shows it."""
    scored = any(value is not None for value in verdict_of(judgement)[:5])
    return {
        "judge": str(judgement.judge),
        "heuristic": judgement.judge.heuristic,
        "values": [(label, value) for label, value in _values(judgement) if value],
        "broken_rules": judgement.broken_rules,
        "reasons": judgement.reasons,
        "unscored": "" if scored else _no_verdict(judgement),
        "raw": judgement.raw,
        "samples": panel_words.of_samples(map(panel.from_row, judgement.samples)),
        "sample_count": len(judgement.samples),
    }


def _values(judgement: Judgement) -> list[tuple[str, str]]:
    """What the judge said, each with its label; "" for what it said nothing about."""
    said = {True: gettext("yes"), False: gettext("no"), None: ""}
    points = gettext("%(points)s of %(most)s") % {"points": stars(judgement.helpfulness), "most": 5}
    return [
        (gettext("helpful"), points if judgement.helpfulness is not None else ""),
        (gettext("follows the config"), said[judgement.follows_config]),
        (gettext("addresses the prompt"), said[judgement.addressed]),
        (gettext("refusal"), gettext(judgement.refusal.replace("_", " "))),
        (gettext("risks"), ", ".join(judgement.risks) or gettext("none") if judgement.risks is not None else ""),
        (gettext("tokens"), count(judgement.tokens) if judgement.tokens else ""),
        (gettext("time"), ms(judgement.milliseconds)),
    ]


def _no_verdict(judgement: Judgement) -> str:
    """Why a judgement without any value has none."""
    if any(sample[:5] != Verdict()[:5] for sample in map(panel.from_row, judgement.samples)):
        return "Its samples are split: no answer was given by more than half of them."
    return "The judge gave no verdict that could be read; its text is kept below."


def _split(judgements: list[Judgement]) -> list[tuple[str, str]]:
    """What the judges of an item disagree about, in words."""
    return panel_words.of_judges((verdict_of(one), one.judge.heuristic) for one in judgements)


def _why_unscored(item: RunItem, judgements: list[Judgement]) -> str:
    """Which value of an answered item is missing, in words; empty for a scored or a failed one."""
    if item.outcome != "unscored" or item.state == ITEM_FAILED:
        return ""
    votes = {judgement.follows_config for judgement in judgements} - {None}
    missing = [] if item.helpfulness is not None else ["No judge said how helpful it is."]
    if len(votes) > 1:
        missing.append("The judges are split on whether it follows the config.")
    elif item.follows_config is None:
        missing.append("No judge said whether it follows the config.")
    return " ".join(missing)


@require_safe
@for_roles(*WORKERS)
def item_list(request: HttpRequest, pk: int) -> HttpResponse:
    """A run's answered and failed items, filtered by config, kind and outcome."""
    run = access.run_for_reader(cast(User, request.user), pk)
    wanted = asked_filters(request, FILTERS)
    context = {
        "run": run,
        "wanted": wanted,
        "query": filter_query(wanted),
        "configs": _configs(run),
        "kinds": KINDS,
        "outcomes": OUTCOMES,
        "page": paged(request, queries.items(run, **wanted)),
    }
    return page_or_fragment(request, "training/item_list.html", "training/_items.html", context)


@require_safe
@for_roles(*WORKERS)
def item_detail(request: HttpRequest, pk: int, item: int) -> HttpResponse:
    """One item: the config beside prompt and response, and every judge's verdict."""
    run = access.run_for_reader(cast(User, request.user), pk)
    wanted = asked_filters(request, FILTERS)
    found = queries.items(run, **wanted)
    one = one_or_404(queries.items(run), pk=item)
    judgements = list(one.judgements.select_related("judge__model"))
    context = {
        "run": run,
        "item": one,
        "config": one.version.config,
        "version": one.version,
        "verdicts": [shown(judgement) for judgement in judgements],
        "why_unscored": _why_unscored(one, judgements),
        "split": _split(judgements),
        "calls": one.calls.select_related("judge").order_by("pk"),
        "beside": queries.neighbours(found, one),
        "place": found.filter(position__lte=one.position).count(),
        "found": found.count(),
        "query": filter_query(wanted),
        "lineage": item_lineage(one),
    }
    return render(request, "training/item_detail.html", context)
