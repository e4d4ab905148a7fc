"""Reading a preference set: filters in the address, one pair whole, its card, and what stands in benchmarks."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotations.models import Membership, PreferenceSet
from annotations.services import pair_files, preferences
from tests.factories import make_organisation, make_person, make_prompt
from tests.markup import elements, inline, undirected
from tests.paired import built
from tests.pairs import lines, make_pair, make_set, read
from tests.training.services.building.test_freeze import to_freeze

pytestmark = pytest.mark.django_db
HOSTILE = '<img src=x onerror=alert(1)>" onfocus="alert(2)'
ARABIC = "نعم، هكذا"
LIST = "annotations:preference-list"


@pytest.fixture(autouse=True)
def _places_of_their_own(settings, tmp_path):
    settings.UPLOADS_DIR, settings.PREFERENCES_DIR = tmp_path / "uploads", tmp_path / "preferences"


def url(name, row, *more):
    return reverse(f"annotations:preference-{name}", args=[row.pk, *more])


def body(client, address, **wanted):
    return client.get(address, wanted).content.decode()


def many(number=4):
    rows = [make_pair(each, mode=("safe", "superset")[each % 2]) for each in range(1, number + 1)]
    return read(make_set({"train.jsonl": lines(rows)}))


def numbers(html):
    return [one.text for one in elements(html, "h3", "number")]


def test_filters_stand_in_the_address_and_leave_the_pairs_that_are_so(as_person):
    bob, row = as_person("bob"), many()
    html = body(bob, url("detail", row), mode="safe")
    assert numbers(html) == ["2", "4"] and "1–2 of 2 pairs" in html
    assert '<option value="safe" selected>safe (2)' in html and "?mode=safe" in html
    assert numbers(body(bob, url("detail", row), text="PART 3")) == ["3"]
    assert "No pair is like this" in body(bob, url("detail", row), split="dev", mode="safe")
    assert body(bob, url("detail", row), text="a\0b", page="99999999999999999999")


def test_one_pair_stands_whole_beside_its_neighbours_in_the_filter(as_person):
    bob, row = as_person("bob"), many()
    html = body(bob, url("pair", row, 2), mode="safe")
    assert "How do tides work, part 2?" in html and "The moon pulls at the water." in html
    assert f"{url('pair', row, 4)}?mode=safe" in html and "1 of 2 in this filter" in html
    assert "not in this filter, which has 2" in body(bob, url("pair", row, 3), mode="safe")
    assert bob.get(url("pair", row, 5)).status_code == bob.get(url("pair", row, 0)).status_code == 404


def test_a_built_pair_leads_to_its_prompt_its_responses_and_its_stages(as_person):
    stage = built(to_freeze())
    row, bob = stage.preference_set, as_person("bob")
    html = body(bob, url("pair", row, 1))
    first = next(iter(pair_files.read(preferences.path(row))))
    assert reverse("training:pair-preview", args=[stage.recipe_id, stage.after_id, first.prompt_id]) in html
    assert html.count(f"/recipes/{stage.recipe_id}/stages/{stage.after.after_id}/items/") == 2
    steps = [one.text for one in elements(text_of(html, "lineage"), "li")]
    kinds = ["Freeze", "Pair", "Read", "Generate", "Synthesise", "Label"]
    assert [step.split()[0] for step in steps] == ["Pairs", *kinds, "Recipe", "Training"]
    assert "heuristic, not evidence" in body(bob, url("detail", row))


def text_of(html, name):
    """The part of the page in the element of that class."""
    start = html.index(f'class="{name}"')
    return html[html.rindex("<", 0, start) : html.index("</nav>", start)]


def test_the_card_and_the_manifest_are_read_and_taken_away(as_person):
    row, bob = many(), as_person("bob")
    assert "What is in it" in body(bob, url("card", row))
    assert body(bob, url("card", row), file="README.md").startswith("---\nlicense: unknown")
    told = json.loads(body(bob, url("card", row), file="manifest.json"))
    assert told["file"]["sha256"] == row.sha256 and told["leaks"]["state"] == "done"
    assert bob.get(url("card", row), {"file": "else"}).status_code == 404
    assert bob.get(url("card", make_set())).status_code == 404


def test_a_set_older_than_manifests_keeps_its_pages(as_person):
    row = many()
    old = {"manifest": {}, "leaks": {}, "figures": {"prompts": 4, "modes": [["safe", 4]], "config_count": 1}}
    PreferenceSet.objects.filter(pk=row.pk).update(**old)
    bob = as_person("bob")
    for name in ("detail", "card", "leaks"):
        assert bob.get(url(name, row)).status_code == 200
    assert "were not compared" in body(bob, url("detail", row)) and "not compared" in body(bob, reverse(LIST))
    assert bob.get(url("pair", row, 1)).status_code == 200


def leaking():
    make_prompt("How do tides work, part 1?")
    return many()


def test_what_stands_in_a_benchmark_is_shown_side_by_side_and_blocks(as_person):
    row, lea = leaking(), as_person("lea")
    html = body(lea, url("detail", row))
    assert "It may not be trained on." in html and "blocks training" in body(lea, reverse(LIST))
    html = body(lea, url("leaks", row))
    # part 1 itself, and the three other parts, which differ in one letter
    assert html.count("How do tides work, part 1?") == 5 and html.count("The same") == 1
    assert "1 stand word for word" in html and "3 nearly so" in html and "Overrule</button>" in html
    assert "Overrule</button>" not in body(as_person("bob"), url("leaks", row))


def test_overruling_needs_a_sentence_and_is_said_wherever_the_set_is(as_person):
    row, lea = leaking(), as_person("lea")
    response = lea.post(url("overrule", row), {"why": "Fine."})
    assert response.status_code == 422 and "whole sentence" in response.content.decode()
    assert "Fine." in response.content.decode()
    words = "This benchmark is retired and never used again."
    assert lea.post(url("overrule", row), {"why": words}).status_code == 302
    for name in ("detail", "card", "leaks"):
        assert words in body(lea, url(name, row))
    assert "overruled in words" in body(lea, reverse(LIST))
    again = lea.post(url("overrule", row), {"why": words})
    assert again.status_code == 422 and "Somebody was faster" in again.content.decode()


def test_comparing_again_waits_for_a_worker_and_the_pairs_stay_readable(as_person):
    row, lea = many(), as_person("lea")
    assert lea.post(url("check", row)).status_code == 302
    html = body(lea, url("detail", row))
    assert "every 2s" in html and "Stop comparing" in html and numbers(html) == ["1", "2", "3", "4"]
    lea.post(url("cancel", row))
    row.refresh_from_db()
    assert row.state == "finished" and row.sha256


def test_archiving_takes_a_set_off_every_list(as_person):
    row, lea = many(), as_person("lea")
    assert "Tick the box" in lea.post(url("archive", row), follow=True).content.decode()
    html = lea.post(url("archive", row), {"sure": "yes"}, follow=True).content.decode()
    assert "is archived" in html and lea.get(url("detail", row)).status_code == 404


@pytest.mark.parametrize("name", ["archive", "check", "overrule"])
def test_only_who_writes_there_changes_a_set(as_person, name):
    row = many()
    statuses = [as_person(person).post(url(name, row)).status_code for person in ("mallory", "bob", "carol")]
    assert statuses == [404, 403, 403] and as_person("lea").get(url(name, row)).status_code == 405


@pytest.mark.parametrize("name", ["archive", "check", "overrule", "cancel"])
def test_who_reviews_here_and_writes_elsewhere_changes_nothing_here(as_person, name):
    row, bob = many(), as_person("bob")
    Membership.objects.create(user=make_person("bob"), organisation=make_organisation("elsewhere"), role="expert")
    assert bob.post(url(name, row)).status_code == 403


def test_texts_are_escaped_and_run_their_own_way_on_every_page(as_person):
    make_prompt(HOSTILE)
    values = {"prompt": HOSTILE, "chosen_response": HOSTILE, "rejected_response": ARABIC, "mode": HOSTILE}
    row = read(make_set({"train.jsonl": lines([make_pair(1, **values)])}, title=HOSTILE, about=HOSTILE))
    preferences.overrule(row=row, why=f"{HOSTILE} is what I say of it.", actor=make_person("lea"))
    ada = as_person("ada")
    for address in (url("detail", row), url("pair", row, 1), url("card", row), url("leaks", row)):
        html = body(ada, address)
        assert HOSTILE not in html and inline(html) == [] and undirected(html, ARABIC) == [], address


def test_thirty_pairs_ask_as_often_as_three(as_person):
    ada, counts = as_person("ada"), []
    for number in (3, 30):
        make_prompt(f"How do tides work, part {number}?")
        row = many(number)
        for name in ("detail", "leaks", "card"):
            ada.get(url(name, row))
        with CaptureQueriesContext(connection) as asked:
            for name in ("detail", "leaks", "card"):
                ada.get(url(name, row))
            ada.get(url("pair", row, 1))
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_pairs_are_read_when_their_set_is_of_another_house_only_by_its_people(as_person):
    row = read(make_set(organisation=make_organisation("elsewhere")))
    assert as_person("ada").get(url("pair", row, 1)).status_code == 404


def test_every_page_of_a_set_keeps_the_way_to_the_others_of_training(as_person):
    lea, row = as_person("lea"), many()
    of_it = [url(name, row) for name in ("detail", "card", "leaks", "shapes")] + [url("pair", row, 1)]
    for address in (*of_it, *(reverse(f"annotations:preference-{name}") for name in ("list", "new", "people"))):
        tabs = elements(body(lea, address), "nav", "tabs")
        assert [one.attributes["aria-label"] for one in tabs] == ["Training"], address
