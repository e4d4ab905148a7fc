"""The four modes draw what the paper says, in the proportions it says."""

from collections import Counter
from itertools import permutations
from math import comb
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotations.core.synthesis import MODES, PLAIN, lost_its_point, sample_allowed
from annotations.core.taxonomy import SLUGS

D = ("financial_crime", "discrimination", "violence", "privacy")
P = ("violence", "privacy")
DRAWS = 4000
RISKS = st.frozensets(st.sampled_from([*SLUGS, "cards, dice", "noise-at-night"]), max_size=5)


def drawn(mode, risks=P, categories=D, times=DRAWS):
    rng = Random(7)  # noqa: S311
    return [sample_allowed(risks, categories, mode, rng) for _ in range(times)]


def close(counts, chances):
    """True when each count lies within five standard deviations of what its chance makes likely, and none is left."""
    total = sum(counts.values())
    within = [abs(counts[key] - total * p) <= 5 * (total * p * (1 - p)) ** 0.5 for key, p in chances.items()]
    return all(within) and set(counts) <= set(chances)


def test_exact_match_is_the_prompt_in_every_order():
    every = {order: 1 / 6 for order in permutations(("violence", "privacy", "discrimination"))}
    assert close(Counter(drawn("exact_match", ("violence", "privacy", "discrimination"))), every)


def test_safe_and_plain_open_nothing():
    assert set(drawn("safe")) == set(drawn(PLAIN)) == {()}


def test_superset_adds_a_number_of_the_rest_each_as_likely():
    # R has 2: k is 0, 1 or 2 with a third each; of two sets with k = 1 each has a sixth
    chances = {frozenset(): 1 / 3, frozenset(D[:2]): 1 / 3, frozenset(D[:1]): 1 / 6, frozenset(D[1:2]): 1 / 6}
    assert close(Counter(frozenset(found) - set(P) for found in drawn("superset")), chances)


def test_not_superset_keeps_a_number_of_the_needed_but_not_all():
    # P has 3: m is 0, 1 or 2 with a third each, and each set of that size is as likely
    needed = ("violence", "privacy", "discrimination")
    sets = {frozenset(part) for size in range(3) for part in permutations(needed, size)}
    chances = {part: 1 / 3 / comb(3, len(part)) for part in sets}
    assert close(Counter(frozenset(found) & set(needed) for found in drawn("not_superset", needed)), chances)


def test_not_superset_adds_of_the_rest_whatever_it_keeps():
    # m is 0 or 1, k is 0, 1 or 2, independent: six cells of a sixth each
    cells = Counter((len(set(found) & set(P)), len(set(found) - set(P))) for found in drawn("not_superset"))
    assert close(cells, {(m, k): 1 / 6 for m in range(2) for k in range(3)})


@pytest.mark.parametrize("mode", ["superset", "not_superset"])
def test_the_order_says_nothing_about_the_prompt(mode):
    # of configs that open a needed and another category, half name the needed one first
    mixed = [found for found in drawn(mode, P[:1] if mode == "superset" else P) if len(found) == 2]
    first = Counter(found[0] in P for found in mixed if len(set(found) & set(P)) == 1)
    assert close(first, {True: 1 / 2, False: 1 / 2})


@given(RISKS, RISKS, st.sampled_from(MODES), st.integers(0, 10_000))
def test_every_draw_is_of_its_mode(risks, categories, mode, seed):
    found = sample_allowed(risks, categories, mode, Random(seed))  # noqa: S311
    allowed, needed, rest = set(found), risks - {"other"}, categories - risks - {"other"}
    assert len(found) == len(allowed) and "other" not in allowed and allowed <= needed | rest
    assert found == sample_allowed(sorted(risks)[::-1], sorted(categories), mode, Random(seed))  # noqa: S311
    wanted = {
        "exact_match": allowed == needed,
        "safe": not allowed,
        "superset": allowed >= needed,
        "not_superset": (not needed <= allowed) if needed else not allowed,
    }
    assert wanted[mode]


@pytest.mark.parametrize(
    ("risks", "mode", "lost"),
    [((), "not_superset", True), (("other",), "not_superset", True), (P, "not_superset", False), ((), "safe", False)],
)
def test_not_superset_has_no_point_for_a_prompt_without_risks(risks, mode, lost):
    assert lost_its_point(risks, mode) is lost


def test_an_unknown_mode_says_which_there_are():
    with pytest.raises(ValueError, match="exact_match, safe, superset, not_superset"):
        sample_allowed(P, D, "subset", Random(1))  # noqa: S311
