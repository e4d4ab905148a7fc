"""What a browser may do with an answer: show a page of ours, read data, keep a file, and nothing else."""

from django.http import HttpResponseBase

INLINE = {
    "text/html",
    "application/json",
    "application/problem+json",
    "application/x-ndjson",
    "application/vnd.oai.openapi+json",
}
ACTIVE = {
    "text/html", "application/xhtml+xml", "image/svg+xml", "text/xml", "application/xml", "text/javascript",
    "application/javascript", "text/css", "application/pdf", "multipart/x-mixed-replace", "text/cache-manifest", "",
}  # fmt: skip
SHOWN = ("/healthz", "/readyz", "/metrics", "/docs/pictures/", "/jsi18n/")


def harm(response: HttpResponseBase, path: str = "") -> str:
    """Why a browser could be made to run what stands in the answer; "" when it cannot."""
    headers = response.headers
    kind = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    kept = headers.get("Content-Disposition", "").startswith("attachment")
    if headers.get("X-Content-Type-Options") != "nosniff":
        return "a browser may guess at its type"
    if not kind and response.status_code in {204, 301, 302, 304, 405}:
        return ""
    if kept:
        return f"a file of the active type {kind!r}" if kind in ACTIVE else ""
    if kind == "text/html":
        return "" if "default-src 'self'" in headers.get("Content-Security-Policy", "") else "a page without a policy"
    return "" if kind in INLINE or path.startswith(SHOWN) else f"{kind!r} is shown and not kept"
