"""Writing benchmark prompts. A row never changes: an edit is the prompt's next wording."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext

from annotations.core import categorical
from annotations.core.batches import batches
from annotations.core.config_text import digest
from annotations.core.storable import tidy
from annotations.models import Benchmark, Prompt, SafetyConfig, User
from annotations.queries.validation import labels_of, rulings_of
from annotations.services import audit
from annotations.services.prompt_checks import Frame, PromptProblem, check

BATCH = 500
REMARKS = ("why", "source")
"""What may be put right in place: no figure and no label depends on it."""
LABELS = ("text", "kind", "situation", "risks", "rule", "language")


class PromptChanged(PromptProblem):
    """Somebody else changed the prompt, or took it out, after the person had opened it."""


class Content(NamedTuple):
    """What a person writes of a prompt. `rule` is "" or the id of a rule in any version of the config."""

    text: str
    kind: str
    risks: Iterable[str] = ()
    rule: str = ""
    why: str = ""
    language: str = ""
    source: str = ""


def frame(config: SafetyConfig) -> Frame:
    """The frame of a config, read once for as many prompts as there are."""
    return Frame(rule_ids(config), allowed_by(config) if config.categorical else [])


def drafted(config: SafetyConfig, content: Content, within: Frame | None = None) -> Prompt:
    """The prompt as it would be stored, checked but not saved, without benchmark and position. Raises PromptProblem.

    `within` is the frame of the config, for whoever drafts many.
    """
    within = within or frame(config)
    fields = content._asdict() | {name: tidy(getattr(content, name)) for name in ("text", "why", "source")}
    fields |= {"risks": sorted(set(content.risks), key=str), "rule": content.rule.strip().lower()}
    prompt = Prompt(config=config, **fields | {"language": content.language.strip() or config.language})
    prompt.digest = digest(prompt.text)
    check(prompt, within)
    if config.categorical:
        prompt.situation = _situation(prompt, within.allowed)
    return prompt


def _situation(prompt: Prompt, allowed: Iterable[str]) -> int:
    """From its risk categories; from its kind where none are named, for they may just not be known."""
    return categorical.situation(prompt.risks, allowed) if prompt.risks else categorical.situation_of(prompt.kind)


@transaction.atomic
def add_prompt(*, benchmark: Benchmark, config: SafetyConfig, actor: User, **content: Any) -> Prompt:
    """The new prompt, at the end of the benchmark; `content` as in Content. Raises PromptProblem."""
    return add_prompts(benchmark=benchmark, config=config, contents=[Content(**content)], actor=actor)[0]


@transaction.atomic
def add_prompts(
    *, benchmark: Benchmark, config: SafetyConfig, contents: Iterable[Content], actor: User
) -> list[Prompt]:
    """The new prompts in order at the end of the benchmark, all or none. Raises PromptProblem."""
    within = frame(config)
    prompts = [drafted(config, content, within) for content in contents]
    hold(benchmark)
    digests = [prompt.digest for prompt in prompts]
    if len(set(digests)) < len(digests) or current_digests(benchmark, config, digests):
        raise _double(benchmark, config)
    last = last_position(benchmark)
    for number, prompt in enumerate(prompts, start=1):
        prompt.benchmark, prompt.created_by, prompt.position = benchmark, actor, last + number
    with _nobody_was_faster():
        Prompt.objects.bulk_create(prompts, batch_size=BATCH)
    for prompt in prompts:
        audit.record(actor=actor, action="create", obj=prompt, after=facts(prompt))
    return prompts


def current_digests(benchmark: Benchmark, config: SafetyConfig, digests: Iterable[str]) -> dict[str, Prompt]:
    """The current prompts of the benchmark under the config that have one of the digests, by it, without their text."""
    wanted = list(digests)
    found: dict[str, Prompt] = {}
    here = benchmark.prompts.current().filter(config=config).only("uid", "digest", "benchmark_id", "position")
    for some in batches(wanted, BATCH):
        found |= {prompt.digest: prompt for prompt in here.filter(digest__in=some)}
    return found


@transaction.atomic
def revise(*, prompt: Prompt, content: Content, actor: User, seen: str | None = None) -> Prompt:
    """The prompt as it now stands: its next wording, or itself when only remarks changed or nothing did.

    `seen` is the `stamp` of what the person had before them. The old wording stays readable, and whatever was said
    about it stays with it. Raises PromptProblem, and PromptChanged when somebody else changed the prompt meanwhile.
    """
    after = drafted(prompt.config, content)
    hold(prompt.benchmark)
    before = Prompt.objects.select_for_update(no_key=True).get(pk=prompt.pk)
    if before.archived_at or seen not in (None, stamp(before)):
        raise PromptChanged("Somebody else changed this prompt meanwhile. Open it again to see the newest wording.")
    if all(getattr(before, name) == getattr(after, name) for name in LABELS):
        return _remark(before, after, actor)
    _refuse_double(before, after)
    _refuse_rater(before, after, actor)
    Prompt.objects.filter(pk=before.pk).update(archived_at=timezone.now())
    for name in ("benchmark_id", "uid", "position", "origin_id", "extra"):
        setattr(after, name, getattr(before, name))
    after.previous, after.created_by = before, actor
    _save(after)
    old, new = _remarks(before, after)
    audit.record(actor=actor, action="edit", obj=after, before=facts(before) | old, after=facts(after) | new)
    return after


def stamp(prompt: Prompt) -> str:
    """What stands for a prompt as it is now: another one after every change, of the remarks too."""
    return digest("\n".join([str(prompt.pk), prompt.why, prompt.source]))


def _refuse_double(before: Prompt, after: Prompt) -> None:
    others = current_digests(before.benchmark, before.config, [after.digest])
    if any(other.pk != before.pk for other in others.values()):
        raise _double(before.benchmark, before.config)


def _refuse_rater(before: Prompt, after: Prompt, actor: User) -> None:
    """Whoever labelled a text does not decide what it says of itself: their label would confirm their own word.

    A lead's decision is another thing; after one the labels no longer count.
    """
    same = (before.digest, before.kind, before.situation) == (after.digest, after.kind, after.situation)
    said = labels_of(before.uid, after.digest).filter(rater=actor)
    if not same and said.exists() and not rulings_of(before.uid, after.digest).exists():
        raise PromptProblem(gettext("You have labelled this prompt, so its author or a lead changes its kind."), "kind")


def _double(benchmark: Benchmark, config: SafetyConfig) -> PromptProblem:
    return PromptProblem(
        gettext("“%(benchmark)s” already has this prompt for “%(config)s”. Change the text.")
        % {"benchmark": benchmark, "config": config},
        "text",
    )


def _remark(before: Prompt, after: Prompt, actor: User) -> Prompt:
    old, new = _remarks(before, after)
    if new:
        Prompt.objects.filter(pk=before.pk).update(**new)
        audit.record(actor=actor, action="edit", obj=before, before=old, after=new)
        before.refresh_from_db()
    return before


def _remarks(before: Prompt, after: Prompt) -> tuple[dict[str, str], dict[str, str]]:
    """The remarks that differ, as they were and as they are."""
    names = [name for name in REMARKS if getattr(after, name) != getattr(before, name)]
    return {name: getattr(before, name) for name in names}, {name: getattr(after, name) for name in names}


@transaction.atomic
def take_out(*, prompt: Prompt, actor: User, seen: str | None = None) -> None:
    """Nothing; the prompt leaves its benchmark. Runs and releases that have it keep it.

    `seen` is the `stamp` of what the person had before them. Raises PromptChanged when it is another one now.
    """
    hold(prompt.benchmark)
    if seen not in (None, stamp(prompt)):
        raise PromptChanged("Somebody else changed this prompt meanwhile. Look at it before you take it out.")
    if not Prompt.objects.current().filter(pk=prompt.pk).update(archived_at=timezone.now()):
        raise PromptChanged("Somebody was faster: this wording is no longer in the benchmark.")
    audit.record(actor=actor, action="take_out", obj=prompt, after={"archived": True})


@transaction.atomic
def put_back(*, prompt: Prompt, actor: User) -> Prompt:
    """The prompt, at the end of its benchmark again. Raises PromptProblem when a newer wording or a double is there."""
    hold(prompt.benchmark)
    if Prompt.objects.current().filter(uid=prompt.uid).exists() or prompt.pending:
        raise PromptProblem(gettext("A wording of this prompt is in the benchmark. Edit that one."))
    names = (*LABELS, *REMARKS, "digest", "config_id", "benchmark_id", "uid", "origin_id", "extra")
    again = Prompt(**{name: getattr(prompt, name) for name in names})
    _refuse_double(prompt, again)
    last = Prompt.objects.filter(uid=prompt.uid, pending=False).latest("pk")
    again.previous, again.created_by, again.position = last, actor, last_position(prompt.benchmark) + 1
    _save(again)
    audit.record(actor=actor, action="put_back", obj=again, after=facts(again))
    return again


def hold(benchmark: Benchmark) -> None:
    """Nothing; whoever adds to a benchmark or takes out of it holds its row until the end.

    So two people never get one position, and a release is of one moment.
    """
    # no_key: rows that point at it may be written meanwhile; with a full lock two imports waited for each other.
    Benchmark.objects.select_for_update(no_key=True).get(pk=benchmark.pk)


def last_position(benchmark: Benchmark) -> int:
    """The highest position a current prompt has, 0 without any."""
    return int(benchmark.prompts.current().aggregate(last=Max("position"))["last"] or 0)


def allowed_by(config: SafetyConfig) -> list[str]:
    """The risk categories that the newest version of the config allows; a draft counts."""
    newest = config.versions.order_by("-number").values_list("allowed", flat=True).first()
    return list(newest or [])


def rule_ids(config: SafetyConfig) -> list[str]:
    """The ids of the rules in any version of the config, r2 before r10."""
    ids = {rule.get("id", "") for rules in config.versions.values_list("rules", flat=True) for rule in rules}
    return sorted(ids, key=lambda name: (len(name), name))


def _save(prompt: Prompt) -> None:
    with _nobody_was_faster():
        prompt.save(force_insert=True)


@contextmanager
def _nobody_was_faster() -> Iterator[None]:
    try:
        with transaction.atomic():
            yield
    except IntegrityError as taken:
        raise PromptProblem(
            gettext("Somebody else changed this benchmark at the same moment. Save once more.")
        ) from taken


def facts(prompt: Prompt) -> dict[str, object]:
    """What the record keeps of a prompt: its labels and where it stands, the text as its digest."""
    names = ("benchmark_id", "config_id", "kind", "situation", "risks", "rule", "language", "position", "digest")
    return {name.removesuffix("_id"): getattr(prompt, name) for name in names}
