"""The rows of an import, one by one: what each would become, or why it cannot come in."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet
from django.utils.translation import gettext

from annotations import access
from annotations.core import categorical
from annotations.core.storable import storable
from annotations.imports import ConfigKey, ImportProblem, PromptRow
from annotations.models import Benchmark, Prompt, SafetyConfig, User
from annotations.models.benchmarks import SITUATIONS
from annotations.services import config_content, prompts
from annotations.services.config_content import ConfigProblem
from annotations.services.prompt_checks import Frame, PromptProblem
from annotations.services.prompts import Content

GOOD, KNOWN, TWICE, BAD, FILE = "good", "known", "twice", "bad", "file"
"""New, in the benchmark already, a repetition of an earlier row, with a problem; and what is no row but a problem of
the whole file."""
MOST_EXTRA = 200_000
LONGEST_SLUG = 50
SLUG = re.compile(rf"[A-Za-z0-9_-]{{1,{LONGEST_SLUG}}}")
NO_CONFIG = "The file does not say for which config its prompts are. Choose one under “How the file is read”."
NO_KIND = "The file does not say of which kind its prompts are. Choose one under “How the file is read”, or the column."


class Choice(NamedTuple):
    """What a person chose for all rows that do not say it themselves."""

    config: SafetyConfig | None = None
    kind: str = ""
    language: str = ""


class ForAll(Exception):
    """Something that is missing in every row, and which a person can choose once for all of them."""


class Target:
    """A config that rows are for. `key` is what the file said of it, `new` that it is not there yet.

    `rows` counts those that would come in, `differs` says that the config has another text than the file.
    """

    def __init__(self, config: SafetyConfig, key: ConfigKey | None, benchmark: Benchmark):
        self.config, self.key, self.rows = config, key, 0
        self.new = config.pk is None
        self.frame = _frame(config, key)
        self.differs = not self.new and key is not None and _differs(config, key)
        self.seen: set[bytes] = set()
        self.there = set() if self.new else _digests(benchmark, config)


class Outcome(NamedTuple):
    """What becomes of one row. `prompt` is there for good rows, and for those that are known or come twice."""

    fate: str
    row: PromptRow | None = None
    prompt: Prompt | None = None
    target: Target | None = None
    problem: ImportProblem | None = None


class Sorter:
    """Says of each row what becomes of it. `columns` is the file's column by field, to name it in problems."""

    def __init__(
        self, benchmark: Benchmark, person: User | None, choice: Choice, columns: Mapping[str, str] | None = None
    ):
        self.benchmark, self.person, self.choice, self.columns = benchmark, person, choice, columns or {}
        self.targets: dict[str, Target] = {}
        self.refused: dict[str, str] = {}

    def outcomes(self, rows: Iterable[PromptRow | ImportProblem]) -> Iterator[Outcome]:
        """One outcome for each row, in order."""
        for row in rows:
            if isinstance(row, ImportProblem):
                yield Outcome(BAD if row.row else FILE, problem=row)
            else:
                yield self._outcome(row)

    def _outcome(self, row: PromptRow) -> Outcome:
        try:
            target = self._target(row.config)
            prompt = self._drafted(row, target)
        except ForAll as missing:
            return Outcome(BAD, row, problem=ImportProblem(0, "", str(missing)))
        except PromptProblem as wrong:
            column = self.columns.get(wrong.field, wrong.field)
            return Outcome(BAD, row, problem=ImportProblem(row.row, column, str(wrong), row.table))
        return Outcome(self._fate(prompt, target), row, prompt, target)

    def _fate(self, prompt: Prompt, target: Target) -> str:
        number = bytes.fromhex(prompt.digest)
        if number in target.there:
            return KNOWN
        if number in target.seen:
            return TWICE
        target.seen.add(number)
        target.rows += 1
        return GOOD

    def _drafted(self, row: PromptRow, target: Target) -> Prompt:
        kind, language = row.kind or self.choice.kind, row.language.strip() or self.choice.language
        if not kind:
            raise ForAll(NO_KIND)
        content = Content(row.text, kind, row.risks, row.rule, row.why, language, row.source)
        prompt = prompts.drafted(target.config, content, target.frame)
        prompt.situation, prompt.extra = _situation(row, prompt), kept(row.extra) if row.extra else {}
        return prompt

    def _target(self, key: ConfigKey | None) -> Target:
        if key is None:
            if self.choice.config is None:
                raise ForAll(NO_CONFIG)
            return self._kept(self.choice.config.slug, self.choice.config, None)
        if key.slug in self.refused:
            raise PromptProblem(self.refused[key.slug], "config")
        known = self.targets.get(key.slug)
        if known is None:
            return self._first(key)
        if known.key is None:
            known.key = key
        if (known.key.policy, known.key.allowed) != (key.policy, key.allowed):
            raise PromptProblem(
                gettext("The file has two different configs called “%(value)s”.") % {"value": key.slug[:50]}, "config"
            )
        return known

    def _there(self, key: ConfigKey) -> SafetyConfig | None:
        """The organisation's own config of that name, or one the benchmark has, or one of those the person may read.

        The last only where the file cannot make one. Raises PromptProblem when several have the name.
        """
        slug, home = key.slug, self.benchmark.organisation
        if not SLUG.fullmatch(slug):
            return None
        if own := home.configs.filter(slug=slug).first():
            return own
        called = configs_for(self.benchmark, self.person).filter(slug=slug).order_by("pk")
        used = called.filter(pk__in=self.benchmark.prompts.current().order_by().values("config"))
        makes_one = key.allowed is not None or bool(key.policy.strip())
        found = list(used[:2]) or ([] if makes_one else list(called[:2]))
        if len(found) > 1:
            raise PromptProblem(
                gettext("Several organisations have a config “%(slug)s”. Choose the right one for all rows.")
                % {"slug": slug}
            )
        return found[0] if found else None

    def _kept(self, slug: str, config: SafetyConfig, key: ConfigKey | None) -> Target:
        if slug not in self.targets:
            self.targets[slug] = Target(config, key, self.benchmark)
        return self.targets[slug]

    def _first(self, key: ConfigKey) -> Target:
        home = self.benchmark.organisation
        try:
            there = self._there(key)
            return self._kept(key.slug, usable(there, key) if there else _new(home, key), key)
        except (PromptProblem, ConfigProblem) as wrong:
            self.refused[key.slug] = str(wrong)
            raise PromptProblem(str(wrong), "config") from wrong


def configs_for(benchmark: Benchmark, person: User | None) -> QuerySet[SafetyConfig]:
    """The configs that rows may be for: those of the organisation, of the benchmark, and those the person may read."""
    used = benchmark.prompts.current().order_by().values("config")
    readable = access.configs(person).values("pk") if person else []
    mine = Q(organisation=benchmark.organisation_id) | Q(pk__in=used) | Q(pk__in=readable)
    return SafetyConfig.objects.filter(mine, archived_at=None)


def usable(config: SafetyConfig, key: ConfigKey) -> SafetyConfig:
    """The config, when the file's rows can be for it. Raises PromptProblem."""
    if config.archived_at:
        raise PromptProblem(
            gettext("The config “%(config)s” is archived. Bring it back, or choose another one.") % {"config": config}
        )
    if key.allowed is not None and (not config.categorical or set(prompts.allowed_by(config)) != key.allowed):
        allows = ", ".join(sorted(key.allowed)) or "nothing"
        raise PromptProblem(
            gettext(
                "There is a config “%(slug)s” already, and it is not the one that allows %(allows)s "
                "and nothing else. Give one of them another name."
            )
            % {"slug": key.slug, "allows": allows}
        )
    return config


def _new(home: Any, key: ConfigKey) -> SafetyConfig:
    """The config as it would be made. A config needs a text, or the set of categories that it allows."""
    if key.allowed is None and not key.policy.strip():
        raise PromptProblem(
            gettext("%(home)s has no config “%(value)s”. Write it first, or choose one that is there.")
            % {"home": home, "value": key.slug[:50]}
        )
    if not SLUG.fullmatch(key.slug):
        raise PromptProblem(
            gettext("“%(value)s” is no name for a config: letters, digits and hyphens, at most 50.")
            % {"value": key.slug[:60]}
        )
    content_of(key)
    title = storable(key.title).strip() or (key.slug if key.allowed is None else categorical.title(key.allowed))
    return SafetyConfig(organisation=home, slug=key.slug, title=title[:300], categorical=key.allowed is not None)


def content_of(key: ConfigKey) -> config_content.Content:
    """What the first version of a config from a file says. Raises ConfigProblem."""
    allowed = key.allowed or frozenset()
    text = key.policy if key.policy.strip() or key.allowed is None else categorical.policy(allowed)
    return config_content.content(text, [], allowed)


def _frame(config: SafetyConfig, key: ConfigKey | None) -> Frame:
    if config.pk is not None:
        return prompts.frame(config)
    return Frame([], sorted((key.allowed if key else None) or ()))


def _differs(config: SafetyConfig, key: ConfigKey) -> bool:
    newest = config.versions.order_by("-number").first()
    said = config_content.clean(key.policy)
    return bool(said) and (newest is None or said not in (newest.policy, newest.text))


def _digests(benchmark: Benchmark, config: SafetyConfig) -> set[bytes]:
    """As bytes: half the memory of the text."""
    there = benchmark.prompts.current().filter(config=config).order_by().values_list("digest", flat=True)
    return {bytes.fromhex(digest) for digest in there.iterator(chunk_size=5000)}


def _situation(row: PromptRow, prompt: Prompt) -> int | None:
    """The file's own situation counts where it does not say the risk categories; elsewhere both have to agree."""
    said, found = row.situation, prompt.situation
    if said is None or found is None or said == found:
        return found
    if row.risks or said not in SITUATIONS:
        raise PromptProblem(
            gettext("The file says situation %(said)s; the prompt's categories make it %(found)s.")
            % {"said": said, "found": found},
            "situation",
        )
    return said


def kept(extra: Mapping[str, Any]) -> dict[str, Any]:
    """What a row has besides, as any database takes it: no NUL, no half characters, no NaN. Raises PromptProblem."""
    plain = {storable(str(name)): _plain(value) for name, value in extra.items()}
    if (long := len(json.dumps(plain))) > MOST_EXTRA:
        raise PromptProblem(
            gettext("The other columns have %(long)s characters together; at most %(most_extra)s are kept.")
            % {"long": f"{long:,}", "most_extra": f"{MOST_EXTRA:,}"}
        )
    return plain


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, Mapping):
        return {storable(str(name)): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(each) for each in (value if isinstance(value, list | tuple) else sorted(value, key=str))]
    if value is None or isinstance(value, bool | int) or (isinstance(value, float) and value - value == 0):
        return value
    return storable(str(value))
