"""The worker: `celery -A cosa_web worker -P threads -B -Q short,cpu,llm`. A message is a hint at a row, no truth."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cosa_web.settings")
app = Celery("cosa_web")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
