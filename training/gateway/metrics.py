"""What Prometheus is told of the gateway: counted once when a request or a call has ended, added up when it asks."""

from functools import cache
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.crypto import constant_time_compare

from training.gateway.bearer import secret_of, unauthorized
from training.gateway.refused import Refused
from training.metric_files import Counter, Gauge, Histogram, Metrics, metrics

if TYPE_CHECKING:
    from training.gateway.calls import Call
    from training.gateway.replies import Reply, Scope

PART = "gateway"
SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 60.0, 120.0, 300.0)
KINDS = {"/v1/chat/completions": "chat", "/v1/models": "models"}
OTHER, LEFT = "other", "left"
PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
WHO = "Show the token of the metrics in the header Authorization, as Bearer and the token."


class Counted:
    """What is counted; one of it in each process."""

    def __init__(self, parent: Metrics) -> None:
        self._registry = parent.registry
        words = "Requests by kind and status (left: nobody waited for an answer); probes are not counted."
        self.request = cache(self._counter("requests", words, "kind", "status").labels)
        self.refused = cache(self._counter("refused", "Requests refused, by the code of the error.", "code").labels)
        self.call = cache(self._counter("calls", "Calls to deployments by what they came to.", "outcome").labels)
        self.seconds = self._histogram("call", "Seconds of a call to its end.")
        self.first = self._histogram("first_text", "Seconds until the first text of a call went out.")
        self.tokens_in = self._counter("tokens_in", "Tokens that models read for calls.")
        self.tokens_out = self._counter("tokens_out", "Tokens that models wrote for calls.")
        self.in_flight = self._gauge("requests_in_flight", "Requests that have not ended.")
        self.streams = self._gauge("open_streams", "Answers that are being streamed.")

    def _counter(self, name: str, words: str, *labels: str) -> Counter:
        return Counter(f"cosa_gateway_{name}_total", words, labels, registry=self._registry)

    def _histogram(self, name: str, words: str) -> Histogram:
        return Histogram(f"cosa_gateway_{name}_seconds", words, buckets=SECONDS, registry=self._registry)

    def _gauge(self, name: str, words: str) -> Gauge:
        return Gauge(f"cosa_gateway_{name}", words, multiprocess_mode="livesum", registry=self._registry)


@cache
def counted() -> Counted:
    """The counters of this process."""
    return Counted(metrics(PART))


class Measured:
    """A context for one request."""

    def __init__(self, path: str, reply: "Reply") -> None:
        self._kind, self._reply, self._counted = kind(path), reply, None if path in PROBES else counted()

    def __enter__(self) -> None:
        if self._counted:
            self._counted.in_flight.inc()

    def __exit__(self, *_: object) -> None:
        if told := self._counted:
            told.in_flight.dec()
            told.request(self._kind, str(self._reply.status or LEFT)).inc()
            if self._reply.streamed:
                told.streams.dec()


def kind(path: str) -> str:
    """What an address is counted as; one that is made up adds no line."""
    return KINDS.get(path) or ("models" if path.startswith("/v1/models/") else OTHER)


def stream_began() -> None:
    """Nothing; a stream is open from now on, until its request ends."""
    counted().streams.inc()


def refused(problem: Refused) -> None:
    """Nothing; a request was refused."""
    counted().refused(problem.code or str(problem.status)).inc()


def ended(call: "Call", milliseconds: float) -> None:
    """Nothing; a call to a deployment has ended, whoever made it."""
    told, usage = counted(), call.usage
    told.call(call.outcome).inc()
    told.seconds.observe(milliseconds / 1000)
    if call.first is not None:
        told.first.observe(call.first / 1000)
    told.tokens_in.inc(usage.tokens_in)
    told.tokens_out.inc(usage.tokens_out)


def told(scope: "Scope") -> bytes:
    """All metrics as text. Raises Refused 401 for who does not show the token."""
    if not constant_time_compare(secret_of(scope["headers"]), settings.METRICS_TOKEN):
        raise unauthorized(WHO)
    return metrics(PART).told()
