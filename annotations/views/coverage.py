"""The coverage of a benchmark: what its prompts test, what is missing, in which languages, how long they are."""

from typing import Any, cast

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import get_language_info, gettext
from django.utils.translation import gettext_noop as _
from django.views.decorators.http import require_safe

from annotations import access, exports
from annotations.access import WORKERS, for_roles
from annotations.core.coverage import Share, largest_hole
from annotations.core.storable import whole_number
from annotations.core.taxonomy import KINDS
from annotations.models import Benchmark, SafetyConfig, User
from annotations.queries import coverage as reads
from annotations.web import asked_format, taken_away

FORMATS = exports.choices(dataset=False)
MOST_OFFERED = 12
NAMES = {"zh": _("Chinese"), "und": _("not said"), "mul": _("several")}


@require_safe
@for_roles(*WORKERS)
def coverage(request: HttpRequest, pk: int) -> HttpResponse:
    """Configs by kind against the targets; one config from inside; languages and lengths."""
    user = cast(User, request.user)
    benchmark = access.benchmark_for_reader(user, pk)
    seen = reads.overview(benchmark)
    chosen = _chosen(seen.configs, request.GET.get("config", ""))
    context = {
        "benchmark": benchmark,
        "seen": seen,
        "kinds": KINDS,
        **_inside(benchmark, seen, chosen),
        "languages": [(share, language_name(share)) for share in seen.languages],
        "sizes": reads.sizes(benchmark),
        "hole": largest_hole(seen.rows),
        "may_write": access.may_run(user, benchmark.organisation_id),
        "formats": FORMATS,
        **_untouched(user, benchmark, seen),
    }
    return render(request, "annotations/coverage.html", context)


def _chosen(configs: tuple[SafetyConfig, ...], wanted: str) -> SafetyConfig | None:
    """The config that is asked for; without a sensible wish the first one."""
    number = whole_number(wanted.strip())
    return next((config for config in configs if config.pk == number), configs[0] if configs else None)


def _inside(benchmark: Benchmark, seen: reads.Overview, config: SafetyConfig | None) -> dict[str, Any]:
    """One config from inside, its rows of rules beside what the rules say."""
    if config is None:
        return {"inside": None}
    found = reads.inside(benchmark, seen, config)
    said = {rule["id"]: rule for rule in found.version.rules} if found.version else {}
    return {"inside": found, "rules": [(row, said.get(str(row.key), {})) for row in found.rules]}


def _untouched(user: User, benchmark: Benchmark, seen: reads.Overview) -> dict[str, Any]:
    """Some configs of the same organisation without a prompt here yet, and how many more there are."""
    mine = access.configs(user).filter(organisation=benchmark.organisation_id)
    found = list(mine.exclude(pk__in=[config.pk for config in seen.configs]).order_by("title", "pk"))
    return {"untouched": found[:MOST_OFFERED], "more_untouched": max(len(found) - MOST_OFFERED, 0)}


def language_name(share: Share) -> str:
    """The name of a language by its tag; "" when there is none to say."""
    tag = str(share.key).lower()
    try:
        return gettext(NAMES.get(tag) or str(get_language_info(tag)["name"]))
    except KeyError:
        return gettext(NAMES.get(tag.partition("-")[0], ""))


@require_safe
@for_roles(*WORKERS)
def coverage_export(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Every cell of the coverage of every config, in the format that `?format=` names."""
    benchmark = access.benchmark_for_reader(cast(User, request.user), pk)
    format = asked_format(request, "Coverage")
    rows = exports.Table(reads.COLUMNS, reads.table(benchmark), f"{benchmark.slug}-coverage")
    return taken_away(rows, format)
