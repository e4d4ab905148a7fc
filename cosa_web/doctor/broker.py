"""The broker that carries hints, and the server in which the gateway counts."""

from collections.abc import Iterator
from typing import Any

import redis
from django.conf import settings

from cosa_web.doctor import BROKEN, CARE, OK, Finding

SECONDS = 3
AWAY = "does not answer ({why}). Start it, or mend {variable}. {meanwhile}"
EVICTS = "its maxmemory-policy is {policy}: when it is full it drops hints and counts. Set noeviction."
FULL = "it has used {share:.0%} of its maxmemory. Give it more, or see which queue nobody listens to: {queues}."
WITHOUT_HINTS = "Until then work waits; nothing is lost, because every row is looked for again."
WITHOUT_LIMITS = "Until then the gateway counts limits by what it remembers."
QUEUES, NEARLY = ("short", "cpu", "llm"), 0.8


def hints() -> Iterator[Finding]:
    """The broker: reached, and it forgets nothing by itself. What it holds may be lost at any time."""
    url = settings.CELERY_BROKER_URL.replace("redis+socket://", "unix://")
    yield _server("broker", url, "COSA_BROKER", WITHOUT_HINTS)


def limits() -> Iterator[Finding]:
    """The gateway's server, where it is another one."""
    if settings.GATEWAY_REDIS != settings.COUNTED_AT:
        yield _server("gateway's counts", settings.GATEWAY_REDIS, "COSA_GATEWAY_REDIS", WITHOUT_LIMITS)


def _server(name: str, url: str, variable: str, meanwhile: str) -> Finding:
    if not url.startswith(("redis", "unix")):
        return Finding(OK, name, "in this process, for tests")
    try:
        with redis.Redis.from_url(url, socket_timeout=SECONDS, socket_connect_timeout=SECONDS) as client:
            told: dict[str, Any] = client.info()
            waiting = {queue: client.llen(queue) for queue in QUEUES}
    except redis.RedisError as problem:
        words = AWAY.format(why=type(problem).__name__, variable=variable, meanwhile=meanwhile)
        return Finding(BROKEN, name, words)
    policy, most = told.get("maxmemory_policy", "noeviction"), told.get("maxmemory", 0)
    if most and policy != "noeviction":
        return Finding(CARE, name, EVICTS.format(policy=policy))
    if most and told["used_memory"] > most * NEARLY:
        longest = ", ".join(f"{queue} {count}" for queue, count in waiting.items())
        return Finding(CARE, name, FULL.format(share=told["used_memory"] / most, queues=longest))
    kept = "keeps what it holds on disk, which nothing needs" if told.get("aof_enabled") else "keeps nothing on disk"
    return Finding(OK, name, f"{told.get('redis_version', 'answers')}, {kept}; it may lose all of it")
