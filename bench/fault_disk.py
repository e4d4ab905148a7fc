"""A full disk: a preference set is brought in while the artifacts' disk has no room, and once more when it has."""

import base64
import os
import random
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

MEGABYTE = 1 << 20
DISK_MB, FILE_MB = 32, 6
"""More than a person waits for: a worker reads it."""
WAIT_SECONDS = 90.0
FOLDERS = ("artifacts", "preferences", "uploads")
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')


@contextmanager
def small_disk(var: Path) -> Iterator[Path | None]:
    """A small disk in a folder there, on which all that keeps files keeps them; None without the right to mount one."""
    disk = var / "small"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m,mode=700", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode:
        yield None
        return
    try:
        for name in FOLDERS:
            (disk / name).mkdir()
            (var / name).symlink_to(disk / name)
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=False)


class Sender:
    """A person who sends a preference set by the form and looks at its page."""

    def __init__(self, port: int, cookie: str) -> None:
        self.port, self.cookie = port, cookie

    def send(self, content: bytes) -> tuple[int, str]:
        """The status of the answer, and the words of the page or the address it leads to."""
        _, page, cookies = self._ask("GET", "/preferences/new/")
        token, home = TOKEN.search(page), re.search(r'name="organisation"[^>]*value="(\d+)"', page)
        home = home or re.search(r'name="organisation".*?<option value="(\d+)"', page, re.DOTALL)
        assert token, page[:500]
        fields = {"csrfmiddlewaretoken": token[1], "title": "Pairs of a drill", "organisation": home[1] if home else ""}
        body, kind = _form(fields, content)
        self.cookie = f"{self.cookie.partition(';')[0]}; {cookies}"
        status, said, _ = self._ask("POST", "/preferences/new/", body, {"Content-Type": kind})
        return status, said

    def page(self, path: str) -> tuple[int, str]:
        """The status and the page."""
        status, page, _ = self._ask("GET", path)
        return status, page

    def _ask(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, str, str]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, {"Cookie": self.cookie} | (headers or {}))
            answer = connection.getresponse()
            text = answer.read().decode(errors="replace")
            cookie = (answer.headers.get("Set-Cookie") or "").partition(";")[0]
            return answer.status, answer.headers.get("Location") or text, cookie
        finally:
            connection.close()


def _form(fields: dict[str, str], content: bytes) -> tuple[bytes, str]:
    edge = "drill-edge"
    parts = [
        f'--{edge}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n'.encode() for k, v in fields.items()
    ]
    head = f'--{edge}\r\nContent-Disposition: form-data; name="tables"; filename="train.jsonl"\r\n'
    file = f"{head}Content-Type: application/json\r\n\r\n".encode() + content + b"\r\n"
    return b"".join(parts) + file + f"--{edge}--\r\n".encode(), f"multipart/form-data; boundary={edge}"


def pairs() -> bytes:
    """A file of pairs that cannot be packed much smaller."""
    from tests.pairs import lines, make_pair

    chance = random.Random(3)  # noqa: S311
    rows = (
        make_pair(number, chosen_response=base64.b64encode(chance.randbytes(3000)).decode())
        for number in range(FILE_MB * MEGABYTE // 4500)
    )
    return lines(list(rows))


def fill(disk: Path, room: int) -> None:
    """Nothing; so many bytes are free there."""
    filler = disk / "filler"
    filler.unlink(missing_ok=True)
    status = os.statvfs(disk)
    with filler.open("wb") as out:
        out.write(b"\0" * max(0, status.f_bavail * status.f_bsize - room))


def left(disk: Path) -> list[str]:
    """Files that nobody should have left there: uploads, and what was half written."""
    found = [path for path in disk.rglob("*") if path.is_file() and path.name != "filler"]
    return [str(one.relative_to(disk)) for one in found if not one.name.endswith(".parquet") or ".part" in one.parts]


def drilled(disk: Path, sender: Sender) -> list[str]:
    """Sentences about what must not be: no words, something left, or no way on after there is room again."""
    content, broken = pairs(), []
    fill(disk, MEGABYTE)
    status, said = sender.send(content)
    if status != 422 or not re.search("could not keep|no room|space|full", said):
        broken.append(f"an upload without room was answered with {status} and no words about it")
    broken += [f"after an upload without room there is {name}" for name in left(disk)]
    fill(disk, len(content) + 2 * MEGABYTE)
    state, said = _result(sender, content)
    if state != "failed" or not re.search("room|space|full", said):
        broken.append(f"a set without room is {state}: {said[:200]}")
    broken += [f"after a set without room there is {name}" for name in left(disk)]
    (disk / "filler").unlink()
    state, said = _result(sender, content)
    if state != "finished":
        broken.append(f"with room again the set is {state}: {said[:200]}")
    return broken + [f"at the end there is {name}" for name in left(disk)]


def _result(sender: Sender, content: bytes) -> tuple[str, str]:
    """The state in which a set ends that is sent now, and the reason on its page."""
    status, address = sender.send(content)
    if status != 302:
        return f"answered with {status}", address
    return _ended(sender, address)


def _ended(sender: Sender, address: str) -> tuple[str, str]:
    from django.db import connection

    from annotations.models import PreferenceSet

    ends, pk = time.monotonic() + WAIT_SECONDS, int(re.findall(r"\d+", address)[-1])
    while time.monotonic() < ends:
        connection.close()
        row = PreferenceSet.objects.get(pk=pk)
        if not row.is_open:
            status, page = sender.page(address)
            shown = status == 200 and (not row.reason or row.reason[:40] in page.replace("&#x27;", "'"))
            return row.state, row.reason if shown else f"its page ({status}) does not say why: {row.reason}"
        time.sleep(0.3)
    return "not over", f"after {WAIT_SECONDS:g} s"
