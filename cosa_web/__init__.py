"""The shell of CoSA Web: settings, URLs, worker and commands. It sees everything and decides nothing."""

from cosa_web.celery import app as celery_app

__all__ = ["celery_app"]
