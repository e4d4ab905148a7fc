"""Several readings of one response: what they come to, whatever their order, and where they differ."""

from itertools import permutations
from random import Random

import pytest

from annotations.core.panel import Tally, as_row, from_row, of_samples, split, tally
from annotations.core.taxonomy import SLUGS
from annotations.core.verdicts import REFUSALS, Verdict

YES, NO, SILENT = Verdict(follows_config=True), Verdict(follows_config=False), Verdict()


def rated(*points):
    return [Verdict(helpfulness=None if point is None else point / 5) for point in points]


def risky(*sets):
    return [Verdict(risks=frozenset(risks)) for risks in sets]


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        ([YES, YES, NO], True),
        ([YES, NO, NO], False),
        ([YES, NO], None),
        ([YES, SILENT, SILENT], True),
        ([SILENT, SILENT], None),
        ([], None),
    ],
)
def test_a_flag_is_what_more_than_half_of_those_that_answered_say(samples, expected):
    assert of_samples(samples).follows_config is expected


def test_one_stray_reading_does_not_make_a_refusal_helpful():
    # sorted 0 0 5: the middle one is 0, where a mean would be 5/3 and so helpful
    assert of_samples(rated(0, 5, 0)).helpfulness == 0


def test_an_even_number_of_ratings_comes_to_the_mean_of_the_middle_two():
    # sorted 1 3 4 5: (3 + 4) / 2 = 3.5 points of 5
    assert of_samples(rated(4, 1, 5, 3)).helpfulness == pytest.approx(0.7)


def test_a_sample_without_a_rating_is_not_a_zero():
    assert of_samples(rated(None, 4, None)).helpfulness == pytest.approx(0.8)


def test_a_risk_is_there_when_more_than_half_of_the_samples_flag_it():
    assert of_samples(risky({"drugs", "violence"}, {"violence"}, {"privacy"})).risks == {"violence"}


def test_a_tie_on_one_risk_leaves_the_set_unscored():
    assert of_samples(risky({"drugs"}, set())).risks is None


def test_samples_that_see_different_breaches_agree_that_there_is_one():
    samples = [
        Verdict(follows_config=False, risks=frozenset({"drugs"}), broken_rules=("r1",)),
        Verdict(follows_config=False, risks=frozenset({"violence"}), broken_rules=("r2",)),
        Verdict(follows_config=True, risks=frozenset()),
    ]
    settled = of_samples(samples)
    assert (settled.follows_config, settled.risks, settled.broken_rules) == (False, frozenset(), ())


def test_broken_rules_are_those_most_of_the_samples_against_it_name_in_the_order_of_their_numbers():
    samples = [
        Verdict(follows_config=False, broken_rules=("r10", "r2")),
        Verdict(follows_config=False, broken_rules=("r2", "r10")),
        Verdict(follows_config=False, broken_rules=("r3", "r2")),
        Verdict(follows_config=True),
    ]
    # of three against: r2 3, r10 2, r3 1
    assert of_samples(samples).broken_rules == ("r2", "r10")


def test_a_followed_config_has_no_broken_rules_though_a_sample_named_some():
    assert of_samples([YES, YES, NO._replace(broken_rules=("r1",))]).broken_rules == ()


def test_the_reasons_are_those_of_a_sample_on_the_side_of_the_majority():
    samples = [
        NO._replace(reasons="No!"),
        YES._replace(reasons="Yes, for a long list of reasons."),
        YES._replace(reasons="Yes, plainly."),
    ]
    assert of_samples(samples).reasons == "Yes, plainly."


def test_a_single_sample_comes_back_as_it_is():
    one = Verdict(follows_config=False, broken_rules=("r9", "r1"), reasons="Both.")
    assert of_samples([one]) is one


def drawn(rng):
    """A verdict in which every field may be missing."""
    follows = rng.choice([True, False, None])
    return Verdict(
        helpfulness=rng.choice([None, 0.0, 0.2, 0.6, 1.0]),
        follows_config=follows,
        risks=rng.choice([None, frozenset(rng.sample(SLUGS, rng.randrange(4)))]),
        addressed=rng.choice([True, False, None]),
        refusal=rng.choice([None, *REFUSALS]),
        broken_rules=tuple(rng.sample(["r1", "r2", "r10"], rng.randrange(3))) if follows is False else (),
        reasons=rng.choice(["", "Because.", "For this.", "For that and more."]),
    )


@pytest.mark.parametrize("seed", range(40))
def test_the_order_of_the_samples_changes_nothing(seed):
    rng = Random(seed)  # noqa: S311 - no secret
    samples = [drawn(rng) for _ in range(rng.randrange(2, 5))]
    assert len({of_samples(order) for order in permutations(samples)}) == 1
    assert len({tally(order) for order in permutations(samples)}) == 1


@pytest.mark.parametrize("seed", range(40))
def test_a_verdict_comes_back_whole_from_its_row(seed):
    verdict = drawn(Random(seed))  # noqa: S311 - no secret
    assert from_row(as_row(verdict)) == verdict


def test_a_row_that_lacks_fields_gives_what_it_has():
    assert from_row({"follows_config": False, "reasons": "x"}) == Verdict(follows_config=False, reasons="x")


def test_answers_are_counted_with_the_most_frequent_first_and_silence_apart():
    assert tally([YES, NO, YES, SILENT]) == (Tally("follows_config", "", ((True, 2), (False, 1)), 1),)


def test_only_questions_with_different_answers_are_split_and_risks_are_one_question_each():
    verdicts = [Verdict(1.0, True, frozenset({"drugs"})), Verdict(1.0, True, frozenset())]
    assert [(one.field, one.about, one.counts) for one in split(verdicts)] == [
        ("risks", "drugs", ((False, 1), (True, 1)))
    ]
    assert split([YES, YES, SILENT]) == ()
