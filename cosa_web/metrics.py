"""What Prometheus is told of the pages, and of the inside: counted by a step round every request, read when asked."""

import threading
import time
from collections.abc import Callable, Iterable
from functools import cache

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_safe

from annotations.core import bearer
from cosa_web import metrics_inside
from training.metric_files import (
    CONTENT_TYPE,
    Collector,
    Counter,
    CounterMetricFamily,
    Gauge,
    GaugeMetricFamily,
    Histogram,
    Metric,
    Metrics,
    metrics,
)
from training.metrics_queries import Figure

PART = "web"
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER, NOWHERE, ROOT = "other", "none", "cosa_web"
KEPT_SECONDS = 10.0
WHO = "Show the token of COSA_METRICS_TOKEN as Authorization: Bearer."


class Counted:
    """The counters of requests."""

    def __init__(self, parent: Metrics) -> None:
        self.requests = Counter(
            "cosa_web_requests_total",
            "Requests answered, by the name of the view (none: no view), method and class of status.",
            ("view", "method", "status"),
            registry=parent.registry,
        )
        self.seconds = Histogram(
            "cosa_web_request_seconds",
            "Seconds until an answer begins, by the part of the application (none: files and unknown addresses).",
            ("part",),
            buckets=SECONDS,
            registry=parent.registry,
        )
        self.in_flight = Gauge(
            "cosa_web_requests_in_flight",
            "Requests whose answer has not begun.",
            multiprocess_mode="livesum",
            registry=parent.registry,
        )
        # Looking a child up by its labels costs more than counting.
        self.count = cache(self.requests.labels)
        self.time = cache(self.seconds.labels)


@cache
def counted() -> Counted:
    """The counters of this process."""
    return Counted(metrics(PART))


class Measured:
    """Counts each request, and the time until its answer begins."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self._counted = counted()

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The answer of what is inside."""
        told, began = self._counted, time.perf_counter()
        told.in_flight.inc()
        status = 500
        try:
            response = self.get_response(request)
            status = response.status_code
        finally:
            told.in_flight.dec()
            method = request.method if request.method in METHODS else OTHER
            match = request.resolver_match
            told.count(match.view_name if match else NOWHERE, method, f"{status // 100}xx").inc()
            part = (match.app_name or ROOT) if match else NOWHERE
            told.time(part).observe(time.perf_counter() - began)
        return response


class Inside(Collector):
    """What rows and the broker say, read at most every KEPT_SECONDS by one of all who ask."""

    def __init__(self, read: Callable[[], Iterable[Figure]] = metrics_inside.figures) -> None:
        self._read, self._lock = read, threading.Lock()
        self._last: tuple[float, list[Figure]] | None = None

    def collect(self) -> Iterable[Metric]:
        """Each figure as a metric."""
        with self._lock:
            if self._last is None or time.monotonic() - self._last[0] > KEPT_SECONDS:
                self._last = time.monotonic(), list(self._read())
            figures = self._last[1]
        return map(_metric, figures)


def _metric(figure: Figure) -> Metric:
    kind = CounterMetricFamily if figure.name.endswith("_total") else GaugeMetricFamily
    family: Metric = kind(figure.name, figure.words, labels=figure.labels)
    for labels, value in figure.values.items():
        family.add_metric(labels, value)  # type: ignore[attr-defined]
    return family


INSIDE = Inside()


def may(told: str) -> bool:
    """True when the header Authorization shows the token of the settings. Raises Http404 where there is none."""
    if not settings.METRICS_TOKEN:
        raise Http404
    return constant_time_compare(bearer.shown(told) or "", settings.METRICS_TOKEN)


@require_safe
def told(request: HttpRequest) -> HttpResponse:
    """The metrics as text; 404 without COSA_METRICS_TOKEN, 401 for who does not show it."""
    if not may(request.headers.get("Authorization", "")):
        return HttpResponse(WHO, status=401, content_type="text/plain", headers={"WWW-Authenticate": "Bearer"})
    return HttpResponse(metrics(PART).told(INSIDE), content_type=CONTENT_TYPE, headers={"Cache-Control": "no-store"})
