"""Each page opened as the person who uses it most: axe finds nothing serious or critical, its filters go back."""

from collections.abc import Iterator

import pytest

from tests.sweep import axe, back, world
from tests.sweep.browser import Window, chromium
from tests.sweep.pages import Sight, sights

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def place(transactional_db):
    return world.build()


@pytest.fixture
def window(place, live_server) -> Iterator[Window]:
    """A window 1024 px wide that has axe in it, over the world of the sweep."""
    with chromium() as browser:
        window = Window(browser, live_server.url, width=1024)
        axe.carry(window.context)
        yield window


def test_no_page_has_a_serious_fault_or_a_filter_without_a_way_back(window, place):
    told = {}
    for sight in sights(place):
        wrong = [*window.open(sight), *axe.findings(window.page), *back.problems(window.page)]
        told |= {f"{sight.name} as {sight.person}": wrong} if wrong else {}
    assert told == {}
    window.open(Sight("login", "/login/", "anonymous"))
    window.page.evaluate("document.querySelector('main').append(document.createElement('button'))")
    assert [found.rule for found in axe.findings(window.page)] == ["button-name"]
