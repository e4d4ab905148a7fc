"""The worker: `celery -A cosa_web worker -P threads -B -Q short,cpu,llm`. A message is a hint at a row, no truth."""

import os
from contextlib import ExitStack
from typing import Any

from celery import Celery
from celery.signals import before_task_publish, setup_logging, task_postrun, task_prerun

from annotations.core import log_context

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cosa_web.settings")
app = Celery("cosa_web")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

REQUEST = "cosa_request"
_bound: dict[str, ExitStack] = {}


@setup_logging.connect
def log_as_settings_say(**_: object) -> None:
    """Celery leaves the logs alone: their level and form are settings."""


@before_task_publish.connect
def send_request_along(headers: dict[str, Any], **_: object) -> None:
    """A hint carries the number of the request that made it."""
    if request := log_context.fields().get("request_id"):
        headers[REQUEST] = request


@task_prerun.connect
def bind_request(task_id: str, task: Any, **_: object) -> None:
    """What a worker logs for a hint carries the number of the request it came from."""
    _bound[task_id] = bound = ExitStack()
    if request := getattr(task.request, REQUEST, None):
        bound.enter_context(log_context.bound(request_id=request))


@task_postrun.connect
def unbind_request(task_id: str, **_: object) -> None:
    """The next hint in this thread is somebody else's."""
    if bound := _bound.pop(task_id, None):
        bound.close()
