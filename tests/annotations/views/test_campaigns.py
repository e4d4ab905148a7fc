"""The lead's pages of a campaign: list, form, how it stands, its states, and how often items are rated."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from annotations.core.gold import Gold
from annotations.models import Campaign, Flag, Response, Skip
from annotations.services import campaign_gold, campaign_items, campaigns, guidelines, slots
from tests.factories import make_config, make_organisation, make_person, make_version
from tests.markup import elements, text, undirected
from tests.rating_desk import enrol, make_campaign, make_response, rate_item

pytestmark = pytest.mark.django_db
LIST, NEW = reverse("annotations:campaign-list"), reverse("annotations:campaign-new")
ARABIC = "حصار"
NUMBERS = {
    "overlap": "2",
    "overlap_share": "100",
    "seed": "7",
    "quota": "",
    "lease_minutes": "15",
    "tagged_in_row": "3",
    "session_cap": "40",
    "day_cap": "",
    "break_minutes": "25",
}


def url(name, campaign):
    return reverse(f"annotations:campaign-{name}", args=[campaign.pk])


def form(**fields):
    words = {"title": "Sieges", "about": "", "support_contact": "", "guideline": "Read twice."}
    return words | NUMBERS | {"organisation": make_organisation().pk} | fields


def words(response):
    return " ".join(response.content.decode().split())


def queries(client, address):
    cache.clear()
    with CaptureQueriesContext(connection) as asked:
        assert client.get(address).status_code == 200
    return len(asked)


def test_the_new_form_begins_with_our_guideline_and_a_seed(as_person):
    html = as_person("lea").get(NEW).content.decode()
    typed = {one.attributes.get("name"): one.attributes.get("value") for one in elements(html, "input")}
    areas = {one.attributes["name"]: one.text.strip() for one in elements(html, "textarea")}
    assert typed["seed"].isdecimal() and typed["overlap"] == "2" and areas["guideline"] == guidelines.default()


def test_a_new_campaign_is_a_draft_that_says_what_it_needs(as_person):
    lea = as_person("lea")
    response = lea.post(NEW, form(quota="30"))
    made = Campaign.objects.get()
    assert (response.url, made.quota, made.day_cap, made.seed) == (url("detail", made), 30, None, 7)
    page = words(lea.get(response.url))
    assert "It has no item yet" in page and "Nobody rates in it yet" in page and "no guideline yet" not in page


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", ""),
        ("overlap", "10"),
        ("overlap_share", "0"),
        ("quota", "many"),
        ("seed", "-1"),
        ("organisation", "9999"),
    ],
)
def test_a_wrong_value_is_422_beside_its_field_and_nothing_typed_is_gone(as_person, field, value):
    response = as_person("lea").post(NEW, form(about="Kept words.", **{field: value}))
    html = response.content.decode()
    assert response.status_code == 422 and not Campaign.objects.exists() and "Kept words." in html
    assert [one for one in elements(html, css="field-error") if one.attributes["id"] == f"id_{field}_error"]


def test_nobody_makes_a_campaign_for_an_organisation_they_do_not_lead(as_person):
    other = make_organisation("elsewhere")
    assert as_person("lea").post(NEW, form(organisation=other.pk)).status_code == 422


def test_the_settings_are_saved_and_the_seed_of_items_is_not_asked(as_person):
    campaign, lea = make_campaign(1, state="draft"), as_person("lea")
    html = lea.get(url("edit", campaign)).content.decode()
    assert not [one for one in elements(html, "input") if one.attributes.get("name") in ("seed", "overlap")]
    lea.post(url("edit", campaign), form(lease_minutes="45", ask_risks="on", seen=""))
    campaign.refresh_from_db()
    assert (campaign.lease_minutes, campaign.ask_risks, campaign.seed, campaign.title) == (45, True, 7, "Sieges")


def test_settings_that_somebody_changed_meanwhile_are_422_and_then_saved_on_purpose(as_person):
    campaign, lea = make_campaign(0, state="draft"), as_person("lea")
    seen = campaigns.digest(campaigns.settings_of(campaign))
    lea.post(url("edit", campaign), form(quota="5", seen=seen))
    refused = lea.post(url("edit", campaign), form(quota="9", seen=seen))
    assert refused.status_code == 422 and "Somebody was faster" in words(refused)
    hidden = [one.attributes for one in elements(refused.content.decode(), "input")]
    again = next(one["value"] for one in hidden if one.get("name") == "seen")
    assert lea.post(url("edit", campaign), form(quota="9", seen=again)).status_code == 302


def test_a_closed_campaign_has_no_settings_form(as_person):
    campaign = make_campaign(0, state="closed")
    assert as_person("lea").get(url("edit", campaign)).url == url("detail", campaign)


def test_the_buttons_lead_from_draft_to_closed(as_person):
    campaign, lea = make_campaign(1, state="draft"), as_person("lea")
    enrol(campaign)
    seen = []
    for step in ("open", "pause", "open", "close"):
        lea.post(url(step, campaign), {"sure": "yes"})
        seen.append(Campaign.objects.get().state)
    assert seen == ["open", "paused", "open", "closed"]


def test_a_button_pressed_too_late_says_that_somebody_was_faster(as_person):
    campaign = make_campaign(1)
    response = as_person("lea").post(url("open", campaign), follow=True)
    assert "Somebody was faster: this campaign is open already" in words(response)


def test_a_draft_that_lacks_something_stays_one(as_person):
    campaign = make_campaign(0, state="draft")
    assert "Nobody rates in it yet" in words(as_person("lea").post(url("open", campaign), follow=True))
    assert Campaign.objects.get().state == "draft"


def test_closing_asks_twice_and_then_says_what_is_in_hand(as_person):
    campaign, lea = make_campaign(2), as_person("lea")
    slots.turn(enrol(campaign))
    assert lea.post(url("close", campaign)).status_code == 422 and Campaign.objects.get().state == "open"
    page = words(lea.post(url("close", campaign), {"sure": "yes"}, follow=True))
    assert "1 item is still in hand: the answers are taken until" in page
    assert "See the results" in page


def standing_world():
    """Six answers asked for under one config, four under another, gold apart: done 2, held 1, one skip."""
    campaign = make_campaign(3, overlap=2)
    other = make_version(make_config("press", title="Press")).config
    version = other.versions.get()
    responses = [make_response(version=version).pk for _ in range(3)]
    campaign_items.add(campaign=campaign, responses=Response.objects.filter(pk__in=responses), actor=make_person("lea"))
    carol, dan = enrol(campaign, "carol", seen_at=timezone.now()), enrol(campaign, "dan", quota=5)
    item = campaign.items.get(response=responses[0])
    campaign_gold.set_gold(item=item, gold=Gold(0, 1, True, "A refusal."), actor=make_person("lea"))
    first = campaign.items.filter(response__version__config__slug="game").order_by("pk").first()
    rate_item(first, carol.rater), rate_item(first, dan.rater, points=0, follows=False)
    free = campaign.assignments.filter(state="open", rater=None, item__response__version__config=other).first()
    until = timezone.now() + timedelta(minutes=9)
    campaign.assignments.filter(pk=free.pk).update(state="held", rater=carol.rater, until=until)
    Skip.objects.create(item=first, rater=dan.rater, reason="not_qualified")
    return campaign


def cells(html, row):
    """The numbers of the first row that begins with these words."""
    found = next(one for one in elements(html, "th") if one.text.strip().startswith(row))
    tr = found.parents[-1]
    return [one.text.strip() for one in elements(html, "td", "number") if one.parents[-1].text == tr.text][:4]


def test_the_page_says_done_in_hand_and_left_by_config_and_by_person(as_person):
    html = as_person("bob").get(url("detail", standing_world())).content.decode()
    # game: 3 items x 2, both slots of one done; press: 2 items x 2, one held; gold: one answer of Carol and Dan each.
    assert cells(html, "Config game") == ["2", "0", "4", "6"]
    assert cells(html, "Press") == ["0", "1", "3", "4"]
    assert cells(html, "Practice and gold") == ["0", "0", "2", "2"]
    assert (cells(html, "Carol"), cells(html, "Dan")) == (["1", "1", "–"], ["1", "0", "4"])
    assert text(html, "progress-words").startswith("2 of 12 answers done")
    assert "not qualified 1" in html and "2 answers in the last hour" in html


def test_the_part_that_moves_is_a_fragment_and_brings_the_buttons_when_the_state_changed(as_person):
    campaign, lea = make_campaign(1), as_person("lea")
    asked = {"HTTP_HX_REQUEST": "true", "HTTP_HX_TARGET": "campaign-live"}
    same = lea.get(url("detail", campaign) + "?known=open", **asked).content.decode()
    moved = lea.get(url("detail", campaign) + "?known=paused", **asked).content.decode()
    assert "<body" not in same and "every 5s" in same and "campaign-actions" not in same
    assert 'id="campaign-actions" hx-swap-oob="true"' in moved and "This campaign is open" in moved


def test_a_reader_sees_no_button_and_nobody_reads_an_answer_here(as_person):
    campaign = make_campaign(1)
    rate_item(campaign.items.get(), enrol(campaign).rater, comment="Odd wording.")
    html = as_person("grace").get(url("detail", campaign)).content.decode()
    led = [one for one in elements(html, "form") if "/campaigns/" in one.attributes.get("action", "")]
    assert led == [] and "Settings</a>" not in html and "Odd wording." not in html


def test_arabic_titles_run_from_the_right(as_person):
    campaign, lea = make_campaign(1, title=ARABIC, about=ARABIC, support_contact=ARABIC), as_person("lea")
    pages = [LIST, *(url(name, campaign) for name in ("detail", "edit", "overlap"))]
    assert [undirected(lea.get(page).content.decode(), ARABIC) for page in pages] == [[]] * 4


def test_the_list_shows_the_own_ones_with_their_counts(as_person):
    campaign = make_campaign(2, overlap=2)
    rate_item(campaign.items.first(), enrol(campaign).rater)
    make_campaign(0, organisation=make_organisation("elsewhere"), title="Theirs")
    page = words(as_person("lea").get(LIST))
    assert "Sieges, rated" in page and "1 of 4" in page and "Theirs" not in page
    assert "Theirs" in words(as_person("bob").get(LIST))


def test_the_pages_ask_as_often_for_many_rows_as_for_few(as_person):
    campaign, lea = make_campaign(2), as_person("lea")
    slots.turn(enrol(campaign, "rater0"))
    rate_item(campaign.items.last(), enrol(campaign, "rater").rater)
    pages = [LIST, url("detail", campaign), url("overlap", campaign)]
    few = [queries(lea, page) for page in pages]
    for number in range(1, 9):
        make_campaign(1)
        slots.turn(enrol(campaign, f"rater{number}"))
        rate_item(campaign.items.last(), make_person(f"rater{number}"))
    assert [queries(lea, page) for page in pages] == few and max(few) <= 22


def test_the_overlap_page_says_before_what_it_will_do_and_does_that(as_person):
    campaign, lea = make_campaign(5, overlap=1), as_person("lea")
    rate_item(campaign.items.first(), enrol(campaign).rater)
    asked = lea.get(url("overlap", campaign), {"overlap": "3", "overlap_share": "100"}, HTTP_HX_REQUEST="true")
    # Five items with one slot each, all of which need two more.
    assert "<b>10</b> slots will open" in words(asked) and "<body" not in words(asked)
    response = lea.post(url("overlap", campaign), {"overlap": "3", "overlap_share": "100"}, follow=True)
    assert "10 slots opened" in words(response) and campaign.assignments.count() == 15


@pytest.mark.parametrize("way", ["get", "post"])
def test_an_overlap_that_cannot_be_is_422(as_person, way):
    campaign, lea = make_campaign(1), as_person("lea")
    response = getattr(lea, way)(url("overlap", campaign), {"overlap": "12", "overlap_share": "100"})
    assert response.status_code == 422 and Campaign.objects.get().overlap == 1


def test_the_home_page_of_a_lead_asks_for_flags_and_differences(as_person):
    campaign = make_campaign(1, overlap=2)
    carol, dan = enrol(campaign, "carol"), enrol(campaign, "dan")
    item = campaign.items.get()
    rate_item(item, carol.rater, follows=True), rate_item(item, dan.rater, follows=False)
    Flag.objects.create(item=item, rater=carol.rater, text="Is this a quotation?")
    page = words(as_person("lea").get("/"))
    assert "1 flag to answer" in page and "1 difference to decide" in page
    assert "1 flag to answer" not in words(as_person("carol").get("/"))
