"""The rules of the pace, worked by hand; and whole minutes of calls against servers that take only so many."""

import asyncio
import random
from typing import NamedTuple

import pytest

from tests import virtual_time
from tests.virtual_time import Bucket, Sliding, Windowed
from training.engines import EngineError
from training.engines._pace import COOLDOWN, Pace
from training.engines._retries import Retries


def rounds(pace: Pace, number: int, now: float = 0.0) -> None:
    """So many rounds in which as many attempts as may start do, and are answered."""
    for _ in range(number):
        eras = []
        while pace.wait(now) == 0:
            eras.append(pace.start(now))
        for era in eras:
            pace.answered(era, now)


def refused(pace: Pace, now: float, seconds: float = 0.0) -> None:
    pace.refused(pace.start(now), now, seconds, None)


def test_it_starts_at_twenty_and_doubles_with_each_full_round_up_to_the_limit() -> None:
    pace = Pace(64)
    seen = [pace.width]
    for _ in range(3):
        rounds(pace, 1)
        seen.append(pace.width)
    assert seen == [20, 40, 64, 64]


def test_it_never_goes_above_a_limit_and_follows_it() -> None:
    pace = Pace(3)
    assert pace.width == 3
    pace.limit = 100
    assert pace.width == 20
    rounds(pace, 5)
    pace.limit = 7
    assert pace.width == 7


def test_it_does_not_grow_while_less_is_asked_than_it_allows() -> None:
    pace = Pace(64)
    for _ in range(100):  # fifteen of twenty at one time are less than 80 %
        eras = [pace.start(0.0) for _ in range(15)]
        for era in eras:
            pace.answered(era, 0.0)
    assert pace.width == 20


def test_a_429_takes_a_fifth_once_in_fifteen_seconds() -> None:
    pace = Pace(64)
    rounds(pace, 2)
    seen = []
    for now in (1.0, 1.0 + COOLDOWN / 2, 1.0 + COOLDOWN):
        refused(pace, now)
        seen.append(pace.width)
    assert seen == [51, 51, 40]  # 64 x 0.8 = 51.2, 51 x 0.8 = 40.8


def test_after_a_cut_it_grows_by_one_a_round_once_the_fifteen_seconds_are_over() -> None:
    pace = Pace(20)
    refused(pace, 0.0)
    assert pace.width == 16
    rounds(pace, 30, now=COOLDOWN - 1)
    assert pace.width == 16
    rounds(pace, 2, now=COOLDOWN)
    assert pace.width == 18


def test_an_error_that_is_no_429_leaves_the_width_alone() -> None:
    pace = Pace(20)
    pace.end(pace.start(0.0))
    pace.refused(pace.start(0.0), 0.0, 5.0, 5.0, busy=False)
    assert (pace.width, pace.wait(1.0)) == (20, 4.0)


def test_a_pause_is_everybodys_and_the_echoes_of_one_refusal_are_no_news() -> None:
    pace = Pace(20)
    eras = [pace.start(0.0) for _ in range(10)]
    for era in eras:
        pace.refused(era, 0.0, 3.0, 3.0)
    assert (pace.width, pace.wait(1.0), pace.in_flight) == (16, 2.0, 0)


def test_after_a_pause_one_goes_ahead_and_each_answer_lets_twice_as_many_follow() -> None:
    pace = Pace(20)
    refused(pace, 0.0, seconds=1.0)
    first = pace.start(1.0)
    assert pace.wait(1.0) is None
    pace.answered(first, 1.0)
    pace.start(1.0)
    assert pace.wait(1.0) == 0
    pace.start(1.0)
    assert pace.wait(1.0) is None


def test_no_more_are_open_than_the_server_says_it_takes_until_it_takes_more() -> None:
    pace = Pace(20)
    pace.start(0.0)
    pace.allow(2, 10.0, 0.0)
    pace.start(0.0)
    assert (pace.wait(9.0), pace.wait(10.0)) == (None, 0)


def test_a_server_that_takes_none_is_left_alone_until_it_does() -> None:
    pace = Pace(20)
    pace.allow(0, 10.0, 0.0)
    assert (pace.wait(4.0), pace.wait(10.0)) == (6.0, 0)


def test_a_pause_of_hours_is_not_begun_on_a_hint_alone() -> None:
    pace = Pace(20)
    pace.allow(0, 7200.0, 0.0)
    assert pace.wait(1.0) == 0


def test_a_limit_of_zero_lets_nobody_start() -> None:
    assert Pace(0).wait(0.0) is None


def test_the_rate_is_what_was_answered_from_one_end_of_a_pause_to_the_next() -> None:
    pace = Pace(64)
    rounds(pace, 5)  # 20, 40, then 64 each: 252 calls at second 0
    pace.refused(pace.start(2.0), 2.0, 10.0, 10.0)
    pace.answered(pace.start(12.0), 12.0)
    assert pace.rate == pytest.approx(1.3 * 252 / 12)  # a first guess, high on purpose
    for _ in range(120):
        pace.answered(pace.start(30.0), 30.0)
    pace.refused(pace.start(30.0), 30.0, 6.0, 6.0)
    pace.answered(pace.start(36.0), 36.0)
    assert pace.rate == pytest.approx(0.985 * 121 / 24)  # from second 12 to 36, with the one that went ahead


def learned(rate: float) -> Pace:
    """A pace that has found that many calls a second: an answer, a 429 with a wait, and the end of the pause."""
    pace = Pace(64)
    for _ in range(round(10 * rate / 1.3)):
        pace.answered(pace.start(0.0), 0.0)
    pace.refused(pace.start(5.0), 5.0, 5.0, 5.0)
    pace.answered(pace.start(10.0), 10.0)
    assert pace.rate == pytest.approx(rate, rel=0.01)
    return pace


def test_calls_are_spaced_by_the_rate_and_a_late_start_is_made_good_for() -> None:
    pace = learned(10.0)
    gaps = []
    for now in (20.0, 20.0, 20.0, 20.0, 20.0):
        gaps.append(round(pace.wait(now) or 0, 2))
        pace.answered(pace.start(now), now)
    assert gaps == [0, 0, 0.1, 0.2, 0.3]  # one late call is made good for


def test_the_rate_is_raised_now_and_then_and_taken_back_when_that_was_too_much() -> None:
    pace = learned(10.0)
    before = pace.rate
    for _ in range(200):
        pace.answered(pace.start(50.0), 50.0)
    assert pace.rate == pytest.approx(1.05 * before)
    pace.refused(pace.start(60.0), 60.0, 1.0, 1.0)
    pace.answered(pace.start(61.0), 61.0)
    assert pace.rate == pytest.approx(before)


def test_a_rate_that_is_wrong_four_times_in_a_row_is_given_up() -> None:
    pace = learned(10.0)
    for now in (100.0, 200.0, 300.0, 400.0):
        assert pace.rate
        for _ in range(20):
            pace.answered(pace.start(now), now)
        pace.refused(pace.start(now), now, 1.0, 1.0)
        pace.answered(pace.start(now + 1), now + 1)
    assert pace.rate is None


class Minutes(NamedTuple):
    """What came of some minutes of calls: answered a minute and the share of 429s, both from the third minute on."""

    answered: float
    share: float
    failed: int
    pace: Pace


def minutes(
    server: Windowed | Sliding | Bucket | None,
    number: int,
    *,
    odd: float = 0.0,
    latency: float = 1.0,
    patience: float = 120,
) -> Minutes:
    """Sixty-four callers at once for so many minutes; a share `odd` of the calls is refused for no reason."""

    async def scene() -> Minutes:
        retries, draw = Retries("here", 60, patience, 64), random.Random(1)  # noqa: S311  (a draw of a test)
        good, bad, failed = [], [], []
        now = asyncio.get_running_loop().time

        async def once() -> None:
            wait = server.refuses(now()) if server else None
            if wait is None and draw.random() < odd:
                wait = 1.0
            if wait is not None:
                bad.append(now())
                raise EngineError("rate_limited", "busy", wait)
            await asyncio.sleep(latency * draw.uniform(0.5, 1.5))
            good.append(now())

        async def caller() -> None:
            while now() < number * 60:
                try:
                    await retries.call(once)
                except EngineError as problem:
                    failed.append(problem)

        await asyncio.gather(*(caller() for _ in range(64)))
        later = [sum(120 <= at <= number * 60 for at in moments) for moments in (good, bad)]
        return Minutes(later[0] / (number - 2), later[1] / sum(later), len(failed), retries.turns.pace)

    return virtual_time.run(scene())


@pytest.mark.parametrize(
    "server",
    [Windowed(100, 60), Windowed(100, 60, begins=-40), Sliding(100, 60), Bucket(100, 100 / 60), Bucket(10, 100 / 60)],
    ids=["windows", "begun in a window", "sliding", "bucket", "small bucket"],
)
def test_a_server_of_a_hundred_calls_a_minute_is_used_up_and_seldom_overrun(
    server: Windowed | Sliding | Bucket,
) -> None:
    seen = minutes(server, 10)
    assert 95 <= seen.answered <= 103  # a bucket may still hold some of its first calls
    assert (seen.share < 0.02, seen.failed) == (True, 0)


def test_waiting_while_others_are_answered_is_no_part_of_the_patience() -> None:
    # sixty-four callers of six calls a minute: the last waits ten minutes, twenty times its patience
    assert minutes(Bucket(1, 0.1), 12, patience=30).failed == 0


def test_a_call_that_is_refused_while_others_are_answered_is_given_up_in_the_end() -> None:
    async def scene() -> tuple[int, str]:
        retries, tries = Retries("here", 60, 1000, 8), 0

        async def refused() -> None:
            nonlocal tries
            tries += 1
            await asyncio.sleep(0.1)
            raise EngineError("rate_limited", "not you", 0.2)

        async def others() -> None:
            while True:
                await retries.call(lambda: asyncio.sleep(0.1))

        going = asyncio.create_task(others())
        with pytest.raises(EngineError) as caught:
            await retries.call(refused)
        going.cancel()
        return tries, caught.value.message

    assert virtual_time.run(scene()) == (50, "not you Tried as often as the 1000 s set for one call allow.")


def test_429s_that_are_no_cap_do_not_slow_it_down_for_good() -> None:
    # 3 % at random, each a pause of 1 s: 33 calls between two; once it believes in no rate, only the pauses cost.
    seen = minutes(None, 5, odd=0.03, latency=0.2)
    assert seen.pace.rate is None
    assert seen.answered > 300
    assert seen.failed == 0


def deaf(kind: str, wait: float | None, limit: int, seconds: float = 0.05) -> list[float]:
    """When the first twenty calls failed at a server that answers nobody."""

    async def scene() -> list[float]:
        retries, failed, now = Retries("here", 60, 120, limit), [], asyncio.get_running_loop().time

        async def once() -> None:
            await asyncio.sleep(seconds)
            raise EngineError(kind, "no", wait)

        async def caller() -> None:
            while len(failed) < 20:
                try:
                    await retries.call(once)
                except EngineError as problem:
                    failed.append((now(), problem.message))

        await asyncio.gather(*(caller() for _ in range(limit)))
        assert len({words for _, words in failed}) == 1
        return [at for at, _ in failed[:20]]

    return virtual_time.run(scene())


@pytest.mark.parametrize("limit", [1, 8, 64])
@pytest.mark.parametrize(
    ("kind", "wait", "seconds"),
    [
        ("passing", None, 9999.0),
        ("passing", None, 0.05),
        ("rate_limited", None, 0.05),
        ("rate_limited", 1.0, 0.05),
        ("rate_limited", 3600.0, 0.05),
    ],
    ids=["a black hole", "500s", "429s", "429s with a wait", "429s with an hour"],
)
def test_a_server_that_answers_nobody_fails_twenty_calls_alike_within_minutes(
    kind: str, wait: float | None, seconds: float, limit: int
) -> None:
    assert deaf(kind, wait, limit, seconds)[-1] <= 180  # one patience, and one time-out of those that came last


def test_one_wait_is_kept_by_all_calls_and_is_seen() -> None:
    async def scene() -> tuple[list[float], list[tuple[int, float, str]]]:
        retries, tried, now = Retries("here", 60, 120, 4), [], asyncio.get_running_loop().time

        async def once() -> None:
            tried.append(now())
            first = len(tried) == 1
            await asyncio.sleep(1)
            if first:
                raise EngineError("rate_limited", "busy", 10.0)

        calls = [asyncio.create_task(retries.call(once)) for _ in range(3)]
        await asyncio.sleep(1.5)
        calls += [asyncio.create_task(retries.call(once)) for _ in range(3)]
        await asyncio.sleep(1.5)
        seen = [(retries.waiting, retries.next_try, retries.trouble)]
        await asyncio.gather(*calls)
        return tried, [*seen, (retries.waiting, retries.next_try, retries.trouble)]

    tried, (paused, over) = virtual_time.run(scene())
    assert tried[:3] == [0, 0, 0]  # those that had begun already
    assert all(at >= 11 for at in tried[3:]) and len(tried) == 7
    assert paused[0] == 4  # the one that was refused, and the three that came later
    assert 8 <= paused[1] <= 8.5
    assert (paused[2], over) == ("busy", (0, 0.0, ""))


def test_calls_that_wait_for_the_rate_say_so() -> None:
    async def scene() -> tuple[int, float, str]:
        retries, now = Retries("here", 60, 120, 16), asyncio.get_running_loop().time
        server = Windowed(30, 60)

        async def once() -> None:
            if (wait := server.refuses(now())) is not None:
                raise EngineError("rate_limited", "busy", wait)

        calls = [asyncio.create_task(retries.call(once)) for _ in range(100)]
        await asyncio.sleep(130)
        seen = retries.waiting, retries.next_try, retries.trouble
        await asyncio.gather(*calls)
        return seen

    waiting, next_try, trouble = virtual_time.run(scene())
    assert waiting > 0 and 0 < next_try <= 2.1
    assert trouble == "here takes about 30 calls a minute. The others wait for their turn."
