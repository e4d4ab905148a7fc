"""The gateway as the process people start: it answers beside its workers, and ends in order."""

import json
import os
import resource
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from http.client import HTTPConnection, HTTPResponse
from threading import Event
from time import monotonic
from typing import Any

import pytest

from tests.gateway_place import CHAT, counting, hello, served, started, traffic
from tests.machines import alive, children
from tests.scripted_upstream import HEAD, Scripted, chunk
from tests.stage import until

pytestmark = pytest.mark.django_db(transaction=True)
STREAM = hello(stream=True)


@pytest.fixture(scope="module")
def redis() -> Iterator[str]:
    with counting() as address:
        yield address


def opened(address: str, secret: str, body: dict[str, Any]) -> HTTPResponse:
    """The answer to a call, its head read and its body on the way."""
    line = HTTPConnection(address.removeprefix("http://"), timeout=20)
    line.request("POST", CHAT, json.dumps(body), {"Authorization": f"Bearer {secret}"})
    return line.getresponse()


def test_told_to_end_it_takes_no_new_call_and_lets_open_streams_come_to_theirs(redis: str) -> None:
    go = Event()
    with Scripted(HEAD, chunk("Hi"), go, chunk(" there", "stop"), b"data: [DONE]\n\n") as upstream:
        _, secret = served(upstream.base_url)
        with started(redis, 2) as (address, process):
            stream = opened(address, secret, STREAM)
            while b"Hi" not in stream.readline():
                pass
            everything = {process.pid} | children(process.pid)
            process.send_signal(signal.SIGTERM)
            until(lambda: refuses(address, secret))
            go.set()
            assert b" there" in (rest := stream.read()) and rest.endswith(b"data: [DONE]\n\n")
            assert process.wait(15) == 0
            assert not alive(everything)
    assert [row[:2] for row in traffic()] == [("answered", 1)]


def refuses(address: str, secret: str) -> bool:
    """True when a new call is not taken any more."""
    try:
        return opened(address, secret, STREAM | {"model": "none"}).status == 503
    except OSError:
        return True


def test_a_stream_that_does_not_end_is_broken_off_and_counted_when_the_grace_is_over(redis: str) -> None:
    with Scripted(HEAD, chunk("Hi"), Event()) as upstream:
        _, secret = served(upstream.base_url)
        with started(redis, 1, "--grace", "0.3") as (address, process):
            stream = opened(address, secret, STREAM)
            while b"Hi" not in stream.readline():
                pass
            began = monotonic()
            process.send_signal(signal.SIGTERM)
            assert b"restarting" in stream.read()
            assert process.wait(10) == 0 and monotonic() - began < 8
        assert upstream.left.wait(2)
    assert [row[:2] for row in traffic()] == [("broken", 1)]


def test_a_client_that_hangs_up_on_a_real_socket_is_noticed_at_once(redis: str) -> None:
    with Scripted(HEAD, chunk("Hi"), Event()) as upstream:
        _, secret = served(upstream.base_url)
        with started(redis) as (address, process):
            stream = opened(address, secret, STREAM)
            while b"Hi" not in stream.readline():
                pass
            with suppress(OSError):
                stream.close()
            assert upstream.left.wait(1)
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0
    assert [row[:2] for row in traffic()] == [("left", 1)]


def test_told_to_end_while_it_starts_it_ends_at_once(redis: str) -> None:
    with started(redis, 2, waits=False) as (_, process):
        until(lambda: len(children(process.pid)) == 2)
        time.sleep(0.3)  # both load the application now, which takes a second and more
        everything = {process.pid} | children(process.pid)
        process.send_signal(signal.SIGTERM)
        process.wait(5)
        assert not alive(everything)


def test_a_worker_that_is_killed_is_replaced_while_the_others_go_on(redis: str) -> None:
    with started(redis, 2) as (_, process):
        until(lambda: len(children(process.pid)) == 2)
        first, second = sorted(children(process.pid))
        os.kill(first, signal.SIGKILL)
        until(lambda: len(children(process.pid) - {first}) == 2)
        assert second in children(process.pid)
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def test_a_worker_told_to_end_in_the_moment_it_begins_ends(redis: str) -> None:
    with started(redis, 2) as (_, process):
        until(lambda: len(children(process.pid)) == 2)
        before = children(process.pid)
        os.kill(min(before), signal.SIGKILL)
        while not (new := children(process.pid) - before):
            pass
        os.kill(*new, signal.SIGTERM)
        until(lambda: not alive(new), seconds=5)


def test_thousands_of_connections_that_say_nothing_keep_nobody_out(redis: str) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with ExitStack() as silent, started(redis) as (address, _):
        silent.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        host, port = address.removeprefix("http://").split(":")
        for _number in range(2100):
            silent.enter_context(socket.create_connection((host, int(port)), 5))
        line = HTTPConnection(address.removeprefix("http://"), timeout=5)
        line.request("GET", "/healthz")
        assert line.getresponse().read() == b"ok"


def test_only_http_1_is_spoken_for_it_alone_closes_what_says_nothing(redis: str) -> None:
    with started(redis) as (address, _):
        host, port = address.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), 5) as line:
            line.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0")
            assert not line.recv(100).startswith(b"\0\0")
