"""Which version of this application a process runs."""

import tomllib
from functools import cache
from hashlib import sha256

from django.conf import settings

APPS = ("annotations", "training", "cosa_web")
DIGITS = 7


@cache
def version() -> str:
    """The version of the release and the first digits of the digest of its sources: equal for equal code."""
    digest = sha256()
    for app in APPS:
        for path in sorted((settings.BASE_DIR / app).rglob("*.py")):
            digest.update(path.read_bytes())
    return f"{_released()}{digest.hexdigest()[:DIGITS]}"


def _released() -> str:
    try:
        project = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        return f"{project['version']}+"
    except (OSError, KeyError):
        return ""
