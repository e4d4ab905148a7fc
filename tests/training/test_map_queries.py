"""What the pages of maps read: points, shares, samples and neighbours, as clusters are sorted."""

import json

import numpy as np
import pytest

from tests.factories import make_training_prompts
from tests.maps import laid_out, make_cluster
from training import map_queries as reads

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture
def row(db):
    """A map of six prompts: two in cluster 1, three in cluster 2, the last in none."""
    made = laid_out(benchmark=make_training_prompts(*"abcdef"), figures={"in": 7, "out": 6, "dropped": {"why": 1}})
    ids = reads.points(made)["prompt"].tolist()
    make_cluster(made, 1, ids[:2])
    make_cluster(made, 2, ids[2:5], name="Baking")
    return made


def held(row):
    return reads.packed(row)["c"]


def test_places_are_whole_numbers_from_one_side_to_the_other(row):
    packed = reads.packed(row)
    # from -1 to 1 in six steps: 0, 1/5, 2/5 … of 9,999; in the middle of the other side, upside down
    assert packed["x"] == [0, 2000, 4000, 5999, 7999, 9999] and packed["y"] == [5000] * 6
    assert packed["c"] == [1, 1, 2, 2, 2, -1]
    assert packed["clusters"] == [[2, "Baking", "open", 3], [1, "", "open", 2]]


def test_sixteen_thousand_points_are_less_than_four_hundred_kilobytes(row):
    random = np.random.default_rng(1)
    many = np.zeros(16_000, dtype=reads.POINT)
    many["prompt"], many["x"], many["y"] = range(16_000), random.uniform(-1, 1, 16_000), random.uniform(-1, 1, 16_000)
    row.points = many.tobytes()
    row.save(update_fields=["points"])
    make_cluster(row, 147, list(range(16_000)))
    assert len(json.dumps(reads.packed(row), separators=(",", ":"))) < 400_000


def test_prompts_move_with_their_cluster_when_it_is_merged_or_split(row):
    first, second = row.clusters.order_by("number")
    make_cluster(row, 3, first.members[:1], parent=first)
    make_cluster(row, 4, first.members[1:] + second.members)
    row.clusters.filter(pk=first.pk).update(state="split")
    row.clusters.filter(pk=second.pk).update(state="merged", into=row.clusters.get(number=4))
    assert held(row) == [3, 4, 4, 4, 4, -1]


def test_the_law_and_the_noise_are_counted(row):
    tally = reads.tally(row)
    assert (tally.total, tally.placed, tally.parts, tally.noise) == (7, 6, [("why", 1)], 1)
    assert tally.noise_share == pytest.approx(1 / 6)


def test_clusters_stand_by_size_with_their_share_of_the_map(row):
    shown = reads.shown(row, list(reads.table(row)))
    assert [(one.cluster.number, one.share, one.word) for one in shown] == [(2, 0.5, "Open"), (1, 1 / 3, "Open")]


def test_a_state_can_be_chosen_and_an_unknown_one_shows_all_that_hold_prompts(row):
    row.clusters.filter(number=1).update(state="rejected", reason="too general")
    assert [one.number for one in reads.table(row, "rejected")] == [1]
    assert [one.number for one in reads.table(row, "nonsense")] == [2, 1]
    assert reads.choices(row) == [("open", "Open", 1), ("rejected", "Rejected", 1)]


def test_a_sample_is_the_same_for_the_same_seed_and_walks_through_all_of_a_cluster(row):
    texts = [f"prompt {number}" for number in range(50)]
    cluster = make_cluster(row, 9, list(make_training_prompts(*texts).prompts.values_list("pk", flat=True))[-50:])
    first, again, second, third = (reads.sample(cluster, seed) for seed in (0, 0, 1, 2))
    assert first == again and len(first) == reads.SHOWN
    assert len({*first, *second}) == 40
    assert len({*first, *second, *third}) == 50


def test_a_small_cluster_is_shown_whole(row):
    assert len(reads.sample(row.clusters.get(number=1), 5)) == 2


def test_neighbours_are_those_that_hold_the_prompts_now(row):
    row.figures = {"out": 6, "near": {"1": [[2, 0.9], [5, 0.4]], "2": [[1, 0.9]]}}
    first, second = row.clusters.order_by("number")
    fifth = make_cluster(row, 5, [])
    assert [(one.row.cluster.number, one.cosine) for one in reads.neighbours(row, first)] == [(2, 0.9), (5, 0.4)]
    row.clusters.filter(pk=second.pk).update(state="merged", into=fifth)
    assert [(one.row.cluster.number, one.cosine) for one in reads.neighbours(row, first)] == [(5, 0.9)]


def test_a_part_has_its_brothers_and_the_neighbours_of_what_it_was(row):
    row.figures = {"out": 6, "near": {"1": [[2, 0.9]]}}
    first = row.clusters.get(number=1)
    row.clusters.filter(pk=first.pk).update(state="split")
    one, other = (make_cluster(row, number, [], parent=first) for number in (3, 4))
    assert [(n.row.cluster.number, n.cosine) for n in reads.neighbours(row, one)] == [(4, None), (2, 0.9)]
    second = row.clusters.get(number=2)
    row.figures["near"]["2"] = [[1, 0.9]]
    assert [n.row.cluster.number for n in reads.neighbours(row, second)] == [one.number, other.number]


def test_the_prompt_of_a_point_is_found_by_its_place(row):
    assert [getattr(reads.prompt_at(row, place), "text", None) for place in (0, 5, 6, -1)] == ["a", "f", None, None]


def test_the_picture_without_script_is_a_sample_with_the_numbers_of_the_clusters(row):
    dots, signs = reads.drawn(row)
    assert len(dots) == 6 and {dot.colour for dot in dots} == {*reads.COLOURS[:2], ""}
    assert [(sign.number, round(sign.x), round(sign.y)) for sign in signs] == [(2, 60, 50), (1, 10, 50)]


def luminance(colour):
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    light = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * light[0] + 0.7152 * light[1] + 0.0722 * light[2]


@pytest.mark.parametrize("ground", ["#ffffff", "#14171c"])
@pytest.mark.parametrize("colour", reads.COLOURS)
def test_every_colour_stands_out_from_the_ground_of_both_themes(colour, ground):
    bright, dark = sorted((luminance(colour), luminance(ground)), reverse=True)
    assert (bright + 0.05) / (dark + 0.05) >= 3
