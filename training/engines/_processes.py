"""A model server as a process: its command, its surroundings, the file it writes to, and what it says there."""

import json
import os
import re
import socket
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from training.engines import NotServed

if TYPE_CHECKING:
    from training.engines._server import Launch

GUARD = Path(__file__).parent / "_guarded.py"
_OURS = ("COSA_", "DJANGO_", "OPENAI_")
_FROM_AFAR = ("VLLM_ALLOW_RUNTIME_LORA_UPDATING", "VLLM_SERVER_DEV_MODE", "VLLM_API_KEY")


def free_port() -> int:
    """A port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def started(launch: "Launch", port: int, numbers: Sequence[int], path: Path) -> "subprocess.Popen[bytes]":
    """The process of the server. Raises NotServed when its Python cannot be run."""
    command = [launch.serving.python, str(GUARD), str(os.getpid()), *launch.module(port)]
    try:
        with path.open("wb") as out:
            return subprocess.Popen(  # noqa: S603  our own command; weights and names are single arguments of it
                command,
                cwd=path.parent,
                env=_environment(launch.told, numbers),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
    except OSError as problem:
        told = f"{launch.label} cannot be started by {launch.serving.python}: {problem.strerror}."
        raise NotServed("permanent", told) from problem


def _environment(told: Mapping[str, str], numbers: Sequence[int]) -> dict[str, str]:
    """Without our own settings and keys; the cards counted as the driver counts them, and no card but these."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OURS) and name not in _FROM_AFAR}
    cards = {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": ",".join(map(str, numbers))}
    quiet = {"PYTHONUNBUFFERED": "1", "TOKENIZERS_PARALLELISM": "false", "DO_NOT_TRACK": "1"}
    return kept | quiet | cards | dict(told)


def log_of(launch: "Launch") -> Path:
    """The file into which the server of this process writes; its folder is there."""
    place = Path(launch.serving.logs or _temporary(os.getpid()).name)
    place.mkdir(parents=True, exist_ok=True)
    return place.absolute() / f"{re.sub(r'[^A-Za-z0-9._-]+', '-', launch.model)[-80:]}.{os.getpid()}.log"


@cache
def _temporary(pid: int) -> "tempfile.TemporaryDirectory[str]":
    return tempfile.TemporaryDirectory(prefix=f"model-servers-{pid}-")


def announced(path: Path) -> str:
    """The address in the line of JSON that the server writes when it listens; "" until then."""
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith('{"address"'):
            with suppress(ValueError):
                return str(json.loads(line)["address"])
    return ""
