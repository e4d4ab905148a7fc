"""The playground: one prompt put to a few models under a few config versions, the answers as they are written.

Nothing of it is stored. Each ask has an event loop on a thread of its own that feeds a bounded queue; the web server
reads the queue as the body of its answer and ends everything at once by closing it.
"""

import asyncio
import json
import logging
import queue
import secrets
import threading
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing, suppress
from time import perf_counter
from typing import Any, NamedTuple, cast

from django.db import connections
from django.utils.translation import gettext

from annotations.core.storable import tidy
from annotations.models import ConfigVersion, FloorVersion, LanguageModel
from annotations.services import floor
from annotations.services.prompt_checks import LONGEST
from training.engines import Ending, Engine, EngineError, Messages, Sampling
from training.services import fetching, registry

log = logging.getLogger(__name__)

MOST_MODELS, MOST_VERSIONS = 3, 2
ASKS_AT_ONCE = 2
CELL_SECONDS, ASK_SECONDS = 120.0, 150.0
BEAT_SECONDS = 0.5
_CLOSE_SECONDS = 5.0
_QUEUE_LINES, _FULL_SECONDS = 256, 0.02

TOO_SLOW = "The answer was not at its end after {seconds:g} seconds and was cut off."
OUR_ERROR = "An error of this application ({name}); its log says more."
BUSY = f"You already have {ASKS_AT_ONCE} asks in progress. Stop one of them, or wait until it ends."

Line = dict[str, Any]


class PlaygroundProblem(ValueError):
    """Why nothing was asked, and what to do about it."""


class Busy(PlaygroundProblem):
    """The person already has as many asks in progress as one may have."""


class Cell(NamedTuple):
    """One answer to get: `key` names its place on the page, `m3-v12` (v0 = no config)."""

    key: str
    model: LanguageModel
    messages: Messages


def cells(*, prompt: str, models: Sequence[LanguageModel], versions: Sequence[ConfigVersion | None]) -> list[Cell]:
    """What to ask: every model under every version; None stands for no config, the prompt alone.

    Raises PlaygroundProblem for an empty or overlong prompt, nothing chosen, too much chosen, an unusable draft.
    """
    text = tidy(prompt)
    _check(text, len(models), len(versions))
    above = floor.in_force()
    starts = [(version.pk if version else 0, _start(version, above)) for version in versions]
    asked = {"role": "user", "content": text}
    return [Cell(f"m{model.pk}-v{number}", model, [*start, asked]) for model in models for number, start in starts]


def _check(text: str, models: int, versions: int) -> None:
    if not text:
        raise PlaygroundProblem(gettext("The prompt is empty. Write what a user would ask."))
    if len(text) > LONGEST:
        raise PlaygroundProblem(
            gettext("A prompt has at most %(longest)s characters; this one has %(text)s.")
            % {"longest": f"{LONGEST:,}", "text": f"{len(text):,}"}
        )
    if not 1 <= models <= MOST_MODELS:
        raise PlaygroundProblem(
            gettext("Choose one to %(most_models)s models; %(value)s chosen.")
            % {"most_models": MOST_MODELS, "value": models or "none"}
        )
    if not 1 <= versions <= MOST_VERSIONS:
        raise PlaygroundProblem(
            gettext("Choose one or %(most_versions)s config versions; %(value)s chosen.")
            % {"most_versions": MOST_VERSIONS, "value": versions or "none"}
        )


def _start(version: ConfigVersion | None, above: FloorVersion | None) -> Messages:
    """The messages before the prompt: the system prompt a run would send, or nothing."""
    if version is None:
        return []
    try:
        return [{"role": "system", "content": version.system_prompt(above)}]
    except (ValueError, TypeError) as unusable:
        raise PlaygroundProblem(
            gettext("%(version)s cannot be asked yet: %(unusable)s") % {"version": version, "unusable": unusable}
        ) from unusable


_asks: dict[int, dict[str, "Asking"]] = {}
_asks_lock = threading.Lock()


def ask(*, person: int, cells: Sequence[Cell], kind: "Callable[..., Asking] | None" = None) -> "Asking":
    """The answers of all cells, begun at once. Close it, or it ends by itself after ASK_SECONDS. Raises Busy.

    `kind` makes another sort of Asking, of the same arguments.
    """
    with _asks_lock:
        if len(_asks.get(person, {})) >= ASKS_AT_ONCE:
            raise Busy(BUSY)
        fetching.known(*(cell.model for cell in cells))
        asking = (kind or Asking)(cells, ended=lambda key: _forget(person, key))
        asking.start()
        _asks.setdefault(person, {})[asking.key] = asking
    return asking


def stop(*, person: int, key: str, cell: str = "") -> bool:
    """True when the person's ask of that key was still in progress here; it, or only one cell of it, ends at once."""
    with _asks_lock:
        asking = _asks.get(person, {}).get(key)
    if asking is not None:
        asking.stop(cell)
    return asking is not None


def _forget(person: int, key: str) -> None:
    with _asks_lock:
        _asks.get(person, {}).pop(key, None)
        if not _asks.get(person):
            _asks.pop(person, None)


class Asking:
    """The answers of one ask as lines of JSON, in the order they come; `close()` ends every call at once.

    The first line is {"ask": key}; then {"cell", "delta"}, and for each cell at last {"cell", "done"} or
    {"cell", "error"}. Empty lines mean only that the ask is alive: writing them shows when the reader is gone.
    """

    def __init__(self, cells: Sequence[Cell], ended: Callable[[str], None]):
        self.key = secrets.token_urlsafe(9)
        self._cells, self._ended = cells, ended
        self._lines: queue.Queue[Line | None] = queue.Queue(_QUEUE_LINES)
        self._lines.put_nowait({"ask": self.key})
        self._loop = asyncio.new_event_loop()
        self._over = threading.Event()
        self._gone = False
        self._stopped: set[str] = set()
        self._begun: dict[str, asyncio.Task[Any]] = {}
        self._engines: dict[int, Engine] = {}

    def start(self) -> None:
        """Begin every call."""
        threading.Thread(target=self._work, name=f"playground-{self.key}", daemon=True).start()

    def stop(self, cell: str = "") -> None:
        """End one cell, or with "" all of them; what is there stays and counts as done."""
        with suppress(RuntimeError):  # the loop is closed: everything has ended
            self._loop.call_soon_threadsafe(self._stop, {one.key for one in self._cells if cell in {"", one.key}})

    def __iter__(self) -> "Asking":
        return self

    def __next__(self) -> bytes:
        _give_back_connections()
        lines = self._waiting_lines()
        if not lines and self._over.is_set() and self._lines.empty():
            raise StopIteration
        return "".join(json.dumps(line) + "\n" for line in lines).encode() or b"\n"

    def close(self) -> None:
        """End every call and its connection; the reader is gone."""
        self._gone = True
        self.stop()

    def _waiting_lines(self) -> list[Line]:
        """Every line that is there, after a wait of at most BEAT_SECONDS for the first one."""
        found: list[Line | None] = []
        if not (self._over.is_set() and self._lines.empty()):
            with suppress(queue.Empty):
                found.append(self._lines.get(timeout=BEAT_SECONDS))
        while not self._lines.empty():
            found.append(self._lines.get_nowait())
        return [line for line in found if line is not None]

    def _work(self) -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
                runner.run(self._all())
        finally:
            self._finish()

    def _finish(self) -> None:
        """Say that nothing more comes; a reader that waits is woken. Called twice it does no more than once."""
        self._over.set()
        with suppress(queue.Full):
            self._lines.put_nowait(None)
        self._ended(self.key)

    async def _all(self) -> None:
        # Every cell is over by then, unless its reader takes nothing and does not go away either.
        self._loop.call_later(ASK_SECONDS, self.close)
        try:
            await asyncio.gather(*(self._answer(cell) for cell in self._cells), return_exceptions=True)
            with suppress(TimeoutError):
                async with asyncio.timeout(_CLOSE_SECONDS):
                    await asyncio.gather(*(one.close() for one in self._engines.values()), return_exceptions=True)
        finally:
            self._finish()

    def _stop(self, keys: set[str]) -> None:
        self._stopped |= keys
        for key in keys & set(self._begun):
            self._begun[key].cancel()

    async def _answer(self, cell: Cell) -> None:
        began, ending = perf_counter(), Ending()
        try:
            self._begin(cell)
            async with asyncio.timeout(CELL_SECONDS):
                await self._stream(cell, ending)
            last = _done(ending, began)
        except asyncio.CancelledError:
            last = _done(Ending(ending.identity, finish="stopped"), began)
        except TimeoutError:
            last = {"error": TOO_SLOW.format(seconds=CELL_SECONDS)}
        except EngineError as problem:
            last = {"error": problem.message}
        except Exception as bug:
            log.exception("a cell of the playground, model %s", cell.model.pk)
            last = {"error": OUR_ERROR.format(name=type(bug).__name__)}
        await self._put({"cell": cell.key} | last)

    def _begin(self, cell: Cell) -> None:
        """Note the task, so that it can be stopped; one that was stopped before it began is over at once."""
        if cell.key in self._stopped:
            raise asyncio.CancelledError
        if task := asyncio.current_task():
            self._begun[cell.key] = task

    async def _stream(self, cell: Cell, ending: Ending) -> None:
        sampling = Sampling(max_tokens=cell.model.max_tokens, seed=0)
        pieces = self._engine(cell.model).stream(cell.messages, sampling, ending)
        async with aclosing(cast(AsyncGenerator[str, None], pieces)) as text:
            async for piece in text:
                await self._put({"cell": cell.key, "delta": piece})

    def _engine(self, model: LanguageModel) -> Engine:
        """The model's engine, one for all cells of the ask, so that its limit of calls at once holds among them."""
        if model.pk not in self._engines:
            self._engines[model.pk] = registry.engine(model)
        return self._engines[model.pk]

    async def _put(self, line: Line) -> None:
        """Nothing, once there is room for the line; at once when nobody reads any more."""
        while not self._gone:
            try:
                return self._lines.put_nowait(line)
            except queue.Full:
                await asyncio.sleep(_FULL_SECONDS)


def _give_back_connections() -> None:
    """Close this thread's database connections as at the end of a request: a stream may last minutes without need."""
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close()


def _done(ending: Ending, began: float) -> Line:
    told = {"tokens": ending.tokens_out, "identity": ending.identity[:300], "finish": ending.finish[:50]}
    return {"done": told | {"ms": round((perf_counter() - began) * 1000)}}
