"""A model server for tests of starting one, as a child: `python -m tests.model_server BEHAVIOUR PORT [FILE]`.

It answers chat completions with its own process id. FILE gets a line at each start: the id, and what it was told.
Behaviours: `ok`; `late` (an answer takes 0.4 s); `silent` (never listens); `refuses` (400); `loads` (503, two times);
`dies-after-N` (ends at the N-th call); `says-TEXT` (writes TEXT and ends).
"""

import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOLD = ("CUDA_VISIBLE_DEVICES", "COSA_KEY_OURS", "VLLM_ALLOW_RUNTIME_LORA_UPDATING")


class Server(ThreadingHTTPServer):
    """Counts the calls."""

    behaviour, calls = "", 0


class Handler(BaseHTTPRequestHandler):
    """Answers every POST as a chat completion, whole or in pieces."""

    server: Server

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.calls += 1
        kind, calls = self.server.behaviour, self.server.calls
        if kind.startswith("dies-after-") and calls >= int(kind.rpartition("-")[2]):
            sys.stdout.write("ValueError: the prompt was too much\n")
            sys.stdout.flush()
            os._exit(3)
        if kind == "late" and calls > 1:
            time.sleep(0.4)
        if kind == "refuses":
            self._send(400, {"error": {"message": "no chat template"}})
        elif kind == "loads" and calls <= 2:
            self._send(503, {"error": {"message": "Loading model"}})
        else:
            self._answer(asked)

    def _answer(self, asked: dict[str, Any]) -> None:
        head = {"id": "1", "object": "chat.completion", "created": 1, "model": f"as {asked['model']}"}
        text = {"role": "assistant", "content": f"{os.getpid()} {sorted(asked)}"}
        choice = {"index": 0, "finish_reason": "stop"}
        if not asked.get("stream"):
            self._send(200, head | {"choices": [choice | {"message": text}]})
            return
        chunk = json.dumps(head | {"object": "chat.completion.chunk", "choices": [choice | {"delta": text}]})
        self._write(200, "text/event-stream", f"data: {chunk}\n\ndata: [DONE]\n\n")

    def _send(self, status: int, body: dict[str, Any]) -> None:
        self._write(status, "application/json", json.dumps(body))

    def _write(self, status: int, kind: str, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """Nothing is logged."""


def main() -> None:
    behaviour, port, *files = sys.argv[1:]
    for path in files:
        with open(path, "a", encoding="utf-8") as out:
            out.write(json.dumps({"pid": os.getpid(), **{name: os.environ.get(name) for name in TOLD}}) + "\n")
    if behaviour.startswith("says-"):
        sys.exit(behaviour.removeprefix("says-"))
    if behaviour == "silent":
        time.sleep(60)
    server = Server(("127.0.0.1", int(port)), Handler)
    server.behaviour = behaviour
    server.serve_forever()


if __name__ == "__main__":
    main()
