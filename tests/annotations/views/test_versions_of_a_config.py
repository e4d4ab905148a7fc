"""The page of a version, and what authors do with it: hand in, withdraw, restore."""

import re

import pytest

from tests.editing import make_draft, url
from tests.factories import make_version
from tests.markup import elements, text

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(as_person):
    return as_person("ada")


# Handing in


def test_a_draft_is_handed_in_with_a_note(ada):
    draft = make_draft()
    response = ada.post(url("version-submit", draft.config_id, 1), {"note": "Mind r1.", "revision": 0}, follow=True)
    html = response.content.decode()
    assert text(html, "badge") == "◆v1 submitted" and "Mind r1." in html and "v1 is submitted" in html


@pytest.mark.parametrize(
    ("fields", "sentence"), [({"policy": "", "rules": []}, "empty"), ({"revision": 3}, "meanwhile")]
)
def test_a_refused_hand_in_is_422_and_keeps_the_note(ada, fields, sentence):
    draft = make_draft(**fields)
    response = ada.post(url("version-submit", draft.config_id, 1), {"note": "My note", "revision": 0})
    html = response.content.decode()
    assert response.status_code == 422 and "My note" in html
    assert sentence in " ".join(one.text for one in elements(html, css="error"))


def test_a_waiting_version_can_be_withdrawn_once(ada):
    version = make_version(state="submitted")
    where = url("version-withdraw", version.config_id, 1)
    assert "is withdrawn" in ada.post(where, follow=True).content.decode()
    assert "somebody was faster" in ada.post(where, follow=True).content.decode()


def test_an_older_version_is_restored_as_a_new_draft(ada):
    version = make_version(policy="The old text.")
    make_version(version.config, policy="The new text.")
    response = ada.post(url("version-restore", version.config_id, 1), follow=True)
    assert "The old text." in response.content.decode() and text(response.content.decode(), "badge") == "◇v3 draft"


# The page of a version


def test_the_page_shows_the_policy_as_it_reads_and_as_written(ada):
    config = make_version(policy="# Title\n\nText").config
    read = ada.get(url("version-detail", config.pk, 1)).content.decode()
    raw = ada.get(url("version-detail", config.pk, 1) + "?policy=written").content.decode()
    assert [one.text for one in elements(read, "h3")] == ["Title"] and text(raw, "policy") == "# Title\n\nText\n"
    assert [
        one.attributes["id"] for one in elements(raw, "span") if re.match(r"p\d", one.attributes.get("id", ""))
    ] == [
        "p1",
        "p2",
        "p3",
    ]


def test_the_page_copies_the_whole_digest_and_a_link_for_good(ada):
    version = make_version()
    html = ada.get(url("config-detail", version.config_id)).content.decode()
    copies = [one.attributes["data-copy"] for one in elements(html, "button") if "data-copy" in one.attributes]
    assert copies == [version.digest, f"http://testserver{url('version-detail', version.config_id, 1)}"]


@pytest.mark.parametrize(("person", "offered"), [("ada", True), ("bob", False), ("grace", False)])
def test_only_authors_are_offered_a_new_version(as_person, person, offered):
    html = as_person(person).get(url("config-detail", make_version().config_id)).content.decode()
    assert ("New version" in html) is offered


def test_of_many_versions_the_newest_ten_are_listed(ada):
    config = [make_version() for _ in range(12)][0].config
    html = ada.get(url("config-detail", config.pk)).content.decode()
    assert "The newest 10 of 12." in html and f'"{url("version-detail", config.pk, 2)}"' not in html


def test_the_pages_cost_the_same_for_2_and_for_30_versions(ada, django_assert_max_num_queries):
    draft = make_draft(make_version().config)
    pages = [url("config-detail", draft.config_id), url("config-edit", draft.config_id)]
    for page in pages:
        ada.get(page)
    counts = [queries_of(ada, page) for page in pages]
    for number in range(28):
        make_version(draft.config, number=100 + number)
    assert [queries_of(ada, page) for page in pages] == counts


def queries_of(client, page):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as queries:
        assert client.get(page).status_code == 200
    return len(queries)
