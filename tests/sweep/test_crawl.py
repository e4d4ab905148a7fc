"""The links and buttons that people are shown: each link answers, each reference has its part, each button can act."""

import pytest
from django.test import Client

from tests.sweep import world
from tests.sweep.links import Read, Walk
from tests.sweep.pages import client

pytestmark = [pytest.mark.slow, pytest.mark.django_db]


def test_no_link_is_dead_for_who_is_shown_it():
    world.build()
    walks = {person: Walk(client(person), samples=1).go() for person in ("anonymous", "bob", "carol")}
    assert {person: walk.told for person, walk in walks.items() if walk.told} == {}
    assert len(walks["bob"].pages) > 100 and len(walks["carol"].pages) > 10


@pytest.mark.parametrize(
    ("html", "lost", "dead"),
    [
        ("<a href='#here'></a><p id='here'></p>", 0, 0),
        ("<a href='#gone'></a>", 1, 0),
        ("<label for='gone'></label>", 1, 0),
        ("<button type='button'>Press</button>", 0, 1),
        ("<form><button>Send</button></form><button>Press</button>", 0, 1),
        ("<button type='button' data-copy='x'>Copy</button>", 0, 0),
    ],
)
def test_what_a_page_lacks_is_told(html, lost, dead):
    read = Read(html)
    assert (len(read.lost()), len(read.dead)) == (lost, dead)


def test_a_link_into_nowhere_is_told_with_the_page_that_shows_it(monkeypatch):
    pages = {"/": "<a href='/gone/'>Go</a>", "/gone/": None}
    answers = {path: _answer(html) for path, html in pages.items()}
    monkeypatch.setattr(Client, "get", lambda self, path, **_: answers[path])
    assert Walk(Client()).go().told == ["404 /gone/, shown on /"]


def _answer(html):
    from django.http import HttpResponse, HttpResponseNotFound

    return HttpResponseNotFound() if html is None else HttpResponse(html)
