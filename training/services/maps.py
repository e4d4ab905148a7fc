"""Maps of prompts: their vectors are made, laid out by a program of its own, and kept with the clusters it found."""

import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any, NamedTuple, cast

import numpy as np
from django.conf import settings as site
from django.db import transaction
from django.utils.translation import gettext

from annotations.core.minilm import Numbers
from annotations.models import Benchmark, LanguageModel, Prompt, Taxonomy, User
from annotations.models.work import FINISHED, OPEN_STATES
from annotations.services import audit
from annotations.services.chores import ChoreProblem, Hold
from training import clustering
from training.clustering import DENSE, FEWEST, NOISE, Settings, _files
from training.models import Cluster, PromptMap
from training.services import children, embeddings

POINT = np.dtype([("prompt", "<i8"), ("x", "<f4"), ("y", "<f4"), ("cluster", "<i4")])
"""A row of `PromptMap.points`."""
RANGES = {
    "dimensions": (2, 512),
    "smallest": (2, 1_000),
    "epsilon": (0, 10),
    "neighbours": (2, 200),
    "seed": (0, 2**32 - 1),
}
BUSY_SECONDS = 7_200.0
READING = "Reading the prompts for their meaning"
SAME, EMPTY = "the same text as another", "nothing in it that has a meaning"
TOO_FEW = "Only {n} of {all} prompts could be read for their meaning, and a map needs at least {fewest}. {why}"
_BESIDE = (
    "Make an environment for it, run “pip install --no-deps --require-hashes -r requirements/taxonomy.txt” in it, and "
    "set COSA_TAXONOMY_PYTHON to its Python for the web server and the workers."
)
_NOT_THERE = "ModuleNotFoundError"
MISSING = "umap-learn and scikit-learn are not installed for {python}. " + _BESIDE


class MapProblem(ValueError):
    """Why a map was not started, and what to do about it; `field` is what it is about."""

    def __init__(self, sentence: str, field: str = ""):
        super().__init__(sentence)
        self.field = field


def python(method: str) -> str:
    """The Python that lays out: COSA_TAXONOMY_PYTHON for the way that needs more, or the one this process runs on."""
    return str(site.TAXONOMY_PYTHON) or sys.executable if method == DENSE else sys.executable


def missing(method: str) -> str:
    """Why that way cannot be gone here, in words; empty when it can. Raises NoSuchEntry for an unknown one."""
    if method == DENSE and site.TAXONOMY_PYTHON:
        there = os.access(python(method), os.X_OK)
    else:
        there = not clustering.missing(method)
    return "" if there else MISSING.format(python=python(method))


@transaction.atomic
def start(
    *,
    benchmark: Benchmark,
    embedder: LanguageModel | None,
    wanted: Settings,
    actor: User | None,
    taxonomy: Taxonomy | None = None,
) -> PromptMap:
    """A queued map of the benchmark's prompts; what is kept of its clusters goes into `taxonomy`. Raises MapProblem."""
    _check(benchmark, embedder, wanted, taxonomy)
    asked = {"benchmark": benchmark, "embedder": embedder, "settings": wanted._asdict()}
    if PromptMap.objects.filter(**asked, state__in=OPEN_STATES).exists():
        raise MapProblem(gettext("This map is being made already; it is in the list."))
    row = PromptMap.objects.create(
        **asked, organisation=benchmark.organisation, taxonomy=taxonomy, created_by=actor, total=count(benchmark)
    )
    said = {"prompts": row.total, "embedder": embeddings.key(embedder), **wanted._asdict()}
    audit.record(actor=actor, action="start", obj=row, after=said)
    return row


def count(benchmark: Benchmark) -> int:
    """How many different prompts there are to be mapped."""
    return Prompt.objects.current().filter(benchmark=benchmark).values("digest").distinct().count()


def _check(benchmark: Benchmark, embedder: LanguageModel | None, wanted: Settings, taxonomy: Taxonomy | None) -> None:
    for field, (low, high) in RANGES.items():
        if not low <= getattr(wanted, field) <= high:
            raise MapProblem(
                gettext("Choose a number from %(low)s to %(high)s.") % {"low": f"{low:,}", "high": f"{high:,}"}, field
            )
    if wanted.method not in clustering.names():
        raise MapProblem(gettext("Choose how the prompts are laid out."), "method")
    if problem := missing(wanted.method):
        raise MapProblem(problem, "method")
    if problem := embeddings.missing(embedder):
        raise MapProblem(problem, "embedder")
    there, most = count(benchmark), clustering.most(wanted.method)
    if not FEWEST <= there <= most:
        raise MapProblem(
            gettext("A map this way takes %(fewest)s to %(most)s different prompts; these are %(there)s.")
            % {"fewest": FEWEST, "most": f"{most:,}", "there": f"{there:,}"},
            "benchmark",
        )
    if taxonomy and taxonomy.organisation_id != benchmark.organisation_id:
        raise MapProblem(gettext("The taxonomy belongs to another organisation than the prompts."), "taxonomy")


class _Read(NamedTuple):
    """The prompts of a map: id by digest in their order, how many there are in all, and why some have no vector."""

    ids: dict[str, int]
    all: int
    refused: embeddings.Refused


def job(hold: Hold) -> str:
    """The state the map ends in. Vectors are kept as they come, plane and clusters written in one piece at the end.

    Raises ChoreProblem with the reason why there is no map, Stopped when it was cancelled.
    """
    row, began = cast(PromptMap, hold.row), monotonic()
    read = _read(hold, row)
    made = monotonic()
    with TemporaryDirectory(prefix="cosa-map-") as folder:
        placed = _put(row, read, Path(folder))
        answer = _laid_out(hold, row, Path(folder), (len(placed), len(read.ids)))
    seconds = {"vectors": round(made - began, 1), "layout": round(monotonic() - made, 1)}
    _keep(hold, row, _law(read, len(placed)) | {"seconds": seconds}, placed, answer)
    return FINISHED


def _read(hold: Hold, row: PromptMap) -> _Read:
    """The prompts, each with a vector that is kept, as far as it can be read."""
    prompts = Prompt.objects.current().filter(benchmark=row.benchmark_id).order_by("position", "pk")
    ids: dict[str, int] = {}
    every = 0
    for pk, digest in prompts.values_list("pk", "digest").iterator():
        ids.setdefault(digest, pk)
        every += 1
    wanted = embeddings.absent(row.embedder, ids)
    there = len(ids) - len(wanted)
    hold.save(figures={"step": READING}, done=there, total=len(ids))
    return _Read(ids, every, embeddings.make(hold, row.embedder, _texts(ids, wanted), there))


def _texts(ids: dict[str, int], wanted: list[str]) -> dict[str, str]:
    """The texts of these digests, in their order."""
    found: dict[str, str] = {}
    for some in embeddings.in_parts(wanted):
        rows = Prompt.objects.filter(pk__in=[ids[digest] for digest in some])
        texts = dict(rows.values_list("digest", "text"))
        found |= {digest: texts[digest] for digest in some}
    return found


def _put(row: PromptMap, read: _Read, folder: Path) -> list[int]:
    """The ids of the prompts whose vectors lie in the folder then, in their order. Raises ChoreProblem."""
    placed: list[int] = []

    def blocks() -> Iterator[Numbers]:
        for part in embeddings.stored_in_parts(row.embedder, read.ids):
            some = {digest: vector for digest, vector in part.items() if vector.any() and np.isfinite(vector).all()}
            placed.extend(read.ids[digest] for digest in some)
            if some:
                yield np.stack(list(some.values()))

    wanted = {name: row.settings[name] for name in Settings._fields}
    _files.put(folder, blocks(), Settings(**wanted))
    if len(placed) < FEWEST:
        why = next(iter(read.refused.values()), "")
        raise ChoreProblem(TOO_FEW.format(n=len(placed), all=len(read.ids), fewest=FEWEST, why=why).strip())
    return placed


def _laid_out(hold: Hold, row: PromptMap, folder: Path, far: tuple[int, int]) -> _files.Answer:
    """What the program answered; it ends with the work and with this worker. Raises ChoreProblem, Stopped."""
    method = row.settings["method"]
    module = (clustering.__name__, str(folder))
    program = children.Program(python(method), module, folder, site.BASE_DIR, {"PYTHONPATH": str(site.BASE_DIR)})

    def grown() -> tuple[int, int]:
        hold.save(figures={"step": _files.step(_log(program))})
        return far

    try:
        code = children.run(hold, program, children.Bounds("The layout", BUSY_SECONDS, BUSY_SECONDS), grown, far)
        if code:
            why = _files.why(_log(program), code)
            raise ChoreProblem(MISSING.format(python=program.python) if _NOT_THERE in why else why)
        return _files.take(folder)
    except (FileNotFoundError, PermissionError) as problem:
        raise ChoreProblem(MISSING.format(python=program.python)) from problem
    except ValueError as problem:
        raise ChoreProblem(str(problem)) from problem


def _log(program: children.Program) -> str:
    return program.log.read_text(encoding="utf-8", errors="replace").replace("\0", "")[-20_000:]


def _law(read: _Read, placed: int) -> dict[str, Any]:
    """In = out + dropped + failed, each by its reason: no prompt is lost without a word."""
    failed = Counter(read.refused.values())
    dropped = {SAME: read.all - len(read.ids), EMPTY: len(read.ids) - placed - failed.total()}
    return {
        "in": read.all,
        "out": placed,
        "dropped": {reason: many for reason, many in dropped.items() if many},
        "failed": dict(failed),
    }


def _keep(hold: Hold, row: PromptMap, law: dict[str, Any], placed: list[int], answer: _files.Answer) -> None:
    """Nothing; points, clusters and figures are written. Raises Stopped when the work is not ours any more."""
    laid = answer.laid
    points = np.empty(len(placed), dtype=POINT)
    points["prompt"], points["cluster"] = placed, laid.clusters
    points["x"], points["y"] = laid.xy.T
    numbers = [int(number) for number in np.unique(laid.clusters) if number != NOISE]
    found = {"clusters": len(numbers), "noise": int((laid.clusters == NOISE).sum()), "near": answer.near}
    told = {"libraries": laid.libraries, "vectors": embeddings.key(row.embedder)}
    with transaction.atomic():
        hold.save(
            points=points.tobytes(),
            figures=law | laid.figures | found,
            settings=row.settings | told,
            done=len(placed),
            total=law["in"],
        )
        row.clusters.all().delete()
        Cluster.objects.bulk_create(_cluster(row, number, points) for number in numbers)


def _cluster(row: PromptMap, number: int, points: Any) -> Cluster:
    members = points["prompt"][points["cluster"] == number].tolist()
    return Cluster(map=row, number=number, members=members, size=len(members))
