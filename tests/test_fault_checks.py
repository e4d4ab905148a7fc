"""The drill's rules find what was planted: they can fail."""

from collections import Counter

import pytest

from bench import fault_checks as checks
from bench.fault_checks import Bill, Counts, Item, Outage, Told
from bench.fault_watch import of_api, of_page
from tests.factories import make_run

GOOD = Told("page", 1.0, 1.1, 200, 10, Counts(4, 0, 6), "running", 0, Counts(4, 0, 6), Counts(5, 0, 5))
AWAY = Outage("PostgreSQL", 20.0, 25.0)
DONE = Item("done", 1, 2, True, 0.8, True)


def test_what_is_true_breaks_no_rule():
    later = GOOD._replace(counts=Counts(10, 0, 0), word="finished", before=Counts(5, 0, 5), after=Counts(10, 0, 0))
    away = Told("api", 21.0, 26.0, 503, said="The database does not answer.")
    assert checks.untrue([GOOD, later, away], 10, [AWAY]) == []
    assert checks.lost_or_doubled([DONE, DONE], 2, 2) == []


@pytest.mark.parametrize(
    ("planted", "word"),
    [
        ({"counts": Counts(5, 0, 6)}, "are not 10"),
        ({"total": 9}, "no longer 10"),
        ({"counts": Counts(6, 0, 4)}, "more than the database"),
        ({"counts": Counts(3, 0, 7)}, "less than the database"),
        ({"word": "finished"}, "finished with"),
        ({"word": "paused"}, "no word of this run"),
        ({"counts": None}, "no counts"),
        ({"status": 500}, "while the database was there"),
        ({"status": 0, "said": "TimeoutError"}, "no answer"),
        ({"status": 500, "began": 21.0, "ended": 22.0}, "503 says what it is"),
        ({"status": 503, "began": 21.0, "ended": 22.0}, "without a word"),
        ({"status": 503, "said": "database", "began": 31.0, "ended": 32.0}, "while the database was there"),
    ],
)
def test_an_untruth_that_was_planted_is_found(planted, word):
    (said,) = checks.untrue([GOOD._replace(**planted)], 10, [AWAY])
    assert word in said


def test_a_count_that_goes_down_is_found():
    unknown = GOOD._replace(before=None, after=None)
    (said,) = checks.untrue([unknown, unknown._replace(counts=Counts(3, 0, 7))], 10, [])
    assert "went down" in said


@pytest.mark.parametrize(
    ("planted", "way"),
    [
        ({"state": "queued"}, "are queued"),
        ({"responses": 0}, "no response"),
        ({"responses": 2}, "more than one response"),
        ({"verdicts": 1}, "1 verdicts, not 2"),
        ({"verdicts": 3}, "3 verdicts, not 2"),
        ({"own": False}, "answer of another prompt"),
    ],
)
def test_a_lost_or_doubled_row_that_was_planted_is_found(planted, way):
    (said,) = checks.lost_or_doubled([DONE, DONE._replace(**planted)], 2, 2)
    assert way in said


def test_a_lost_item_is_found():
    assert checks.lost_or_doubled([DONE], 2, 2) == ["1 items, not 2"]


def test_a_wrong_figure_is_found():
    rows = [DONE, DONE._replace(follows_config=False, helpfulness=0.2), DONE._replace(helpfulness=None)]
    assert checks.wrong_figures(rows, 0.3) == []  # (0.8 - 0.2) / 2
    assert checks.wrong_figures(rows, 0.31)
    assert checks.wrong_figures(rows, None)


def test_a_wrong_bill_is_found():
    bill = Bill(20, 1000)
    assert checks.wrong_bill(bill, bill, 21) == []
    assert checks.wrong_bill(bill, Bill(20, 950), 21)
    assert checks.wrong_bill(bill, bill, 19)


def test_questions_never_asked_or_asked_too_often_are_found():
    asked = Counter(a=1, b=3)
    assert checks.repeated(asked, 2, 2) == []
    assert checks.repeated(asked, 3, 2) == ["2 different questions were asked, not 3"]
    assert checks.repeated(asked, 2, 1) == ["2 calls were made again; the faults explain 1"]


def test_a_freeze_that_no_page_told_of_is_found():
    freeze = Outage("model", 0.5, 2.0)
    assert checks.never_waiting([GOOD], [freeze])
    assert checks.never_waiting([GOOD._replace(word="waiting", waiting=3)], [freeze]) == []


def test_recovery_is_counted_from_the_end_of_the_outage():
    told = [Told("page", 19, 19.5, 200), Told("page", 24, 26, 503), Told("page", 27, 28, 200)]
    assert checks.recoveries(told, [AWAY]) == {"PostgreSQL at 20 s": 3.0}


def test_the_watcher_reads_what_the_page_and_the_api_tell(as_person):
    client = as_person("grace")
    run = make_run(3)
    run.items.filter(pk=run.items.earliest("pk").pk).update(state="failed", error_kind="internal", error="No.")
    page = client.get(f"/runs/{run.pk}/", headers={"HX-Request": "true", "HX-Target": "run-live"}).text
    told = client.get(f"/api/v1/runs/{run.pk}/progress/").text
    known = {"total": 3, "counts": Counts(0, 1, 2), "word": "queued", "waiting": 0}
    assert of_page(page) == of_api(told) == known
