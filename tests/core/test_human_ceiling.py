"""One person against the others, worked by hand."""

import numpy as np
import pytest

from annotations.core import human_ceiling
from annotations.core.agreement import Resampling


# Item 1: yes yes no; item 2: no no; item 3: yes alone. Item 1, by rating: the first yes has {yes, no} beside it, which
# is divided, and so has the second; the no has {yes, yes}. Item 2: no against no, twice. Pairs (one, rest):
# (no, yes), (no, no), (no, no). Equal 2/3. One: no 3/3; rest: yes 1/3, no 2/3. Chance 2/3. So kappa = 0.
def test_the_rest_of_an_item_is_the_majority_of_all_others():
    found = human_ceiling.yes_or_no([1, 1, 1, 2, 2, 3], [True, True, False, False, False, True])
    assert (found.kappa.value, found.kappa.n_units) == (pytest.approx(0.0), 3)
    assert (found.n_items, found.n_tied, found.n_alone) == (2, 2, 1)


# Two people, four items: yes yes, yes yes, no no, yes no. Each rating is the one once: pairs yes-yes 4, no-no 2, and
# of the last item yes-no and no-yes. Equal 6/8; each side says yes 5/8: chance (25 + 9)/64 = 34/64.
# kappa = (48/64 - 34/64) / (30/64) = 14/30.
def test_with_two_people_each_is_the_rest_of_the_other():
    units = [1, 1, 2, 2, 3, 3, 4, 4]
    found = human_ceiling.yes_or_no(units, [True, True, True, True, False, False, True, False])
    assert found.kappa.value == pytest.approx(14 / 30)
    assert (found.n_items, found.n_tied, found.n_alone) == (4, 0, 0)


# Items 0 5 and 5 0: pairs (0,5) (5,0) (5,0) (0,5). Each is 25 apart where chance is 12.5: kappa = 1 - 25/12.5 = -1.
def test_points_are_weighted_by_the_square_of_their_distance():
    assert human_ceiling.points([1, 1, 2, 2], [0, 5, 5, 0]).kappa.value == pytest.approx(-1.0)


# One item with 5, 4 and 3, one with 0, 0 and 0. The rests: (4+3)/2 = 3.5 is 4; (5+3)/2 = 4; (5+4)/2 = 4.5 is 5; 0.
# Pairs (one, rest): 5-4, 4-4, 3-5, 0-0 three times. Squares: 1 + 0 + 4 = 5 of six pairs.
# Chance: one 5 4 3 0 0 0, rest 4 4 5 0 0 0: by rows 5: 1 1 0 25*3 = 77; 4: 0 0 1 48 = 49; 3: 1 1 4 27 = 33;
# 0: 16+16+25 = 57, three times 171. Together 330 of 36 pairs. kappa = 1 - (5/6) / (330/36) = 1 - 30/330 = 10/11.
def test_the_rest_of_points_is_the_rounded_mean_a_half_up():
    found = human_ceiling.points([1, 1, 1, 2, 2, 2], [5, 4, 3, 0, 0, 0])
    assert found.kappa.value == pytest.approx(10 / 11)


def test_a_half_but_for_the_last_digit_is_rounded_up_too():
    assert human_ceiling.rounded(np.array([2.5, 3.5 - 1e-12, 2.4, 0.0])).tolist() == [3, 4, 2, 0]


def test_of_one_mind_there_is_a_sentence_and_no_figure():
    found = human_ceiling.yes_or_no([1, 1], [True, True])
    assert found.kappa.value is None and found.kappa.undefined.startswith("Everybody said yes")


@pytest.mark.parametrize("figure", [human_ceiling.yes_or_no, human_ceiling.points])
def test_nobody_beside_anybody_is_no_figure(figure):
    found = figure([1, 2], [1, 0])
    assert (found.kappa.value, found.n_alone, found.n_items) == (None, 2, 0)
    assert figure([], []).kappa.value is None


def test_an_interval_draws_whole_items_or_what_they_belong_to():
    units, said = [1, 1, 2, 2, 3, 3, 4, 4], [True, True, True, True, False, False, True, False]
    alone = human_ceiling.yes_or_no(units, said, Resampling()).kappa.interval
    # Items 1 and 3 of one prompt, 2 and 4 of another: three draws in four hold both prompts or one of two.
    drawn = Resampling(cluster_of=lambda item: item % 2)
    together = human_ceiling.yes_or_no(units, said, drawn).kappa.interval
    assert alone is not None and together is not None and alone != together


def test_a_value_missing_is_refused():
    with pytest.raises(ValueError, match="one unit and one value"):
        human_ceiling.yes_or_no([1, 2], [True])
