"""What this machine has, asked of the system: cores, memory, disk, graphics cards, and what its environments hold."""

import csv
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

ASK_SECONDS, USE_SECONDS = 20.0, 3.0
SMI = "nvidia-smi"
TRAINS = ("torch", "transformers", "trl", "peft", "accelerate", "datasets", "gguf")
SERVES = ("vllm", "torch", "transformers")
_PROBE = """
import json, sys
from importlib import metadata
found = {}
for name in sys.argv[1:]:
    try:
        found[name] = metadata.version(name)
    except metadata.PackageNotFoundError:
        pass
sys.stdout.write(json.dumps(found))
"""
_asked: dict[tuple[str, ...], dict[str, str]] = {}


class Unanswered(Exception):
    """The system did not say: keep what is known."""


class Card(NamedTuple):
    """A graphics card: its number, what it is called, and its memory in bytes (0: it does not say)."""

    number: int
    name: str
    memory_bytes: int


class Use(NamedTuple):
    """How busy a card is, 0..100, and the bytes of its memory in use; None where it does not say."""

    number: int
    use_percent: float | None
    memory_bytes: int | None


def cards() -> list[Card]:
    """The graphics cards this process may use, [] without any. Raises Unanswered when the driver gives no answer."""
    rows = _smi("index", "uuid", "name", "memory.total")
    told = os.environ.get("CUDA_VISIBLE_DEVICES")
    mine = None if told is None else {one.strip() for one in told.split(",")}
    seen = [row for row in rows if mine is None or mine & {row[0], row[1]}]
    return [Card(int(number), name, _mebibytes(size) or 0) for number, _, name, size in seen]


def use(numbers: list[int]) -> list[Use]:
    """How busy these cards are; [] where nobody says."""
    if not numbers:
        return []
    try:
        rows = _smi("index", "utilization.gpu", "memory.used", seconds=USE_SECONDS)
    except Unanswered:
        return []
    there = [Use(int(number), _number(busy), _mebibytes(size)) for number, busy, size in rows]
    return [card for card in there if card.number in numbers]


def told_by_driver() -> str:
    """All that the driver says of the cards, for a log; "" where there is none."""
    try:
        return _output([SMI]) if shutil.which(SMI) else ""
    except Unanswered as silent:
        return str(silent)


def versions(python: str, packages: tuple[str, ...]) -> dict[str, str]:
    """The versions of these packages in that Python's environment; {} where there is none. Asked once if it answers."""
    if not python or not os.access(python, os.X_OK):
        return {}
    key = (python, *packages)
    if key not in _asked:
        try:
            _asked[key] = json.loads(_output([python, "-c", _PROBE, *packages]))
        except (Unanswered, ValueError):
            return {}
    return _asked[key]


def memory_bytes() -> int:
    """The memory of this machine, or what a container on it may have where that is less."""
    whole = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    try:
        allowed = Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii").strip()
    except OSError:
        return whole
    return min(whole, int(allowed)) if allowed.isdecimal() else whole


def cores() -> int:
    """The processor cores this process may use."""
    return len(os.sched_getaffinity(0))


def free_bytes(folder: Path) -> int:
    """The bytes that still fit where the folder lies or will lie; 0 where nobody says."""
    there = next((one for one in (folder, *folder.absolute().parents) if one.is_dir()), None)
    try:
        return shutil.disk_usage(there).free if there else 0
    except OSError:
        return 0


def quiet(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without this application's own settings and keys, which no program we start needs to know."""
    ours = ("COSA_", "DJANGO_", "OPENAI_")
    return {name: value for name, value in environment.items() if not name.startswith(ours)}


def _smi(*fields: str, seconds: float = ASK_SECONDS) -> list[list[str]]:
    if not shutil.which(SMI):
        return []
    said = _output([SMI, f"--query-gpu={','.join(fields)}", "--format=csv,noheader,nounits"], seconds)
    rows = [[cell.strip() for cell in row] for row in csv.reader(said.splitlines())]
    return [row for row in rows if len(row) == len(fields) and row[0].isdecimal()]


def _output(command: list[str], seconds: float = ASK_SECONDS) -> str:
    calm: dict[str, Any] = {"stdin": subprocess.DEVNULL, "capture_output": True, "text": True, "timeout": seconds}
    try:
        done = subprocess.run(command, env=quiet(os.environ), **calm)  # noqa: S603  our own fixed commands
    except (OSError, subprocess.TimeoutExpired) as silent:
        raise Unanswered(f"{command[0]} gave no answer ({type(silent).__name__}).") from silent
    if done.returncode:
        raise Unanswered(f"{command[0]} gave no answer (exit code {done.returncode}).")
    return str(done.stdout)


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None


def _mebibytes(cell: str) -> int | None:
    found = _number(cell)
    return None if found is None else round(found * (1 << 20))
