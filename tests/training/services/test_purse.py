"""One worker's purse: who is covered, who waits, who is told that there is no more."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic

import pytest

from training.services.costs import Amount
from training.services.ledger import Grant
from training.services.purse import AHEAD, Exhausted, Purse, Stopped

CALL = Amount(10)


class Budget:
    """Tokens a purse can reserve, and what it asked for."""

    def __init__(self, left: int, others: bool = False) -> None:
        self.left, self.others, self.asked = left, others, []

    async def __call__(self, *, needed: Amount, ahead: Amount, back: Amount) -> Grant:
        self.asked.append((needed.tokens, ahead.tokens, back.tokens))
        self.left += back.tokens
        await asyncio.sleep(0)
        if needed.tokens > self.left:
            return Grant(Amount(), self.others, "No more.")
        given = min(self.left, needed.tokens + ahead.tokens)
        self.left -= given
        return Grant(Amount(given))


def within(budget: Budget, scene: Callable[[Purse], Awaitable[None]], seconds: float = 60) -> None:
    """The scene, with a purse whose lease is good for so many seconds."""

    async def play() -> None:
        purse = Purse(budget, tokens=True, money=False)
        purse.good_until(monotonic() + seconds)
        async with asyncio.timeout(5):
            await scene(purse)

    asyncio.run(play())


async def held(purse: Purse) -> Amount:
    return await purse.hold(lambda: CALL)


def test_calls_are_reserved_ahead_so_that_not_each_asks() -> None:
    budget = Budget(1_000)

    async def scene(purse: Purse) -> None:
        for _ in range(AHEAD + 1):
            await held(purse)

    within(budget, scene)
    assert budget.asked == [(10, 10 * AHEAD, 0)]


def test_what_a_call_did_not_take_covers_the_next() -> None:
    budget = Budget(12)

    async def scene(purse: Purse) -> None:
        for _ in range(2):
            purse.settle(await held(purse), Amount(1))

    within(budget, scene)
    assert budget.left + 2 <= 12


def test_a_call_that_is_not_covered_waits_for_one_in_flight() -> None:
    async def scene(purse: Purse) -> None:
        first = await held(purse)
        second = asyncio.create_task(held(purse))
        await asyncio.sleep(0.01)
        assert not second.done()
        purse.settle(first, Amount(2))
        assert await second == CALL

    within(Budget(12), scene)


def test_it_ends_when_nothing_in_flight_can_free_enough() -> None:
    async def scene(purse: Purse) -> None:
        purse.settle(await held(purse), Amount(3))
        with pytest.raises(Exhausted, match="No more."):
            await held(purse)

    within(Budget(12), scene)


def test_it_waits_while_another_worker_holds_a_part() -> None:
    budget = Budget(5, others=True)

    async def scene(purse: Purse) -> None:
        call = asyncio.create_task(held(purse))
        await asyncio.sleep(0.01)
        assert not call.done()
        budget.left = 10
        assert await call == CALL

    within(budget, scene)


def test_whoever_waits_is_let_go_when_the_shift_ends() -> None:
    async def scene(purse: Purse) -> None:
        call = asyncio.create_task(held(purse))
        await asyncio.sleep(0.01)
        purse.stop()
        with pytest.raises(Stopped):
            await call

    within(Budget(5, others=True), scene)


def test_what_was_reserved_under_a_lease_that_ran_out_covers_nothing() -> None:
    budget = Budget(1_000)

    async def scene(purse: Purse) -> None:
        await held(purse)
        purse.good_until(monotonic() - 1)
        purse.good_until(monotonic() + 60)
        await held(purse)

    within(budget, scene)
    assert budget.asked == [(10, 80, 0), (10, 80, 0)]


def test_under_a_lease_that_ran_out_nobody_is_covered() -> None:
    async def scene(purse: Purse) -> None:
        purse.good_until(monotonic() - 1)
        call = asyncio.create_task(held(purse))
        await asyncio.sleep(0.01)
        assert not call.done()
        call.cancel()

    within(Budget(1_000), scene)


def test_without_a_limit_nothing_is_asked() -> None:
    budget = Budget(0)

    async def scene() -> None:
        purse = Purse(budget, tokens=False, money=False)
        purse.settle(await held(purse), Amount(7))

    asyncio.run(scene())
    assert budget.asked == []
