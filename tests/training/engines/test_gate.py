import asyncio

import pytest

from training.engines import EngineError
from training.engines._gate import Gate


async def _holders(gate: Gate, number: int) -> tuple[list[asyncio.Task[None]], list[int], asyncio.Event]:
    inside: list[int] = []
    done = asyncio.Event()

    async def hold(who: int) -> None:
        async with gate:
            inside.append(who)
            await done.wait()

    tasks = [asyncio.create_task(hold(who)) for who in range(number)]
    await asyncio.sleep(0)
    return tasks, inside, done


def test_first_come_is_first_served_and_a_raised_limit_wakes_the_next() -> None:
    async def scene() -> None:
        gate = Gate(1)
        tasks, inside, done = await _holders(gate, 4)
        assert inside == [0]
        gate.limit = 3
        await asyncio.sleep(0)
        assert inside == [0, 1, 2]
        done.set()
        await asyncio.gather(*tasks)
        assert inside == [0, 1, 2, 3]

    asyncio.run(scene())


def test_a_lowered_limit_lets_nobody_new_in_until_enough_have_left() -> None:
    async def scene() -> None:
        gate = Gate(2)
        tasks, inside, done = await _holders(gate, 3)
        gate.limit = 0
        done.set()
        await asyncio.gather(*tasks[:2])
        assert inside == [0, 1]
        gate.limit = 1
        await tasks[2]
        assert inside == [0, 1, 2]

    asyncio.run(scene())


def test_a_waiter_cancelled_as_it_is_let_in_passes_its_place_on() -> None:
    async def scene() -> None:
        gate = Gate(0)
        tasks, inside, done = await _holders(gate, 3)
        gate.limit = 1
        tasks[0].cancel()
        tasks[1].cancel()
        done.set()
        await asyncio.wait_for(tasks[2], 1)
        assert inside == [2]

    asyncio.run(scene())


def test_a_shut_gate_sends_away_those_who_wait_and_those_who_come() -> None:
    async def scene() -> None:
        gate = Gate(1)
        tasks, inside, done = await _holders(gate, 3)
        gate.shut()
        done.set()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(end) for end in ended] == [type(None), EngineError, EngineError]
        assert inside == [0]
        with pytest.raises(EngineError, match="stopped"):
            await gate.__aenter__()

    asyncio.run(scene())
