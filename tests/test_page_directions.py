"""Every page with texts that run from right to left, and with texts that look like the places of others."""

from collections.abc import Iterator

import pytest

from annotations.models import Response
from tests.databases import kept_for_a_file
from tests.markup import elements, text, undirected
from tests.test_page_texts import ARABIC, OWN, World, world_of

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def arabic(django_db_setup: None, django_db_blocker: object) -> Iterator[World]:
    """One world of Arabic texts for all of these tests."""
    with kept_for_a_file(django_db_blocker):
        yield world_of(ARABIC, "Name")


def test_a_response_never_takes_the_place_of_a_mark_in_the_prompt():
    world = world_of("Say {response} and $response.")
    Response.objects.update(text="GIVEN")
    assert text(world.html("training:item-detail"), "prompt") == "Say {response} and $response."


@pytest.mark.parametrize("name", OWN)
def test_an_arabic_text_runs_its_own_way(arabic, name):
    assert undirected(arabic.html(name), ARABIC) == []


def test_a_config_is_shown_in_its_language(arabic):
    policy = elements(arabic.html("annotations:config-detail"), css="policy")[0]
    assert (policy.attributes["lang"], policy.attributes["dir"]) == ("ar", "auto")
