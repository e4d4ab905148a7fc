"""The pages, for a WSGI server: `granian --interface wsgi cosa_web.wsgi:application`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cosa_web.settings")
application = get_wsgi_application()
