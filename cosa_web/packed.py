"""Less on the way to a browser: assets with their digest in their names, and pages, both compressed."""

from django.http import HttpRequest, HttpResponse
from django.middleware.gzip import GZipMiddleware
from whitenoise.storage import CompressedManifestStaticFilesStorage


class Assets(CompressedManifestStaticFilesStorage):
    """Assets as `collectstatic` wrote them, which browsers keep; what it has not written keeps its own name."""

    def stored_name(self, name: str) -> str:
        """The name with its digest; the name itself where the file was not collected."""
        return str(self.hashed_files.get(self.hash_key(self.clean_name(name)), name))


class Pages(GZipMiddleware):
    """Compresses pages and parts of pages; streams pass on as they come, and files are what they are.

    A guess at a secret is not confirmed by the length of a page: the token of its forms differs each time, and so does
    the length, by up to a hundred bytes.
    """

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """The answer, compressed if it is a page and the browser takes it."""
        kind = response.headers.get("Content-Type", "")
        if response.streaming or not kind.startswith("text/html"):
            return response
        return super().process_response(request, response)
