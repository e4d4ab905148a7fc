"""The gateway, for an ASGI server: `granian --interface asgi training.gateway.asgi:application`."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cosa_web.settings")
django.setup()

from annotations.core import garbage  # noqa: E402
from training.gateway.app import Gateway  # noqa: E402  models can be imported from here on

application = Gateway(hears=True)
garbage.settle()
