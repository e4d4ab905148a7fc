"""What a report of an error shows of the settings."""

import re

from django.views.debug import SafeExceptionReporterFilter


class Filter(SafeExceptionReporterFilter):
    """Hides the addresses of broker, caches and database too: a password may stand in them."""

    hidden_settings = re.compile(
        SafeExceptionReporterFilter.hidden_settings.pattern + "|BROKER|REDIS|CACHES|DATABASE|POSTGRESQL", re.IGNORECASE
    )
