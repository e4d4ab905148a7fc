"""The HTTP client below an engine: a checked address, plain headers, one pool, bounded bodies."""

from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from training.engines import EngineError
from training.engines._reach import Reach, resolver

if TYPE_CHECKING:
    from ssl import SSLContext

    import aiohttp
    import httpx2

BODY_LIMIT = 2 * 1024 * 1024
TOO_LARGE = "The answer is larger than 2 MB and was not kept. Lower max_tokens."
_CONNECT_SECONDS = 10.0
_KEEP_ALIVE_SECONDS = 4.0  # below the 5 s after which common servers close an idle connection
_BAD_ADDRESS = "The model's address is not usable. Enter one like http://host:8000/v1."
_BAD_KEY = "The model's key holds characters no key has. Enter it again."


def address(base_url: str) -> tuple[str, str]:
    """The address without its last slash, and host:port for messages. Raises EngineError when no call can use it."""
    import httpx2

    try:
        url = httpx2.URL(base_url.strip().rstrip("/"))
        parts = urlsplit(str(url))
        odd = {"%", "@"} & set(parts.netloc) or parts.port == 0  # a password in an address would reach logs
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and not odd
    except (ValueError, httpx2.InvalidURL):
        raise EngineError("permanent", _BAD_ADDRESS) from None
    if not usable:
        raise EngineError("permanent", _BAD_ADDRESS)
    return str(url), f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)


def headers(key: str) -> dict[str, str]:
    """The headers of a call with that key, "" for none. Raises EngineError for a key no header can hold."""
    if not (key.isascii() and key.isprintable()):
        raise EngineError("permanent", _BAD_KEY)
    plain = {"Content-Type": "application/json", "Accept": "application/json", "Accept-Encoding": "identity"}
    return plain | ({"Authorization": f"Bearer {key}"} if key else {})


def client(base: str, timeout: float, reach: Reach | None = None) -> "httpx2.AsyncClient":
    """A client for calls to that address, each step of which takes at most `timeout` seconds; close it after use.

    It connects to no address that `reach` refuses. Raises EngineError when that is known already.
    """
    import httpx2
    from openai import DefaultAioHttpClient

    if reach and (wrong := reach.wrong(base)):
        raise EngineError("permanent", wrong)

    # The gate bounds the connections: its limit can be raised while calls are open, a pool's cannot.
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=None, keepalive_expiry=_KEEP_ALIVE_SECONDS)
    seconds = httpx2.Timeout(timeout, connect=min(_CONNECT_SECONDS, timeout), pool=None)
    proxies = not _on_this_machine(base)
    made = DefaultAioHttpClient(limits=limits, timeout=seconds, trust_env=proxies, follow_redirects=False)
    transport = getattr(made, "_transport", None)
    if reach and not (proxies and proxied(base)):
        transport.client = partial(_guarded, reach, transport.ssl_context)  # type: ignore[union-attr]
    return made


def proxied(base: str) -> bool:
    """True when calls to the address go through a proxy that the environment names, which looks up names itself."""
    parts, named = urlsplit(base), getproxies()
    return bool({parts.scheme, "all"} & set(named)) and not proxy_bypass(parts.hostname or "")


def _guarded(reach: Reach, ssl: "SSLContext") -> "aiohttp.ClientSession":
    import aiohttp

    connector = aiohttp.TCPConnector(
        limit=0,
        keepalive_timeout=_KEEP_ALIVE_SECONDS,
        ssl=ssl,
        resolver=resolver(reach),
    )
    return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())


def _on_this_machine(base: str) -> bool:
    host = urlsplit(base).hostname or ""
    return host in {"localhost", "::1"} or host.startswith("127.")


async def body(response: "httpx2.Response", limit: int = BODY_LIMIT, too_large: str = TOO_LARGE) -> bytes:
    """The whole body. Raises EngineError with the words `too_large` when it has more bytes than `limit`."""
    parts, size = [], 0
    async for part in response.aiter_bytes():
        parts.append(part)
        size += len(part)
        if size > limit:
            raise EngineError("permanent", too_large)
    return b"".join(parts)
