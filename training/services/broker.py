"""What lies in the broker's queues, asked with little patience: a page must never wait for a broker that is away."""

import logging
import threading
import time
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as Late

from celery import current_app
from kombu.exceptions import ChannelError

log = logging.getLogger(__name__)
PATIENCE_SECONDS, FRESH_SECONDS = 1.5, 1.0
PAGE_PATIENCE_SECONDS, PAGE_FRESH_SECONDS = 0.2, 5.0
"""A page asks every two seconds: an answer that comes too late for one of its looks is there at the next."""
_QUICK = {"socket_connect_timeout": 1, "socket_timeout": 1, "retry_on_timeout": False, "max_retries": 0}
_asker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="broker")
_lock = threading.Lock()
_last: tuple[float, frozenset[str], "Future[dict[str, int]]"] | None = None


def depths(queues: Iterable[str], *, page: bool = False) -> dict[str, int] | None:
    """How many hints lie in each queue; None when the broker does not answer within PATIENCE_SECONDS.

    What was asked within the last second is not asked again, and a question that is open is not asked a second time,
    unless it was about fewer queues. A `page` has less patience, and takes an answer, or that there was none, that is
    some seconds old.
    """
    wanted = frozenset(queues)
    try:
        found = _asked(wanted, PAGE_FRESH_SECONDS if page else FRESH_SECONDS).result(
            PAGE_PATIENCE_SECONDS if page else PATIENCE_SECONDS
        )
        return {queue: found[queue] for queue in sorted(wanted)}
    except Late:
        return None
    except Exception as problem:  # whatever the client of the day raises: the page says that there is no answer
        log.warning("the broker does not answer: %s", type(problem).__name__)
        return None


def _asked(queues: frozenset[str], fresh: float = FRESH_SECONDS) -> "Future[dict[str, int]]":
    global _last
    with _lock:
        if _last is not None:
            at, of, answer = _last
            if queues <= of and (not answer.done() or time.monotonic() - at < fresh):
                return answer
        answer = _asker.submit(_ask, queues)
        _last = time.monotonic(), queues, answer
        return answer


def _ask(queues: frozenset[str]) -> dict[str, int]:
    with current_app.connection_for_read() as connection:
        connection.transport_options = (connection.transport_options or {}) | _QUICK
        with connection.channel() as channel:
            return {queue: _depth(channel, queue) for queue in sorted(queues)}


def _depth(channel: object, queue: str) -> int:
    try:
        return int(channel.queue_declare(queue, passive=True).message_count)  # type: ignore[attr-defined]
    except ChannelError:  # nobody ever sent or listened to it, or the broker was emptied
        return 0
