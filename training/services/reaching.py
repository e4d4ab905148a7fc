"""Where the models of this server may be reached: what COSA_MODEL_HOSTS says, and never the own database or broker."""

from functools import lru_cache
from urllib.parse import urlsplit

from django.conf import settings

from training.engines import _reach
from training.engines._reach import Reach


def rules() -> Reach:
    """The rules of this process."""
    database = settings.DATABASES["default"]
    own = str(database.get("HOST") or ""), str(database.get("PORT") or "")
    return _made(tuple(settings.MODEL_HOSTS), own, (settings.CELERY_BROKER_URL, settings.GATEWAY_REDIS))


def wrong(url: str) -> str:
    """Why an address that somebody typed cannot be a model's, in words; "" when it may be, or is none of HTTP.

    What a name means is looked up when it is connected to, not here.
    """
    return rules().wrong(url) if url.startswith(("http://", "https://")) else ""


def looked_up(url: str) -> str:
    """The same for what another program is about to ask, its name looked up now."""
    return _reach.looked_up(rules(), url)


@lru_cache(maxsize=8)
def _made(words: tuple[str, ...], database: tuple[str, str], brokers: tuple[str, ...]) -> Reach:
    ports, hosts = set(), set()
    if database[1] or database[0]:
        ports.add(int(database[1] or 5432))
        hosts.add(database[0])
    for broker in brokers:
        for one in broker.split(";"):
            parts = urlsplit(one)
            if parts.scheme in {"redis", "rediss", "sentinel"}:
                ports.add(parts.port or 6379)
                hosts.add(parts.hostname or "")
    return _reach.reach(words, ports, hosts)
