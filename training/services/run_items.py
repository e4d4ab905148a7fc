"""What a run is made of: which prompts, each under which version, and an item for each."""

from collections import Counter
from collections.abc import Iterable, Sequence

from django.db.models.functions import Now
from django.utils.translation import gettext

from annotations.core import config_text
from annotations.models import Benchmark, BenchmarkRelease, ConfigVersion, FloorVersion, Prompt, SystemPrompt
from annotations.models.benchmarks import PromptQuerySet
from annotations.models.configs import APPROVED, DRAFT, RETIRED
from training.models import EvaluationRun, RunItem

AT_ONCE = 1000


class RunProblem(ValueError):
    """Why a run cannot be started or changed, and what to do about it."""


class RunChanged(RunProblem):
    """Somebody else moved the run, after the person had looked at it."""


def chosen(
    benchmark: Benchmark, release: BenchmarkRelease | None, configs: Iterable[int] | None, per_kind: int | None
) -> list[Prompt]:
    """The prompts in the benchmark's order: of some configs (ids) or all, at most so many of each kind and config.

    Raises RunProblem when there is none, and for a release of another benchmark.
    """
    found = _source(benchmark, release).order_by("position", "pk").only("pk", "config_id", "kind")
    prompts = list(found if configs is None else found.filter(config__in=list(configs)))
    kept = prompts if per_kind is None else _first_of_each(prompts, per_kind)
    if not kept:
        raise RunProblem(
            gettext("“%(benchmark)s” has no prompt to run. Write prompts first, or choose other configs.")
            % {"benchmark": benchmark}
        )
    return kept


def refuse_foreign(benchmark: Benchmark, release: BenchmarkRelease) -> None:
    """Nothing for a release of the benchmark. Raises RunProblem for one of another."""
    if release.benchmark_id != benchmark.pk:
        raise RunProblem(
            gettext("“%(release)s” is not a release of “%(benchmark)s”. Choose one of its own.")
            % {"release": release, "benchmark": benchmark}
        )


def _source(benchmark: Benchmark, release: BenchmarkRelease | None) -> PromptQuerySet:
    if release is None:
        return benchmark.prompts.current()
    refuse_foreign(benchmark, release)
    return release.prompts.all()


def _first_of_each(prompts: list[Prompt], per_kind: int) -> list[Prompt]:
    seen: Counter[tuple[int, str]] = Counter()
    kept = []
    for prompt in prompts:
        seen[prompt.config_id, prompt.kind] += 1
        if seen[prompt.config_id, prompt.kind] <= per_kind:
            kept.append(prompt)
    return kept


def versions(prompts: Iterable[Prompt], release: BenchmarkRelease | None) -> dict[int, ConfigVersion]:
    """The version each config (id) of the prompts is answered under: the newest approved, or the one the release holds.

    Raises RunProblem when a config has none.
    """
    configs = {prompt.config_id for prompt in prompts}
    offered = release.versions.all() if release else ConfigVersion.objects.all()
    served = (APPROVED, RETIRED) if release else (APPROVED,)
    found = offered.filter(config__in=configs, state__in=served).order_by("config", "number").select_related("config")
    by_config = {version.config_id: version for version in found}
    if missing := configs - by_config.keys():
        titles = ConfigVersion.objects.filter(config__in=missing).exclude(state=DRAFT)
        names = ", ".join(sorted({str(version.config) for version in titles.select_related("config")})) or "a config"
        where = f" in {release.name}" if release else ""
        raise RunProblem(
            gettext("There is no approved version of %(names)s%(where)s. Have it reviewed, or choose other configs.")
            % {"names": names, "where": where}
        )
    return by_config


def alone(version: ConfigVersion) -> dict[int, ConfigVersion]:
    """This version for its config; a draft's text is kept as it is from now on. Raises RunProblem for an empty one."""
    ConfigVersion.objects.filter(pk=version.pk, state=DRAFT, frozen_at=None).update(frozen_at=Now())
    version.refresh_from_db()
    if not version.text:
        raise RunProblem(gettext("v%(number)s is empty. Write a policy or a rule first.") % {"number": version.number})
    return {version.config_id: version}


def make(run: EvaluationRun, prompts: Sequence[Prompt], versions: dict[int, ConfigVersion]) -> None:
    """Nothing; the run has a queued item for each prompt, and the system prompts it will say are kept."""
    keep_system_prompts(versions.values(), run.floor)
    items = (
        RunItem(run=run, prompt=prompt, version=versions[prompt.config_id], position=position)
        for position, prompt in enumerate(prompts, start=1)
    )
    RunItem.objects.bulk_create(items, batch_size=AT_ONCE)


def keep_system_prompts(versions: Iterable[ConfigVersion], floor: FloorVersion | None) -> None:
    """Nothing; each version's system prompt under this floor is kept under its digest."""
    texts = [version.system_prompt(floor) for version in versions]
    rows = [SystemPrompt(digest=config_text.digest(text), text=text) for text in texts]
    SystemPrompt.objects.bulk_create(rows, ignore_conflicts=True)
