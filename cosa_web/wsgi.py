"""The pages, for a WSGI server: `granian --interface wsgi cosa_web.wsgi:application`."""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from annotations.core import garbage

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cosa_web.settings")
application = get_wsgi_application()
get_resolver().url_patterns  # noqa: B018  every page is read now, and not by whoever comes first
garbage.settle()
