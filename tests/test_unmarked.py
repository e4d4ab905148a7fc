"""Pages in other letters: what is not marked for translation stays in the letters of English, and is found."""

from collections.abc import Iterator

import pytest
from django.test import Client

from tests.addresses import Place, make_place
from tests.databases import kept_for_a_file
from tests.factories import make_person
from tests.markup import elements
from tests.test_page_texts import OWN
from tests.unmarked import in_other_letters, other_letters, unmarked, words_of_rows

LEFT = {
    "documents, which are English": ("docs", "docs-page"),
    "samples of components": ("annotations:living",),
    "the API's own description": ("api-viewer", "annotations:token-new"),
    "names of columns, formats and shapes of files": (
        *("-export", "annotations:release-detail", "annotations:preference-shapes"),
    ),
    "names of files, machines, keys, settings and raters": (
        *("judge-list", "node-list", "worker-list", "key-list", "key-detail", "training-new", "campaign-difference"),
        *("training:item-detail", "deployment-detail", "checkpoint-detail"),
    ),
    "sentences that are put together, or written far from any page": (
        *("version-diff", "import-list", "campaign-agreement", "model-detail", "run-detail", "run-correction"),
        *("config-scores", "stage-prompts", "pair-preview", "map-new", "map-detail", "leaderboard"),
    ),
    "days under charts and states in headings": ("annotations:campaign-detail", "annotations:validation"),
}
"""Pages, or the ends of their names, with words that are no strings of the interface or not marked yet, and why."""
PAGES = [name for name in OWN if not name.endswith(tuple(end for ends in LEFT.values() for end in ends))]


@pytest.fixture(scope="module")
def place(django_db_setup: None, django_db_blocker: object) -> Iterator[Place]:
    """One world for all of these tests."""
    with kept_for_a_file(django_db_blocker):
        yield make_place().with_campaign().with_recipe()


@pytest.fixture(scope="module")
def grace(place: Place) -> Client:
    """Grace, who may open every page."""
    client = Client()
    client.force_login(make_person("grace"))
    return client


@pytest.fixture(scope="module")
def known(place: Place) -> set[str]:
    """The words of the world's rows."""
    return words_of_rows()


@pytest.mark.django_db
@pytest.mark.parametrize("name", PAGES)
def test_every_word_of_the_page_can_be_translated(place, grace, known, name):
    with other_letters():
        answer = grace.get(place.url(name))
    assert (answer.status_code, unmarked(answer.content.decode(), known)) == (200, [])


@pytest.mark.django_db
def test_the_way_to_a_page_is_in_its_language(place, grace):
    with other_letters():
        html = grace.get(place.url("training:run-derive")).content.decode()
    way = [one.text for one in elements(html, "bdi") if any("crumbs" in parent.classes for parent in one.parents)]
    assert way == [in_other_letters(words) for words in ("Runs", f"Run {place.run.pk}", "Again")]


def test_places_for_values_and_tags_keep_their_letters():
    assert in_other_letters("By <bdi>%(name)s</bdi> &amp; {run.pk}") == "Ｂｙ <bdi>%(name)s</bdi> &amp; {run.pk}"


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ("<p>Nothing waits.</p>", ["Nothing waits."]),
        ("<p title='Why'>Ｎｏｔｈｉｎｇ <b>waits</b></p>", ["Why", "waits"]),
        ("<p>Winter survey, v2 · Ｒｕｎ 3</p>", []),
        ("<p>A config of the winter survey in 20 pla…</p>", []),
        ("<p>A config of the winter survey in twenty</p>", ["A config of the winter survey in twenty"]),
        ("<p><bdi>Ada</bdi> <code>make</code></p><p dir='auto'>No</p><p>CSV, 3 min 10 s</p>", []),
    ],
)
def test_words_of_nobodys_are_found(html, found):
    assert unmarked(html, {"Winter survey", "A config of the winter survey in 20 places"}) == found
