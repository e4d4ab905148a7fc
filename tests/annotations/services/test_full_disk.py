"""Where the disk has no room for a preference set, its page says so, and nothing of it stays on the disk."""

import errno

import pytest

from annotations.services import chores, pair_files
from tests.pairs import make_set, read

pytestmark = pytest.mark.django_db


def test_a_set_without_room_fails_in_words_and_leaves_no_file(settings, tmp_path, monkeypatch):
    def full(file, rows):
        file.write_bytes(b"half of it")
        raise OSError(errno.ENOSPC, "No space left on device")

    settings.UPLOADS_DIR, settings.PREFERENCES_DIR = tmp_path / "uploads", tmp_path / "preferences"
    monkeypatch.setattr(pair_files, "write", full)
    row = read(make_set())
    assert (row.state, row.reason) == ("failed", chores.FULL)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
