"""Each worker of a parallel run reads all files of tests, each from another place on, and names all tests alike."""

import sys
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.collecting import later, place_among_workers, put_in_order, turned

FILES = list("abcdefg")


def test_each_worker_reads_all_files_from_another_one_on():
    read = [turned(FILES, number, 3) for number in range(3)]
    assert [found[0] for found in read] == ["a", "c", "e"]
    assert {"".join(sorted(found)) for found in read} == {"abcdefg"}


@pytest.mark.parametrize("found", [[], ["a"]])
def test_a_folder_may_hold_less_than_there_are_workers(found):
    assert turned(found, 2, 3) == found


def test_tests_stand_by_file_and_inside_a_file_as_they_were_written():
    items = [SimpleNamespace(path=Path(name), name=test) for name, test in ["b2", "b1", "a3", "a1"]]
    put_in_order(items)
    assert [f"{item.path}{item.name}" for item in items] == ["a3", "a1", "b2", "b1"]


def test_a_process_knows_its_place(monkeypatch):
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw1")
    monkeypatch.setenv("PYTEST_XDIST_WORKER_COUNT", "3")
    assert place_among_workers() == (1, 3)
    monkeypatch.delenv("PYTEST_XDIST_WORKER")
    monkeypatch.delenv("PYTEST_XDIST_WORKER_COUNT")
    assert place_among_workers() == (0, 1)


def test_a_package_that_is_to_come_later_is_there_when_it_is_used(tmp_path, monkeypatch):
    (tmp_path / "slow_to_import.py").write_text("print('now')\nVALUE = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    said = StringIO()
    with redirect_stdout(said):
        package = later("slow_to_import")
        asked_by_pytest = getattr(package, "_mock_name", None), getattr(package, "__test__", None)
        before = said.getvalue()
        assert (package.VALUE, asked_by_pytest, before, said.getvalue()) == (1, (None, None), "", "now\n")
    with pytest.raises(TypeError, match="slow_to_import.VALUE"):
        monkeypatch.setattr(package, "VALUE", 2)
    monkeypatch.delitem(sys.modules, "slow_to_import")
