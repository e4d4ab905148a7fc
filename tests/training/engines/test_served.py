"""Engines whose server this process starts: begun once, shared, watched, ended, and said in words when it fails."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest

from training.engines import Endpoint, EngineError, NotServed, NoWeights, Reply, Sampling, Serving, _server
from training.engines._served import ServedEngine
from training.engines._server import Launch

ROOT = Path(__file__).resolve().parents[3]
QUESTION = [{"role": "user", "content": "Which word is secret?"}]


class House:
    """A place for servers of one test, and what they said of themselves."""

    def __init__(self, place: Path) -> None:
        self.place, self.starts_file = place, place / "starts"

    def launch(self, behaviour: str = "ok", *, seconds: float = 60, asked: str = "m", **serving: Any) -> Launch:
        told = {"python": sys.executable, "logs": str(self.place / "logs"), "idle": 60.0} | serving

        def module(port: int) -> list[str]:
            return ["tests.model_server", behaviour, str(port), str(self.starts_file)]

        return Launch("The server", "m", asked, module, Serving(**told), seconds, {"PYTHONPATH": str(ROOT)})

    def starts(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.starts_file.read_text("utf-8").splitlines()]

    def logs(self) -> list[Path]:
        return list((self.place / "logs").iterdir())


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    yield House(tmp_path)
    _server.stop_all()
    _server._servers.clear()


def engine(launch: Launch, **more: Any) -> ServedEngine:
    return ServedEngine(Endpoint("", "m", timeout=30, patience=30), launch, **more)


def ask(*engines: ServedEngine, schema: dict[str, Any] | None = None) -> list[Reply]:
    """What each of the engines answers, asked together; they are closed afterwards."""

    async def together() -> list[Reply]:
        try:
            return await asyncio.gather(*(one.chat(QUESTION, Sampling(), schema) for one in engines))
        finally:
            await asyncio.gather(*(one.close() for one in engines))

    return asyncio.run(together())


def pid(reply: Reply) -> int:
    return int(reply.text.split()[0])


def gone(number: int) -> bool:
    """True as soon as the process is not there, within some seconds."""
    ends = monotonic() + 15
    while monotonic() < ends:
        try:
            os.kill(number, 0)
        except ProcessLookupError:
            return True
        sleep(0.02)
    return False


def test_one_server_answers_all_engines_of_the_process_and_ends_with_it(house: House) -> None:
    launch = house.launch("loads")  # is not ready when it first listens
    first, second = ask(engine(launch), engine(house.launch("loads")))
    (third,) = ask(engine(launch))  # on another event loop
    assert pid(first) == pid(second) == pid(third) == house.starts()[0]["pid"]
    assert first.identity == "as m"
    _server.stop_all()
    assert gone(pid(first)) and house.logs() == [] and len(house.starts()) == 1


def test_another_model_or_option_is_another_server(house: House) -> None:
    one, other = ask(engine(house.launch("ok")), engine(house.launch("dies-after-99")))
    assert pid(one) != pid(other)


def test_a_server_is_told_its_cards_and_none_of_our_settings_or_keys(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COSA_KEY_OURS", "sk-very-secret")
    monkeypatch.setenv("VLLM_ALLOW_RUNTIME_LORA_UPDATING", "1")
    cards = Cards(house)
    ask(engine(house.launch(cards=cards)))
    told = {name: value for name, value in house.starts()[0].items() if name != "pid"}
    assert told == {
        "CUDA_VISIBLE_DEVICES": "2,5", "COSA_KEY_OURS": None, "VLLM_ALLOW_RUNTIME_LORA_UPDATING": None
    }  # fmt: skip
    assert (cards.taken, cards.back) == (1, 0)  # as long as it lives
    _server.stop_all()
    assert (cards.taken, cards.back, cards.too_early) == (1, 1, False)


class Cards:
    """Two cards; `too_early` when they are given back while a server of the house is alive."""

    def __init__(self, house: House) -> None:
        self._house, self.taken, self.back, self.too_early = house, 0, 0, False

    def take(self) -> Sequence[int]:
        self.taken += 1
        return [2, 5]

    def give_back(self) -> None:
        self.back += 1
        self.too_early = not gone(self._house.starts()[-1]["pid"])


class NoCards(Cards):
    def take(self) -> Sequence[int]:
        raise NotServed("passing", "Waits for 2 cards.")


def test_without_a_free_card_nothing_is_started(house: House) -> None:
    cards = NoCards(house)
    with pytest.raises(NotServed, match="Waits for 2 cards") as caught:
        ask(engine(house.launch(cards=cards)))
    assert caught.value.kind == "passing" and not house.starts_file.exists() and cards.back == 0


def test_a_server_that_ends_at_once_is_said_by_its_log_and_not_begun_for_every_call(house: House) -> None:
    launch = house.launch("says-RuntimeError: CUDA out of memory. Tried to allocate 9 GiB")
    for _ in range(2):
        with pytest.raises(NotServed, match=r"ended \(exit code 1\)\. The memory of the card ran out") as caught:
            ask(engine(launch), engine(launch))
        assert caught.value.permanent
    assert len(house.starts()) == 1 and len(house.logs()) == 1  # the log stays, to be read


def test_after_a_while_it_is_begun_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_server, "AGAIN_SECONDS", 0.0)
    for _ in range(2):
        with pytest.raises(NotServed):
            ask(engine(house.launch("says-no")))
    assert len(house.starts()) == 2


def test_a_server_that_never_listens_is_ended_in_bounded_time(house: House) -> None:
    launch = house.launch("silent", seconds=0.4)
    with pytest.raises(NotServed, match="was not ready after") as caught:
        ask(engine(launch))
    life = _server.server(launch)._life
    assert life is not None and life.process is not None and gone(life.process.pid)
    assert "It wrote nothing" in caught.value.message


def test_a_server_that_listens_and_does_not_answer_is_not_ready(house: House) -> None:
    with pytest.raises(NotServed, match=r"gives no answer: 400\. It says: no chat template"):
        ask(engine(house.launch("refuses")))
    assert gone(house.starts()[0]["pid"])


def test_a_python_that_is_not_there_is_named(house: House) -> None:
    with pytest.raises(NotServed, match="/no/python: No such file"):
        ask(engine(house.launch(python="/no/python")))


def test_a_server_that_dies_under_a_call_is_begun_again_and_asked_again(house: House) -> None:
    launch = house.launch("ok")
    (before,) = ask(engine(launch))
    os.kill(pid(before), signal.SIGKILL)
    (after,) = ask(engine(launch))
    assert pid(after) != pid(before)


def test_a_call_that_ends_every_server_is_given_up(house: House) -> None:
    with pytest.raises(NotServed, match=r"ended by itself 3 times in 10 minutes.*the prompt was too much"):
        ask(engine(house.launch("dies-after-2")))
    assert len(house.starts()) == _server.DEATHS


def test_a_server_nobody_asks_is_ended_and_the_next_call_begins_it_anew(house: House) -> None:
    cards = Cards(house)
    launch = house.launch("late", idle=0.2, cards=cards)  # an answer takes twice as long
    (before,) = ask(engine(launch))
    life = _server.server(launch).life
    assert life is None or life.ended.result(15) is None
    assert gone(pid(before)) and house.logs() == [] and (cards.back, cards.too_early) == (1, False)
    (after,) = ask(engine(launch))
    assert pid(after) != pid(before)


def test_the_time_without_calls_begins_when_the_server_is_ready_however_long_its_start_took(house: House) -> None:
    server = _server.server(house.launch("ok", idle=60.0))
    life = server.enter()
    server.leave()  # whoever began it did not wait
    server._used -= 100  # and its start took longer than it may be idle
    life.ready.result(15)
    assert not server.may_end(life)


def test_calls_that_wait_for_a_server_say_so_and_can_be_given_up(house: House) -> None:
    async def given_up() -> tuple[int, str]:
        one = engine(house.launch("silent"))
        call = asyncio.ensure_future(one.chat(QUESTION, Sampling()))
        await asyncio.sleep(0.05)
        seen = one.waiting, one.trouble
        one.give_up()
        with pytest.raises(EngineError, match="given up") as caught:
            await call
        assert caught.value.kind == "passing" and not isinstance(caught.value, NotServed)
        await one.close()
        return seen

    waiting, trouble = asyncio.run(given_up())
    assert waiting == 1 and trouble.startswith("The server is being started with m, ")


def test_an_answer_in_pieces_comes_from_the_same_server(house: House) -> None:
    async def pieces(one: ServedEngine) -> list[str]:
        try:
            return [piece async for piece in one.stream(QUESTION, Sampling())]
        finally:
            await one.close()

    (whole,) = ask(engine(house.launch()))
    assert asyncio.run(pieces(engine(house.launch())))[0].startswith(f"{pid(whole)} ")


def test_where_schemas_are_not_taken_none_is_sent_and_the_model_keeps_its_name(house: House) -> None:
    (plain,) = ask(engine(house.launch(asked="/weights")), schema={"type": "object"})
    (without,) = ask(engine(house.launch(asked="/weights"), schemas=False), schema={"type": "object"})
    assert ("response_format" in plain.text, plain.structured) == (True, True)
    assert ("response_format" in without.text, without.structured) == (False, False)
    assert without.identity == "m"


def test_a_server_ends_with_a_process_that_is_killed(house: House) -> None:
    program = (
        "import sys; from tests.training.engines.test_served import House, Path, _server, os, signal;"
        "_server.server(House(Path(sys.argv[1])).launch()).enter().ready.result(60);"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", program, str(house.place)], cwd=ROOT, timeout=90)
    assert done.returncode == -signal.SIGKILL and gone(house.starts()[0]["pid"])


class Slow:
    """Weights that take until `there` is set; told to stop before, they cannot be had."""

    def __init__(self) -> None:
        self.asked, self.there, self.brought = threading.Event(), threading.Event(), 0

    def bring(self, stopped: Callable[[], bool]) -> None:
        self.asked.set()
        while not self.there.wait(0.01):
            if stopped():
                raise NoWeights("passing", "They were on their way.")
        self.brought += 1


def test_weights_are_brought_before_the_start_whose_time_begins_then(house: House) -> None:
    files = Slow()
    mine = engine(house.launch(seconds=20, files=files))
    life = mine._server.enter()
    assert files.asked.wait(10) and life.fetches and life.process is None
    mine._starting += 1
    assert mine.trouble.startswith("The weights of m are fetched here, ")
    life.began -= 1000  # they took long: no part of the 20 seconds
    files.there.set()
    life.ready.result(30)
    assert files.brought == 1 and not life.fetches
    mine._server.leave()


def test_weights_that_do_not_come_are_said_and_their_end_does_not_wait(house: House) -> None:
    files = Slow()
    launch = house.launch(files=files)
    life = _server.server(launch).enter()
    assert files.asked.wait(10)
    _server.stop_all()
    with pytest.raises(NoWeights, match="on their way"):
        life.ready.result(1)
    assert not house.starts_file.exists()
    files.there.set()
    assert "They were" not in ask(engine(launch))[0].text and files.brought == 1  # a later call begins anew
