"""Where an address that somebody typed may lead: never to what answers only this machine or its cloud.

Names are looked up when a connection is made, and the address it is made to is the one that was judged: a name that
means another address a moment later gains nothing.
"""

import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from aiohttp.abc import AbstractResolver

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

KINDS = frozenset({"public", "private", "loopback"})
PORTS = {"http": 80, "https": 443}
# Of clouds: what a machine may ask about itself, its passwords among it. Link-local addresses need no naming.
_METADATA = frozenset(
    map(ip_address, ("100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254", "fd20:ce::254"))
)
_METADATA_NAMES = ("metadata", "metadata.google.internal", "instance-data", "instance-data.ec2.internal")
_NAT64 = ip_network("64:ff9b::/96")
_THIS = ip_network("0.0.0.0/8")

NEVER = "{host} is an address no model has: it belongs to this machine, its network or its cloud. Enter another."
OWN = "Port {port} there is that of this server's own database or broker. Enter the address of the model."
CLOSED = (
    "{host} is a {kind} address, and models may not be reached there. Whoever runs this server can list it in "
    "COSA_MODEL_HOSTS."
)


class Refused(OSError):
    """A place that may not be reached; the message is for a person."""


class Reach(NamedTuple):
    """Where models may be reached: kinds of addresses, and besides them networks and names.

    `ports` are those of the own database and broker, which are not asked at any address but a public one; `hosts` are
    their names.
    """

    kinds: frozenset[str]
    networks: tuple[Network, ...] = ()
    names: tuple[str, ...] = ()
    ports: frozenset[int] = frozenset()
    hosts: frozenset[str] = frozenset()

    def wrong(self, url: str) -> str:
        """Why the address cannot be a model's, as far as is known without asking for its name; "" when it may be."""
        try:
            parts = urlsplit(url)
            host, port = (parts.hostname or "").rstrip("."), parts.port or PORTS.get(parts.scheme, 0)
        except ValueError:
            return ""
        if host in _METADATA_NAMES:
            return NEVER.format(host=host)
        if host == "localhost" or host.endswith(".localhost"):
            return self.refusal(host, port, "127.0.0.1")
        # What is all digits and dots is looked up by no resolver, whether or not it is an address.
        numeric = host and not host.strip(".0123456789")
        return self.refusal(host, port, host) if numeric or _read(host) else ""

    def refusal(self, host: str, port: int, found: str) -> str:
        """Why no connection is made to the address `found` that `host` means, in words; "" when one may be."""
        address = _read(found)
        if address is None or _never(address) or host in _METADATA_NAMES:
            return NEVER.format(host=host)
        kind = _kind(address)
        if port in self.ports and (kind != "public" or host in self.hosts):
            return OWN.format(port=port)
        listed = any(_named(host, name) for name in self.names) or any(address in one for one in self.networks)
        return "" if kind in self.kinds or listed else CLOSED.format(host=host, kind=kind)


def reach(words: Iterable[str], ports: Iterable[int] = (), hosts: Iterable[str] = ()) -> Reach:
    """The rules that these words of a list mean: kinds, networks, addresses, names. Raises ValueError."""
    said = frozenset(words)
    kinds, others = said & KINDS, said - KINDS
    networks = {word for word in others if ":" in word or not any(sign.isalpha() for sign in word)}
    listed = tuple(sorted(map(ip_network, networks), key=str))
    return Reach(kinds, listed, tuple(sorted(others - networks)), frozenset(ports), frozenset(hosts))


def looked_up(rules: Reach, url: str) -> str:
    """Why the address cannot be asked by another program, its name looked up now; "" when it can."""
    if wrong := rules.wrong(url):
        return wrong
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or PORTS.get(parts.scheme, 0)
    try:
        found = {str(one[4][0]) for one in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except OSError:
        return ""
    return next(filter(None, (rules.refusal(host, port, one) for one in sorted(found))), "")


def resolver(rules: Reach) -> "AbstractResolver":
    """What looks up the names of connections, and refuses those that lead where none may; made inside an event loop."""
    from aiohttp.resolver import ThreadedResolver

    class Guarded(ThreadedResolver):
        async def resolve(self, host: str, port: int = 0, family: Any = socket.AF_INET) -> Any:
            """The addresses of the name. Raises Refused when one of them may not be reached."""
            found = await super().resolve(host, port, family)
            for one in found:
                if told := rules.refusal(host.rstrip("."), port, one["host"]):
                    raise Refused(told)
            return found

    return Guarded()


def refused_in(problem: BaseException | None) -> str:
    """The words of the refusal that an error goes back to; "" when it is another error."""
    while problem is not None:
        if isinstance(inner := getattr(problem, "os_error", problem), Refused):
            return str(inner)
        problem = problem.__cause__ or problem.__context__
    return ""


def _read(text: str) -> Address | None:
    try:
        found = ip_address(text)
    except ValueError:
        return _loosely_read(text)
    return _inner(found) if isinstance(found, IPv6Address) else found


def _loosely_read(text: str) -> IPv4Address | None:
    """What the system makes of 127.1, 2130706433, 0x7f000001."""
    try:
        return IPv4Address(socket.inet_aton(text)) if text[:1].isdecimal() else None
    except (OSError, ValueError):
        return None


def _inner(found: IPv6Address) -> Address:
    """The IPv4 address that one of IPv6 stands for, where it does."""
    if found in _NAT64:
        return IPv4Address(int(found) & 0xFFFFFFFF)
    return found.ipv4_mapped or found.sixtofour or (found.teredo[1] if found.teredo else found)


def _never(address: Address) -> bool:
    odd = address.is_link_local or address.is_multicast or address.is_unspecified
    reserved = address.is_reserved and not address.is_loopback
    return odd or reserved or address in _METADATA or address in _THIS or getattr(address, "is_site_local", False)


def _kind(address: Address) -> str:
    return "loopback" if address.is_loopback else "public" if address.is_global else "private"


def _named(host: str, name: str) -> bool:
    return host.lower().endswith(name[1:]) if name.startswith("*.") else host.lower() == name
