"""An upstream of the gateway that sends exactly the bytes a test wants, for what no decent server does."""

import json
import select
import socket
import struct
import time
from contextlib import suppress
from threading import Event, Thread
from typing import Any

Step = bytes | float | str | Event
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
WHOLE = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"


def chunk(text: str | None = None, finish: str | None = None, **fields: Any) -> bytes:
    """An event of an upstream's stream."""
    choice = {"index": 0, "delta": {} if text is None else {"content": text}, "finish_reason": finish}
    return (
        b"data: " + json.dumps({"id": "up", "model": "secret-model", "choices": [choice]} | fields).encode() + b"\n\n"
    )


class Scripted:
    """An upstream that sends exactly these bytes, whatever it is asked: `with Scripted(HEAD, chunk("a"), 0.1) as up:`.

    A number is a pause in seconds, an event is waited for, "abort" breaks the connection off; the end closes it.
    `asked` are the bodies it got, `left` is set when a client hung up while an event was waited for.
    """

    def __init__(self, *steps: Step) -> None:
        self.steps, self.asked, self.left = steps, list[dict[str, Any]](), Event()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.base_url = f"http://127.0.0.1:{self._listening.getsockname()[1]}/v1"
        self._threads = [Thread(target=self._accept, daemon=True)]

    def __enter__(self) -> "Scripted":
        self._threads[0].start()
        return self

    def __exit__(self, *unused: object) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for thread in self._threads:
            thread.join(10)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                line, _ = self._listening.accept()
                self._threads.append(Thread(target=self._answer, args=(line,), daemon=True))
                self._threads[-1].start()

    def _answer(self, line: socket.socket) -> None:
        with line, suppress(OSError):
            self.asked.append(_body(line))
            for step in self.steps:
                if step == "abort":
                    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    return
                self._take(line, step)

    def _take(self, line: socket.socket, step: Step) -> None:
        if isinstance(step, bytes):
            line.sendall(step)
        elif isinstance(step, float):
            time.sleep(step)
        elif isinstance(step, Event):
            while not step.wait(0.005):
                if select.select([line], [], [], 0)[0] and not line.recv(1):
                    self.left.set()
                    raise OSError


def _body(line: socket.socket) -> dict[str, Any]:
    raw = b""
    while b"\r\n\r\n" not in raw:
        raw += line.recv(65536)
    head, _, body = raw.partition(b"\r\n\r\n")
    size = int(head.lower().partition(b"content-length:")[2].split()[0])
    while len(body) < size:
        body += line.recv(65536)
    return dict(json.loads(body))
