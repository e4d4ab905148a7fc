"""Large files on their way out: by a signed link, from a folder or straight from the bucket."""

import re
from collections.abc import Iterator
from pathlib import Path

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect

from annotations.models import Artifact
from annotations.services import artifacts, file_digests, links
from annotations.services.artifact_places import Place, attachment
from annotations.services.artifacts import ArtifactProblem
from annotations.services.links import BadLink, Link

RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")
PIECE = 1 << 20


def opened(request: HttpRequest, text: str, what: str) -> Link:
    """What the link of this address is at. Whether its person may read that still is not asked. Raises Http404."""
    try:
        return links.read(text, what=what, user=request.user)
    except BadLink as problem:
        raise Http404(str(problem)) from problem


def send(request: HttpRequest, place: Place, artifact: Artifact, name: str) -> HttpResponseBase:
    """The file, to be kept and never shown: from the bucket itself where it can, else in pieces or the part asked for.

    What breaks off before its last byte was found to be another file than was kept. Raises Http404 without the file.
    """
    try:
        if place.size(artifact.key) != artifact.bytes:
            raise Http404("The file is not where it was put. Ask whoever runs this server to bring it back.")
        if address := place.link(artifact.key, name, links.SECONDS):
            answer: HttpResponseBase = redirect(address)
            answer.headers["Cache-Control"] = "private, no-store"
            return answer
        answer = _part(request, place, artifact) or _whole(request, place, artifact)
    except ArtifactProblem as problem:
        raise Http404(str(problem)) from problem
    told = {"Content-Disposition": attachment(name), "ETag": f'"{artifact.sha256}"', "Accept-Ranges": "bytes"}
    for header, value in (told | {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff"}).items():
        answer.headers[header] = value
    return answer


def _whole(request: HttpRequest, place: Place, artifact: Artifact) -> HttpResponseBase:
    pieces = iter(()) if request.method == "HEAD" else artifacts.stream(artifact, place)
    answer = StreamingHttpResponse(pieces, content_type="application/octet-stream")
    answer.headers["Content-Length"] = str(artifact.bytes)
    return answer


def _part(request: HttpRequest, place: Place, artifact: Artifact) -> HttpResponseBase | None:
    """The part of the file that is asked for, once all of it was found whole; None where no one part is."""
    asked, path = RANGE.fullmatch(request.headers.get("Range", "")), place.path(artifact.key)
    same = request.headers.get("If-Range", f'"{artifact.sha256}"') == f'"{artifact.sha256}"'
    if not asked or not path or not same or asked.groups() == ("", ""):
        return None
    first, last = _bounds(*asked.groups(), artifact.bytes)
    if first > last:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{artifact.bytes}"})
    if not file_digests.is_whole(path, artifact.sha256):
        raise Http404(artifacts.DAMAGED.format(key=path.name))
    answer = StreamingHttpResponse(_cut(path, first, last), status=206, content_type="application/octet-stream")
    answer.headers["Content-Range"] = f"bytes {first}-{last}/{artifact.bytes}"
    answer.headers["Content-Length"] = str(last - first + 1)
    return answer


def _bounds(first: str, last: str, size: int) -> tuple[int, int]:
    """The first and the last byte; the first after the last where there is none."""
    if not first:
        return max(0, size - int(last)), size - 1
    return int(first), min(int(last) if last else size - 1, size - 1)


def _cut(path: Path, first: int, last: int) -> Iterator[bytes]:
    left = last - first + 1
    with path.open("rb") as file:
        file.seek(first)
        while left > 0 and (piece := file.read(min(PIECE, left))):
            left -= len(piece)
            yield piece
