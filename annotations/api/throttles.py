"""How much anybody may ask for: a number of requests in any minute, counted for all processes together."""

import logging
from time import monotonic, time

from axes.helpers import get_client_ip_address
from django.conf import settings
from django.core.cache import caches
from rest_framework import exceptions
from rest_framework.request import Request

log = logging.getLogger(__name__)
SECONDS, BLIND_SECONDS = 60, 5
_blind_until = 0.0


def count(request: Request) -> None:
    """Nothing; the request counts for its person, whichever token or session it comes with, else for its address.
    Raises Throttled when it is one too many.

    A cache that cannot be asked lets everybody in: the API goes on, and the log says so.
    """
    name, most = _who(request)
    wait = _waits(name, most) if most else 0.0
    if wait:
        raise exceptions.Throttled(wait)


def _who(request: Request) -> tuple[str, int]:
    if request.user.is_authenticated:
        return f"person:{request.user.pk}", settings.API_PER_MINUTE
    return f"address:{get_client_ip_address(request._request)}", settings.API_PER_MINUTE_ANONYMOUS


def _waits(name: str, most: int) -> float:
    """The seconds until one more request is allowed, 0 when it is."""
    global _blind_until
    if monotonic() < _blind_until:
        return 0.0
    try:
        return _counted(name, most)
    except Exception as away:
        log.warning("Requests are not counted, their cache does not answer: %s", type(away).__name__)
        _blind_until = monotonic() + BLIND_SECONDS
        return 0.0


def _counted(name: str, most: int) -> float:
    """Counts by minutes; of the minute before, the part counts that lies less than a minute back."""
    cache, now = caches["throttles"], time()
    minute, passed = int(now // SECONDS), now % SECONDS / SECONDS
    key, before = f"api:{name}:{minute}", int(cache.get(f"api:{name}:{minute - 1}") or 0)
    cache.add(key, 0, timeout=2 * SECONDS + 1)
    here = cache.incr(key)
    if before * (1 - passed) + here <= most:
        return 0.0
    cache.decr(key)
    return max(1.0, SECONDS * (1 - passed) if here > most else SECONDS / most)
