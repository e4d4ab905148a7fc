"""Vectors of prompts by their meaning: of the sentence model of this installation, or of a model asked over HTTP.

They are made once and kept by the digest of the text and by what made them, so that work that is stopped loses none.
"""

import asyncio
import threading
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import islice
from queue import SimpleQueue
from typing import cast

import numpy as np

from annotations.core import meaning
from annotations.core.minilm import BadWeights, Numbers
from annotations.models import LanguageModel, TextVector
from annotations.services import vectors
from annotations.services.chores import LOOK_SECONDS, ChoreProblem, Hold, come
from training import engines
from training.engines import Embedder, EngineError
from training.engines._embeddings import BATCH
from training.services import fetching, registry
from training.services.children import leave_when_told

MOST_ALIKE = 20
"""When so many texts in a row are refused, or three before the first vector, the model is not asked any more."""
_FIRST_ALIKE, _CHUNK = 3, 500
CANNOT = "“{engine}” gives no vectors. Choose a model on an OpenAI-compatible server that offers embeddings."
CHANGED = (
    "“{model}” gives vectors of {one} and of {other} numbers: another model answers at its address by now. Register it "
    "as a model of its own and make the map with that one."
)

Texts = Mapping[str, str]
Refused = dict[str, str]
"""Why a text has no vector, by its digest."""


def missing(model: LanguageModel | None) -> str:
    """Why no vectors can be had of it, in words; empty when they can. None is the sentence model that is installed."""
    if model is None:
        return meaning.available()
    try:
        return "" if engines.embeds(model.engine) else CANNOT.format(engine=engines.label(model.engine))
    except LookupError as gone:
        return str(gone)


def key(model: LanguageModel | None) -> str:
    """Under what the vectors are kept: a model that is asked elsewhere, or by another name, is another one."""
    if model is None:
        return meaning.MODEL
    reached = sha256(f"{model.engine} {model.base_url} {model.model}".encode()).hexdigest()[:12]
    return f"{model.slug}:{reached}"


def stored_in_parts(model: LanguageModel | None, digests: Collection[str]) -> Iterator[dict[str, Numbers]]:
    """The vectors that are there, float32 by digest, some hundred at a time: never all of them are in memory.

    Raises ChoreProblem when they are not all of one length.
    """
    length = 0
    for names in in_parts(digests):
        rows = TextVector.objects.filter(model=key(model), digest__in=names)
        found = {name: np.frombuffer(made, dtype="<f4") for name, made in rows.values_list("digest", "vector")}
        for vector in found.values():
            length = length or len(vector)
            if len(vector) != length:
                raise ChoreProblem(CHANGED.format(model=model or meaning.MODEL, one=length, other=len(vector)))
        yield {name: found[name] for name in names if name in found}


def absent(model: LanguageModel | None, digests: Collection[str]) -> list[str]:
    """The digests that have no vector yet, in their order."""
    there: set[str] = set()
    for names in in_parts(digests):
        there |= set(TextVector.objects.filter(model=key(model), digest__in=names).values_list("digest", flat=True))
    return [name for name in digests if name not in there]


def in_parts(digests: Collection[str]) -> Iterator[list[str]]:
    """The digests, as many at a time as one query takes."""
    names = iter(digests)
    while some := list(islice(names, _CHUNK)):
        yield some


def make(hold: Hold, model: LanguageModel | None, texts: Texts, done: int) -> Refused:
    """Why texts have no vector now; all others have one, kept as it comes. `done` is how far the work was before.

    Raises ChoreProblem when the model cannot be asked at all, Stopped when the work is cancelled or this worker ends.
    """
    return _make_here(hold, texts, done) if model is None else _make_there(hold, model, texts, done)


def _make_here(hold: Hold, texts: Texts, done: int) -> Refused:
    waiting = iter(texts.items())
    while some := dict(islice(waiting, vectors.SLICE)):
        leave_when_told(hold)
        hold.beat(done)
        try:
            vectors.make(some)
        except (meaning.NotInstalled, BadWeights) as problem:
            raise ChoreProblem(str(problem)) from problem
        done += len(some)
    return {}


def _make_there(hold: Hold, model: LanguageModel, texts: Texts, done: int) -> Refused:
    fetching.known(model)
    session = _Session(model, texts)
    refused: Refused = {}
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="embed") as pool:
        asking = pool.submit(lambda: asyncio.run(session.run()))
        try:
            while not asking.done() or not session.found.empty():
                for made in come(session.found):
                    _keep(model, made)
                    refused |= made.refused
                    done += len(made.digests) + len(made.refused)
                leave_when_told(hold)
                hold.beat(done)
            asking.result()
        finally:
            session.stop.set()
    return refused


@dataclass
class _Made:
    """What came of some texts: vectors for `digests`, or the reason why one was `refused`."""

    digests: list[str] = field(default_factory=list)
    rows: Numbers = field(default_factory=lambda: np.zeros((0, 0), dtype=np.float32))
    refused: Refused = field(default_factory=dict)


def _keep(model: LanguageModel, made: _Made) -> None:
    name = key(model)
    rows = zip(made.digests, made.rows.astype("<f4"), strict=True)
    kept = [TextVector(digest=digest, model=name, vector=row.tobytes()) for digest, row in rows]
    TextVector.objects.bulk_create(kept, ignore_conflicts=True)


@dataclass
class _Session:
    """The calls for vectors, made on an event loop of their own; a batch that is refused is asked for in halves."""

    model: LanguageModel
    texts: Texts
    stop: threading.Event = field(default_factory=threading.Event)
    found: "SimpleQueue[_Made]" = field(default_factory=SimpleQueue)
    alike: "Counter[str]" = field(default_factory=Counter)
    any_made: bool = False

    async def run(self) -> None:
        """Nothing; what is made goes to `found`. Raises ChoreProblem."""
        try:
            engine = cast(Embedder, registry.engine(self.model))
        except EngineError as problem:
            raise ChoreProblem(problem.message) from problem
        try:
            await self._all(engine)
        finally:
            await engine.close()

    async def _all(self, engine: Embedder) -> None:
        waiting, open_ones = self._batches(), set[asyncio.Task[None]]()
        try:
            while not self.stop.is_set():
                room = max(1, engine.limit) - len(open_ones)
                open_ones |= {asyncio.create_task(self._ask(engine, batch)) for batch in islice(waiting, room)}
                if not open_ones:
                    return
                done, open_ones = await asyncio.wait(
                    open_ones, timeout=LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED
                )
                for task in done:
                    task.result()
        finally:
            engine.give_up()
            for task in open_ones:
                task.cancel()
            await asyncio.gather(*open_ones, return_exceptions=True)

    def _batches(self) -> Iterator[list[str]]:
        names = iter(self.texts)
        while batch := list(islice(names, BATCH)):
            yield batch

    async def _ask(self, engine: Embedder, batch: list[str]) -> None:
        try:
            rows = await engine.embed([self.texts[name] for name in batch])
        except EngineError as problem:
            if not problem.permanent:
                raise ChoreProblem(problem.message) from problem
            await self._after(engine, batch, problem)
            return
        self.any_made, self.alike = True, Counter()
        self.found.put(_Made(batch, rows))

    async def _after(self, engine: Embedder, batch: list[str], problem: EngineError) -> None:
        """A batch that was refused: each half by itself, until it is clear which texts are refused."""
        if len(batch) > 1:
            for half in (batch[: len(batch) // 2], batch[len(batch) // 2 :]):
                await self._ask(engine, half)
            return
        self.alike[problem.message] += 1
        if self.alike[problem.message] >= (MOST_ALIKE if self.any_made else _FIRST_ALIKE):
            raise ChoreProblem(problem.message) from problem
        self.found.put(_Made(refused={batch[0]: problem.message}))
