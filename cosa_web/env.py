"""Settings from the environment: a wrong value stops the start and names the variable."""

import math
import os
import secrets
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

_POSTGRESQL_TAKES = ("host", "sslmode", "sslrootcert", "sslcert", "sslkey")


class WrongSetting(SystemExit):
    """A setting that cannot be used; the message names the variable and what it takes."""


def text(name: str, default: str = "") -> str:
    """The variable's value, or `default` when it is not set."""
    return os.environ.get(name, default)


def there(path: Path) -> str:
    """The path when something is there, else nothing."""
    return str(path) if path.exists() else ""


def flag(name: str, default: bool = False) -> bool:
    """True for 1/true/yes/on, False for 0/false/no/off. Raises WrongSetting for anything else."""
    value = os.environ.get(name, str(default)).strip().lower()
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise WrongSetting(f"{name}={value!r} is not a switch; use 1 or 0.")


def number(name: str, default: float, low: float = 0) -> float:
    """The variable as a number of at least `low`. Raises WrongSetting for anything else."""
    value = os.environ.get(name, str(default))
    try:
        result = float(value)
    except ValueError:
        result = math.nan
    if not math.isfinite(result):
        raise WrongSetting(f"{name}={value!r} is not a number.")
    if result < low:
        raise WrongSetting(f"{name}={value} is too small; the least is {low:g}.")
    return result


def words(name: str, default: str = "") -> list[str]:
    """The variable split at commas, blanks removed."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def secret(name: str, file: Path) -> str:
    """The variable, or the content of `file`, which is made with a random secret when it is not there.

    The file is readable by its owner only. At home nothing has to be set; on several machines set the variable.
    Raises WrongSetting when the file is empty.
    """
    if value := os.environ.get(name):
        return value
    if not file.exists():
        _write_whole(file, secrets.token_urlsafe(50))
    if not (kept := file.read_text(encoding="utf-8").strip()):
        raise WrongSetting(f"{file} holds no secret. Delete it, so that a new one is made, or set {name}.")
    return kept


def _write_whole(file: Path, content: str) -> None:
    """Nothing; the file is there, with all of its content or that of a process that was faster, never empty."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile("w", dir=file.parent, encoding="utf-8") as made:
        made.write(content)
        made.flush()
        with suppress(FileExistsError):
            os.link(made.name, file)


def postgresql(name: str, options: dict[str, Any]) -> dict[str, Any]:
    """The variable's PostgreSQL address as Django's settings of a database with these options; empty when not set.

    It is `postgresql://user:password@host:port/name`, all but the name optional, each part percent-encoded; a socket's
    folder and settings of TLS follow as `?host=/run/postgresql&sslmode=require`. Raises WrongSetting, which never
    repeats the value: it may hold a password.
    """
    value = text(name).strip()
    if not value:
        return {}
    try:
        return _postgresql(urlsplit(value), options)
    except ValueError as why:
        reason = why if isinstance(why, _Unreadable) else "its host, its port or what follows ? cannot be read"
    raise WrongSetting(
        f"{name} is no address of a PostgreSQL database: {reason}. It has the form postgresql://user:password@host:5432"
        "/name; in a password write %40 for @, %3A for :, %2F for /, %3F for ?, %23 for # and %25 for %."
    )


class _Unreadable(ValueError):
    """What is wrong with an address, in words that repeat nothing of it."""


def _postgresql(url: SplitResult, options: dict[str, Any]) -> dict[str, Any]:
    query = dict(parse_qsl(url.query, strict_parsing=True)) if url.query else {}
    for wrong, reason in (
        (url.scheme not in {"postgresql", "postgres"}, "it does not begin with postgresql://"),
        (not url.path.strip("/"), "the database's name is missing"),
        ("/" in url.path[1:] or url.fragment, "its parts cannot be told apart"),
        (not query.keys() <= set(_POSTGRESQL_TAKES), f"after ? it takes {', '.join(_POSTGRESQL_TAKES)} only"),
    ):
        if wrong:
            raise _Unreadable(reason)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(url.path[1:]),
        "USER": unquote(url.username or ""),
        "PASSWORD": unquote(url.password or ""),
        "HOST": query.pop("host", url.hostname or ""),
        "PORT": str(url.port or ""),
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": query | options,
    }
