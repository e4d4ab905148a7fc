"""Taking in uploads: piece by piece to the disk, whole paths kept, refused in words while they arrive."""

import tracemalloc

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.handlers.wsgi import WSGIRequest
from django.test import RequestFactory
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from annotations.forms.uploads import BROKEN, TOO_MANY, receive
from annotations.services import import_files


@pytest.fixture(autouse=True)
def _uploads(settings, tmp_path):
    settings.UPLOADS_DIR = tmp_path / "uploads"


def left(settings):
    return sorted(settings.UPLOADS_DIR.rglob("*")) if settings.UPLOADS_DIR.exists() else []


def part(name, content):
    disposition = f'Content-Disposition: form-data; name="folder"; filename="{name}"\r\n'
    return f"--{BOUNDARY}\r\n{disposition}Content-Type: text/csv\r\n\r\n".encode() + content + b"\r\n"


END = f"--{BOUNDARY}--\r\n".encode()


def posted(*files, end=END):
    body = b"".join(part(name, content) for name, content in files) + end
    return receive(RequestFactory().generic("POST", "/", body, content_type=MULTIPART_CONTENT))


class Endless:
    """A body of so many bytes that is made while it is read."""

    def __init__(self, size):
        self.head, self.size, self.given = part("rows.csv", b"")[:-2], size, 0

    def read(self, size=-1):
        if self.head:
            some, self.head = self.head, b""
            return some
        some = b"x" * min(size if size > 0 else 1 << 16, self.size - self.given)
        self.given += len(some)
        return some

    readline = read


def streamed(size):
    body = Endless(size)
    environ = RequestFactory()._base_environ(PATH_INFO="/", REQUEST_METHOD="POST", CONTENT_TYPE=MULTIPART_CONTENT)
    return WSGIRequest(environ | {"CONTENT_LENGTH": str(size), "wsgi.input": body}), body


def test_files_lie_below_the_uploads_under_their_whole_paths():
    upload = posted(("set/seen/test.csv", b"a,b\r\n"), ("set/unseen/test.csv", b"c")).upload()
    assert upload.names == ("set/seen/test.csv", "set/unseen/test.csv")
    assert [path.read_bytes() for path, _ in import_files.paths(upload.folder)] == [b"a,b\r\n", b"c"]
    assert upload.size == 6


def test_the_fields_beside_the_files_are_there():
    data = {"format": "plain", "files": SimpleUploadedFile("a.csv", b"x")}
    request = RequestFactory().generic("POST", "/", encode_multipart(BOUNDARY, data), content_type=MULTIPART_CONTENT)
    assert receive(request).upload().names == ("a.csv",)
    assert (request.POST["format"], len(request.FILES)) == ("plain", 0)


def test_no_path_leads_out_of_the_folder(settings):
    upload = posted(("../../../evil.csv", b"x")).upload()
    assert upload.names == ("evil.csv",)
    assert [path.name for path in settings.UPLOADS_DIR.parent.iterdir()] == ["uploads"]


def test_what_a_system_leaves_in_a_folder_is_passed_over():
    assert posted(("set/.DS_Store", b"x"), ("set/a.csv", b"y")).upload().names == ("set/a.csv",)


def test_an_empty_file_is_a_file():
    assert posted(("a.csv", b"")).upload().size == 0


def test_a_form_without_a_file_has_none(settings):
    assert posted(("", b"")).upload() is None
    assert left(settings) == []


def peak_of(request):
    tracemalloc.start()
    try:
        return receive(request), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_two_hundred_megabytes_neither_come_in_nor_fill_the_memory(settings):
    request, body = streamed(200 << 20)
    keeper, peak = peak_of(request)
    assert keeper.problem == import_files.too_big() and "at most 150 MB" in keeper.problem
    assert keeper.upload() is None and left(settings) == []
    # Everything was read, so that a browser shows the answer, and little of it held at a time.
    assert body.given > 199 << 20 and peak < 4 << 20


def test_what_is_too_big_by_a_little_is_found_out_while_it_arrives(settings):
    settings.UPLOAD_MEGABYTES = 3
    request, _ = streamed((3 << 20) + 2_000)
    keeper = receive(request)
    assert "at most 3 MB" in keeper.problem and keeper.upload() is None and left(settings) == []


def test_a_large_upload_that_may_come_in_does_not_fill_the_memory(settings):
    request, _ = streamed(60 << 20)
    keeper, peak = peak_of(request)
    assert peak < 4 << 20 and keeper.taking.size > 59 << 20
    keeper.drop()
    assert left(settings) == []


def test_an_upload_that_breaks_off_is_refused_and_leaves_nothing(settings):
    keeper = posted(("a.csv", b"x" * 1_000), end=b"")
    assert (keeper.problem, keeper.upload(), left(settings)) == (BROKEN, None, [])


def test_a_body_that_is_no_form_is_refused(settings):
    request = RequestFactory().generic("POST", "/", b"x", content_type="multipart/form-data")
    assert receive(request).problem == BROKEN


def test_more_than_a_hundred_files_are_refused_in_words(settings):
    keeper = posted(*((f"{number}.csv", b"x") for number in range(101)))
    assert (keeper.problem, keeper.upload(), left(settings)) == (TOO_MANY, None, [])


def test_a_disk_that_is_full_at_the_end_of_a_file_is_said(settings, monkeypatch):
    with open("/dev/full", "wb") as full:  # takes bytes into its buffer, and has no room when it is closed
        monkeypatch.setattr(import_files.Taking, "begin", lambda self, name: setattr(self, "out", full))
        keeper = posted(("a.csv", b"x"))
    assert "No space left" in keeper.problem and keeper.upload() is None and left(settings) == []


def test_a_full_disk_is_said(settings, monkeypatch):
    def full(self, piece):
        raise import_files.FileProblem("The server could not keep the file: No space left on device.")

    monkeypatch.setattr(import_files.Taking, "write", full)
    keeper = posted(("a.csv", b"x"))
    assert "No space left" in keeper.problem and keeper.upload() is None and left(settings) == []
