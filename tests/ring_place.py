"""A ring of keys for tests, open while a scenario is played."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from training.gateway.refused import Refused
from training.gateway.ring import KeyRing

T = TypeVar("T")


def played(scenario: Callable[[KeyRing], Awaitable[T]]) -> T:
    async def play() -> T:
        ring = KeyRing()
        await ring.open()
        try:
            return await scenario(ring)
        finally:
            await ring.close()

    return asyncio.run(play())


async def tried(ring: KeyRing, secret: str) -> Any:
    try:
        return await ring.grant(secret)
    except Refused as refusal:
        return refusal
