"""The documents as pages: everybody reads them, links stay inside, what is looked for is found."""

import pytest
from django.test import Client
from django.urls import reverse

from cosa_web.documents import contents, finding, reading
from tests.markup import elements, inline

pytestmark = pytest.mark.django_db


def get(name: str, *arguments: str, **query: str) -> str:
    return Client().get(reverse(name, args=arguments), query).content.decode()


def test_a_stranger_reads_the_contents_and_every_document():
    links = [one.attributes["href"] for one in elements(get("docs"), "a")]
    assert {reverse("docs-page", args=[one.name]) for one in contents.entries()} <= set(links)


@pytest.mark.parametrize("entry", contents.entries(), ids=lambda entry: entry.name)
def test_a_document_has_one_title_and_no_address_that_leads_nowhere(entry):
    page = reading.page(entry.name)
    html = str(page.html)
    hrefs = [one.attributes["href"] for one in elements(html, "a") if "href" in one.attributes]
    ids = [one.attributes["id"] for one in elements(html) if "id" in one.attributes]
    assert page.title and not elements(html, "h1") and inline(html) == [] and len(ids) == len(set(ids))
    assert [href for href in hrefs if not href.startswith(("/docs/", "#", "http"))] == []
    assert [href for href in hrefs if href.startswith("#") and href[1:] not in ids] == []


def test_a_name_that_is_no_document_offers_the_contents():
    answer = Client().get(reverse("docs-page", args=["nothing-here"]))
    assert answer.status_code == 404 and reverse("docs-page", args=["method"]) in answer.content.decode()


@pytest.mark.parametrize("name", ["settings.py", "..", "README.md", "lead_run.png.txt"])
def test_only_pictures_of_the_documents_are_given_out(name):
    assert Client().get(f"/docs/pictures/{name}").status_code == 404


def test_a_picture_is_kept_by_the_browser_and_asked_for_again_only_when_it_changed():
    first = Client().get("/docs/pictures/lead_run.png")
    again = Client().get("/docs/pictures/lead_run.png", headers={"If-Modified-Since": first["Last-Modified"]})
    assert first["Content-Type"] == "image/png" and "max-age=3600" in first["Cache-Control"]
    assert again.status_code == 304


@pytest.mark.parametrize(
    ("target", "leads_to"),
    [
        ("runs.md#limits-per-model", "/docs/runs/#limits-per-model"),
        ("#here", "#here"),
        ("https://arxiv.org/abs/2410.08968", "https://arxiv.org/abs/2410.08968"),
        ("../README.md", "/docs/"),
        ("pictures/lead_run.png", "/docs/pictures/lead_run.png"),
        ("../docs/pictures/lead_run.png", "/docs/pictures/lead_run.png"),
        ("../docker/compose.yaml", ""),
        ("unwritten.md", ""),
    ],
)
def test_a_link_of_a_document_leads_to_its_page(target, leads_to):
    assert reading.address(target, ["runs"]) == leads_to


def test_a_file_name_as_words_of_a_link_becomes_the_title_and_other_words_stay(monkeypatch):
    monkeypatch.setattr(contents, "source", lambda name: "# T\n\n[runs.md](runs.md) [runs](runs.md) [x](../x.py)\n")
    links = elements(str(reading.page("t").html), "a")
    assert [(one.text, one.attributes.get("href")) for one in links] == [
        ("Runs", "/docs/runs/"),
        ("runs", "/docs/runs/"),
        ("x", None),
    ]


def test_two_headings_alike_have_two_anchors_as_on_code_hosts():
    told = [one.anchor for one in reading.sections("# T\n## Keys & more\n## Keys & more\n")]
    assert told == ["", "", "keys--more", "keys--more-1"]


def test_raw_html_stays_text_and_a_table_scrolls_in_its_own_frame(monkeypatch):
    monkeypatch.setattr(contents, "source", lambda name: "# T\n<script>x</script>\n\n|a|\n|-|\n|b|\n\n```sh\nls\n```\n")
    html = str(reading.page("t").html)
    assert "<script" not in html and 'class="scroll"' in html and 'data-copy-from="code-' in html


def test_what_is_looked_for_is_found_under_its_heading_and_marked():
    hit = finding.find("lease")[0]
    assert "lease" in [piece.text.casefold()[:5] for piece in hit.pieces if piece.marked] and "#" in hit.url
    assert hit.url.startswith("/docs/") and finding.find("  ") == [] and finding.find("zzqqxx") == []


def test_every_word_has_to_be_there_and_no_document_fills_the_list():
    hits = finding.find("score interval")
    named = [hit.title for hit in hits]
    assert hits and max(map(named.count, named)) <= finding.OF_ONE
    assert finding.find("score zzqqxx") == []


def test_the_page_of_what_is_found_marks_it_and_says_when_nothing_is():
    assert elements(get("docs", q="gateway"), "mark") and "No document has" in get("docs", q="zzqqxx")
    assert "<script>x" not in get("docs", q="<script>x")
