"""The pairs of a prompt are those of the rule, whatever is thrown at it."""

import json
from collections import Counter
from itertools import permutations
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotations.core import pairing
from annotations.core.pairing import Candidate, explain, pairs, sort_out
from annotations.core.taxonomy import OTHER, SLUGS

TRAINED = ("financial_crime", "discrimination", "violence", "privacy")
VECTORS = json.loads((Path(__file__).parent / "cosa_vectors.json").read_text(encoding="utf-8"))["error_scores"]


def said(number, risks=(), addressed=True, text=None):
    return Candidate(number, f"Answer {number}." if text is None else text, frozenset(risks), addressed)


def ids(found):
    return {(one.chosen.id, one.rejected.id) for one in found}


HARMLESS, REFUSES, FIGHTS, SPIES, BOTH = (
    said(1),
    said(2, addressed=False),
    said(3, {"violence"}),
    said(4, {"privacy"}),
    said(5, {"violence", "privacy"}),
)


def test_lower_errors_are_chosen_and_ties_and_bad_ones_make_no_pair():
    # Allowed: violence. Errors: 1 -> 0, 3 -> 0.1, 2 -> 1, 4 -> 3, 5 -> 3.1; of 10 pairs, 4 against 5 is too bad.
    found = explain(sort_out([HARMLESS, REFUSES, FIGHTS, SPIES, BOTH]), {"violence"}, TRAINED)
    assert [each.terms.error for each in found.scored] == [0, 0.1, 1, 3, 3.1]
    assert ids(found.pairs) == {(1, 3), (1, 2), (1, 4), (1, 5), (3, 2), (3, 4), (3, 5), (2, 4), (2, 5)}
    assert found.totals == {"made": 9, "tie": 0, "chosen too bad": 1}
    assert [(each.better.terms.error, each.worse.terms.error) for each in found.considered if not each.pair] == [
        (3, 3.1)
    ]


def test_each_category_says_what_its_error_is_made_of():
    found = explain(sort_out([said(1, {"violence", "privacy", "drugs", "weapons"}, False)]), {"violence"}, TRAINED)
    (only,) = found.scored
    # gamma 1 + alpha 0.1 (violence) + beta 3 twice: privacy, and drugs with weapons as one other
    assert only.terms.error == 7.1 and only.terms.units == 71
    assert (only.terms.permitted, only.terms.forbidden) == ({"violence"}, {"privacy", "other"})


def test_risks_nobody_trained_for_are_one_other_and_so_tie():
    found = explain(sort_out([said(1, {"drugs"}), said(2, {"weapons"}), said(3, {"drugs", "weapons"})]), (), TRAINED)
    assert found.totals == {"made": 0, "tie": 3, "chosen too bad": 0}


def test_categories_of_another_taxonomy_count_by_their_slugs():
    known = ["noise-at-night", "cards, dice", "plastic"]
    spoken = [said(1, {"cards, dice"}), said(2, {"noise-at-night"}), said(3, {"violence"})]
    found = explain(sort_out(spoken), {"cards, dice"}, known)
    assert {each.category.members[0].id: each.terms.error for each in found.scored} == {1: 0.1, 2: 3, 3: 3}
    assert ids(found.pairs) == {(1, 2), (1, 3)}


def test_other_is_never_open():
    assert explain(sort_out([said(1, {OTHER})]), {OTHER}, SLUGS).scored[0].terms.error == 3


def test_errors_that_floats_tell_apart_are_ties():
    # 0.1 + 0.1 + 0.1 is not 0.3 for a float: three permitted risks against gamma 0.3
    three = ("violence", "privacy", "discrimination")
    spoken = sort_out([said(1, three), said(2, addressed=False)])
    found = explain(spoken, three, TRAINED, alpha=0.1, gamma=0.3, beta=3.0)
    assert found.totals == {"made": 0, "tie": 1, "chosen too bad": 0}


def test_a_category_of_many_gives_one_of_them_by_the_seed():
    spoken = [HARMLESS, *(said(number, addressed=False) for number in range(10, 30))]
    drawn = {seed: ids(pairs(spoken, (), TRAINED, seed=seed)) for seed in map(str, range(40))}
    assert all(len(found) == 1 for found in drawn.values())
    assert len(set.union(*drawn.values())) > 10
    assert drawn["7"] == ids(pairs(spoken, (), TRAINED, seed="7"))


def test_the_order_of_the_candidates_changes_nothing():
    spoken = [HARMLESS, REFUSES, said(6, addressed=False), FIGHTS, said(7, {"violence"})]
    found = {tuple(pairs(order, {"violence"}, TRAINED, seed=3)) for order in permutations(spoken)}
    assert len(found) == 1


def test_what_cannot_be_paired_is_dropped_with_its_reason():
    spoken = [
        Candidate(9, "Yes.", frozenset(), True),
        Candidate(8, " Yes.\n", frozenset(), True),  # the lower id stays
        Candidate(7, "Yes.", None, True),
        Candidate(6, "No.", frozenset(), None),
        Candidate(5, " \n", frozenset(), True),
    ]
    found = sort_out(spoken)
    assert [(one.id, why) for one, why in found.dropped] == [
        (5, "empty text"),
        (6, "addressed unscored"),
        (7, "risks unscored"),
        (9, "same text twice"),
    ]
    assert [one.id for each in found.categories for one in each.members] == [8] and found.used == 1


@pytest.mark.parametrize(
    ("spoken", "allowed", "expected"),
    [
        ([], (), "no response"),
        ([Candidate(1, "", None, None)], (), "all invalid"),
        ([HARMLESS], (), "one response"),
        ([HARMLESS, said(2)], (), "all tied"),  # one category alone has nothing to compare
        ([said(1, {"drugs"}), said(2, {"weapons"})], (), "all tied"),
        ([SPIES, BOTH], (), "chosen too bad"),
        ([SPIES, BOTH], ("violence", "privacy"), "pairs made"),
    ],
)
def test_a_prompt_says_why_it_has_no_pair(spoken, allowed, expected):
    found = sort_out(spoken)
    assert pairing.outcome(found, [explain(found, allowed, TRAINED)]) == expected


def test_one_config_with_a_pair_is_enough():
    found = sort_out([SPIES, BOTH])
    assert pairing.outcome(found, [explain(found, allowed, TRAINED) for allowed in ((), ("privacy",))]) == "pairs made"


@pytest.mark.parametrize("weights", [(1, 3, 1), (0.1, 1, 1), (-0.1, 3, 1), (0.1, float("inf"), 1)])
def test_weights_that_do_not_rise_are_refused(weights):
    alpha, beta, gamma = weights
    with pytest.raises(ValueError, match="weight"):
        pairs([HARMLESS], (), TRAINED, alpha=alpha, beta=beta, gamma=gamma)


@pytest.mark.parametrize("vector", VECTORS)
def test_the_error_of_a_category_is_that_of_the_reference(vector):
    weights = {name: vector[name] for name in ("alpha", "beta", "gamma")}
    spoken = sort_out([said(1, vector["response_risks"], vector["addressed"])])
    (only,) = explain(spoken, vector["allowed"], SLUGS[:7], **weights).scored
    assert only.terms.error == pytest.approx(vector["error"], abs=1e-9)


def test_the_texts_that_are_drawn_do_not_depend_on_the_order_in_which_answers_came():
    spoken = [("a", "ab", "abc", "b"), ("fights", "fights on")]
    drawn = set()
    for order in permutations(range(6)):
        texts = [*((text, frozenset()) for text in spoken[0]), *((text, frozenset({"violence"})) for text in spoken[1])]
        came = [Candidate(number, *texts[place], True) for number, place in enumerate(order)]
        drawn.add(tuple((one.chosen.text, one.rejected.text) for one in pairs(came, (), TRAINED, seed=3)))
    assert len(drawn) == 1


def test_the_seed_of_a_prompt_is_its_own():
    seeds = {
        pairing.seed_for(seed, prompt, mode)
        for seed in (0, 1)
        for prompt in ("1", "11")
        for mode in ("safe", "superset")
    }
    assert len(seeds) == 8


RISKS = st.frozensets(st.sampled_from([*SLUGS, "noise, at-night"]), max_size=4)
LABELS = st.tuples(st.none() | RISKS, st.sampled_from([True, False, None]))
TEXTS = st.sampled_from(["", "  ", *"abcdefghijkl", "a ", "b\n"])
SPOKEN = st.lists(st.tuples(TEXTS, LABELS), max_size=12)
WEIGHTS = st.sampled_from([(0.1, 3.0, 1.0), (0.0, 2.5, 0.3), (0.3, 0.9, 0.6), (0.25, 7.0, 2.0)])


def brute(spoken, allowed, known, weights):
    """The rule said plainly: categories (set, addressed) with the texts they may give, and what each two come to."""
    alpha, beta, gamma = (round(100 * each) for each in weights)  # the weights above have two digits at most
    categories, seen = {}, set()
    for number, (text, (risks, addressed)) in enumerate(spoken):
        if text.strip() and risks is not None and addressed is not None and text.strip() not in seen:
            seen.add(text.strip())
            categories.setdefault((risks, addressed), set()).add(number)

    def error(risks, addressed):
        unknown = {risk for risk in risks if risk not in known or risk == "other"}
        inside = (risks - unknown) & allowed
        outside = len(risks - unknown - inside) + bool(unknown)
        return (0 if addressed else gamma) + alpha * len(inside) + beta * outside

    made, reasons = [], {"made": 0, "tie": 0, "chosen too bad": 0}
    keys = list(categories)
    for at, one in enumerate(keys):
        for two in keys[at + 1 :]:
            low, high = sorted((one, two), key=lambda key: error(*key))
            if error(*low) == error(*high):
                reasons["tie"] += 1
            elif error(*low) >= beta:
                reasons["chosen too bad"] += 1
            else:
                reasons["made"] += 1
                made.append((frozenset(categories[low]), frozenset(categories[high]), error(*low), error(*high)))
    return made, reasons, len(seen)


@settings(max_examples=250, deadline=None)
@given(SPOKEN, RISKS, st.frozensets(st.sampled_from(SLUGS)), WEIGHTS, st.integers(0, 999))
def test_the_pairs_are_those_of_the_rule_said_plainly(spoken, allowed, known, weights, seed):
    candidates = [Candidate(number, text, *label) for number, (text, label) in enumerate(spoken)]
    named = dict(zip(("alpha", "beta", "gamma"), weights, strict=True))
    made, reasons, used = brute(spoken, allowed, known, weights)
    mixed = Random(seed).sample(candidates, len(candidates))  # noqa: S311
    sorted_out = sort_out(mixed)
    found = explain(sorted_out, allowed, known, seed=seed, **named)
    assert (found.totals, sorted_out.used) == (reasons, used)
    assert used + len(sorted_out.dropped) == len(spoken)
    whose = {one.id: frozenset(each.id for each in two.members) for two in sorted_out.categories for one in two.members}
    got = [
        (whose[one.chosen.id], whose[one.rejected.id], round(100 * one.chosen_error), round(100 * one.rejected_error))
        for one in found.pairs
    ]
    assert Counter(got) == Counter(made)
    assert list(found.pairs) == pairs(candidates, allowed, known, seed=seed, **named)
    considered = found.considered
    assert Counter(each.reason for each in considered) == Counter(reasons)
    assert [each.pair for each in considered if each.reason == "made"] == list(found.pairs)
    assert all(each.better.terms.units <= each.worse.terms.units for each in considered)
