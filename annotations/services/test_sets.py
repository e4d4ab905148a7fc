"""Building a categorical test set: a new benchmark whose prompts come from others, by a plan and a seed."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext

from annotations.core import categorical, test_sets
from annotations.core.test_sets import Drawn, Line, Risks
from annotations.models import Benchmark, ConfigVersion, Organisation, Prompt, SafetyConfig, User
from annotations.services import audit, benchmarks, prompts
from annotations.services.configs import version_digest

BATCH = 500


class TestSetProblem(ValueError):
    """Why a test set was not built, and what to do about it."""

    __test__ = False  # the tests' collector takes the name for a test


class Pooled(NamedTuple):
    """What of a prompt goes into a test set."""

    text: str
    digest: str
    language: str
    source: str


class Built(NamedTuple):
    """The new benchmark, and what was drawn for it."""

    benchmark: Benchmark
    drawn: Drawn[Pooled]


def pool(sources: QuerySet[Benchmark]) -> dict[Risks, list[Pooled]]:
    """The current prompts of these benchmarks by their risk categories, each text once, in the order they came in.

    A text that stands there twice with different categories has those it was given first.
    """
    rows = Prompt.objects.current().filter(benchmark__in=sources).order_by("pk")
    fields = rows.values_list("risks", "text", "digest", "language", "source", "benchmark__title")
    found: dict[Risks, list[Pooled]] = defaultdict(list)
    seen = set()
    for risks, text, digest, language, source, title in fields.iterator(chunk_size=2000):
        if digest not in seen:
            seen.add(digest)
            found[frozenset(risks)].append(Pooled(text, digest, language, (source or title)[:300]))
    return dict(found)


@transaction.atomic
def build(
    *,
    organisation: Organisation,
    title: str,
    lines: Sequence[Line],
    pooled: Mapping[Risks, Sequence[Pooled]],
    seed: int,
    actor: User,
    origin: str = "",
) -> Built:
    """The test set as a new benchmark of the organisation; its categorical configs are made where there are none.

    `origin` says in words where the plan is from. Raises TestSetProblem when nothing can be drawn, BadPlan, and what
    the service of benchmarks raises about the title.
    """
    _refuse_doubles(lines)
    drawn = test_sets.draw(lines, pooled, seed)
    if not drawn.picks:
        raise TestSetProblem(
            gettext("None of the prompts has the categories of this plan. Choose other benchmarks to draw from.")
        )
    made = benchmarks.create(organisation=organisation, actor=actor, **_about(title, drawn, seed, origin))
    configs = {allowed: config_allowing(organisation, allowed, actor) for allowed in {line.allowed for line in lines}}
    Prompt.objects.bulk_create(_prompts(made, configs, drawn, actor), batch_size=BATCH)
    told = {"prompts": len(drawn.picks), "again": sum(drawn.again), "missing": sum(drawn.missing), "seed": seed}
    audit.record(actor=actor, action="build", obj=made, after=told)
    return Built(made, drawn)


def _refuse_doubles(lines: Sequence[Line]) -> None:
    """Nothing. Raises TestSetProblem when two groups would put the same prompts under one config."""
    seen: dict[tuple[Risks, Risks], int] = {}
    for at, line in enumerate(lines, start=1):
        if (first := seen.setdefault((line.allowed, line.risks), at)) != at:
            raise TestSetProblem(
                gettext(
                    "Lines %(first)s and %(at)s take prompts of the same categories for the same config, "
                    "in two groups, and a prompt stands under a config once. Put both numbers into one "
                    "line."
                )
                % {"first": first, "at": at}
            )


def _about(title: str, drawn: Drawn[Pooled], seed: int, origin: str) -> dict[str, Any]:
    again, missing = sum(drawn.again), sum(drawn.missing)
    parts = [f"Drawn with seed {seed}{f' by the plan “{origin}”' if origin else ''}."]
    parts += [f"{again:,} prompts stand under a second config of their group."] if again else []
    parts += [f"{missing:,} that the plan asks for were not to be had."] if missing else []
    return {"title": title, "about": " ".join(parts), "licence": ""}


def _prompts(
    made: Benchmark, configs: Mapping[Risks, SafetyConfig], drawn: Drawn[Pooled], actor: User
) -> Iterable[Prompt]:
    for position, (line, found, again) in enumerate(drawn.picks, start=1):
        yield Prompt(
            benchmark=made,
            config=configs[line.allowed],
            position=position,
            kind=categorical.kind(line.situation, line.risks),
            situation=line.situation,
            risks=sorted(line.risks),
            extra={"mode": line.mode, "group": line.group} | ({"again": True} if again else {}),
            created_by=actor,
            **found._asdict(),
        )


@transaction.atomic
def config_allowing(organisation: Organisation, allowed: Risks, actor: User) -> SafetyConfig:
    """The organisation's categorical config that allows just these; made, with a fixed first version, if needed.

    A config that is archived, or that only has the name, is left alone.
    """
    Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
    for slug in _slugs(allowed):
        known = organisation.configs.filter(slug=slug).first()
        if known is None:
            return _made(organisation, slug, allowed, actor)
        if known.categorical and not known.archived_at and set(prompts.allowed_by(known)) == allowed:
            return known
    raise AssertionError("there is always one more name")


def _slugs(allowed: Risks) -> Iterator[str]:
    """The names it may have, the best first, without an end."""
    first = categorical.slug(allowed)
    yield first
    yield f"{first[:45]}-only"
    yield from (f"{first[:40]}-only-{number}" for number in count(2))


def _made(organisation: Organisation, slug: str, allowed: Risks, actor: User) -> SafetyConfig:
    title, text = categorical.title(allowed), categorical.policy(allowed)
    config = SafetyConfig.objects.create(
        organisation=organisation, slug=slug, title=title, categorical=True, created_by=actor
    )
    audit.record(actor=actor, action="create", obj=config, after={"title": title, "allowed": sorted(allowed)})
    _first_version(config, text, sorted(allowed), actor)
    return config


def _first_version(config: SafetyConfig, text: str, allowed: list[str], actor: User) -> None:
    digest = version_digest(text, [], allowed)
    # Frozen at once: what it says follows from what it allows, and the situations of its prompts with it.
    fixed: dict[str, Any] = {"frozen_at": timezone.now(), "created_by": actor}
    version = ConfigVersion.objects.create(
        config=config, number=1, policy=text, allowed=allowed, digest=digest, **fixed
    )
    version.authors.add(actor)
