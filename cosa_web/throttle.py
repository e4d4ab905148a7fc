"""Log-ins that fail too often wait: whose log-in it is, and what the person is told."""

from datetime import datetime
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from math import ceil
from typing import Any

from axes.handlers.database import AxesDatabaseHandler
from axes.models import AccessAttempt
from django.conf import settings
from django.db.models import Max, Q, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from annotations.services.log_ins import kept_name

WIDE = 20
"""How many times the failures of one name at one address a name may have everywhere, and an address with all names."""


class Handler(AxesDatabaseHandler):
    """Counts failed log-ins by name and address together, and far more of them by each alone.

    Who has many addresses gets no more tries at one name by it, nor who knows many names from one address.
    """

    def get_failures(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> int:
        """The failures that count now; those of a whole name or address count a twentieth."""
        name, address = client_name(request, credentials), client_address(request)
        recent = AccessAttempt.objects.filter(attempt_time__gte=timezone.now() - settings.AXES_COOLOFF_TIME)
        told = recent.filter(Q(username=name) | Q(ip_address=address)).aggregate(
            name=Sum("failures_since_start", filter=Q(username=name)),
            address=Sum("failures_since_start", filter=Q(ip_address=address)),
        )
        wide = max(told["name"] or 0, told["address"] or 0) // WIDE
        return max(int(super().get_failures(request, credentials)), wide)


def client_name(request: HttpRequest, credentials: dict[str, Any] | None) -> str:
    """Under what a log-in is counted: a digest of the name that was typed."""
    typed = (credentials or request.POST).get("username")
    return kept_name(str(typed or ""))


def client_address(request: HttpRequest) -> str | None:
    """Where a log-in comes from: the connection's address, or what the proxy in front says last in X-Forwarded-For.

    Of an IPv6 address its network of 64 bits, because one person has all of it. None when there is no address.
    """
    connected = _address(request.META.get("REMOTE_ADDR", ""))
    told = request.META.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2] if settings.BEHIND_PROXY else ""
    found = _address(told) or connected
    if isinstance(found, IPv6Address):
        return str(IPv6Network((int(found), 64), strict=False).network_address)
    return str(found) if found else None


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(text.strip())
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def locked_out(request: HttpRequest, _: HttpResponse | None, credentials: dict[str, Any] | None) -> HttpResponse:
    """429: how long to wait. The same for a name that exists and one that does not."""
    until = _waits_until(request, credentials)
    seconds = max(1, ceil((until - timezone.now()).total_seconds()))
    context = {"until": until, "minutes": ceil(seconds / 60), "tries": settings.AXES_FAILURE_LIMIT}
    response = render(request, "registration/locked.html", context, status=429)
    response.headers["Retry-After"] = str(seconds)
    return response


def _waits_until(request: HttpRequest, credentials: dict[str, Any] | None) -> datetime:
    name, address = client_name(request, credentials), client_address(request)
    failed = AccessAttempt.objects.filter(username=name, ip_address=address)
    last: datetime | None = failed.aggregate(last=Max("attempt_time"))["last"]
    wait = settings.AXES_COOLOFF_TIME
    return (last or timezone.now()) + wait
