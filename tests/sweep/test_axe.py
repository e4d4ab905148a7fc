"""What axe finds on the pages, each opened as the person who uses it most: nothing serious, nothing critical."""

from collections.abc import Iterator

import pytest

from tests.sweep import axe, world
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


def test_no_page_has_a_serious_fault_and_axe_would_find_one(window, place):
    told = {}
    for sight in sights(place):
        wrong = [*window.open(sight), *axe.findings(window.page)]
        told |= {f"{sight.name} as {sight.person}": wrong} if wrong else {}
    assert told == {}
    window.open(Sight("login", "/login/", "anonymous"))
    window.page.evaluate("document.querySelector('main').append(document.createElement('button'))")
    assert [found.rule for found in axe.findings(window.page)] == ["button-name"]
