"""The stub with a memory, and evaluation runs played on it to their end.

`Stage` remembers every call, can hold a model's answers back, can be told what a model says, call by call, and refuses
marked prompts alone: `marked-too-long` and `marked-filtered` refuse a call whose last message contains MARK.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from itertools import count
from threading import Event, Thread
from typing import Any, NamedTuple

from aiohttp import web

from annotations.models import LanguageModel
from tests.factories import make_candidate, make_judge, make_model, make_run
from tests.stub_server import StubServer
from training.models import EvaluationRun, Judge
from training.services.work import work

MARK = "lighthouse"
_MARKED = {
    "marked-too-long": {"code": "context_length_exceeded", "message": "maximum context length is 2048 tokens"},
    "marked-filtered": {"code": "content_filter", "message": "The response was filtered"},
}
_numbers = count(1)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Seen(NamedTuple):
    """One chat call: when it came in (time.monotonic), for which model, with which messages, and its whole body."""

    at: float
    model: str
    messages: list[dict[str, str]]
    body: dict[str, Any]

    @property
    def asked(self) -> str:
        """The last message."""
        return self.messages[-1]["content"]


class Stage(StubServer):
    """A StubServer one can question and direct."""

    def __init__(self, latency: float = 0.0) -> None:
        super().__init__(latency)
        self.seen: list[Seen] = []
        self._held: dict[str, asyncio.Event] = {}
        self._lines: dict[str, list[Any]] = {}
        self._app.middlewares.append(self._direct())

    def hold(self, *models: str) -> None:
        """Calls to these models get no answer until `release()`."""
        self._held |= {model: asyncio.Event() for model in models}

    def release(self) -> None:
        """Everything held back is answered now, and nothing is held any more."""
        held, self._held = self._held, {}
        for waits in held.values():
            self._loop.call_soon_threadsafe(waits.set)

    def says(self, model: str, *lines: Any) -> None:
        """The model's answers, call by call; the last goes on: a text, a whole body, or a failure.

        A failure is a status, or a status with the seconds to wait before the next try.
        """
        self._lines[model] = list(lines)

    def asked(self, model: str) -> list[str]:
        """The last message of each call to the model, in the order they came."""
        return [seen.asked for seen in self.seen if seen.model == model]

    def _direct(self) -> Any:
        @web.middleware
        async def direct(request: web.Request, handler: Handler) -> web.StreamResponse:
            if not request.path.endswith("/chat/completions"):
                return await handler(request)
            body = await request.json()
            self.seen.append(Seen(time.monotonic(), body["model"], body["messages"], body))
            if waits := self._held.get(body["model"]):
                await waits.wait()
            answered = await handler(request)
            return self._line(body["model"]) or _refused(body) or answered

        return direct

    def _line(self, model: str) -> web.Response | None:
        lines = self._lines.get(model)
        if not lines:
            return None
        line = lines.pop(0) if len(lines) > 1 else lines[0]
        if isinstance(line, int | tuple):
            status, wait = line if isinstance(line, tuple) else (line, 0)
            return web.json_response({"error": {"message": "no"}}, status=status, headers={"Retry-After": f"{wait}"})
        return web.json_response(completion(line) if isinstance(line, str) else line)


def completion(text: str, **fields: Any) -> dict[str, Any]:
    """The body of an answer."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    return {"model": "stub", "choices": [choice | fields], "usage": {"prompt_tokens": 10, "completion_tokens": 40}}


def _refused(body: dict[str, Any]) -> web.Response | None:
    error = _MARKED.get(body["model"])
    if error is None or MARK not in body["messages"][-1]["content"]:
        return None
    return web.json_response({"error": error}, status=400)


def served(stage: StubServer, model: str = "ok", **fields: Any) -> LanguageModel:
    """A model of that name on the stage; give it a short patience where calls fail until it is over."""
    values = {"engine": "openai_http", "base_url": stage.base_url, "max_concurrency": 4, "timeout": 10, "patience": 10}
    return make_model(f"served-{next(_numbers)}", model=model, plumbing=False, **values | fields)


def helpfulness(stage: StubServer, model: str = "judge-rating", **fields: Any) -> Judge:
    """The judge of helpfulness, asked of that model on the stage."""
    return make_judge("helpfulness", served(stage, model, **fields))


def staged(
    stage: StubServer, answers: str = "ok", judges: list[Judge] | None = None, prompts: int = 4, **fields: Any
) -> EvaluationRun:
    """A queued run whose answers come from the stage; judged by the judge of helpfulness there unless told."""
    candidate = make_candidate(served(stage, answers, **fields))
    return make_run(prompts, candidate=candidate, judges=judges or [helpfulness(stage)])


def play(run: EvaluationRun, stop: Event | None = None) -> EvaluationRun:
    """The run after one worker's shift."""
    work(run.pk, "w1", stop or Event())
    run.refresh_from_db()
    return run


class Shift(Thread):
    """One worker's shift on a thread, while the test goes on; `end()` waits for it and raises what it raised."""

    def __init__(self, run: EvaluationRun) -> None:
        super().__init__(daemon=True)
        self.stop_event, self._run, self._problem = Event(), run, None
        self.start()

    def run(self) -> None:
        try:
            work(self._run.pk, "w1", self.stop_event)
        except BaseException as problem:
            self._problem = problem

    def end(self, seconds: float = 15) -> EvaluationRun:
        """The run after the shift."""
        self.join(seconds)
        assert not self.is_alive(), "the shift did not end"
        if self._problem:
            raise self._problem
        self._run.refresh_from_db()
        return self._run


def until(true: Callable[[], object], seconds: float = 30) -> None:
    """Nothing, as soon as `true()`; fails after `seconds`. Asked less and less often, 20 times a second at least."""
    end, pause = time.monotonic() + seconds, 0.005
    while not true():
        assert time.monotonic() < end, "it never became true"
        time.sleep(pause)
        pause = min(pause * 1.1, 0.05)


def beats(run: EvaluationRun, times: int = 2) -> None:
    """Nothing, after so many heartbeats of the run's worker: after two it has acted on what was decided before."""
    for _ in range(times):
        seen = run.leases.latest("pk").until
        until(lambda old=seen: run.leases.latest("pk").until != old)
