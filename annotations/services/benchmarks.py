"""Making benchmarks, saying what they are for, how many prompts they should have, and putting them away."""

from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext

from annotations.core.storable import storable
from annotations.core.taxonomy import KINDS
from annotations.models import Benchmark, Organisation, PromptImport, User
from annotations.models.benchmarks import EVALUATION, MOST_CHECKS, ten_of_each
from annotations.models.work import OPEN_STATES, WAITING
from annotations.services import audit

LONGEST_TITLE, LONGEST_LICENCE, LONGEST_ABOUT, MOST_TARGET = 300, 100, 5_000, 10_000
WORDS = ("title", "about", "licence")
TRIES = 5


class BenchmarkProblem(ValueError):
    """Why a benchmark was not made, changed or put away. `field` is the field it is about, or empty."""

    def __init__(self, sentence: str, field: str = ""):
        super().__init__(sentence)
        self.field = field


@transaction.atomic
def create(
    *,
    organisation: Organisation,
    title: str,
    actor: User,
    about: str = "",
    licence: str = "",
    targets: dict[str, int] | None = None,
    checks_needed: int = 2,
    purpose: str = EVALUATION,
) -> Benchmark:
    """The new, empty benchmark; its slug is made of the title and no other has it. Raises BenchmarkProblem.

    `targets` is how many prompts of each kind every config should have: ten of each when None.
    """
    fields: dict[str, Any] = _words(title=title, about=about, licence=licence)
    fields |= _numbers(ten_of_each() if targets is None else targets, checks_needed)
    benchmark = _insert(Benchmark(organisation=organisation, created_by=actor, purpose=purpose, **fields))
    after = fields | {"slug": benchmark.slug, "organisation": str(organisation)}
    audit.record(actor=actor, action="create", obj=benchmark, after=after)
    return benchmark


def _insert(benchmark: Benchmark) -> Benchmark:
    """Two people may choose one title at the same moment: the slower one gets the next number."""
    for _ in range(TRIES):
        benchmark.slug = _free_slug(benchmark.title)
        try:
            with transaction.atomic():
                benchmark.save(force_insert=True)
        except IntegrityError:
            continue
        return benchmark
    raise BenchmarkProblem(
        gettext("Several people made a benchmark of this title at this moment. Save once more."), "title"
    )


def _free_slug(title: str) -> str:
    stem = slugify(title)[:40].strip("-") or "benchmark"
    taken = set(Benchmark.objects.filter(slug__startswith=stem).values_list("slug", flat=True))
    numbered = (f"{stem}-{number}" for number in range(2, len(taken) + 3))
    return next(slug for slug in (stem, *numbered) if slug not in taken)


@transaction.atomic
def edit(
    *,
    benchmark: Benchmark,
    title: str,
    about: str,
    licence: str,
    targets: dict[str, int],
    checks_needed: int,
    actor: User,
) -> Benchmark:
    """The benchmark with these words and numbers, all or none of them. Raises BenchmarkProblem."""
    describe(benchmark=benchmark, title=title, about=about, licence=licence, actor=actor)
    return set_targets(benchmark=benchmark, targets=targets, checks_needed=checks_needed, actor=actor)


@transaction.atomic
def describe(*, benchmark: Benchmark, title: str, about: str, licence: str, actor: User) -> Benchmark:
    """The benchmark with this title, this about and this licence; the slug stays. Raises BenchmarkProblem."""
    return _change(benchmark, _words(title=title, about=about, licence=licence), "describe", actor)


@transaction.atomic
def set_targets(*, benchmark: Benchmark, targets: dict[str, int], checks_needed: int, actor: User) -> Benchmark:
    """The benchmark with these targets by kind, and so many people who label each prompt. Raises BenchmarkProblem.

    Whether a prompt is validated follows `checks_needed` at once; releases keep what held when they were frozen.
    """
    return _change(benchmark, _numbers(targets, checks_needed), "set_targets", actor)


def _change(benchmark: Benchmark, fields: dict[str, Any], action: str, actor: User) -> Benchmark:
    now = Benchmark.objects.select_for_update(no_key=True).get(pk=benchmark.pk)
    changed = {name: value for name, value in fields.items() if getattr(now, name) != value}
    if changed:
        before = {name: getattr(now, name) for name in changed}
        Benchmark.objects.filter(pk=now.pk).update(**changed)
        audit.record(actor=actor, action=action, obj=now, before=before, after=changed)
    benchmark.refresh_from_db(fields=list(fields))
    return benchmark


@transaction.atomic
def archive(*, benchmark: Benchmark, actor: User) -> None:
    """Nothing; the benchmark leaves every list. Raises BenchmarkProblem while an import is under way, or if it is gone.

    Runs, releases and labels of it stay, and so do runs that are under way: they hold their own prompts.
    """
    Benchmark.objects.select_for_update(no_key=True).get(pk=benchmark.pk)
    under_way = PromptImport.objects.filter(benchmark=benchmark, state__in=(*OPEN_STATES, WAITING)).first()
    if under_way:
        name = under_way.name[:80]
        raise BenchmarkProblem(
            gettext("The import of “%(name)s” is still under way. Finish or cancel it, then archive.") % {"name": name}
        )
    if not Benchmark.objects.filter(pk=benchmark.pk, archived_at=None).update(archived_at=timezone.now()):
        raise BenchmarkProblem(gettext("Somebody was faster: this benchmark is archived already."))
    audit.record(actor=actor, action="archive", obj=benchmark, after={"archived": True})


@transaction.atomic
def put_back(*, benchmark: Benchmark, actor: User) -> None:
    """Nothing; the benchmark is in the lists again, as it was. Raises BenchmarkProblem when it was never away."""
    if not Benchmark.objects.filter(pk=benchmark.pk).exclude(archived_at=None).update(archived_at=None):
        raise BenchmarkProblem(gettext("This benchmark is not archived."))
    audit.record(actor=actor, action="put_back", obj=benchmark, after={"archived": False})


def _words(**texts: str) -> dict[str, str]:
    clean = {name: storable(text).replace("\r\n", "\n").strip() for name, text in texts.items()}
    clean["title"] = " ".join(clean["title"].split())
    if not clean["title"]:
        raise BenchmarkProblem(gettext("Give the benchmark a title."), "title")
    for name, most in zip(WORDS, (LONGEST_TITLE, LONGEST_ABOUT, LONGEST_LICENCE), strict=True):
        if len(clean[name]) > most:
            raise BenchmarkProblem(
                gettext("At most %(most)s characters; these are %(value)s.")
                % {"most": f"{most:,}", "value": f"{len(clean[name]):,}"},
                name,
            )
    return clean


def _numbers(targets: dict[str, int], checks_needed: int) -> dict[str, Any]:
    if unknown := sorted(set(targets) - set(KINDS)):
        raise BenchmarkProblem(
            gettext("There is no kind of prompt called %(value)s; choose from %(kinds)s.")
            % {"value": f"{unknown[0][:20]!r}", "kinds": ", ".join(KINDS)}
        )
    wanted = {kind: targets.get(kind, 0) for kind in KINDS}
    for kind, number in wanted.items():
        if not 0 <= number <= MOST_TARGET:
            raise BenchmarkProblem(
                gettext("A target is a number from 0 to %(most_target)s.") % {"most_target": f"{MOST_TARGET:,}"},
                f"target_{kind}",
            )
    if not 1 <= checks_needed <= MOST_CHECKS:
        raise BenchmarkProblem(
            gettext("From 1 to %(most_checks)s people check a prompt.") % {"most_checks": MOST_CHECKS}, "checks_needed"
        )
    return {"targets": wanted, "checks_needed": checks_needed}
