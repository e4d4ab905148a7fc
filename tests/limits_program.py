"""A process that holds keys to their limits as the gateway does, told what to do line by line. It sends no call on."""

import asyncio
import json
import sys
import time
from collections import Counter
from typing import Any

import django

django.setup()

from training.gateway.limits import Limits  # noqa: E402  not before Django is ready
from training.gateway.meter import Meter  # noqa: E402
from training.gateway.refused import Refused  # noqa: E402
from training.gateway.ring import KeyRing  # noqa: E402


class Inside:
    """What such a process does."""

    def __init__(self) -> None:
        self.ring, self.limits = KeyRing(), Limits()
        self.meter = Meter(self.limits)

    async def burst(self, secret: str, times: int, tokens: int, cost: int) -> Any:
        """How many of so many calls at the same moment began, and what the others were told."""
        return Counter(await asyncio.gather(*(self._call(secret, tokens, cost) for _ in range(times))))

    async def spend(self, secret: str, seconds: float, tokens: int, cost: int) -> Any:
        """The same for calls one after another, as many as fit into that time."""
        until, told = time.monotonic() + seconds, Counter[str]()
        while time.monotonic() < until:
            told[await self._call(secret, tokens, cost)] += 1
            await asyncio.sleep(0.002)
        return told

    async def hold(self, secret: str, times: int, tokens: int) -> Any:
        """How many calls began that never end."""
        return await self.burst(secret, times, tokens, -1)

    async def flush(self, secret: str) -> Any:
        """Nothing; all is written, and Redis knows what was settled."""
        await self.meter.flush()
        async with self.limits.writing():
            return None

    async def watch(self, secret: str) -> Any:
        """When a call of the key was ended, and when a new one was refused, on the clock of this machine."""
        grant, ended = await self.ring.grant(secret), 0.0
        told(None)
        try:
            async with self.ring.using(grant, "game"):
                await asyncio.sleep(10)
        except Refused:
            ended = time.monotonic()
        try:
            while "game" in (await self.ring.grant(secret)).served:
                await asyncio.sleep(0.002)
        except Refused:
            pass
        return [ended, time.monotonic()]

    async def _call(self, secret: str, tokens: int, cost: int) -> str:
        try:
            grant = await self.ring.grant(secret)
            reservation = await self.limits.reserve(grant.key_id, grant.limits, tokens)
        except Refused as refusal:
            return str(refusal.code)
        if cost >= 0:
            self.limits.settle(reservation, cost)
            self.meter.note(grant, grant.served["game"], outcome="answered", tokens_out=cost)
        return "begun"

    async def run(self) -> None:
        """Do what comes in, one after another, until nothing can come any more."""
        await self.limits.open()
        await self.meter.open()
        await self.ring.open()
        told("ready")
        while line := await asyncio.to_thread(sys.stdin.readline):
            asked = json.loads(line)
            told(await getattr(self, asked.pop("do"))(**asked))


def told(answer: Any) -> None:
    """Nothing; one line for whoever listens."""
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(Inside().run())
