"""The site over a world of its own: a throwaway database, a thread that serves it on this machine alone."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple


class Site(NamedTuple):
    """Where the site answers, what can be opened there, and a folder that is gone afterwards."""

    address: str
    place: "Place"  # noqa: F821  Django has to be set up before its module is read
    folder: Path


@contextmanager
def serve(port: int = 0) -> Iterator[Site]:
    """The site, its database filled, on 127.0.0.1; on a free port unless one is named."""
    _settle()
    from django.contrib.staticfiles.handlers import StaticFilesHandler
    from django.test.testcases import LiveServerThread

    from cosa_web.stress_world import throwaway

    with throwaway() as folder:
        _files_in(folder)
        from tests.sweep import world

        place = world.build()
        thread = LiveServerThread("127.0.0.1", StaticFilesHandler, port=port)
        thread.daemon = True
        thread.start()
        thread.is_ready.wait()
        if thread.error:
            raise thread.error
        try:
            yield Site(f"http://127.0.0.1:{thread.port}", place, folder)
        finally:
            thread.terminate()


def _settle() -> None:
    """Django is set up: queries beside the event loop of Playwright, cheap passwords, hints at work that go nowhere."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cosa_web.settings")
    os.environ |= {"COSA_DEMO": "1", "DJANGO_ALLOW_ASYNC_UNSAFE": "true"}
    import django

    django.setup()
    from django.conf import settings

    from cosa_web import celery_app
    from cosa_web.api_settings import caches

    logging.getLogger("cosa").setLevel(logging.ERROR)
    celery_app.conf.broker_url = "memory://"
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.CACHES["throttles"] = caches("")["throttles"]


def _files_in(folder: Path) -> None:
    from django.conf import settings

    settings.UPLOADS_DIR, settings.PREFERENCES_DIR = folder / "uploads", folder / "preferences"
    settings.TRAINING_DIR = folder / "training"
