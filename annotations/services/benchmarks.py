"""Writing benchmark prompts."""

from collections.abc import Iterable

from django.db import IntegrityError, transaction
from django.db.models import Max

from annotations.core.config_text import digest
from annotations.core.storable import storable
from annotations.core.taxonomy import KINDS, SLUGS
from annotations.models import Benchmark, Prompt, SafetyConfig, User
from annotations.services import audit

LONGEST = 20_000


class PromptProblem(ValueError):
    """Why a prompt was not added, and what to do about it."""


def tidy(text: str) -> str:
    """The prompt as it is stored and sent: line ends of one kind, no white space around, nothing no database takes."""
    return storable(text).replace("\r\n", "\n").strip()


@transaction.atomic
def add_prompt(
    *,
    benchmark: Benchmark,
    config: SafetyConfig,
    text: str,
    kind: str,
    risks: Iterable[str],
    rule: str,
    why: str,
    language: str,
    actor: User,
) -> Prompt:
    """The new prompt, at the end of the benchmark. `rule` is "" or the id of a rule in any version of the config.

    Raises PromptProblem.
    """
    prompt = Prompt(
        benchmark=benchmark, config=config, text=tidy(text), kind=kind, language=language or config.language
    )
    prompt.risks, prompt.rule, prompt.why = sorted(set(risks), key=str), rule.strip().lower(), tidy(why)
    prompt.digest = digest(prompt.text)
    _check(prompt)
    # Whoever adds to a benchmark holds its row until the end, so that two people never get one position.
    Benchmark.objects.select_for_update().get(pk=benchmark.pk)
    if benchmark.prompts.filter(config=config, digest=prompt.digest).exists():
        raise PromptProblem(f"“{benchmark}” already has this prompt for “{config}”. Change the text.")
    prompt.position = (benchmark.prompts.aggregate(last=Max("position"))["last"] or 0) + 1
    _save(prompt)
    audit.record(actor=actor, action="create", obj=prompt, after=_facts(prompt))
    return prompt


def _check(prompt: Prompt) -> None:
    if not prompt.text:
        raise PromptProblem("The prompt is empty. Write what a user would ask.")
    if len(prompt.text) > LONGEST:
        raise PromptProblem(f"A prompt has at most {LONGEST:,} characters; this one has {len(prompt.text):,}.")
    if prompt.kind not in KINDS:
        raise PromptProblem(f"Choose the kind of the prompt: {', '.join(KINDS)}.")
    if unknown := set(prompt.risks) - set(SLUGS):
        raise PromptProblem(f"There is no risk category {min(unknown, key=str)!r}; choose from: {', '.join(SLUGS)}.")
    if prompt.rule and prompt.rule not in (known := rule_ids(prompt.config)):
        offer = f"Its rules are {', '.join(known)}." if known else "It has no rules; leave the rule empty."
        raise PromptProblem(f"“{prompt.config}” has no rule {prompt.rule[:20]}. {offer}")


def rule_ids(config: SafetyConfig) -> list[str]:
    """The ids of the rules in any version of the config, r2 before r10."""
    ids = {rule.get("id", "") for rules in config.versions.values_list("rules", flat=True) for rule in rules}
    return sorted(ids, key=lambda name: (len(name), name))


def _save(prompt: Prompt) -> None:
    try:
        with transaction.atomic():
            prompt.save(force_insert=True)
    except IntegrityError as taken:
        raise PromptProblem("Somebody else changed this benchmark at the same moment. Save once more.") from taken


def _facts(prompt: Prompt) -> dict[str, object]:
    names = ("benchmark_id", "config_id", "kind", "risks", "rule", "language", "position", "digest")
    return {name.removesuffix("_id"): getattr(prompt, name) for name in names}
