"""The web server's settings: what others can reach must hold, and what is secret must be."""

from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from django.core import checks
from django.db import connection

from cosa_web.backup import BackupProblem, programs
from cosa_web.doctor import BROKEN, CARE, OK, Finding

SHORTEST, FEWEST = 50, 10
NOT_COLLECTED = "{count} assets are not in {place}, the first is {first}. Run manage.py collectstatic --noinput."
WEAK = "it is shorter than {least} signs or repeats itself. Set COSA_SECRET_KEY to a random one."
OPEN = "others on this machine can read {file} (mode {mode:o}). Run chmod 600 {file}."
DEBUG = "COSA_DEBUG is on: error pages show settings and source. Turn it off."
DEMO = "COSA_DEMO is on: log-ins with a published password. Turn it off wherever others can reach the pages."
PLAIN = "pages go by plain HTTP. Set COSA_HTTPS=1 and a certificate, or a proxy that has one (COSA_BEHIND_PROXY=1)."
NO_HSTS = "COSA_HSTS_SECONDS is 0: set it once HTTPS has worked for a while."


def static_files() -> Iterator[Finding]:
    """Every asset of this version is collected, or found where it lies."""
    if settings.WHITENOISE_USE_FINDERS:
        yield Finding(OK, "assets", "served from where they lie")
        return
    found = sorted({path for finder in finders.get_finders() for path, _ in finder.list([])})
    missing = [path for path in found if not (Path(settings.STATIC_ROOT) / path).exists()]
    if missing:
        words = NOT_COLLECTED.format(count=len(missing), place=settings.STATIC_ROOT, first=missing[0])
        yield Finding(BROKEN, "assets", words)
    else:
        yield Finding(OK, "assets", f"{len(found)} collected")


def secrets() -> Iterator[Finding]:
    """The secret key is one, and files with secrets are readable by their owner alone."""
    weak = len(settings.SECRET_KEY) < SHORTEST or len(set(settings.SECRET_KEY)) < FEWEST
    yield Finding(BROKEN if weak else OK, "secret key", WEAK.format(least=SHORTEST) if weak else "long and random")
    for name in ("secret_key", "fernet_keys", "cosa.sqlite3"):
        file = settings.VAR_DIR / name
        if file.exists() and (mode := file.stat().st_mode & 0o777) & 0o077:
            yield Finding(CARE if name == "cosa.sqlite3" else BROKEN, name, OPEN.format(file=file, mode=mode))


def switches() -> Iterator[Finding]:
    """What is for developers and demos is off, and pages go by HTTPS."""
    for state, on, words in (
        (BROKEN, settings.DEBUG, DEBUG),
        (CARE, settings.DEMO, DEMO),
        (CARE, not settings.SECURE_SSL_REDIRECT, PLAIN),
        (CARE, settings.SECURE_SSL_REDIRECT and not settings.SECURE_HSTS_SECONDS, NO_HSTS),
    ):
        if on:
            yield Finding(state, "switches", words)


def deployment() -> Iterator[Finding]:
    """What Django itself finds about settings; what `switches` says and what the settings silence is left out."""
    told = {"security.W004", "security.W008", "security.W012", "security.W016", "security.W018"}
    all_of_them = checks.run_checks(include_deployment_checks=True)
    found = [one for one in all_of_them if one.id not in told and not one.is_silenced()]
    for one in found:
        yield Finding(BROKEN if one.is_serious() else CARE, one.id or "check", " ".join(str(one.msg).split()))
    if not found:
        yield Finding(OK, "settings", "nothing else to say")


def backups() -> Iterator[Finding]:
    """This machine can take a backup of the database."""
    if connection.vendor != "postgresql":
        return
    version = connection.get_database_version()[0]
    try:
        yield Finding(OK, "backups", f"taken with {programs.find('pg_dump', version)}")
    except BackupProblem as problem:
        yield Finding(CARE, "backups", str(problem))
