"""What Prometheus and probes are told by the gateway."""

from collections.abc import Iterator
from functools import cache

import pytest

from tests.gateway_place import CHAT, Answer, Caller, ask, hello, served
from tests.stage import Stage
from tests.test_observability import samples
from training.gateway import metrics
from training.gateway.database import Database
from training.gateway.limits import Limits
from training.metric_files import Metrics

pytestmark = pytest.mark.django_db(transaction=True)
TOKEN = "metrics-token-of-a-test"


@pytest.fixture(scope="module")
def stub() -> Iterator[Stage]:
    with Stage() as stage:
        yield stage


@pytest.fixture(autouse=True)
def _counted_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every count begins at nothing, and those of the process stay as they are."""
    own = Metrics(metrics.PART)
    monkeypatch.setattr(metrics, "metrics", lambda part: own)
    monkeypatch.setattr(metrics, "counted", cache(lambda: metrics.Counted(own)))


def told(answer: Answer) -> dict[tuple[str, tuple[str, ...]], float]:
    assert answer.status == 200, answer.body
    return samples(answer.body.decode())


def test_calls_are_counted_once_they_have_ended(redis: str, stub: Stage, settings: object) -> None:
    settings.METRICS_TOKEN = TOKEN  # type: ignore[attr-defined]
    _, secret = served(stub.base_url, "echo")

    async def scenario(call: Caller) -> Answer:
        await call.post(CHAT, hello(), secret)
        await call.post(CHAT, hello(stream=True), secret)
        await call.post(CHAT, hello(), "wrong")
        await call.post(CHAT, hello("unknown"), secret)
        await call.get("/v1/models/game", secret)
        await call.get("/nowhere")
        return await call.get("/metrics", TOKEN)

    found = told(ask(redis, scenario))
    name = "cosa_gateway_requests_total"
    requests = {labels: value for (one, labels), value in found.items() if one == name}
    assert requests == {("chat", "200"): 2, ("chat", "401"): 1, ("chat", "404"): 1, ("models", "200"): 1} | {
        ("other", "404"): 1
    }
    refused = {labels[0]: value for (one, labels), value in found.items() if one == "cosa_gateway_refused_total"}
    assert refused == {"invalid_api_key": 1, "model_not_found": 1, "unknown_url": 1}
    assert found["cosa_gateway_calls_total", ("answered",)] == 2
    assert found["cosa_gateway_call_seconds_count", ()] == found["cosa_gateway_first_text_seconds_count", ()] == 2
    assert (found["cosa_gateway_tokens_in_total", ()], found["cosa_gateway_tokens_out_total", ()]) == (20, 80)
    assert found["cosa_gateway_requests_in_flight", ()] == found["cosa_gateway_open_streams", ()] == 0


def test_a_stream_is_open_until_its_client_left(redis: str, stub: Stage, settings: object) -> None:
    settings.METRICS_TOKEN = TOKEN  # type: ignore[attr-defined]
    _, secret = served(stub.base_url, "stream-stalls")

    async def scenario(call: Caller) -> list[Answer]:
        stream = call.open("POST", CHAT, hello(stream=True), secret)
        await stream.until(lambda answer: bool(answer.pieces))
        open_now = await call.get("/metrics", TOKEN)
        stream.leave()
        await stream.end()
        return [open_now, await call.get("/metrics", TOKEN)]

    before, after = map(told, ask(redis, scenario))
    now = [
        (one["cosa_gateway_open_streams", ()], one["cosa_gateway_requests_in_flight", ()]) for one in (before, after)
    ]
    assert now == [(1, 1), (0, 0)]
    outcomes = {labels for name, labels in after if name == "cosa_gateway_calls_total"}
    assert outcomes == {("left",)}


@pytest.mark.parametrize(("token", "status"), [("", 404), (TOKEN, 401)])
def test_metrics_are_for_who_shows_the_token(redis: str, settings: object, token: str, status: int) -> None:
    settings.METRICS_TOKEN = token  # type: ignore[attr-defined]
    answer = ask(redis, lambda call: call.get("/metrics", "another-token-entirely"))
    assert answer.status == status
    assert b"cosa_gateway" not in answer.body


def ready(redis: str) -> tuple[int, str, dict[str, object]]:
    answer = ask(redis, lambda call: call.get("/readyz"))
    return answer.status, answer.json["status"], answer.json["checks"]


def test_a_gateway_with_all_it_needs_is_ready(redis: str) -> None:
    assert ready(redis) == (200, "ok", {"database": {"state": "ok"}, "redis": {"state": "ok"}})


def test_without_redis_some_calls_are_answered(redis: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Limits, "counts", lambda _: False)
    status, state, checks = ready(redis)
    assert (status, state, checks["redis"]) == (200, "degraded", {"state": "failed", "cause": "no answer"})


def test_without_its_database_it_answers_nobody(redis: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: object) -> None:
        raise TimeoutError("db.inside")

    monkeypatch.setattr(Database, "ask", away)
    status, state, checks = ready(redis)
    assert (status, state, checks["database"]) == (503, "down", {"state": "failed", "cause": "no answer"})
