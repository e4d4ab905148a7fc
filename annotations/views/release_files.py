"""What a release hands out: its frozen files, which never change, and its rows in every other format."""

from collections.abc import Iterator
from typing import NamedTuple, cast

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from annotations import exports
from annotations.access import WORKERS, for_roles
from annotations.core import manifest
from annotations.core.config_text import digest
from annotations.models import BenchmarkRelease, User
from annotations.queries import releases
from annotations.views.releases import release_for_reader

FOR_EVER = "private, max-age=31536000, immutable"


class File(NamedTuple):
    """A frozen file: `tag` is a digest of it."""

    content_type: str
    pieces: Iterator[bytes]
    size: int
    tag: str


@require_safe
@for_roles(*WORKERS)
def release_download(request: HttpRequest, pk: int, major: int, minor: int, name: str) -> HttpResponseBase:
    """A frozen file by its name, or `table`: the rows in the shape and format that `?shape=` and `?format=` name."""
    release = release_for_reader(cast(User, request.user), pk, major, minor)
    if name == "table":
        return _table(request, release)
    file = _frozen(release, name)
    if file is None:
        raise Http404(f"A release has no file {name[:40]!r}.")
    etag = f'"{file.tag}"'
    answer = get_conditional_response(request, etag=etag) or StreamingHttpResponse(file.pieces)
    answer.headers["ETag"], answer.headers["Cache-Control"] = etag, FOR_EVER
    if answer.status_code == 200:
        answer.headers["Content-Type"], answer.headers["Content-Length"] = file.content_type, str(file.size)
        answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _frozen(release: BenchmarkRelease, name: str) -> File | None:
    if name == manifest.PROMPTS:
        size = release.manifest["bytes"]
        return File("application/jsonl; charset=utf-8", manifest.unpack(release.data), size, release.sha256)
    if name == "manifest.json":
        return _whole("application/json; charset=utf-8", manifest.file_of(release.manifest))
    if name == "README.md":
        return _whole("text/markdown; charset=utf-8", release.card.encode())
    return None


def _whole(content_type: str, data: bytes) -> File:
    return File(content_type, iter([data]), len(data), digest(data.decode()))


def _table(request: HttpRequest, release: BenchmarkRelease) -> HttpResponse | StreamingHttpResponse:
    shape, format = request.GET.get("shape", "plain"), request.GET.get("format", "csv")
    if shape not in releases.shapes(release) or format not in dict(exports.choices(dataset=True)):
        raise Http404("A release cannot be downloaded so. Choose shape and format on its page.")
    kind, table = exports.load(format), releases.table(release, shape)
    answer = StreamingHttpResponse(kind.pieces(table), content_type=kind.CONTENT_TYPE)
    answer.headers["Content-Disposition"] = f'attachment; filename="{table.name}{kind.SUFFIX}"'
    return answer
