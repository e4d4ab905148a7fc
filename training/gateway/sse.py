"""Server-sent events out of bytes, however they are cut on their way."""

LIMIT = 1_000_000
_BOM = b"\xef\xbb\xbf"


class TooLong(Exception):
    """An event, or a line of one, that is longer than anybody wants to hold."""


class Events:
    """The events in the bytes of one stream: the data of each, its lines joined; comments and other fields are passed
    over. An event named `error` is told as `(True, data)`, every other one as `(False, data)`.
    """

    def __init__(self) -> None:
        self._line = b""
        self._data: list[bytes] = []
        self._size, self._error = 0, False
        self._after_cr, self._begun = False, False

    def feed(self, raw: bytes) -> list[tuple[bool, bytes]]:
        """The events that these bytes complete. Raises TooLong."""
        raw = self._without_half_an_end(raw)
        whole = raw.endswith((b"\n", b"\r"))
        lines = (self._line + raw).splitlines()
        self._line = b"" if whole or not lines else lines.pop()
        if len(self._line) > LIMIT:
            raise TooLong
        found: list[tuple[bool, bytes]] = []
        for line in lines:
            if line:
                self._read(line)
            elif self._data:
                found.append(self._event())
            else:
                self._error = False
        return found

    def end(self) -> list[tuple[bool, bytes]]:
        """The event that the end of the stream completes, where a server forgot the empty line behind it."""
        line, self._line = self._line, b""
        if line:
            self._read(line)
        return [self._event()] if self._data else []

    def _without_half_an_end(self, raw: bytes) -> bytes:
        """Without what belongs to the piece before: a line feed after its carriage return; nor a mark of order."""
        if self._after_cr and raw.startswith(b"\n"):
            raw = raw[1:]
        if raw:
            self._after_cr = raw.endswith(b"\r")
        if not self._begun and len(self._line + raw) >= len(_BOM):
            self._begun, raw = True, (self._line + raw).removeprefix(_BOM)
            self._line = b""
        return raw

    def _read(self, line: bytes) -> None:
        if line.startswith(b"data:"):
            self._size += len(line)
            if self._size > LIMIT:
                raise TooLong
            self._data.append(line[6:] if line.startswith(b"data: ") else line[5:])
        elif line.startswith(b"event:"):
            self._error = line[6:].strip() == b"error"

    def _event(self) -> tuple[bool, bytes]:
        event = self._error, self._data[0] if len(self._data) == 1 else b"\n".join(self._data)
        self._data, self._size, self._error = [], 0, False
        return event
