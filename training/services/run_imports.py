"""Runs over responses that were made elsewhere: read from files, matched with prompts, then judged like any others."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext

from annotations.core.storable import storable
from annotations.imports import ImportProblem, Unreadable, _files
from annotations.imports._responses import ResponseRow, read_responses
from annotations.models import Benchmark, BenchmarkRelease, Candidate, LanguageModel, Prompt, Response, User
from annotations.models.configs import DRAFT
from annotations.services import audit, import_files
from annotations.services.import_files import Upload
from annotations.services.response_files import Prompts
from training import strategies
from training.models import EvaluationRun, Judge, RunItem
from training.models.runs import QUEUED
from training.services import run_terms
from training.services.run_items import AT_ONCE, RunProblem, refuse_foreign
from training.services.run_terms import ELSEWHERE, Terms
from training.services.runs import NO_JUDGE

MOST_ROWS = 20_000
LONGEST_LABEL = 100


class Imported(NamedTuple):
    """A row that can come in: ids of prompt, config and version, the response, who it says it is from, its tokens."""

    row: int
    prompt: int
    config: int
    version: int
    text: str
    identity: str
    tokens_in: int | None
    tokens_out: int | None


class Look(NamedTuple):
    """What a file comes to: rows = ready + problems + twice. `twice` are rows that repeat another word for word."""

    ready: list[Imported]
    problems: list[ImportProblem]
    twice: int

    @property
    def rows(self) -> int:
        """How many rows the file has."""
        return len(self.ready) + len(self.problems) + self.twice


class _Held(Prompts):
    """The prompts of a release, each under the version that the release holds."""

    def __init__(self, release: BenchmarkRelease):
        super().__init__(release.benchmark, release.prompts.all())
        self.release = release

    @cached_property
    def versions(self) -> Mapping[tuple[int, int | None], int]:
        found = self.release.versions.exclude(state=DRAFT).values_list("pk", "config", "number")
        return {key: pk for pk, config, number in found for key in ((config, number), (config, None))}


def look(*, upload: Upload, benchmark: Benchmark, release: BenchmarkRelease | None = None) -> Look:
    """What the files come to; nothing is stored. Raises RunProblem for files that cannot be read or are too long."""
    if release is not None:
        refuse_foreign(benchmark, release)
    found = import_files.paths(upload.folder)
    try:
        tables = _files.tables([path for path, _ in found], [name for _, name in found])
        return _sorted(read_responses(tables), _Held(release) if release else Prompts(benchmark))
    except Unreadable as wrong:
        raise RunProblem(wrong.problem.what) from wrong


def _sorted(rows: Iterable[ResponseRow | ImportProblem], prompts: Prompts) -> Look:
    taken: dict[int, Imported] = {}
    versions: dict[int, int] = {}
    problems: list[ImportProblem] = []
    configs = {version: config for (config, _), version in prompts.versions.items()}
    twice = 0
    for number, row in enumerate(rows, start=1):
        if number > MOST_ROWS:
            raise RunProblem(
                gettext("A run is imported from at most %(most_rows)s rows. Send it in parts, a run for each.")
                % {"most_rows": f"{MOST_ROWS:,}"}
            )
        one = row if isinstance(row, ImportProblem) else _matched(row, prompts, configs)
        if isinstance(one, Imported) and (before := taken.get(one.prompt)) and before[1:] == one[1:]:
            twice += 1
        elif isinstance(one, Imported) and not (why := _clash(one, taken, versions)):
            taken[one.prompt] = one
            versions[one.config] = one.version
        else:
            problems.append(one if isinstance(one, ImportProblem) else ImportProblem(one.row, "", why, row.table))
    return Look(list(taken.values()), problems, twice)


def _matched(row: ResponseRow, prompts: Prompts, configs: Mapping[int, int]) -> Imported | ImportProblem:
    found = prompts.match(row._replace(gold=None), "")
    if isinstance(found, ImportProblem):
        return found
    config = configs[found.version]
    text, identity = storable(found.text), storable(found.source)
    return Imported(row.row, found.prompt, config, found.version, text, identity, row.tokens_in, row.tokens_out)


def _clash(one: Imported, taken: Mapping[int, Imported], versions: Mapping[int, int]) -> str:
    """Why the row cannot stand beside the rows before it; empty when it can."""
    if one.prompt in taken:
        return f"Row {taken[one.prompt].row} answers this prompt already. A run has one response for each prompt."
    if versions.get(one.config, one.version) != one.version:
        return "Rows before it answer this config under another version. A run has one version of each config."
    return ""


@transaction.atomic
def take(
    *,
    found: Look,
    upload: Upload,
    benchmark: Benchmark,
    candidate: Candidate,
    judges: Sequence[Judge],
    actor: User,
    release: BenchmarkRelease | None = None,
    samples: int = 1,
    use_cache: bool = True,
    budget_tokens: int | None = None,
    budget_micros: int | None = None,
) -> EvaluationRun:
    """A queued run with the ready rows as its items, answered already: only its judges have to read them.

    Raises RunProblem without a judge or a row, and for a budget in money where a judge's model has no price.
    """
    if not judges or not found.ready:
        raise RunProblem(NO_JUDGE if found.ready else gettext("No row of the file can come in."))
    terms = Terms(samples, use_cache, budget_tokens, budget_micros)
    run_terms.refuse_prompt_judges(judges)
    told: dict[str, Any] = run_terms.fields(terms, run_terms.judge_models(judges))
    told |= {"organisation_id": benchmark.organisation_id, "release": release, "created_by": actor}
    run = EvaluationRun.objects.create(benchmark=benchmark, candidate=candidate, **told)
    run.judges.set(judges)
    _make_items(run, found.ready)
    _record(run, found, upload)
    return run


def _record(run: EvaluationRun, found: Look, upload: Upload) -> None:
    columns = Counter(problem.column or "row" for problem in found.problems)
    left_out = dict(columns) | ({"repeated": found.twice} if found.twice else {})
    after = {"state": QUEUED, "file": upload.title, "sha256": upload.sha256, "rows": found.rows}
    after |= {"items": len(found.ready), "left_out": left_out}
    audit.record(actor=run.created_by, action="import", obj=run, after=after)


def _make_items(run: EvaluationRun, rows: Sequence[Imported]) -> None:
    order = dict(Prompt.objects.filter(benchmark=run.benchmark_id).values_list("pk", "position"))
    rows = sorted(rows, key=lambda row: order[row.prompt])
    made = Response.objects.bulk_create(
        [
            Response(
                prompt_id=row.prompt,
                version_id=row.version,
                candidate=run.candidate,
                text=row.text,
                identity=row.identity[:300],
                tokens_in=row.tokens_in,
                tokens_out=row.tokens_out,
            )
            for row in rows
        ],
        batch_size=AT_ONCE,
    )
    items = (
        RunItem(run=run, prompt_id=response.prompt_id, version_id=response.version_id, position=at, response=response)
        for at, response in enumerate(made, start=1)
    )
    RunItem.objects.bulk_create(items, batch_size=AT_ONCE)


def candidate(*, model: LanguageModel, strategy: str, label: str = "") -> Candidate:
    """What answered elsewhere, in the words of whoever imports it; how it sampled is not known here.

    Raises RunProblem for a model that answers here, and for a strategy that is none or filters.
    """
    if model.engine != ELSEWHERE:
        raise RunProblem(
            gettext("%(model)s answers here. Choose a model that is registered as answering elsewhere.")
            % {"model": model}
        )
    if strategy not in strategies.names() or strategies.load(strategy).filters:
        raise RunProblem(
            gettext("There is no strategy %(strategy)s that answers were made with.") % {"strategy": f"{strategy!r}"}
        )
    said = " ".join(storable(label).split())[:LONGEST_LABEL]
    settings = {"label": said} if said else {}
    sampling: dict[str, Any] = {"temperature": 0.0, "top_p": 1.0, "max_tokens": model.max_tokens, "seed": 0}
    return Candidate.objects.get_or_create(model=model, strategy=strategy, settings=settings, **sampling)[0]


def register(*, name: str, actor: User) -> LanguageModel:
    """The new model of that name that answers elsewhere. Raises RunProblem when the name is taken or empty."""
    name = " ".join(storable(name).split())[:200]
    slug = slugify(name)[:50]
    if not slug:
        raise RunProblem(gettext("Give the model a name with letters or digits."))
    if LanguageModel.objects.filter(slug=slug).exists():
        raise RunProblem(
            gettext("There is a model “%(slug)s” already. Choose it, or give the new one another name.")
            % {"slug": slug}
        )
    model = LanguageModel.objects.create(slug=slug, name=name, engine=ELSEWHERE, model=name)
    audit.record(actor=actor, action="create", obj=model, after={"name": name, "engine": ELSEWHERE})
    return model
