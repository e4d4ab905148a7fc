"""The people of a campaign and groups of raters, as their leads see and change them."""

import re

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotations.models import Assignment, Campaign, RaterGroup
from annotations.services import groups, slots
from tests.factories import make_organisation, make_person
from tests.markup import elements
from tests.rating_desk import enrol, make_campaign, rate

pytestmark = pytest.mark.django_db
GROUPS, NEW = reverse("annotations:group-list"), reverse("annotations:group-new")


def url(name: str, campaign: Campaign, *more: int) -> str:
    return reverse(f"annotations:{name}", args=[campaign.pk, *more])


def page(client, campaign) -> str:
    html = words(client.get(url("campaign-people", campaign))).partition("<main")[2].partition("</main>")[0]
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", html)


def words(response) -> str:
    return " ".join(response.content.decode().split())


def rows(client, campaign) -> list[str]:
    html = client.get(url("campaign-people", campaign)).content.decode()
    found = [one for one in elements(html, "tr") if any(above.tag == "tbody" for above in one.parents)]
    return [" ".join(one.text.split()) for one in found]


def post(client, name, campaign, *more, **fields) -> str:
    return words(client.post(url(name, campaign, *more), fields, follow=True))


def group(name: str = "Evening", *people: str) -> RaterGroup:
    made = groups.create(organisation=make_organisation(), name=name, actor=make_person("lea"))
    groups.add_members(group=made, people=[make_person(one) for one in people], actor=make_person("lea"))
    return made


def test_a_row_says_how_far_a_person_is(as_person):
    campaign, lea = make_campaign(5, quota=40), as_person("lea")
    rate(carol := enrol(campaign))
    slots.turn(carol)
    enrol(campaign, "ada", accepted_at=None, quota=9)
    post(lea, "enrolment-assign", campaign, carol.pk, number=2)
    ada, second = rows(lea, campaign)
    assert "can open the runs" in ada and "not yet" in ada and "0 of 9" in ada
    assert "1 of 40 1 2" in second and "can open" not in second


def test_people_are_added_with_a_quota_and_those_who_open_runs_are_marked(as_person):
    campaign, lea = make_campaign(1), as_person("lea")
    make_person("carol"), make_person("ada")
    before = page(lea, campaign)
    assert before.count("can open the runs these come from") == 1 and "Nobody rates" in before
    people = [make_person("carol").pk, make_person("ada").pk]
    assert "2 people have a place now." in post(lea, "enrolment-add", campaign, people=people, quota=7)
    assert set(campaign.enrolments.values_list("quota", flat=True)) == {7}
    assert "Everybody who may rate here is in." in page(lea, campaign)


@pytest.mark.parametrize("wrong", [{}, {"people": ["x"]}, {"people": ["999"]}, {"quota": "0"}])
def test_a_choice_that_cannot_be_comes_back_as_it_was(as_person, wrong):
    campaign, carol = make_campaign(1), make_person("carol")
    sent = {"people": [carol.pk]} | wrong if wrong else {}
    response = as_person("lea").post(url("enrolment-add", campaign), sent)
    assert response.status_code == 422 and "field-error" in words(response) and not campaign.enrolments.exists()
    assert (f'value="{carol.pk}" checked' in words(response)) == ("quota" in wrong)


def test_who_leads_cannot_be_added_by_hand(as_person):
    response = as_person("lea").post(url("enrolment-add", make_campaign(1)), {"people": [make_person("lea").pk]})
    assert response.status_code == 422


def test_a_person_pauses_goes_on_gets_a_quota_and_leaves(as_person):
    campaign, lea = make_campaign(3), as_person("lea")
    carol = enrol(campaign)
    slots.turn(carol)
    assert "is handed nothing more" in post(lea, "enrolment-edit", campaign, carol.pk, do="pause")
    assert "‖paused" in rows(lea, campaign)[0]
    assert "Somebody was faster" in post(lea, "enrolment-edit", campaign, carol.pk, do="pause")
    assert "is handed items again" in post(lea, "enrolment-edit", campaign, carol.pk, do="go-on")
    assert "Carol: 12 responses." in post(lea, "enrolment-edit", campaign, carol.pk, quota="12")
    assert "as many as the campaign says" in post(lea, "enrolment-edit", campaign, carol.pk, quota="")
    for wrong in ({"quota": "-1"}, {"quota": "many"}, {}, {"do": "dance"}):
        assert "Nothing changed." in post(lea, "enrolment-edit", campaign, carol.pk, **wrong)
    assert "is out of the campaign" in post(lea, "enrolment-remove", campaign, carol.pk)
    assert rows(lea, campaign) == [] and not Assignment.objects.exclude(rater=None).exists()


def test_items_are_kept_for_a_person_and_given_back(as_person):
    campaign, lea = make_campaign(4), as_person("lea")
    carol = enrol(campaign)
    assert "3 items are kept for Carol" in post(lea, "enrolment-assign", campaign, carol.pk, number=3)
    told = post(lea, "enrolment-assign", campaign, carol.pk, number=3)
    assert "1 item is kept" in told and "no more that Carol has not had" in told
    assert "4 items kept for Carol went back" in post(lea, "enrolment-assign", campaign, carol.pk, do="release")
    for wrong in ("", "0", "x", "10001"):
        assert "Say how many" in post(lea, "enrolment-assign", campaign, carol.pk, number=wrong)


def test_what_somebody_declined_shows_nowhere(as_person):
    campaign, lea = make_campaign(2, risks=["drugs"]), as_person("lea")
    carol = enrol(campaign)
    before = page(lea, campaign)
    type(carol).objects.filter(pk=carol.pk).update(declined=["drugs"], folds=True)
    assert page(lea, campaign) == before and "drugs" not in before.lower()


def test_the_page_of_one_person_says_how_far_they_are_and_is_gone_with_them(as_person):
    campaign, lea = make_campaign(4, quota=40), as_person("lea")
    carol = enrol(campaign)
    post(lea, "enrolment-assign", campaign, carol.pk, number=2)
    one = words(lea.get(url("enrolment-edit", campaign, carol.pk)))
    assert "Give the 2 back to everybody" in one and "Empty: as the campaign says, 40." in one
    assert as_person("bob").get(url("enrolment-edit", campaign, carol.pk)).status_code == 403
    told = post(lea, "enrolment-remove", campaign, carol.pk)
    assert "is out of the campaign" in told
    gone = lea.get(url("enrolment-edit", campaign, carol.pk), follow=True)
    assert "is not in the campaign any more" in words(gone)


def test_a_place_in_another_campaign_is_not_there(as_person):
    carol, other = enrol(make_campaign(1)), make_campaign(1)
    for name in ("edit", "remove", "assign"):
        assert as_person("lea").post(url(f"enrolment-{name}", other, carol.pk)).status_code == 404
        assert as_person("bob").post(url(f"enrolment-{name}", carol.campaign, carol.pk)).status_code == 403


def test_a_reviewer_sees_who_rates_and_no_button(as_person):
    campaign = make_campaign(1)
    enrol(campaign)
    assert rows(as_person("bob"), campaign) and "<form" not in page(as_person("bob"), campaign)


def test_a_group_comes_and_goes_with_its_people(as_person):
    campaign, lea, evening = make_campaign(1), as_person("lea"), group("Evening", "carol", "ada")
    assert "Evening: 2 people have a place now." in post(lea, "enrolment-add", campaign, group=evening.pk)
    assert "by Evening" in rows(lea, campaign)[0] and "2 here by it" in page(lea, campaign)
    assert "Choose a group of the list" in post(lea, "enrolment-add", campaign, group=evening.pk)
    assert "Evening is out" in post(lea, "enrolment-add", campaign, drop=evening.pk) and rows(lea, campaign) == []
    assert lea.post(url("enrolment-add", campaign), {"drop": "x"}).status_code == 404


def test_a_group_is_made_named_and_filled(as_person):
    lea, carol = as_person("lea"), make_person("carol")
    make_organisation("elsewhere")
    assert "elsewhere" not in words(lea.get(NEW)).lower()
    made = lea.post(NEW, {"organisation": make_organisation().pk, "name": " Evening  shift "})
    row = RaterGroup.objects.get()
    assert row.name == "Evening shift" and made.url == reverse("annotations:group-edit", args=[row.pk])
    assert "1 joined" in words(lea.post(made.url, {"people": [carol.pk]}, follow=True))
    assert "called Night" in words(lea.post(made.url, {"name": "Night"}, follow=True))
    assert "Night" in words(lea.get(GROUPS)) and "Night" in words(as_person("bob").get(GROUPS))
    assert "Carol left the group" in words(lea.post(made.url, {"leave": carol.pk}, follow=True))
    assert lea.post(made.url, {"leave": carol.pk}).status_code == 404 == lea.post(made.url, {"leave": "x"}).status_code


@pytest.mark.parametrize("wrong", [{"name": ""}, {"name": "Evening"}, {"people": []}, {"people": ["1e9"]}])
def test_a_wrong_group_comes_back(as_person, wrong):
    group("Evening")
    night = group("Night")
    response = as_person("lea").post(reverse("annotations:group-edit", args=[night.pk]), wrong)
    assert response.status_code == 422 and "field-error" in words(response)


def test_the_groups_of_another_organisation_are_not_there(as_person):
    theirs = groups.create(organisation=make_organisation("elsewhere"), name="Theirs", actor=make_person("lea"))
    lea = as_person("lea")
    assert "Theirs" not in words(lea.get(GROUPS))
    assert lea.get(reverse("annotations:group-edit", args=[theirs.pk])).status_code == 404
    assert as_person("bob").get(reverse("annotations:group-edit", args=[theirs.pk])).status_code == 403


def queries(client, address: str) -> int:
    cache.clear()
    with CaptureQueriesContext(connection) as asked:
        assert client.get(address).status_code == 200
    return len(asked)


def test_many_people_and_groups_ask_as_often_as_few(as_person):
    campaign, lea = make_campaign(1), as_person("lea")
    enrol(campaign), groups.attach(campaign=campaign, group=group("First"), actor=make_person("lea")), group("Other")
    addresses = [url("campaign-people", campaign), GROUPS]
    few = [queries(lea, one) for one in addresses]
    for number in range(12):
        enrol(campaign, f"rater{number}")
        group(f"Group {number}", f"rater{number}")
    assert [queries(lea, one) for one in addresses] == few and max(few) <= 22
