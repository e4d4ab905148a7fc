"""A package `vllm` that serves nothing real: started by its own command line, it behaves as a file beside it says."""

import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
_MAIN = """
import sys
from pathlib import Path
from tests import model_server
place = Path(__file__).resolve().parents[3]
port = sys.argv[sys.argv.index("--port") + 1]
sys.argv[1:] = [(place / "behaviour").read_text(), port, str(place / "starts")]
model_server.main()
"""


class FakeVllm:
    """The package at a place, used by every server that is started while a test runs."""

    def __init__(self, place: Path, patch: Any, settings: Any) -> None:
        self._place = place
        folder = place / "vllm" / "entrypoints" / "cli"
        folder.mkdir(parents=True)
        (folder / "main.py").write_text(_MAIN, encoding="utf-8")
        patch.setenv("PYTHONPATH", f"{place}:{ROOT}")
        settings.VLLM_PYTHON, settings.VAR_DIR = sys.executable, place / "var"
        self.behave("ok")

    def behave(self, behaviour: str) -> None:
        """Servers started from now on behave so; see tests/model_server.py."""
        (self._place / "behaviour").write_text(behaviour, encoding="utf-8")

    @property
    def starts(self) -> list[str]:
        """A line of JSON for each server that was started."""
        file = self._place / "starts"
        return file.read_text(encoding="utf-8").splitlines() if file.exists() else []
