"""PostgreSQL's own programs: found on the PATH or where Debian puts them, in a version that fits the server."""

import re
import shutil
import subprocess
from pathlib import Path

from cosa_web.backup import BackupProblem

PLACES = Path("/usr/lib/postgresql")
MISSING = (
    "There is no {name} of PostgreSQL {version} or newer on this machine ({found}). Install the client programs of the"
    " server's version, such as the package postgresql-client-{version}."
)


def find(name: str, version: int) -> str:
    """The path of the program whose major version is the nearest that is not below the server's.

    An older one cannot read the server, and what a much newer one writes an older one cannot read. Raises
    BackupProblem with what was found.
    """
    here = versions(name)
    fitting = sorted((one, path) for path, one in here.items() if one >= version)
    if not fitting:
        found = ", ".join(f"{path} is of {one}" for path, one in sorted(here.items())) or "none was found"
        raise BackupProblem(MISSING.format(name=name, version=version, found=found))
    return fitting[0][1]


def versions(name: str) -> dict[str, int]:
    """The major version of each program of that name, by its path."""
    on_path = shutil.which(name)
    places = [*([on_path] if on_path else []), *map(str, sorted(PLACES.glob(f"*/bin/{name}")))]
    return {path: found for path in places if (found := _version(path)) is not None}


def _version(path: str) -> int | None:
    try:
        said = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=20)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return None
    number = re.search(r"(\d+)", said.stdout)
    return int(number[1]) if said.returncode == 0 and number else None
