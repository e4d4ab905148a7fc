"""Taking in uploads as they arrive: on the disk piece by piece, folders kept, refused when it gets too much."""

from typing import Any, cast

from django import forms
from django.core.exceptions import TooManyFilesSent
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile, StopUpload
from django.http import HttpRequest
from django.http.multipartparser import MultiPartParser, MultiPartParserError
from django.utils.translation import gettext_lazy as _

from annotations.services import import_files
from annotations.services.import_files import FileProblem, Taking, Upload

ROOM_FOR_FIELDS = 1 << 20
TOO_MANY = _("A folder has at most 100 files. Pack it as a ZIP, or take away what is no table.")
BROKEN = _("The upload broke off before its end. Send it once more.")


class _PathsKept(MultiPartParser):
    """Django's parser keeps the last part of a file's name; in a folder the whole path says what the file is."""

    def sanitize_file_name(self, file_name: str) -> str | None:
        return file_name if file_name.strip("./\\ ") else None


class _InPieces:
    """A request that is read by the piece. Django throws the rest of a refused upload away line by line, and a file
    may be one line: all of it would be in memory."""

    def __init__(self, stream: Any):
        self.stream = stream

    def read(self, size: int) -> bytes:
        """At most so many bytes."""
        return cast(bytes, self.stream.read(size))


class Keeper(FileUploadHandler):
    """Writes an upload to the disk; `problem` says why it was refused, and then nothing of it is left."""

    def __init__(self, request: HttpRequest | None = None):
        super().__init__(request)
        self.problem = ""
        self.taking: Taking | None = None
        self.parsing = False

    def handle_raw_input(
        self, input_data: Any, META: Any, content_length: int, boundary: Any, encoding: Any = None
    ) -> Any:
        """The fields, and no files: those are in the folder. Django would call the inner parser's handlers again."""
        if self.parsing:
            return None
        self.parsing = True
        if content_length > import_files.most_bytes() + ROOM_FOR_FIELDS:
            self.problem = import_files.too_big()
        return _PathsKept(META, cast(Any, _InPieces(input_data)), [self], encoding).parse()

    def new_file(self, field_name: str, file_name: str, *args: Any, **kwargs: Any) -> None:
        """Nothing; the file's bytes come next. What a system leaves in a folder by itself is skipped."""
        super().new_file(field_name, file_name, *args, **kwargs)
        if import_files.is_hidden(file_name):
            raise SkipFile
        try:
            self.taking = self.taking or Taking(import_files.most_bytes())
            if not self.problem:
                self.taking.begin(file_name)
        except FileProblem as problem:
            self._refuse(problem)
        if self.problem:
            raise StopUpload(connection_reset=False)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        """None; the bytes are on the disk."""
        try:
            if self.taking:
                self.taking.write(raw_data)
        except FileProblem as problem:
            self._refuse(problem)
            # The rest is read and thrown away: a browser shows an answer only when it could send everything.
            raise StopUpload(connection_reset=False) from problem
        return None

    def _refuse(self, problem: Exception) -> None:
        self.problem = str(problem)

    def file_complete(self, file_size: int) -> "UploadedFile[Any] | None":
        """None; Django need not hold the file."""
        try:
            if self.taking:
                self.taking.end()
        except FileProblem as problem:
            self._refuse(problem)
        return None

    def upload_interrupted(self) -> None:
        """Nothing; the upload ended in the middle of a file."""
        self.problem = self.problem or BROKEN

    def drop(self) -> None:
        """Nothing; what was taken is removed."""
        if self.taking:
            self.taking.drop()
        self.taking = None

    def upload(self) -> Upload | None:
        """What was taken; None without any file. Nothing is left of an upload with a problem."""
        if self.problem or self.taking is None:
            self.drop()
            return None
        taking, self.taking = self.taking, None
        return taking.done()


def receive(request: HttpRequest) -> Keeper:
    """The files of a posted form, taken in; has to come before anything else reads the form."""
    keeper = Keeper(request)
    request.upload_handlers = [keeper]
    try:
        len(request.POST)
    except TooManyFilesSent:
        keeper.problem = TOO_MANY
    except (MultiPartParserError, OSError):
        keeper.problem = BROKEN
    except BaseException:
        keeper.drop()
        raise
    return keeper


class WithFiles(forms.Form):
    """A form whose files were taken in before it is read; once it is valid they are its own, in `upload`."""

    nothing = _("Choose files or a folder.")
    outlives = True
    """Whether a worker is to read the files, which may be on another machine."""

    def __init__(self, data: Any = None, *, keeper: Keeper | None = None):
        super().__init__(data)
        self.keeper = keeper
        self.upload: Upload | None = None

    def clean(self) -> dict[str, Any]:
        """What was chosen; the files are this form's from now on, unless something is wrong."""
        if self.keeper and self.keeper.problem:
            self.add_error("tables", self.keeper.problem)
        elif not self.errors:
            self.take()
        return self.cleaned_data

    def take(self) -> None:
        """Nothing; the files are this form's. Without any it says that there are none."""
        self.upload = self.keeper.upload() if self.keeper else None
        if not self.upload:
            self.add_error("tables", self.nothing)
        elif self.outlives:
            self.share(self.upload)

    def share(self, upload: Upload) -> None:
        """Nothing; workers on other machines find the files too, or the form says why not and has none."""
        try:
            import_files.share(upload.folder)
        except FileProblem as problem:
            self.upload = None
            import_files.remove(upload.folder)
            self.add_error("tables", str(problem))
