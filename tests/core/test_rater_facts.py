import pytest

from annotations.core.rater_facts import FEWEST, Answered, facts


def answers(rater, *said, seconds=10.0):
    """Answers of one rater on unit 0, 1, …: (points, follows) each."""
    return [Answered(unit, rater, *one, seconds) for unit, one in enumerate(said)]


def test_pace_is_of_the_measured_answers():
    # 2 + 4 + 30 = 36 s for three items: 300 an hour; the middle one took 4 s. The fourth was not measured.
    rows = [Answered(unit, "a", 3, True, time) for unit, time in enumerate((2.0, 30.0, 4.0, None))]
    found = facts(rows)["a"]
    assert (found.n, found.n_unmeasured, found.per_hour, found.seconds) == (4, 1, pytest.approx(300), 4.0)


def test_an_answer_below_two_seconds_is_fast_and_two_are_not():
    rows = [Answered(unit, "a", 3, True, time) for unit, time in enumerate((1.9, 2.0, 0.0, None))]
    assert facts(rows)["a"].fast[1:3] == (2, 3)


def test_without_a_measured_time_there_is_no_pace():
    found = facts(answers("a", (3, True), seconds=None))["a"]
    assert (found.per_hour, found.seconds, found.fast.value) == (None, None, None)
    assert found.fast.undefined == "No time was measured."


def test_the_usual_answer_and_its_share():
    found = facts(answers("a", (5, True), (5, False), (2, False), (5, False)))["a"]
    assert (found.points.value, found.points.share.hits, found.points.share.n) == (5, 3, 4)
    assert (found.follows.value, found.follows.share.hits) == (False, 3)


def test_of_two_equally_usual_answers_it_is_the_lower_one():
    assert facts(answers("a", (5, True), (2, True)))["a"].points.value == 2


def test_a_rater_stands_beside_the_majority_of_the_others():
    # a says yes throughout. The others of the six units: yes, no, yes+yes, no+no, yes+no (no majority), nobody; so
    # five of six stand beside somebody, four have a majority, two of them a's own word: below five, no share.
    others = [[True], [False], [True, True], [False, False], [True, False], []]
    rows = answers("a", *[(4, True)] * 6)
    rows += [Answered(unit, who, 4, said, 9.0) for unit, each in enumerate(others) for who, said in enumerate(each)]
    found = facts(rows)["a"]
    assert found.n_beside == 5 and found.same.value is None
    assert found.same.undefined.startswith("Too few to say: 4 of their items have a majority of others")
    more = [Answered(unit, who, 4, True, 9.0) for unit in (6, 7) for who in ("a", "b")]
    assert facts(rows + more)["a"].same[1:3] == (4, 6)


def test_the_distance_is_from_the_mean_of_the_others():
    # The others say 2 and 3, mean 2.5; a says 5 on the first unit (2.5 apart) and 2 on the next four (0.5 apart).
    rows = answers("a", (5, True), *[(2, True)] * 4)
    rows += answers("b", *[(2, True)] * 5) + answers("c", *[(3, True)] * 5)
    assert facts(rows)["a"].apart == pytest.approx((2.5 + 4 * 0.5) / 5)


def test_below_the_fewest_there_is_no_distance():
    rows = [one for who in ("a", "b") for one in answers(who, *[(3, True)] * (FEWEST - 1))]
    assert facts(rows)["a"].apart is None and facts(rows)["a"].n_beside == FEWEST - 1


def test_nobody_answered_and_nobody_has_facts():
    assert facts([]) == {}
