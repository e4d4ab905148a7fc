"""The outermost step of every answer: what no page, file or refusal may lack, and uploads that are refused unread."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

NOTHING_OF_THE_DEVICE = ", ".join(
    f"{feature}=()"
    for feature in (
        *("accelerometer", "autoplay", "camera", "display-capture", "encrypted-media", "fullscreen", "geolocation"),
        *("gyroscope", "magnetometer", "microphone", "midi", "payment", "picture-in-picture"),
        *("publickey-credentials-get", "screen-wake-lock", "usb", "xr-spatial-tracking"),
    )
)
ALWAYS = {
    "Permissions-Policy": NOTHING_OF_THE_DEVICE,
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
}
"""What an answer says where nothing inside has said it: files, and refusals before a page was looked for."""
FORM_BYTES = 1_000_000
TOO_BIG = "This is more than the server takes at once. Go back and send it in parts."


class Edge:
    """The first middleware: an answer gets the headers of ALWAYS, and a body above the limit of uploads is 413."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The answer of what is inside, or 413."""
        response = _too_big() if _length(request) > _most() else self.get_response(request)
        for name, value in ALWAYS.items():
            response.headers.setdefault(name, value)
        return response


def _length(request: HttpRequest) -> int:
    told = str(request.META.get("CONTENT_LENGTH") or "0")
    return int(told) if told.isdecimal() else 0


def _most() -> int:
    return int(settings.UPLOAD_MEGABYTES * 1_000_000) + settings.DATA_UPLOAD_MAX_MEMORY_SIZE + FORM_BYTES


def _too_big() -> HttpResponse:
    # Nothing is read of it; a connection that went on would read the body as a next request.
    return HttpResponse(TOO_BIG, status=413, content_type="text/plain; charset=utf-8", headers={"Connection": "close"})
