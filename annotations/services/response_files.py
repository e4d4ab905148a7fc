"""Responses from files: matched with the prompts of a benchmark, stored once, and made items of a campaign."""

import hashlib
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext

from annotations.core.config_text import digest
from annotations.core.gold import Gold
from annotations.core.storable import storable, tidy
from annotations.imports import ImportProblem, Unreadable, _files
from annotations.imports._responses import ResponseRow, read_responses
from annotations.models import Benchmark, Campaign, ConfigVersion, Prompt, Response, User
from annotations.models.configs import APPROVED, DRAFT
from annotations.services import audit, campaign_items, import_files
from annotations.services.campaign_slots import AT_ONCE
from annotations.services.import_files import Upload

MOST_ROWS = 10_000


class ResponseFileProblem(ValueError):
    """Why nothing of a file was taken, in words for the lead."""


class Ready(NamedTuple):
    """A row that can come in; the first two are ids."""

    prompt: int
    version: int
    text: str
    source: str
    gold: Gold | None

    @property
    def identity(self) -> tuple[int, int, str, bytes]:
        """What makes it the same response as another one: prompt, version, source and text."""
        return self.prompt, self.version, self.source, hashlib.sha256(self.text.encode()).digest()


class Look(NamedTuple):
    """What a file comes to: the responses that can come in, each once, what is wrong, how many rows repeat another."""

    ready: list[Ready]
    problems: list[ImportProblem]
    twice: int


class Taken(NamedTuple):
    """How many responses became items, were items already, and say which model they are from."""

    new: int
    known: int
    naming: int


def look(*, upload: Upload, benchmark: Benchmark, source: str = "") -> Look:
    """What the files come to; nothing is stored. `source` says whose the responses are where a row does not.

    Raises ResponseFileProblem for files that cannot be read, or have too many rows.
    """
    found = import_files.paths(upload.folder)
    try:
        tables = _files.tables([path for path, _ in found], [name for _, name in found])
        return _sorted(read_responses(tables), Prompts(benchmark), " ".join(storable(source).split())[:200])
    except Unreadable as wrong:
        raise ResponseFileProblem(wrong.problem.what) from wrong


def _sorted(rows: Iterable[ResponseRow | ImportProblem], prompts: "Prompts", source: str) -> Look:
    ready: dict[tuple[int, int, str, bytes], Ready] = {}
    problems: list[ImportProblem] = []
    twice = 0
    for number, row in enumerate(rows, start=1):
        if number > MOST_ROWS:
            raise ResponseFileProblem(
                gettext("An upload has at most %(most_rows)s rows. Send it in parts.") % {"most_rows": f"{MOST_ROWS:,}"}
            )
        one = row if isinstance(row, ImportProblem) else prompts.match(row, source)
        if isinstance(one, ImportProblem):
            problems.append(one)
        elif one.identity in ready:
            twice += 1
        else:
            ready[one.identity] = one
    return Look(list(ready.values()), problems, twice)


class Prompts:
    """The prompts of a benchmark, its current ones unless told, and the versions of their configs, by what rows say."""

    def __init__(self, benchmark: Benchmark, prompts: QuerySet[Prompt] | None = None):
        self.benchmark = benchmark
        self.by_uid: dict[UUID, tuple[int, int]] = {}
        self.by_text: dict[str, list[tuple[int, int]]] = {}
        self.configs: dict[str, set[int]] = {}
        rows = Prompt.objects.current().filter(benchmark=benchmark) if prompts is None else prompts
        told = rows.order_by("position").values_list("pk", "uid", "digest", "config", "config__slug")
        for pk, uid, text, config, slug in told:
            self.by_uid[uid] = pk, config
            self.by_text.setdefault(text, []).append((pk, config))
            self.configs.setdefault(slug, set()).add(config)

    @cached_property
    def versions(self) -> Mapping[tuple[int, int | None], int]:
        """A version by its config and number; under None the newest approved one."""
        configs = {config for found in self.configs.values() for config in found}
        rows = ConfigVersion.objects.filter(config__in=configs).exclude(state=DRAFT).order_by("number")
        found: dict[tuple[int, int | None], int] = {}
        for pk, config, number, state in rows.values_list("pk", "config", "number", "state"):
            found[config, number] = pk
            if state == APPROVED:
                found[config, None] = pk
        return found

    def match(self, row: ResponseRow, source: str) -> Ready | ImportProblem:
        """The row with its prompt and version, or what is wrong with it."""
        wrong = ImportProblem(row.row, "", "", row.table)
        found = self._found(row)
        if isinstance(found, str):
            return wrong._replace(column="prompt_id" if row.uid else "prompt", what=found)
        prompt, config = found
        version = self.versions.get((config, row.version))
        if version is None and row.version is not None:
            what = f"The config of this prompt has no version {row.version} that was handed in."
            return wrong._replace(column="version", what=what)
        if version is None:
            what = "The config of this prompt has no approved version. Approve one, or name a version in a column."
            return wrong._replace(column="version", what=what)
        return Ready(prompt, version, row.response, row.source or source, row.gold)

    def _found(self, row: ResponseRow) -> tuple[int, int] | str:
        """The ids of the prompt and of its config, or why there is none."""
        if row.config and row.config not in self.configs:
            return f"“{self.benchmark}” has no prompt for a config “{row.config[:60]}”."
        wanted = self.configs.get(row.config)
        named = self._by_uid(row.uid) if row.uid else self.by_text.get(digest(tidy(row.prompt)), [])
        fits = [pair for pair in named if wanted is None or pair[1] in wanted]
        if not fits:
            here = f" under the config “{row.config[:60]}”" if row.config else ""
            return f"“{self.benchmark}” has no such prompt now{here}. Choose its benchmark, or put the prompt right."
        if len(fits) > 1:
            return f"This prompt is there for {len(fits)} configs. Name the one meant in a column “config”."
        return fits[0]

    def _by_uid(self, written: str) -> list[tuple[int, int]]:
        try:
            found = self.by_uid.get(UUID(written))
        except ValueError:
            return []
        return [found] if found else []


@transaction.atomic
def take(*, campaign: Campaign, benchmark: Benchmark, found: Look, upload: Upload, actor: User) -> Taken:
    """What became of the rows that can come in: each is stored once, however often it is sent, and is an item once.

    A right answer counts for new items alone. Raises ItemProblem as `campaign_items.add` does.
    """
    campaign_items.lock(campaign)
    stored = _stored(benchmark)
    new = [one for one in found.ready if one.identity not in stored]
    made = Response.objects.bulk_create(
        [Response(prompt_id=one.prompt, version_id=one.version, text=one.text, source=one.source) for one in new],
        batch_size=AT_ONCE,
    )
    ids = stored | {one.identity: row.pk for one, row in zip(new, made, strict=True)}
    gold = {ids[one.identity]: one.gold for one in found.ready if one.gold}
    only = [ids[one.identity] for one in found.ready]
    added = campaign_items.add(campaign=campaign, responses=Response.objects.all(), actor=actor, only=only, gold=gold)
    after = {"file": upload.title, "sha256": upload.sha256, "responses": len(found.ready), "new": added.new}
    audit.record(actor=actor, action="upload", obj=campaign, after=after | {"left_out": len(found.problems)})
    return Taken(added.new, added.known, added.naming)


def _stored(benchmark: Benchmark) -> dict[tuple[int, int, str, bytes], int]:
    """The id of each response to the benchmark's prompts that came from a file, by what makes it the same."""
    rows = Response.objects.filter(prompt__benchmark=benchmark, candidate=None).order_by("-pk")
    values = rows.values_list("pk", "prompt", "version", "text", "source")
    return {
        Ready(prompt, version, text, source, None).identity: pk
        for pk, prompt, version, text, source in values.iterator(AT_ONCE)
    }
