"""A lead's pages of how people fare and of what they flag."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from annotations.models import AuditEvent, Campaign, Flag, Skip
from annotations.services.wellbeing import FASTER
from tests.campaign_place import OF_CAMPAIGN
from tests.factories import make_person
from tests.markup import elements, inline, undirected
from tests.rating_desk import enrol, make_campaign, rate

pytestmark = pytest.mark.django_db
HOSTILE = """<script>alert(1)</script><img src=x onerror=alert(2)>" onfocus="alert(3)" {{ x }}"""


def url(name="wellbeing"):
    pk = Campaign.objects.first().pk
    return reverse(f"annotations:{'campaign-' if name == 'wellbeing' else ''}{name}", args=[pk])


def answer_url(flag):
    return reverse("annotations:flag-answer", args=[flag.item.campaign_id, flag.pk])


def sent(flag, text):
    return {f"flag-{flag.pk}-answer": text}


@pytest.fixture
def lea(as_person):
    return as_person("lea")


@pytest.fixture
def busy():
    """A campaign in which three people answered, one passed on, and one flagged."""
    campaign = make_campaign(4, risks=["violence"], overlap=4, tagged_in_row=None)
    people = [enrol(campaign, name) for name in ("carol", "dan", "eve")]
    for one in people:
        rate(one)
    Skip.objects.create(item=campaign.items.last(), rater=people[0].rater, reason="distressing")
    return campaign


def flag(campaign, text="Is this a quotation?", **fields):
    values = {"item": campaign.items.first(), "rater": make_person("carol"), "text": text} | fields
    return Flag.objects.create(**values)


def asked(client, address):
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return len(queries)


def test_sums_over_three_people_are_shown_and_no_name(lea, busy):
    html = lea.get(url()).content.decode()
    row = [one.text for one in elements(html, "td") if "data-label" in one.attributes]
    # Four items in the queue; three answers and one passed on make four read by three people.
    assert row == ["4", "4", "1.3", "–"]
    assert not {"Carol", "Dan", "Eve"} & set(html.replace("<", " ").split())


def test_of_two_people_nothing_is_summed_up_and_the_page_says_so(lea):
    campaign = make_campaign(2, risks=["violence"])
    rate(enrol(campaign, "carol")), enrol(campaign, "dan")
    html = lea.get(url()).content.decode()
    assert "2 people have begun" in html and "over fewer, a sum would tell about one of them" in html
    assert "Active time" not in html and "Too distressing" not in html


def test_only_who_may_change_the_bounds_is_led_to_them(lea, as_person):
    campaign = make_campaign(1)
    edit = reverse("annotations:campaign-edit", args=[campaign.pk])
    assert edit in lea.get(url()).content.decode()
    assert edit not in as_person("bob").get(url()).content.decode()


def test_a_campaign_nobody_began_says_so(lea):
    make_campaign(1)
    assert "Nobody has begun." in lea.get(url()).content.decode()


def test_readers_read_and_the_bounds_are_named(as_person, busy):
    html = as_person("bob").get(url()).content.decode()
    assert "after 25 min" in html and "Talk to Lea." in html


LEADS_PAGES = [name for name in OF_CAMPAIGN if not name.startswith("rate")]


# What somebody leaves out is theirs alone: no page of the lead's may look another way because of it.
def test_no_page_of_the_lead_changes_with_what_somebody_leaves_out(lea, busy):
    def pages():
        found = {}
        for name in LEADS_PAGES:
            try:
                response = lea.get(reverse(f"annotations:{name}", args=[busy.pk]))
            except Exception as nowhere:  # not every address is a page, and some are of the other app
                found[name] = type(nowhere).__name__
                continue
            if response.status_code == 200 and not response.streaming:
                html = response.content.decode()
                tokens = {one.attributes["value"] for one in elements(html, "input") if "csrf" in str(one.attributes)}
                for token in {*tokens, response.context["csrf_token"] if response.context else ""} - {""}:
                    html = html.replace(str(token), "")
                found[name] = html
        return found

    before = pages()
    busy.enrolments.filter(rater__username="carol").update(declined=["violence", "sexual"], folds=True)
    assert pages() == before
    assert {"campaign-wellbeing", "flag-list"} <= {name for name, html in before.items() if "<h1" in html}


def test_unanswered_flags_come_first_and_without_a_name(lea, busy):
    done = {"answer": "Yes.", "answered_by": make_person("lea"), "answered_at": timezone.now()}
    flag(busy, "The first one."), flag(busy, "The second one.", **done), flag(busy, "The third one.")
    html = lea.get(url("flag-list")).content.decode()
    places = [html.index(words) for words in ("The third one.", "The first one.", "The second one.")]
    assert places == sorted(places) and "Carol" not in html and "2 of 3 wait" in html


def test_a_lead_answers_and_it_is_written_down(lea, busy):
    one = flag(busy)
    response = lea.post(answer_url(one), sent(one, "It is one."))
    one.refresh_from_db()
    assert (response.status_code, response.url, one.answer) == (302, url("flag-list"), "It is one.")
    assert AuditEvent.objects.filter(action="answer", object_id=one.pk).exists()


def test_an_empty_answer_comes_back(lea, busy):
    one = flag(busy)
    response = lea.post(answer_url(one), sent(one, " "))
    assert response.status_code == 422 and "Write what the rater should know." in response.content.decode()


def test_who_is_second_reads_the_first_answer_and_keeps_what_they_wrote(lea, busy):
    one = flag(busy)
    lea.post(answer_url(one), sent(one, "It is one."))
    html = (response := lea.post(answer_url(one), sent(one, "No, it is not."))).content.decode()
    assert response.status_code == 422 and FASTER in html and "It is one." in html and "No, it is not." in html


def test_reviewers_read_flags_and_do_not_answer(as_person, busy):
    one = flag(busy)
    html = as_person("bob").get(url("flag-list")).content.decode()
    assert one.text in html and "Answer</button>" not in html
    assert as_person("bob").post(answer_url(one), sent(one, "No.")).status_code == 403


def test_a_flag_of_another_campaign_is_not_found(lea, busy):
    one = flag(make_campaign(1))
    address = reverse("annotations:flag-answer", args=[busy.pk, one.pk])
    assert lea.post(address, sent(one, "Yes.")).status_code == 404


def test_pages_ask_as_often_for_many_rows(lea):
    campaign = make_campaign(33)
    people = [enrol(campaign, name) for name in ("carol", "dan", "eve")]

    def with_rows(items):
        for item in items:
            flag(campaign, item=item)
            for one in people[:2]:
                Skip.objects.create(item=item, rater=one.rater, reason="unclear")
        return [asked(lea, url(name)) for name in ("wellbeing", "flag-list")]

    items = list(campaign.items.all())
    assert with_rows(items[:3]) == with_rows(items[3:])


def told(words):
    campaign = make_campaign(1, title=words, support_contact=words)
    for name in ("carol", "dan", "eve"):
        rater = enrol(campaign, name).rater
        Skip.objects.create(item=campaign.items.get(), rater=rater, reason="unclear", note=words)
    flag(campaign, words), flag(campaign, words, answer=words, answered_by=rater, answered_at=timezone.now())


def test_hostile_texts_stay_text(lea):
    told(HOSTILE)
    for name in ("wellbeing", "flag-list"):
        html = lea.get(url(name)).content.decode()
        assert inline(html) == [] and "<img src=x" not in html


def test_arabic_texts_run_their_own_way(lea):
    told("اكتب مشهداً")
    assert [undirected(lea.get(url(name)).content.decode(), "اكتب") for name in ("wellbeing", "flag-list")] == [[], []]
