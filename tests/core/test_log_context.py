"""What the log lines of one piece of work have in common."""

import asyncio
import logging

from annotations.core.log_context import Bound, bound, fields


def record(**extra: object) -> logging.LogRecord:
    made = logging.makeLogRecord(extra)
    assert Bound().filter(made)
    return made


def test_what_is_bound_holds_inside_and_adds_up():
    with bound(run=7):
        with bound(request_id="a"):
            assert fields() == {"run": 7, "request_id": "a"}
        assert fields() == {"run": 7}
    assert fields() == {}


def test_a_record_carries_what_is_bound():
    with bound(run=7, request_id="a"):
        made = record()
    assert (made.run, made.request_id, made.context) == (7, "a", " [run=7 request_id=a]")


def test_what_a_record_says_itself_stays():
    with bound(run=7):
        assert record(run=8).run == 8


def test_a_record_without_anything_bound_has_an_empty_context():
    assert record().context == ""


def test_tasks_of_one_loop_do_not_mix():
    async def told(number: int) -> object:
        with bound(run=number):
            await asyncio.sleep(0)
            return fields()["run"]

    async def both() -> list[object]:
        return list(await asyncio.gather(told(1), told(2)))

    assert asyncio.run(both()) == [1, 2]
