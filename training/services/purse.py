"""What one worker may spend: each call is covered by a reservation before it is made, and settled by its cost after.

A purse belongs to the event loop of its shift; the database's side of it is the ledger.
"""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Protocol

from training.services.costs import Amount
from training.services.ledger import Grant

AHEAD = 8
"""So many calls like the one in hand are reserved with it, so that not each of them asks the database."""
PATIENCE_SECONDS = 0.25
"""After so long a call that is not covered asks again: another worker may have given something back."""

NOTHING = Amount()


class Stopped(Exception):
    """The shift is ending: no new call may start."""


class Exhausted(Stopped):
    """The run's budget covers no further call; the message says so to a person."""


class Reserve(Protocol):
    """`ledger.reserve` for this worker's lease."""

    def __call__(self, *, needed: Amount, ahead: Amount, back: Amount) -> Awaitable[Grant]: ...


class Purse:
    """What this worker may spend of a run's budget; in a run without one, every call is covered.

    `tokens` and `money` say which of the two the run limits; what it does not limit is not held.
    """

    def __init__(self, reserve: Reserve, *, tokens: bool, money: bool) -> None:
        self._reserve, self._tokens, self._money = reserve, tokens, money
        self._free, self._calls, self._until = NOTHING, 0, 0.0
        self._asking, self._change, self._stopped = asyncio.Lock(), asyncio.Event(), False

    @property
    def limited(self) -> bool:
        """True in a run with a budget."""
        return self._tokens or self._money

    def good_until(self, until: float) -> None:
        """Nothing; the lease was renewed. What was reserved under one that had run out meanwhile is gone."""
        if not self._lasts:
            self._free = NOTHING
        self._until = until
        self._changed()

    def stop(self) -> None:
        """Nothing; whoever waits to be covered gets Stopped, and so does whoever comes."""
        self._stopped = True
        self._changed()

    async def hold(self, most: Callable[[], Amount]) -> Amount:
        """What is held for a call that takes at most `most()`, once it is covered; settle it afterwards.

        Raises Exhausted when no call is in flight whose end could free enough, Stopped when the shift ends.
        """
        if not self.limited:
            return NOTHING
        held = self._limits(most())
        while not self._take(held):
            await self._more(held)
        return held

    def settle(self, held: Amount, spent: Amount) -> None:
        """Nothing; the call is over and came to `spent`, the rest of what was held may be spent again."""
        if self.limited:
            self._free += held - self._limits(spent)
            self._calls -= 1
            self._changed()

    @property
    def _lasts(self) -> bool:
        return monotonic() <= self._until

    def _limits(self, amount: Amount) -> Amount:
        return Amount(amount.tokens if self._tokens else 0, amount.micros if self._money else 0)

    def _take(self, held: Amount) -> bool:
        if self._stopped:
            raise Stopped
        if not (self._lasts and self._free.covers(held)):
            return False
        self._free -= held
        self._calls += 1
        return True

    async def _more(self, held: Amount) -> None:
        """Ask for more, one at a time; when there is no more, wait for a call to end. Raises Exhausted."""
        async with self._asking:
            change = self._change
            if self._stopped or (self._lasts and self._free.covers(held)):
                return
            if not self._lasts:  # the next heartbeat renews it
                await _set_within(change, PATIENCE_SECONDS)
                return
            back, self._free = self._free, NOTHING
            grant = await self._reserve(needed=held, ahead=held * AHEAD, back=back)
            self._free += grant.given
        if grant.given != NOTHING or change.is_set():
            return
        if not (self._calls or grant.wait):
            raise Exhausted(grant.why_not)
        await _set_within(change, PATIENCE_SECONDS)

    def _changed(self) -> None:
        self._change.set()
        self._change = asyncio.Event()


async def _set_within(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        pass
