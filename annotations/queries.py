"""Reads over people's data: configs and benchmarks with their counts."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from django.db.models import Count, Exists, Max, OuterRef, Prefetch, Q, QuerySet, Subquery

from annotations.core.storable import storable
from annotations.core.taxonomy import KINDS
from annotations.models import Benchmark, Comment, ConfigVersion, Prompt, Review, RiskCategory, SafetyConfig, User
from annotations.models.configs import DRAFT, REJECTED, RETURNED, SUBMITTED
from annotations.models.reviews import APPROVE


def configs_with_versions(configs: QuerySet[SafetyConfig]) -> QuerySet[SafetyConfig]:
    """The configs with `all_versions` (newest first) and `prompt_count` on each."""
    rows = ConfigVersion.objects.defer("policy", "rules", "note").order_by("-number")
    newest = Prefetch("versions", rows, to_attr="all_versions")
    counted = Prompt.objects.filter(config=OuterRef("pk")).order_by().values("config").annotate(n=Count("pk"))
    return (
        configs.select_related("organisation")
        .prefetch_related(newest)
        .annotate(prompt_count=Subquery(counted.values("n")))
        .order_by("organisation__name", "title")
    )


def benchmarks_with_counts(benchmarks: QuerySet[Benchmark]) -> QuerySet[Benchmark]:
    """The benchmarks with `prompt_count`, `config_count` and one `n_<kind>` for each kind."""
    kinds = {f"n_{kind}": Count("prompts", filter=Q(prompts__kind=kind)) for kind in KINDS}
    return benchmarks.select_related("organisation").annotate(
        prompt_count=Count("prompts"), config_count=Count("prompts__config", distinct=True), **kinds
    )


class Cell(NamedTuple):
    """How many prompts of one kind there are."""

    kind: str
    prompts: int


class Coverage(NamedTuple):
    """Prompts by kind and in all: of one config in a benchmark, or in one benchmark for a config."""

    of: SafetyConfig | Benchmark
    cells: tuple[Cell, ...]
    total: int


def coverage(benchmark: Benchmark) -> list[Coverage]:
    """One row for each config of the benchmark, by title."""
    configs = SafetyConfig.objects.select_related("organisation")
    return _coverage(benchmark.prompts.values_list("config", "kind"), configs)


def config_coverage(config: SafetyConfig) -> list[Coverage]:
    """One row for each benchmark that has prompts for the config, by title."""
    return _coverage(config.prompts.values_list("benchmark", "kind"), Benchmark.objects.all())


def _coverage(pairs: QuerySet[Prompt, tuple[int, str]], owners: QuerySet[Any]) -> list[Coverage]:
    counts = {(owner, kind): number for owner, kind, number in pairs.order_by().annotate(number=Count("pk"))}
    found = []
    for owner in owners.filter(pk__in={pk for pk, _ in counts}).order_by("title"):
        cells = tuple(Cell(kind, counts.get((owner.pk, kind), 0)) for kind in KINDS)
        found.append(Coverage(owner, cells, sum(cell.prompts for cell in cells)))
    return found


def whole_number(text: str) -> int | None:
    """The row id that a filter's text names; None for anything else, however long."""
    return int(text) if text.isdecimal() and len(text) < 19 else None


NO_RULE = "none"


def prompts(
    benchmark: Benchmark, *, config: str = "", kind: str = "", words: str = "", rule: str = ""
) -> QuerySet[Prompt]:
    """The benchmark's prompts that match; empty or unknown filter values match all, rule=NO_RULE those without one."""
    found = benchmark.prompts.select_related("config").order_by("position")
    if (config_id := whole_number(config)) is not None:
        found = found.filter(config=config_id)
    if kind in KINDS:
        found = found.filter(kind=kind)
    if rule.isprintable() and rule:
        found = found.filter(rule="" if rule == NO_RULE else rule)
    return found.filter(text__icontains=storable(words)) if words else found


def categories(slugs: Iterable[str]) -> list[RiskCategory]:
    """The risk categories with these slugs, in the order of the taxonomy."""
    return list(RiskCategory.objects.filter(slug__in=list(slugs)))


TEXT = ("policy", "rules", "allowed", "note")
"""What of a version a list does not show, and which can be very long."""


def versions_in_review(configs: QuerySet[SafetyConfig]) -> QuerySet[ConfigVersion]:
    """The versions that wait for a decision, longest first, with `approvals` and `open_threads` on each."""
    approved = Count("reviews", filter=Q(reviews__decision=APPROVE), distinct=True)
    threads = Count("comments", filter=Q(comments__resolved_at=None, comments__parent=None), distinct=True)
    return (
        ConfigVersion.objects.filter(config__in=configs, state=SUBMITTED)
        .defer(*TEXT)
        .select_related("config__organisation", "submitted_by")
        .annotate(approvals=approved, open_threads=threads)
        .order_by("submitted_at")
    )


def decisions(configs: QuerySet[SafetyConfig]) -> QuerySet[Review]:
    """The decisions on versions of these configs, newest first."""
    return (
        Review.objects.filter(version__config__in=configs)
        .select_related("version__config__organisation", "reviewer")
        .defer(*(f"version__{field}" for field in TEXT))
        .order_by("-pk")
    )


class Remarks(NamedTuple):
    """The open threads of one version that its authors have not answered: how many, and the newest remark of all."""

    version: ConfigVersion
    threads: int
    last: Comment


class Waiting(NamedTuple):
    """What waits for one person: versions to review, own versions that came back, remarks to answer, own drafts.

    `others` are the versions that wait for somebody else's decision.
    """

    reviews: list[ConfigVersion]
    returned: list[ConfigVersion]
    remarks: list[Remarks]
    drafts: list[ConfigVersion]
    others: list[ConfigVersion]

    @property
    def something(self) -> bool:
        """True when anything waits for the person."""
        return bool(self.reviews or self.returned or self.remarks or self.drafts)


def waiting(user: User, configs: QuerySet[SafetyConfig], *, reviews: bool) -> Waiting:
    """What waits for the person; `reviews` says whether reviewing is theirs to do. At most ten of each.

    A version waits for a reviewer who neither wrote in it nor has decided about it; a returned or rejected one waits
    for its authors until they begin the next; a thread waits for the authors until somebody of them answers last, or a
    later version is submitted.
    """
    written = ConfigVersion.objects.filter(config__in=configs, authors=user)
    mine = written.select_related("config__organisation").defer(*TEXT)
    newer = ConfigVersion.objects.filter(config=OuterRef("config"), number__gt=OuterRef("number"))
    decidable = versions_in_review(configs).exclude(authors=user).exclude(submitted_by=user)
    to_review = decidable.exclude(reviews__reviewer=user)
    in_review = versions_in_review(configs)
    return Waiting(
        reviews=list(to_review[:10]) if reviews else [],
        returned=list(mine.filter(~Exists(newer), state__in=(RETURNED, REJECTED)).order_by("-decided_at")[:10]),
        remarks=_unanswered(written.filter(~Exists(newer.exclude(submitted_at=None)))),
        drafts=list(mine.filter(state=DRAFT).order_by("-updated_at")[:10]),
        others=list((in_review.exclude(pk__in=to_review.order_by().values("pk")) if reviews else in_review)[:10]),
    )


def _unanswered(versions: QuerySet[ConfigVersion]) -> list[Remarks]:
    """The versions with an open thread in which no author of the version had the last word, newest remark first."""
    wrote = ConfigVersion.authors.through.objects.filter(configversion=OuterRef("version"), user=OuterRef("author"))
    said = Comment.objects.filter(Q(pk=OuterRef("pk")) | Q(parent=OuterRef("pk"))).order_by("-pk")
    threads = Comment.objects.filter(version__in=versions.values("pk"), parent=None, resolved_at=None).order_by()
    last = threads.annotate(last=Subquery(said.values("pk")[:1])).values("last")
    open_ones = Comment.objects.filter(pk__in=last).exclude(Exists(wrote)).order_by()
    counted = open_ones.values("version").annotate(threads=Count("pk"), newest=Max("pk")).order_by("-newest")
    numbers = {row["newest"]: row["threads"] for row in counted[:10]}
    newest = Comment.objects.filter(pk__in=numbers).select_related("version__config", "author").order_by("-pk")
    return [Remarks(one.version, numbers[one.pk], one) for one in newest.defer(*(f"version__{name}" for name in TEXT))]
