"""Freezing a benchmark: a release with its number, bytes, manifest and card; and what people write for the card."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from annotations.core import config_text, dataset_card, manifest
from annotations.core.manifest import HIGHEST, Number, Packed, Row
from annotations.core.storable import storable
from annotations.models import Benchmark, BenchmarkRelease, User
from annotations.queries import releases, standing
from annotations.queries.standing import Standing
from annotations.services import audit, prompts

LONGEST_SECTION, LONGEST_NOTE = 20_000, 5_000
_AT_ONCE = 2000
_FIELDS = ("uid", "config", "text", "kind", "situation", "risks", "rule", "why", "language", "source", "extra")


class ReleaseProblem(ValueError):
    """Why a benchmark was not frozen or its card not kept, and what to do about it."""


@transaction.atomic
def freeze(
    *,
    benchmark: Benchmark,
    number: Number,
    actor: User,
    note: str = "",
    only_validated: bool = False,
    seen: str | None = None,
) -> BenchmarkRelease:
    """The new release of what the benchmark holds now, or of what is validated of it.

    `seen` is the word of the standing that the person looked at. Each config goes along in its newest approved version,
    else in its newest fixed one. Raises ReleaseProblem when the number is taken or too low, the benchmark moved on from
    what was seen, there is nothing to freeze or nothing new, or a config has no version that is fixed.
    """
    prompts.hold(benchmark)
    held = Benchmark.objects.select_related("organisation").get(pk=benchmark.pk)
    last = releases.newest(held)
    note = storable(note).replace("\r\n", "\n").strip()
    _check(number, note, last)
    found = standing.standing(held, only_validated=only_validated)
    _check_standing(found, seen, only_validated)
    packed = manifest.pack(row._asdict() for row in _rows(held, found))
    if last and last.sha256 == packed.sha256:
        raise ReleaseProblem(
            gettext("Nothing changed since %(name)s: the same prompts are frozen there already.") % {"name": last.name}
        )
    return _keep(held, number, note, found, packed, actor)


def _check(number: Number, note: str, last: BenchmarkRelease | None) -> None:
    if not (0 <= number.major <= HIGHEST and 0 <= number.minor <= HIGHEST) or number < (0, 1):
        raise ReleaseProblem(gettext("Choose a number from v0.1 on, such as v1.0."))
    if len(note) > LONGEST_NOTE:
        raise ReleaseProblem(
            gettext("A note has at most %(longest_note)s characters; this one has %(note)s.")
            % {"longest_note": f"{LONGEST_NOTE:,}", "note": f"{len(note):,}"}
        )
    if last is None:
        return
    if number == (last.major, last.minor):
        raise ReleaseProblem(
            gettext("Somebody was faster: %(created_by)s has frozen %(name)s. See what is in it first.")
            % {"created_by": last.created_by, "name": last.name}
        )
    if number < (last.major, last.minor):
        raise ReleaseProblem(
            gettext("The newest release is %(name)s; choose a higher number than that.") % {"name": last.name}
        )


def _check_standing(found: Standing, seen: str | None, only_validated: bool) -> None:
    if seen is not None and seen != found.word:
        raise ReleaseProblem(
            gettext("Somebody changed a prompt since you opened this page. Look again at what is frozen.")
        )
    if not found.lines and only_validated:
        raise ReleaseProblem(
            gettext("No prompt is validated yet, so there is nothing to freeze. Have prompts checked first.")
        )
    if not found.lines:
        raise ReleaseProblem(
            gettext("The benchmark has no prompt, so there is nothing to freeze. Write prompts first.")
        )
    if found.problems:
        raise ReleaseProblem(" ".join(found.problems[:3]))


def _rows(benchmark: Benchmark, found: Standing) -> Iterator[Row]:
    """The prompts of the standing in their order, as they are frozen."""
    wanted, configs = {line.pk for line in found.lines}, {state.config.pk: state.facts for state in found.configs}
    rows = benchmark.prompts.current().order_by("position", "pk").values_list("pk", *_FIELDS)
    for pk, uid, config, *values in rows.iterator(chunk_size=_AT_ONCE):
        if pk in wanted:
            of = configs[config]
            named = (str(uid), of.organisation, of.config, of.version)
            yield Row._make([*named, *values, pk in found.validated])


def _keep(
    benchmark: Benchmark, number: Number, note: str, found: Standing, packed: Packed, actor: User
) -> BenchmarkRelease:
    now = timezone.now()
    about = {"release": str(number), "created": now.isoformat(timespec="seconds"), "note": note}
    facts = standing.facts(benchmark, found, packed, **about)
    release = BenchmarkRelease.objects.create(
        benchmark=benchmark,
        **number._asdict(),
        note=note,
        prompt_count=packed.rows,
        validated_count=facts["validated"],
        data=packed.data,
        sha256=packed.sha256,
        manifest=facts,
        card=dataset_card.card(facts, benchmark.card, dataset_card.DATA_FILES),
        created_by=actor,
        created_at=now,
    )
    _tie(release, found)
    counted = {"release": release.name, "prompts": release.prompt_count, "validated": release.validated_count}
    audit.record(actor=actor, action="freeze", obj=release, after=counted | {"digest": release.sha256})
    return release


def _tie(release: BenchmarkRelease, found: Standing) -> None:
    """The rows of prompts and versions it is made of: to be followed from page to page; the bytes do not need them."""
    tie = BenchmarkRelease.prompts.through
    ties = (tie(benchmarkrelease_id=release.pk, prompt_id=line.pk) for line in found.lines)
    tie.objects.bulk_create(ties, batch_size=_AT_ONCE)
    release.versions.set(state.version for state in found.configs if state.version)


def card_word(benchmark: Benchmark) -> str:
    """A word for what people wrote for the card: another one as soon as somebody changed it."""
    return config_text.digest(manifest.line(benchmark.card or {}).decode())[:16]


@transaction.atomic
def save_card(*, benchmark: Benchmark, sections: Mapping[str, str], seen: str, actor: User) -> None:
    """Nothing; the sections are kept for the cards of releases to come, empty ones left out.

    `seen` is the `card_word` that the person began with. Raises ReleaseProblem when somebody else was faster, or a
    section is too long.
    """
    prompts.hold(benchmark)
    held = Benchmark.objects.get(pk=benchmark.pk)
    after = {section.name: _tidy(section.title, sections.get(section.name, "")) for section in dataset_card.SECTIONS}
    after = {name: text for name, text in after.items() if text}
    if seen != card_word(held):
        raise ReleaseProblem(
            gettext("Somebody else changed the card meanwhile. Your words are kept here: compare, save again.")
        )
    changed = {name for name in {*after, *held.card} if after.get(name) != held.card.get(name)}
    if changed:
        Benchmark.objects.filter(pk=held.pk).update(card=after)
        before: dict[str, Any] = {f"card: {name}": held.card.get(name, "") for name in sorted(changed)}
        told: dict[str, Any] = {f"card: {name}": after.get(name, "") for name in sorted(changed)}
        audit.record(actor=actor, action="edit", obj=held, before=before, after=told)


def _tidy(title: str, text: str) -> str:
    kept = storable(text).replace("\r\n", "\n").strip()
    if len(kept) > LONGEST_SECTION:
        raise ReleaseProblem(
            gettext("“%(title)s” has at most %(longest_section)s characters; yours has %(kept)s.")
            % {"title": title, "longest_section": f"{LONGEST_SECTION:,}", "kept": f"{len(kept):,}"}
        )
    return kept
