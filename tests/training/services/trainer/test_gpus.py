"""Cards: all one wants or none, held until they are given back, and words for who waits."""

import pytest

from tests.factories import make_model, make_node, make_training
from training.models import Gpu
from training.services.trainer import gpus

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def held():
    """Who holds each card, by number: the run, the model, or nobody."""
    return [card.run_id or card.model_id for card in Gpu.objects.order_by("number")]


@pytest.fixture
def node():
    return make_node("forge", gpus=3)


def test_a_run_takes_all_the_cards_it_wants_or_none(node):
    first, second = make_training(node=node, gpus=2), make_training(node=node, gpus=2)
    assert gpus.lease(first) == [0, 1] and gpus.lease(second) is None
    assert held() == [first.pk, first.pk, None]
    assert gpus.lease(first) == [0, 1]  # the same ones when it asks again
    gpus.give_back(first)
    assert gpus.lease(second) == [0, 1]


def test_a_run_that_holds_its_cards_keeps_them_although_others_are_free(node):
    first, second = make_training(node=node, gpus=1), make_training(node=node, gpus=2)
    gpus.lease(first), gpus.lease(second)
    gpus.give_back(first)
    assert gpus.lease(second) == [1, 2]


def test_cards_of_another_node_are_no_help(node):
    run = make_training(node=make_node("anvil", gpus=1), gpus=2)
    assert gpus.lease(run) is None and set(held()) == {None}
    assert gpus.why_never(run) == (
        "anvil has 1 card, and this run wants 2. Start it anew with fewer, or on another node."
    )


def test_a_served_model_and_a_run_never_share_a_card(node):
    model, run = make_model("served"), make_training(node=node, gpus=2)
    assert gpus.lease_for_model(model, node, 2, "forge:17") == [0, 1]
    assert gpus.lease(run) is None
    assert gpus.why_waiting(run) == ("Waits for 2 cards of forge; 1 of 3 free. Held by the model served.")
    gpus.give_back_model(model, "forge:18")  # another worker's are not its to give back
    assert gpus.lease(run) is None
    gpus.give_back_model(model, "forge:17")
    assert gpus.lease(run) == [0, 1]


def test_two_workers_may_serve_one_model(node):
    model = make_model("served")
    assert gpus.lease_for_model(model, node, 1, "forge:1") == [0]
    assert gpus.lease_for_model(model, node, 1, "forge:2") == [1]
    assert gpus.lease_for_model(model, node, 2, "forge:3") is None


def test_who_waits_reads_which_work_it_waits_for(node):
    first, second = make_training(node=node, gpus=3), make_training(node=node, gpus=1)
    gpus.lease(first)
    assert gpus.why_waiting(second) == (f"Waits for 1 card of forge; 0 of 3 free. Held by training run {first.pk}.")


def test_a_run_without_a_card_waits_for_its_turn_and_a_run_with_one_does_not(node):
    small, next_one, big = make_training(node=node), make_training(node=node), make_training(node=node, gpus=1)
    assert gpus.lease(small) == [] and gpus.lease(small) == []
    assert gpus.lease(next_one) is None and gpus.lease(big) == [0]
    assert gpus.why_never(small) == ""
