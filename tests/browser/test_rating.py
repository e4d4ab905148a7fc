"""People rate by keys alone, on a phone, and without a connection for a while; nothing they said is lost or doubled."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from annotations.models import Assignment, Campaign, CampaignItem, Draft, Flag, Guideline, Rating, Skip
from tests.factories import make_person
from tests.rating_desk import enrol, make_campaign

GOLD = {"gold_low": 3, "gold_high": 4, "gold_follows": False, "gold_why": "It breaks the first rule."}
AT_MOST_MS = 300
EXPECTED = re.compile(r"net::ERR_(INTERNET_DISCONNECTED|FAILED)|status of 409")
TIMED = """() => new Promise((resolve) => {
  const text = () => document.querySelector("#rate-body .response")?.textContent;
  const kind = { bubbles: true, cancelable: true };
  const press = (key) => document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key, ...kind }));
  const before = text();
  press("4"); press("y");
  const start = performance.now();
  press("Enter");
  const look = () => (text() === before ? requestAnimationFrame(look) : resolve(performance.now() - start));
  requestAnimationFrame(look);
})"""


@pytest.fixture
def campaign(transactional_db):
    """Four responses for Carol, who has begun."""
    made = make_campaign(4)
    enrol(made, "carol")
    return made


@pytest.fixture
def carol(campaign):
    return make_person("carol")


def path(campaign):
    return f"/rate/{campaign.pk}/"


def text(page: Page) -> str:
    return page.locator("#rate-body .response").inner_text()


def keys(page: Page, *pressed: str) -> None:
    for key in pressed:
        page.keyboard.press(key)


def ready(page: Page) -> None:
    """Wait until all is sent, and the item after this one is there."""
    page.wait_for_function("() => Rate.ready()")


def rated(page: Page, *pressed: str) -> None:
    """These keys and Enter for the item on the screen; another one comes."""
    ready(page)
    before = text(page)
    keys(page, *pressed, "Enter")
    expect(page.locator("#rate-body .response")).not_to_have_text(before)


def stored(number: int, page: Page) -> None:
    expect(page.locator("#rate-done")).to_contain_text(f"{number} done")
    expect(page.locator("#rate-sign")).to_have_text(re.compile(r"^saved \d\d:\d\d:\d\d$"))
    assert Rating.objects.filter(withdrawn_at=None).count() == number


def answers() -> list[tuple[int, bool]]:
    found = Rating.objects.filter(withdrawn_at=None).order_by("pk")
    return [(one.points, one.follows_config) for one in found]


def forgive(window) -> None:
    """A connection that is gone and a refusal are said on the browser's console; they are no complaint of the page."""
    window.complaints[:] = [words for words in window.complaints if not EXPECTED.search(words)]


def test_three_keys_rate_an_item_until_none_is_left(window, campaign, carol, stays):
    page = window.open(path(campaign), carol)
    same = stays(page)
    keys(page, "Enter")
    expect(page.locator("#rate-missing")).to_contain_text("from 0 to 5")
    rated(page, "4", "y")
    ready(page)
    took = page.evaluate(TIMED)
    expect(page.locator("#rate-rules")).not_to_be_visible()
    keys(page, "n", "r", "Space")
    expect(page.locator("[data-rule=r1]")).to_have_class("hit")
    rated(page, "0")
    keys(page, "c")
    page.keyboard.type("y n x s 5")
    keys(page, "Escape", "1", "y", "Enter")
    expect(page.locator("#rate-nothing")).to_contain_text("Nothing waits for you here now.")
    stored(4, page)
    assert answers() == [(4, True), (4, True), (0, False), (1, True)] and same()
    assert [one.broken_rules for one in Rating.objects.filter(points=0)] == [["r1"]]
    assert (Rating.objects.last().comment, Skip.objects.count()) == ("y n x s 5", 0)
    assert took < AT_MOST_MS


def test_u_goes_back_answer_by_answer_and_both_are_kept(window, campaign, carol):
    page = window.open(path(campaign), carol)
    first = text(page)
    rated(page, "1", "y")
    second = text(page)
    rated(page, "2", "n", "r", "Space")
    third = text(page)
    keys(page, "3", "c")
    page.keyboard.type("half")
    keys(page, "Escape", "u")
    assert text(page) == second
    keys(page, "u")
    assert text(page) == first
    expect(page.locator("[name=points]:checked")).to_have_value("1")
    keys(page, "5", "Enter")
    assert text(page) == third
    expect(page.locator("#rate-comment")).to_have_value("half")
    stored(2, page)
    assert sorted(answers()) == [(2, False), (5, True)]
    assert [one.points for one in Rating.objects.exclude(withdrawn_at=None)] == [1]
    page.reload()
    ready(page)
    keys(page, "u")
    expect(page.locator("#rate-body .response")).to_have_text(second)
    expect(page.locator("#rate-rules input:checked")).to_have_value("r1")


def test_answers_given_without_a_connection_arrive_once_when_it_is_back(window, campaign, carol):
    page = window.open(path(campaign), carol)
    ready(page)
    page.context.set_offline(True)
    keys(page, "4", "y", "Enter", "3", "n", "Enter")
    expect(page.locator("#rate-sign")).to_have_text("not saved, trying again · 2 kept here")
    expect(page.locator("#rate-nothing")).to_contain_text("on its way")
    page.context.set_offline(False)
    expect(page.locator("#rate-body .response")).to_be_visible()
    ready(page)
    forgive(window)
    assert answers() == [(4, True), (3, False)]
    assert [one.seconds for one in Rating.objects.all()] == [None, None]
    lost = []
    page.route("**/submit/", lambda route: route.continue_() if lost else (lost.append(route.fetch()), route.abort()))
    keys(page, "5", "y", "Enter")
    expect(page.locator("#rate-sign")).to_contain_text("not saved")
    stored(3, page)
    assert len(lost) == 1 and Rating.objects.count() == 3
    forgive(window)


def test_what_was_said_and_what_was_begun_outlives_its_tab(window, campaign, carol):
    page = window.open(path(campaign), carol)
    first = text(page)
    ready(page)
    page.context.set_offline(True)
    keys(page, "4", "y", "Enter", "2", "c")
    page.keyboard.type("Half a thou")
    expect(page.locator("#rate-sign")).to_contain_text("not saved")
    again = page.context.new_page()
    page.close()
    again.context.set_offline(False)
    again.goto(path(campaign))
    expect(again.locator("#rate-comment")).to_have_value("Half a thou")
    expect(again.locator("[name=points]:checked")).to_have_value("2")
    stored(1, again)
    assert text(again) != first and Draft.objects.get().values["comment"] == "Half a thou"
    later = {"values": {"comment": "from the phone"}, "saved_at": timezone.now() + timedelta(seconds=5)}
    Draft.objects.update(**later)
    again.reload()
    expect(again.locator("#rate-comment")).to_have_value("from the phone")
    forgive(window)


def test_who_is_logged_out_is_told_and_nothing_is_lost(window, campaign, carol):
    page = window.open(path(campaign), carol)
    ready(page)
    kept = page.context.cookies()
    page.context.clear_cookies(name="sessionid")
    keys(page, "4", "y", "Enter")
    expect(page.locator("#rate-bars")).to_contain_text("You are logged out.")
    expect(page.locator("#rate-sign")).to_contain_text("not saved")
    page.context.add_cookies(kept)
    page.evaluate("dispatchEvent(new Event('focus'))")
    stored(1, page)
    expect(page.locator("[data-bar=locked]")).to_have_count(0)


def test_an_answer_the_server_refuses_is_told_in_its_words_and_kept(window, campaign, carol):
    page = window.open(path(campaign), carol)
    ready(page)
    dan = make_person("dan", role="annotator")
    Assignment.objects.filter(state="held").update(rater=dan)
    page.evaluate("Rate.beat()")
    expect(page.locator("#rate-bars")).to_contain_text("may be with somebody else")
    keys(page, "4", "n", "c")
    page.keyboard.type("mine")
    keys(page, "Enter")
    refused = page.locator("#rate-bars .error", has_text="You had said 4, no.")
    expect(refused).to_contain_text("mine")
    page.reload()
    expect(refused).to_contain_text("mine")
    page.get_by_role("link", name="Open that item").click()
    expect(page.locator("#toasts")).to_contain_text("not yours to answer any more")
    forgive(window)


def test_after_a_practice_item_the_right_answer_stands_until_enter(window, campaign, carol):
    slot = Assignment.objects.order_by("position").first()
    Assignment.objects.filter(pk=slot.pk).update(rater=carol)
    CampaignItem.objects.filter(pk=slot.item_id).update(practice=True, **GOLD)
    page = window.open(path(campaign), carol)
    expect(page.locator("#rate-body")).to_contain_text("Practice.")
    first = text(page)
    ready(page)
    keys(page, "5", "y", "Enter")
    expect(page.locator("#rate-judged")).to_contain_text("The right answer is another one.")
    expect(page.locator("#rate-judged")).to_contain_text("Helpful 3 to 4 · follows the config: no")
    assert text(page) == first
    keys(page, "Enter")
    expect(page.locator("#rate-body .response")).not_to_have_text(first)
    expect(page.locator("#rate-done")).to_have_text("0 done")


def test_an_item_is_passed_on_by_one_key_or_with_a_reason_and_flagged(window, campaign, carol):
    page = window.open(path(campaign), carol)
    ready(page)
    first = text(page)
    keys(page, "x")
    expect(page.locator("#rate-break")).to_contain_text("counts against nothing")
    expect(page.locator("#rate-body")).to_be_hidden()
    keys(page, "Enter")
    expect(page.locator("#rate-body .response")).not_to_have_text(first)
    keys(page, "f")
    page.keyboard.type("Is this a quotation?")
    page.get_by_role("button", name="Flag", exact=True).click()
    expect(page.locator("#rate-bars")).to_contain_text("The lead has your flag.")
    ready(page)
    second = text(page)
    keys(page, "s", "3", "Enter")
    expect(page.locator("#rate-body .response")).not_to_have_text(second)
    ready(page)
    assert [one.text for one in Flag.objects.all()] == ["Is this a quotation?"]
    assert [one.reason for one in Skip.objects.order_by("pk")] == ["distressing", "broken"]


def test_a_rest_is_offered_between_two_items_and_after_a_distressing_one_no_other_follows(window, campaign, carol):
    campaign.enrolments.update(active_seconds=3600, session_at=timezone.now(), seen_at=timezone.now())
    CampaignItem.objects.update(tags=",violence,")
    Assignment.objects.update(tags=",violence,", tagged=True)
    page = window.open(path(campaign), carol)
    rated(page, "4", "y")
    expect(page.locator("#rate-break")).to_contain_text("Time for a break?")
    page.get_by_role("button", name="Take a break").click()
    expect(page.locator("#rate-body")).to_be_hidden()
    page.get_by_role("button", name="I am back").click()
    expect(page.locator("#rate-body .response")).to_be_visible()
    assert campaign.enrolments.get().active_seconds < 60
    ready(page)
    keys(page, "x", "Enter")
    expect(page.locator("#rate-nothing")).to_contain_text("Only items about harmful subjects are left")


def test_a_new_guideline_is_announced_and_a_hold_is_lengthened(window, campaign, carol):
    campaign.enrolments.update(quota=9)
    page = window.open(path(campaign), carol)
    expect(page.locator("#rate-said")).to_have_text("Item 1 of 9")
    expect(page.get_by_role("region", name="Prompt and response")).to_be_focused()
    ready(page)
    Guideline.objects.create(campaign=campaign, number=2, text="Read *twice*.", created_by=make_person("lea"))
    rated(page, "4", "y")
    keys(page, "g")
    rated(page, "4", "y")
    expect(page.locator("#rate-body .policy")).to_be_hidden()
    expect(page.locator("#rate-bars")).to_contain_text("version 2 holds from this item on")
    page.get_by_role("button", name="Read it").click()
    expect(page.locator("#guideline")).to_contain_text("Version 2")
    keys(page, "Escape")
    ready(page)  # a beat is for the items the page knows of
    Assignment.objects.filter(state="held").update(until=timezone.now() + timedelta(seconds=20))
    page.evaluate("Rate.beat()")
    keys(page, "4", "y", "Enter")
    expect(page.locator("#rate-done")).to_contain_text("3 of 9")
    ready(page)
    assert sorted(Rating.objects.values_list("guideline__number", flat=True)) == [1, 1, 2]
    assert Assignment.objects.get(state="held").until > timezone.now() + timedelta(minutes=10)


def test_a_phone_rates_an_item_without_scrolling_sideways(window, campaign, carol):
    Campaign.objects.update(title="Title " * 50, ask_risks=True)
    page = window.open(path(campaign), carol, width=390)
    ready(page)
    first = text(page)
    buttons = page.locator("#rate-points label, #rate-follows label, #rate-send").all()
    assert min(button.bounding_box()["height"] for button in buttons) >= 44
    page.locator("#rate-points label", has_text="4").click()
    page.locator("#rate-follows label", has_text="no").click()
    page.locator("#rate-rules label").first.click()
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    page.locator("#rate-send").click()
    expect(page.locator("#rate-body .response")).not_to_have_text(first)
    stored(1, page)
    page.set_viewport_size({"width": 320, "height": 600})
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
