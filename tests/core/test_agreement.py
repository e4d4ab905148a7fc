import random
from itertools import combinations, permutations, product

import pytest

from annotations.core import rating_table
from annotations.core.agreement import (
    Disagreement,
    Resampling,
    apart,
    cohen_kappa,
    different,
    disagreements,
    fleiss_kappa,
    gwet_ac,
    krippendorff_alpha,
    percent_agreement,
)
from annotations.core.intervals import Interval

# The worked example of Krippendorff 2011: four observers, twelve units, a dot for a missing value.
PUBLISHED = ["12332141 2...", "12332241 25.3", ".3332342 251.", "12332441 251."]
KINDS, WEIGHTS = ("nominal", "ordinal", "interval"), ("identity", "linear", "quadratic")
FIGURES = {
    "percent": percent_agreement,
    **{f"fleiss {name}": lambda rows, name=name, **more: fleiss_kappa(rows, name, **more) for name in WEIGHTS},
    **{f"gwet {name}": lambda rows, name=name, **more: gwet_ac(rows, name, **more) for name in WEIGHTS},
    **{f"alpha {name}": lambda rows, name=name, **more: krippendorff_alpha(rows, name, **more) for name in KINDS},
}
each_figure = pytest.mark.parametrize("figure", FIGURES.values(), ids=FIGURES)


def rows_of(*units):
    """Rows of units given as the values of rater 0, 1, …"""
    return [(unit, rater, value) for unit, values in enumerate(units) for rater, value in enumerate(values)]


def published():
    lines = [line.replace(" ", "") for line in PUBLISHED]
    return rows_of(*([None if sign == "." else int(sign) for sign in column] for column in zip(*lines, strict=True)))


def made_up(seed, units=12, raters=3, missing=0.2, values=range(6)):
    rng = random.Random(seed)  # noqa: S311
    drawn = [[rng.choice(values) if rng.random() >= missing else None for _ in range(raters)] for _ in range(units)]
    return rows_of(*drawn)


@pytest.mark.parametrize(
    ("kind", "value"),
    # Coincidences: n = 40; the values 1..5 come 9, 13, 10, 5, 3 times; on the diagonal 7 + 10 + 8 + 4 + 3 = 32; off it
    # (each way) one of 2-3 (unit 2), one of 1-2 (unit 8), and a third of each of the six pairs of 1, 2, 3, 4 (unit 6).
    [
        # (39 * 32 - 344) / (40 * 39 - 344) with 344 = 9*8 + 13*12 + 10*9 + 5*4 + 3*2
        ("nominal", 904 / 1216),
        # Middles C: 4.5 15.5 27 34.5 38.5. Seen 132.25 + 121 + 2076.75 / 3 = 945.5, all pairs 199,740.
        ("ordinal", 1 - 39 * 945.5 / 199_740),
        # Seen 1 + 1 + (3*1 + 2*4 + 9) / 3 = 26/3; all pairs 117+360+405+432+130+260+351+50+120+15 = 2,240.
        ("interval", 1 - 39 * (26 / 3) / 2_240),
    ],
)
def test_alpha_of_krippendorffs_own_example(kind, value):
    found = krippendorff_alpha(published(), kind)
    assert found.value == pytest.approx(value)
    assert (found.n_units, found.n_ratings, found.n_raters) == (11, 40, 4)
    assert (found.n_single, found.n_missing, found.undefined) == (1, 7, "")


def test_cohens_kappa_of_a_table_of_four_cells():
    # 35 of 50 alike: 0.7. Chance: 25/50 * 30/50 + 25/50 * 20/50 = 0.5. (0.7 - 0.5) / 0.5 = 0.4.
    rows = rows_of(*[("yes", "yes")] * 20, *[("yes", "no")] * 5, *[("no", "yes")] * 10, *[("no", "no")] * 15)
    assert cohen_kappa(rows).value == pytest.approx(0.4)


def test_cohens_kappa_with_weights():
    # Linear: Do = (0 + .5 + .5 + 0) / 4 = .25; the sixteen pairs of 0,0,1,2 with 0,1,2,2 are 16 steps apart, so
    # De = 16 * .5 / 16 = .5. Quadratic: Do = (.25 + .25) / 4 = .125; De = 26 * .25 / 16 = 13/32.
    rows = rows_of((0, 0), (0, 1), (1, 2), (2, 2))
    assert cohen_kappa(rows, "linear").value == pytest.approx(0.5)
    assert cohen_kappa(rows, "quadratic").value == pytest.approx(1 - 4 / 13)


def test_fleiss_kappa_of_equal_numbers_of_ratings():
    # A unit of 2 and 1 has 4 unequal ordered pairs of 6: Do = (0 + 2/3 + 2/3 + 0) / 4 = 1/3; both shares 1/2: De = 1/2.
    assert fleiss_kappa(rows_of("yyy", "yyn", "ynn", "nnn")).value == pytest.approx(1 / 3)


def test_fleiss_kappa_of_unequal_numbers_of_ratings():
    # Do = (0 + 2/3) / 2 = 1/3; the share of y is the mean of 1, 1/3 and 0: 4/9, so De = 2 * 4/9 * 5/9 = 40/81.
    found = fleiss_kappa(rows_of("yy", "ynn", "n"))
    assert found.value == pytest.approx(1 - 27 / 40)
    assert (found.n_units, found.n_ratings, found.n_single) == (2, 5, 1)


def test_gwets_ac1_stays_high_where_kappa_falls_below_zero():
    # Nine yy and one yn: agreement .9, share of y .95; AC1's chance is 2 * .95 * .05 = .095, and so is
    # kappa's De, at Do = .1.
    rows = rows_of(*["yy"] * 9, "yn")
    assert gwet_ac(rows).value == pytest.approx(0.805 / 0.905)
    assert fleiss_kappa(rows).value == pytest.approx(1 - 0.1 / 0.095)
    # A third value nobody chose halves the chance: .095 / 2.
    assert gwet_ac(rows, scale="yn?").value == pytest.approx((0.9 - 0.0475) / 0.9525)


def test_gwets_ac2_with_linear_weights():
    # Agreement 1 - .25; shares 3/8 2/8 3/8 give 42/64; the nine weights add to 5: chance 5/6 * 42/64 = 35/64.
    found = gwet_ac(rows_of((0, 0), (0, 1), (1, 2), (2, 2)), "linear")
    assert found.value == pytest.approx((48 - 35) / (64 - 35))


def test_percent_agreement_is_the_mean_share_of_equal_pairs_of_a_unit():
    # 1 of 1 pair, 1 of 3 pairs, none of 1, and a unit without a pair: (1 + 1/3 + 0) / 3.
    assert percent_agreement(rows_of("yy", "yyn", "yn", "y")).value == pytest.approx(4 / 9)


def by_pairs(rows, distance):
    """Each unit's values, and Do and De of alpha, one pair at a time."""
    units = {}
    for unit, _, value in rows:
        units.setdefault(unit, []).append(value)
    units = [[v for v in values if v is not None] for values in units.values()]
    kept = [values for values in units if len(values) > 1]
    pool = [value for values in kept for value in values]
    seen = sum(distance(a, b, pool) / (len(values) - 1) for values in kept for a, b in permutations(values, 2))
    chance = sum(distance(a, b, pool) for a, b in permutations(pool, 2))
    return units, seen / len(pool), chance / len(pool) / (len(pool) - 1)


def between(a, b, pool):
    low, high = min(a, b), max(a, b)
    return (sum(low <= value <= high for value in pool) - (pool.count(a) + pool.count(b)) / 2) ** 2 if a != b else 0


@pytest.mark.parametrize("seed", range(6))
def test_alpha_is_what_counting_pairs_one_by_one_gives(seed):
    rows = made_up(seed)
    for kind, distance in zip(KINDS, (lambda a, b, _: a != b, between, lambda a, b, _: (a - b) ** 2), strict=True):
        _, seen, chance = by_pairs(rows, distance)
        assert krippendorff_alpha(rows, kind).value == pytest.approx(1 - seen / chance)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("weights", "power"), [("identity", 0), ("linear", 1), ("quadratic", 2)])
def test_fleiss_and_gwet_are_what_their_formulas_give_one_by_one(seed, weights, power):
    def weight(a, b):
        return 1 - (abs(a - b) / 5) ** power if a != b else 1

    units = [values for values in by_pairs(made_up(seed), different_of_three)[0] if values]
    of_units = [[weight(a, b) for a, b in combinations(values, 2)] for values in units if len(values) > 1]
    seen = sum(sum(each) / len(each) for each in of_units) / len(of_units)
    share = [sum(values.count(k) / len(values) for values in units) / len(units) for k in range(6)]
    fleiss = sum(share[k] * share[m] * weight(k, m) for k, m in product(range(6), repeat=2))
    gwet = sum(weight(*pair) for pair in product(range(6), repeat=2)) / 30 * sum(p * (1 - p) for p in share)
    rows = made_up(seed)
    assert fleiss_kappa(rows, weights).value == pytest.approx((seen - fleiss) / (1 - fleiss))
    assert gwet_ac(rows, weights, scale=range(6)).value == pytest.approx((seen - gwet) / (1 - gwet))


def different_of_three(a, b, _):
    return a != b


@each_figure
def test_the_order_and_the_names_of_raters_and_units_change_nothing(figure):
    rows = made_up(3)
    renamed = [(f"u{11 - unit}", "cab"[rater], value) for unit, rater, value in rows]
    random.Random(1).shuffle(renamed)  # noqa: S311
    found, other = figure(rows, resampling=Resampling()), figure(renamed, resampling=Resampling())
    assert other.value == pytest.approx(found.value)
    assert other.interval == pytest.approx(found.interval)
    assert other[1:7] == found[1:7]


@pytest.mark.parametrize("figure", [percent_agreement, fleiss_kappa, gwet_ac, krippendorff_alpha])
def test_other_names_for_nominal_values_change_nothing(figure):
    names = {0: "d", 1: frozenset("x"), 2: "b", 3: True, 4: 7, 5: "a", None: None}
    renamed = [(unit, rater, names[value]) for unit, rater, value in made_up(4)]
    assert figure(renamed).value == pytest.approx(figure(made_up(4)).value)


def test_the_two_raters_of_cohens_kappa_may_change_places():
    rows = made_up(5, units=40, raters=2)
    swapped = [(unit, 1 - rater, value) for unit, rater, value in rows]
    for weights in WEIGHTS:
        assert cohen_kappa(swapped, weights).value == pytest.approx(cohen_kappa(rows, weights).value)


@each_figure
def test_raters_who_always_agree_on_two_values_or_more_have_one(figure):
    found = figure(rows_of((0.1, 0.1, 0.1), (0.7, 0.7), (5, 5, 5)), resampling=Resampling())
    assert found.value == 1.0
    assert found.interval == Interval(1.0, 1.0)


@each_figure
def test_a_lone_rating_and_a_missing_one_are_counted(figure):
    found = figure([*rows_of((1, 2), (2, 2, None)), ("alone", 9, 2)])
    assert (found.n_units, found.n_ratings, found.n_raters, found.n_single, found.n_missing) == (2, 4, 2, 1, 1)


@pytest.mark.parametrize("kind", KINDS)
def test_alpha_of_ratings_at_random_is_near_zero(kind):
    # The standard deviation over seeds is about 0.01 at 3,000 units of 3 ratings: six of them are 0.06.
    assert krippendorff_alpha(made_up(0, units=3_000), kind).value == pytest.approx(0, abs=0.06)


@pytest.mark.parametrize("figure", [cohen_kappa, fleiss_kappa, gwet_ac, krippendorff_alpha])
@pytest.mark.parametrize(("value", "word"), [("yes", "yes"), (True, "yes"), (False, "no"), (0.1, "0.1")])
def test_a_figure_of_one_value_is_undefined_and_says_so(figure, value, word):
    found = figure(rows_of((value, value), (value, value)), resampling=Resampling())
    assert found.value is None and found.interval is None
    assert found.undefined.startswith(f"Everybody said {word} wherever two people rated.")


@pytest.mark.parametrize("kind", KINDS)
def test_alpha_of_one_value_is_undefined_even_if_a_lone_rating_differs(kind):
    found = krippendorff_alpha(rows_of((3, 3), (3, 3), (4,)), kind)
    assert found.value is None
    why = "Everybody said 3 wherever two people rated. Chance would agree as well, so the figure would be 0/0."
    assert found.undefined == why


def test_gwets_ac_is_defined_for_one_value_of_a_scale_that_has_two():
    assert gwet_ac(rows_of("yy", "yy"), scale="yn").value == 1.0


def test_percent_agreement_needs_no_second_value():
    assert percent_agreement(rows_of("yy", "yy")).value == 1.0


@pytest.mark.parametrize("rows", [[], rows_of((None, 1), (2, None)), [("a", "Ada", 1)]], ids=["none", "no two", "one"])
@each_figure
def test_without_a_unit_of_two_ratings_there_is_nothing_to_compare(figure, rows):
    found = figure(rows, resampling=Resampling())
    assert found.value is None and found.interval is None and found.n_units == 0
    assert found.undefined == "No unit has two ratings, so there is nothing to compare."


def test_cohens_kappa_of_three_raters_names_the_other_figures():
    assert "there are 3" in cohen_kappa(rows_of("yyn", "ynn")).undefined
    assert cohen_kappa([]).undefined == "No unit has two ratings, so there is nothing to compare."


def test_a_table_read_once_serves_several_figures():
    table = rating_table.read(made_up(7))
    assert krippendorff_alpha(table) == krippendorff_alpha(made_up(7))
    assert fleiss_kappa(table) == fleiss_kappa(made_up(7))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: percent_agreement([("a", "Ada", 1), ("a", "Ada", 2)]), "two values for the unit 'a'"),
        (lambda: percent_agreement(rows_of((1.0, float("nan")))), "give None"),
        (lambda: krippendorff_alpha(rows_of("yn"), "ordinal"), "numbers"),
        (lambda: krippendorff_alpha(rows_of((1, float("inf"))), "interval"), "numbers"),
        (lambda: krippendorff_alpha(rows_of("yn"), "ratio"), "no kind 'ratio'"),
        (lambda: krippendorff_alpha(rows_of(range(31)), "ordinal"), "31 different values"),
        (lambda: fleiss_kappa(rows_of("yn"), "linear"), "numbers"),
        (lambda: fleiss_kappa(rows_of("yn"), "cubic"), "no weights 'cubic'"),
        (lambda: fleiss_kappa(rows_of(range(301))), "301 different values"),
        (lambda: gwet_ac(rows_of("yn"), scale="ya"), "not on it"),
        (lambda: gwet_ac(rows_of("yn"), scale="yny"), "every value once"),
        (lambda: gwet_ac(rows_of("yn"), scale="y"), "at least two values"),
        (lambda: percent_agreement(rows_of("yn", "yy"), Resampling(resamples=0)), "at least 1 resample"),
        (lambda: percent_agreement(rows_of("yn", "yy"), Resampling(level=1)), "level between"),
    ],
)
def test_what_cannot_be_computed_is_refused_in_words(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_disagreements_come_by_size_and_without_the_agreed_units():
    # Mean distances: (5 + 5 + 0) / 3, 1, 0, 4; the lone rating and the missing one are no pair.
    rows = rows_of((5, 0, 5), (2, 3), (1, 1), (4, 0, None), (3,))
    assert disagreements(rows, apart) == [
        Disagreement(3, 4.0, (0, 4)),
        Disagreement(0, pytest.approx(10 / 3), (0, 5, 5)),
        Disagreement(1, 1.0, (2, 3)),
    ]
    assert [row.unit for row in disagreements(rows, different)] == [1, 3, 0]


def test_nobody_disagrees_in_an_empty_table():
    assert disagreements([], different) == []
