"""Settings from the environment: a wrong value stops the start and names the variable.

Each reader takes NAME from the environment, or from the file that NAME_FILE names, as containers are given secrets.
"""

import math
import os
import re
import secrets
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit
from zoneinfo import ZoneInfo

KINDS = 5
"""How many different characters a secret has at the least."""
LARGEST = 64 * 1024
"""The bytes of a file that holds a setting."""
_HOST = re.compile(r"\.?[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]")
_POSTGRESQL_TAKES = ("host", "sslmode", "sslrootcert", "sslcert", "sslkey")


class WrongSetting(SystemExit):
    """A setting that cannot be used; the message names the variable and what it takes."""


def text(name: str, default: str = "") -> str:
    """The variable's value, or the content of the file that NAME_FILE names, or `default` when neither is set.

    Raises WrongSetting when both are set, and when the file has nothing or cannot be read; never with what was set.
    """
    value, file = os.environ.get(name), os.environ.get(f"{name}_FILE")
    if not file:
        return default if value is None else value
    if value:
        raise WrongSetting(f"{name} and {name}_FILE are both set. Take one of them away.")
    return _content(f"{name}_FILE", Path(file))


def _content(name: str, file: Path) -> str:
    content = ""
    try:
        # A pipe without a writer would hold the start up for ever, and each process reads the file for itself.
        if file.exists() and not file.is_file():
            reason = "it is no regular file"
        elif file.stat().st_size > LARGEST:
            reason = f"it has more than {LARGEST} bytes"
        else:
            content = file.read_text(encoding="utf-8").strip()
            reason = "" if content else "it is empty"
    except (OSError, ValueError) as why:
        reason = getattr(why, "strerror", None) or "it is no text"
    if reason:
        raise WrongSetting(f"{name} names a file that cannot be used: {reason}.")
    return content


def choice(name: str, default: str, among: Collection[str]) -> str:
    """The variable, one of `among`. Raises WrongSetting for anything else."""
    value = text(name, default)
    if value not in among:
        raise WrongSetting(f"{name}={value!r} is none of {', '.join(among)}.")
    return value


def time_zone(name: str, default: str) -> str:
    """The variable, the name of a time zone that is known here. Raises WrongSetting for anything else."""
    value = text(name, default)
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise WrongSetting(f"{name}={value!r} is no time zone; use a name such as UTC or Europe/Berlin.") from None
    return value


def language(name: str, default: str, catalogues: Path) -> str:
    """The variable, a language tag such as `de` or `pt-br` that has a compiled catalogue, or one of English.

    Raises WrongSetting for anything else.
    """
    value = text(name, default)
    if re.fullmatch(r"en(-[a-z]{2})?", value):
        return value
    folder = re.sub(r"-([a-z]{2})$", lambda part: f"_{part[1].upper()}", value)
    if re.fullmatch(r"[a-z]{2,3}(-[a-z]{2})?", value) and (catalogues / folder / "LC_MESSAGES" / "django.mo").is_file():
        return value
    there = ", ".join(sorted(path.parent.parent.name for path in catalogues.glob("*/LC_MESSAGES/django.mo")))
    raise WrongSetting(f"{name}={value!r} is no language of this installation; it has: en-gb {there}".rstrip() + ".")


def address(name: str, default: str, schemes: Collection[str]) -> str:
    """The variable, an address that begins with one of the schemes; "" when that is the default and nothing is set.

    Raises WrongSetting for anything else, which never repeats the value: it may hold a password.
    """
    value = text(name).strip() or default
    try:
        parts = urlsplit(value)
        usable = parts.scheme in schemes and bool(parts.netloc or parts.path.strip("/")) and parts.port != 0
    except ValueError:
        usable = False
    if value and not usable:
        raise WrongSetting(f"{name} is no address that begins with {' or '.join(f'{one}://' for one in schemes)}.")
    return value


def origins(name: str) -> list[str]:
    """The variable's origins, http:// or https:// and a host each. Raises WrongSetting for anything else."""
    found = words(name)
    for origin in found:
        scheme, there, rest = origin.partition("://")
        if scheme not in {"http", "https"} or not there or not rest or "/" in rest:
            raise WrongSetting(f"{name} has {origin!r}, which is no origin such as https://cosa.example.org.")
    return found


def there(path: Path) -> str:
    """The path when something is there, else nothing."""
    return str(path) if path.exists() else ""


def flag(name: str, default: bool = False) -> bool:
    """True for 1/true/yes/on, False for 0/false/no/off. Raises WrongSetting for anything else."""
    value = text(name, str(default)).strip().lower()
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise WrongSetting(f"{name}={value!r} is not a switch; use 1 or 0.")


def number(name: str, default: float, low: float = 0) -> float:
    """The variable as a number of at least `low`. Raises WrongSetting for anything else."""
    value = text(name, str(default))
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


def host_names(name: str, default: str) -> list[str]:
    """The variable's host names. Raises WrongSetting when there is none, for an address, and for * that lets any in."""
    found = words(name, default)
    if not found or "*" in found:
        raise WrongSetting(f"{name} must name the hosts under which the pages may be asked for, without *.")
    if wrong := [host for host in found if not _HOST.fullmatch(host)]:
        raise WrongSetting(f"{name}: {wrong[0]!r} is no host name; write it without https://, port and path.")
    return found


def folder(name: str, default: Path) -> Path:
    """The variable as a folder that is there, made where it was not. Raises WrongSetting when it cannot be."""
    place = Path(text(name) or default)
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as why:
        raise WrongSetting(f"{name}: the folder {place} cannot be made: {why.strerror}.") from None
    return place


def secret(name: str, file: Path, least: int = 50) -> str:
    """The variable, or the content of `file`, which is made with a random secret when it is not there.

    The file is readable by its owner only. At home nothing has to be set; on several machines set the variable, to
    `least` characters or more, not all alike. Raises WrongSetting for one that is easier, and for an empty file.
    """
    if value := text(name):
        if len(value) < least or len(set(value)) < min(least, KINDS):
            how = "python3 -c 'import secrets; print(secrets.token_urlsafe(50))'"
            raise WrongSetting(f"{name} is too easy to guess: {least} random characters at least. Make one: {how}")
        return value
    if not file.exists():
        write_whole(file, secrets.token_urlsafe(50))
    if not (kept := file.read_text(encoding="utf-8").strip()):
        raise WrongSetting(f"{file} holds no secret. Delete it, so that a new one is made, or set {name}.")
    return kept


def write_whole(file: Path, content: str) -> None:
    """Nothing; the file is there for its owner alone, and whole: with this content or that of a faster process."""
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
