"""Settings that guard secrets: the keys of what is encrypted, where models may be reached, whose files are whose."""

import os
import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from contextlib import suppress
from ipaddress import ip_network
from pathlib import Path

from cosa_web import env

KINDS = frozenset({"public", "private", "loopback"})
_FERNET_BYTES = 32
_NAME = re.compile(r"(?:\*\.)?[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*")
_MAKE_ONE = "python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'"


def fernet_keys(name: str, file: Path | None) -> list[str]:
    """The keys that encrypt what the database keeps secret: the first encrypts, every one decrypts.

    From the variable, or from `file`, which is made with one key when it is not there, readable by its owner only.
    Without a file none, and then nothing can be kept. Raises WrongSetting, which never repeats a key.
    """
    said = env.text(name)
    if said.strip() or file is None:
        source, kept = name, said
    else:
        if not file.exists():
            env.write_whole(file, urlsafe_b64encode(secrets.token_bytes(_FERNET_BYTES)).decode())
        source, kept = f"{name} is not set, and its file {file}", file.read_text(encoding="utf-8")
    found = [word for word in re.split(r"[,\s]+", kept) if word]
    if (kept.strip() or file) and not (found and all(map(_is_fernet_key, found))):
        raise env.WrongSetting(f"{source} does not hold Fernet keys with commas between them. To make one: {_MAKE_ONE}")
    return found


def _is_fernet_key(word: str) -> bool:
    try:
        return len(urlsafe_b64decode(word)) == _FERNET_BYTES
    except ValueError:
        return False


def token(name: str, least: int = 16) -> str:
    """The variable, a secret that programs show; "" when it is not set. Raises WrongSetting for an easier one."""
    value = env.text(name).strip()
    if value and (len(value) < least or len(set(value)) < env.KINDS or not re.fullmatch(r"[!-~]+", value)):
        how = "python3 -c 'import secrets; print(secrets.token_urlsafe(24))'"
        raise env.WrongSetting(f"{name} takes {least} random letters and digits at least. Make one: {how}")
    return value


def reachable(name: str, default: str) -> list[str]:
    """What may be reached: public, private, loopback, addresses, networks, names, and *.name for all below it.

    Raises WrongSetting for anything else, and when there is nothing.
    """
    found = [word.lower() for word in env.words(name, default)]
    for word in found:
        if not (word in KINDS or _is_network(word) or (_NAME.fullmatch(word) and re.search("[a-z]", word))):
            raise env.WrongSetting(
                f"{name} has {word!r}. It takes public, private, loopback, names, addresses and networks as 10.0.0.0/8."
            )
    if not found:
        raise env.WrongSetting(f"{name} is empty: no model could be reached. Name what may be.")
    return found


def _is_network(word: str) -> bool:
    with suppress(ValueError):
        return bool(ip_network(word))
    return False


def for_us_alone(folder: Path) -> None:
    """Nothing; whatever this process and its children make from now on, and the folder, is closed to other users.

    A group that the owner lets in keeps its rights. Raises WrongSetting when the folder cannot be made.
    """
    os.umask(os.umask(0o077) | 0o007)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as why:
        raise env.WrongSetting(f"COSA_VAR: the folder {folder} cannot be made: {why.strerror}.") from None
    with suppress(OSError):
        if (mode := folder.stat().st_mode & 0o7777) & 0o007:
            folder.chmod(mode & ~0o007)
