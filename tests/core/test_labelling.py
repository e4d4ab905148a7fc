from hashlib import sha256

from hypothesis import given, settings
from hypothesis import strategies as st

from annotations.core.labelling import ALL_RISKS, DEV, OVER_CAP, TOO_FEW, TRAIN, UNTRAINED, Sets, draw, split, unfit
from annotations.core.taxonomy import SLUGS

TRAINED = ("violence", "privacy")
DIGESTS = [sha256(str(number).encode()).hexdigest() for number in range(1000)]
VIOLENCE, NONE = frozenset({"violence"}), frozenset()


def why(*risks: str, drop_all: bool = True) -> str:
    return unfit(frozenset(risks), every=SLUGS, trained=TRAINED, drop_all=drop_all)


def seen(*digests: str, seed: int = 0, cap: int | None = None, least: int = 1) -> Sets:
    sets = Sets(seed, cap=cap, least=least)
    for digest in digests:
        sets.see(VIOLENCE, digest)
    return sets


def kept(sets: Sets, *digests: str) -> set[str]:
    return {digest for digest in digests if not sets.why_not(VIOLENCE, digest)}


def test_a_prompt_of_trained_risks_or_of_none_is_fit_and_any_other_risk_drops_it() -> None:
    assert [why(), why("violence"), why("privacy", "violence")] == ["", "", ""]
    assert [why("drugs"), why("other"), why("violence", "weapons")] == [UNTRAINED] * 3


def test_every_category_at_once_has_a_reason_of_its_own_unless_it_is_not_asked_for() -> None:
    assert (why(*SLUGS), why(*SLUGS, drop_all=False), why(*SLUGS[:-1])) == (ALL_RISKS, UNTRAINED, UNTRAINED)


def test_about_the_share_that_is_asked_for_is_set_apart_and_none_or_all_at_the_ends() -> None:
    # 1,000 draws at 0.2: 200 expected, standard deviation 12.6
    apart = sum(split(0, digest, 0.2) == DEV for digest in DIGESTS)
    assert 160 < apart < 240
    assert {split(0, digest, 0.0) for digest in DIGESTS} == {TRAIN}


def test_a_larger_share_keeps_who_was_apart_already_and_another_seed_chooses_others() -> None:
    small, large = ({one for one in DIGESTS if split(3, one, share) == DEV} for share in (0.1, 0.3))
    assert small < large and small != {one for one in DIGESTS if split(4, one, 0.1) == DEV}


def test_what_is_drawn_for_one_purpose_says_nothing_of_another() -> None:
    assert len({draw(0, purpose, DIGESTS[0]) for purpose in ("cap", "split", "sample")}) == 3
    assert min(draw(0, "cap", one) for one in DIGESTS) >= 0 and max(draw(0, "cap", one) for one in DIGESTS) < 2**64


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 40), st.integers(1, 12), st.integers(1, 12), st.integers(0, 5))
def test_of_a_set_none_is_kept_below_the_least_and_just_the_cap_above_it(
    n: int, cap: int, least: int, seed: int
) -> None:
    sets = seen(*DIGESTS[:n], seed=seed, cap=cap, least=least)
    said = [sets.why_not(VIOLENCE, digest) for digest in DIGESTS[:n]]
    expected = [TOO_FEW] * n if n < least else [OVER_CAP] * max(0, n - cap) + [""] * min(n, cap)
    assert sorted(said) == sorted(expected)


def test_which_ones_stay_hangs_on_the_seed_and_not_on_their_order() -> None:
    forward, backward = seen(*DIGESTS[:50], cap=10), seen(*DIGESTS[49::-1], cap=10)
    assert kept(forward, *DIGESTS[:50]) == kept(backward, *DIGESTS[:50])
    assert kept(forward, *DIGESTS[:50]) != kept(seen(*DIGESTS[:50], seed=1, cap=10), *DIGESTS[:50])


def test_a_prompt_that_comes_later_takes_at_most_its_own_place() -> None:
    before, after = seen(*DIGESTS[:50], cap=10), seen(*DIGESTS[:51], cap=10)
    assert len(kept(before, *DIGESTS[:50]) - kept(after, *DIGESTS[:51])) <= 1


def test_each_set_of_risks_is_counted_alone() -> None:
    sets = seen(*DIGESTS[:2], cap=2)
    sets.see(NONE, DIGESTS[2])
    assert [sets.why_not(NONE, DIGESTS[2]), *(sets.why_not(VIOLENCE, one) for one in DIGESTS[:2])] == ["", "", ""]
