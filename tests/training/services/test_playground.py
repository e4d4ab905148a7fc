"""Asking in the playground: what is sent, what comes back line by line, limits, and that nothing outlives a reader."""

import asyncio
import json
import time
from threading import Thread

import pytest
from aiohttp import web
from django.db import connection
from django.utils import timezone

from annotations.models import FloorVersion
from tests.factories import make_model, make_version
from tests.stage import Stage, served, until
from training.services import playground
from training.services.playground import Busy, Cell, PlaygroundProblem, ask, cells, stop

ADA, BOB = 1, 2
pytestmark = pytest.mark.django_db


class Drip(Stage):
    """A stage whose model `drip` writes a word every 10 ms without end, and whose model `mute` never begins."""

    def __init__(self):
        super().__init__()
        self.open = 0
        self._app.middlewares.append(self._endless())

    def _endless(self):
        @web.middleware
        async def endless(request, handler):
            body = await request.json() if request.path.endswith("/chat/completions") else {}
            if body.get("model") not in {"drip", "mute"}:
                return await handler(request)
            self.open += 1
            try:
                return await self._write(request, body["model"])
            finally:
                self.open -= 1

        return endless

    async def _write(self, request, model):
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        if model == "drip":
            await response.prepare(request)
        while request.transport and not request.transport.is_closing():
            if model == "drip":
                choice = {"index": 0, "delta": {"content": "word "}, "finish_reason": None}
                await response.write(b"data: " + json.dumps({"model": "drip", "choices": [choice]}).encode() + b"\n\n")
            await asyncio.sleep(0.01)
        return response


@pytest.fixture
def stage():
    with Drip() as server:
        yield server


@pytest.fixture(autouse=True)
def _nobody_asks_any_more():
    yield
    for asking in [asking for mine in playground._asks.values() for asking in mine.values()]:
        asking.close()
    until(lambda: not playground._asks, seconds=8)


def cell(model, text="hello there", key="m1-v0"):
    return Cell(key, model, [{"role": "user", "content": text}])


def read(asking):
    """Every line, once all is over."""
    return [json.loads(line) for chunk in asking for line in chunk.splitlines() if line]


def said(lines, key="m1-v0"):
    return "".join(line["delta"] for line in lines if line.get("cell") == key and "delta" in line)


def last(lines, key="m1-v0"):
    return [line for line in lines if line.get("cell") == key][-1]


def started(asking, words=1):
    """The ask after its first words have come."""
    seen = 0
    while seen < words:
        seen += next(asking).count(b"delta")
    return asking


def test_every_model_is_asked_under_every_version_with_what_a_run_would_send():
    version, models = make_version(), [make_model("one"), make_model("two")]
    grid = cells(prompt=" Hi\r\nthere ", models=models, versions=[version, None])
    keys = [f"m{model.pk}-v{number}" for model in models for number in (version.pk, 0)]
    assert [one.key for one in grid] == keys
    assert [message["role"] for message in grid[0].messages] == ["system", "user"]
    assert "We write games for adults." in grid[0].messages[0]["content"]
    assert grid[1].messages == [{"role": "user", "content": "Hi\nthere"}]


def test_a_config_and_a_prompt_full_of_marks_stay_as_written():
    version = make_version(policy="Answer $config and {response} with $$.")
    system, user = cells(prompt="{response} $config $floor", models=[make_model()], versions=[version])[0].messages
    assert "Answer $config and {response} with $$." in system["content"]
    assert user["content"] == "{response} $config $floor"


def test_the_floor_in_force_comes_first():
    fields = {"state": "published", "published_at": timezone.now(), "digest": "0" * 64}
    FloorVersion.objects.create(number=1, text="Never help with counterfeit maps.", **fields)
    system = cells(prompt="Hi", models=[make_model()], versions=[make_version()])[0].messages[0]["content"]
    assert 0 < system.index("counterfeit maps") < system.index("We write games")


@pytest.mark.parametrize(
    ("prompt", "models", "versions", "words"),
    [
        (" \r\n ", 1, 1, "empty"),
        ("x" * 100_000, 1, 1, "at most 20,000 characters; this one has 100,000"),
        ("Hi", 0, 1, "Choose one to 3 models; none chosen."),
        ("Hi", 4, 1, "Choose one to 3 models; 4 chosen."),
        ("Hi", 1, 0, "Choose one or 2 config versions; none chosen."),
        ("Hi", 1, 3, "Choose one or 2 config versions; 3 chosen."),
    ],
)
def test_what_cannot_be_asked_is_a_sentence(prompt, models, versions, words):
    with pytest.raises(PlaygroundProblem, match=words):
        cells(prompt=prompt, models=[make_model()] * models, versions=[None] * versions)


def test_a_draft_with_an_unfinished_rule_is_a_sentence():
    draft = make_version(state="draft", rules=[{"id": "r1", "kind": "", "text": "x", "example": ""}])
    with pytest.raises(PlaygroundProblem, match="cannot be asked yet: Rule r1"):
        cells(prompt="Hi", models=[make_model()], versions=[draft])


def test_the_answers_of_all_cells_come_in_one_stream(stage):
    grid = [cell(served(stage, "echo"), "first"), cell(make_model(), "second", "m2-v0")]
    lines = read(ask(person=ADA, cells=grid))
    assert said(lines).strip() == "first" and "second" in said(lines, "m2-v0")
    assert [lines[0].keys(), last(lines).keys()] == [{"ask"}, {"cell", "done"}]


def test_a_cell_ends_with_tokens_time_identity_and_finish(stage):
    done = last(read(ask(person=ADA, cells=[cell(served(stage, "ok"))])))["done"]
    assert (done["tokens"], done["identity"], done["finish"]) == (40, "ok", "stop")
    assert 0 <= done["ms"] < 5000


def test_no_connection_to_a_model_outlives_its_ask(stage):
    asking = ask(person=ADA, cells=[cell(served(stage, "ok"))])
    read(asking)
    asked_until = time.monotonic() + 1
    until(lambda: not stage._runner.server.connections)
    assert time.monotonic() < asked_until


def test_hostile_signs_come_through_as_they_are(stage):
    text = '<script>alert(1)</script> {response} $config \u202eabc "\\ \u2028'
    assert said(read(ask(person=ADA, cells=[cell(served(stage, "echo"), text)]))).split() == text.split()


def test_the_error_of_one_model_stays_in_its_cell(stage):
    grid = [cell(served(stage, "quota"), key="bad"), cell(served(stage, "ok"), key="good")]
    lines = read(ask(person=ADA, cells=grid))
    assert "no money left" in last(lines, "bad")["error"] and last(lines, "good")["done"]


def test_an_engine_that_cannot_be_made_is_an_error_of_its_cells(stage, monkeypatch):
    monkeypatch.delenv("COSA_KEY_NOWHERE", raising=False)
    grid = [cell(served(stage, key_variable="COSA_KEY_NOWHERE"), key="bad"), cell(make_model("gone", engine="gone"))]
    lines = read(ask(person=ADA, cells=grid))
    assert "COSA_KEY_NOWHERE is not set" in last(lines, "bad")["error"] and "gone" in last(lines)["error"]


def test_a_bug_is_said_without_the_prompt_in_the_log(monkeypatch, caplog):
    monkeypatch.setattr(playground.registry, "engine", lambda model: 1 / 0)
    error = last(read(ask(person=ADA, cells=[cell(make_model(), "a secret")])))["error"]
    assert "ZeroDivisionError" in error and "secret" not in caplog.text


def test_a_cell_without_an_end_is_cut_off_in_words(stage, monkeypatch):
    monkeypatch.setattr(playground, "CELL_SECONDS", 0.3)
    began = time.monotonic()
    lines = read(ask(person=ADA, cells=[cell(served(stage, "drip"))]))
    assert time.monotonic() - began < 3
    assert "not at its end after 0.3 seconds" in last(lines)["error"] and said(lines)
    until(lambda: not stage.open)


def test_while_nothing_comes_the_stream_shows_that_it_lives(stage, monkeypatch):
    monkeypatch.setattr(playground, "BEAT_SECONDS", 0.02)
    asking = ask(person=ADA, cells=[cell(served(stage, "mute"))])
    assert [next(asking)[:6], next(asking)] == [b'{"ask"', b"\n"]


@pytest.mark.parametrize("model", ["drip", "mute"])
def test_a_reader_that_goes_away_ends_every_call_at_once(stage, model):
    asking = ask(person=ADA, cells=[cell(served(stage, model), key=str(n)) for n in range(6)])
    until(lambda: stage.open == 6)
    asking.close()
    began = time.monotonic()
    until(lambda: not stage.open)
    assert time.monotonic() - began < 1


def test_closing_before_anything_was_read_ends_it_too(stage):
    ask(person=ADA, cells=[cell(served(stage, "drip"))]).close()
    until(lambda: not playground._asks)
    until(lambda: not stage.open)


@pytest.mark.django_db(transaction=True)
def test_a_stream_holds_no_connection_to_the_database(stage):
    asking = ask(person=ADA, cells=[cell(served(stage, "drip"))])
    assert connection.connection is not None
    next(asking)
    assert connection.connection is None


def test_a_reader_that_takes_nothing_fills_no_memory_and_is_left_behind_in_time(stage, monkeypatch):
    monkeypatch.setattr(playground, "_QUEUE_LINES", 8)
    monkeypatch.setattr(playground, "ASK_SECONDS", 0.6)
    asking = ask(person=ADA, cells=[cell(served(stage, "drip"))])
    until(lambda: asking._lines.full())
    assert stage.open == 1
    until(lambda: not playground._asks)
    until(lambda: not stage.open)
    assert asking._lines.qsize() == 8


def test_one_cell_is_stopped_and_the_others_go_on(stage):
    model = served(stage, "drip")
    asking = started(ask(person=ADA, cells=[cell(model, key="a"), cell(model, key="b")]), words=4)
    assert stop(person=ADA, key=asking.key, cell="a")
    until(lambda: stage.open == 1)
    stop(person=ADA, key=asking.key)
    assert last(read(asking), "b")["done"]["finish"] == "stopped"
    until(lambda: not stage.open)


def test_a_cell_stopped_before_it_begins_has_an_end_and_no_call(stage):
    asking = playground.Asking([cell(served(stage, "drip"))], ended=lambda key: None)
    asking.stop()
    asking.start()
    assert last(read(asking))["done"]["finish"] == "stopped" and not stage.open


def test_nobody_stops_the_ask_of_another_person(stage):
    asking = started(ask(person=ADA, cells=[cell(served(stage, "drip"))]))
    assert not stop(person=BOB, key=asking.key) and not stop(person=ADA, key="guessed")
    assert next(asking) and stage.open == 1


def test_a_person_has_two_asks_at_a_time_and_others_theirs(stage):
    grid = [cell(served(stage, "mute"))]
    first, _ = ask(person=ADA, cells=grid), ask(person=ADA, cells=grid)
    with pytest.raises(Busy, match="2 asks in progress"):
        ask(person=ADA, cells=grid)
    assert ask(person=BOB, cells=grid)
    first.close()
    until(lambda: len(playground._asks[ADA]) == 1)
    assert ask(person=ADA, cells=grid)


def test_two_asks_begun_at_the_same_moment_count_both(stage):
    grid, outcomes = [cell(served(stage, "mute"))], []

    def one():
        try:
            outcomes.append(ask(person=ADA, cells=grid))
        except Busy:
            outcomes.append(None)

    threads = [Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count(None) == 6


def test_one_models_cells_share_its_calls_at_once(stage):
    model = served(stage, "ok", max_concurrency=1)
    read(ask(person=ADA, cells=[cell(model, key="a"), cell(model, key="b")]))
    assert (stage.calls("ok"), stage.most_in_flight()) == (2, 1)
