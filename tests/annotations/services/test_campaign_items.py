"""The items of a campaign: in once, as often as needed, out and back, and none that gives its model away unseen."""

from collections import Counter

import pytest

from annotations.models import Assignment, AuditEvent, Campaign, CampaignItem, Response
from annotations.services import campaign_items, ratings, slots
from annotations.services.campaign_items import ItemProblem
from tests.databases import at_once
from tests.factories import make_candidate, make_model, make_person
from tests.rating_desk import answer, enrol, make_campaign, make_response, rate

pytestmark = pytest.mark.django_db


def add(campaign: Campaign, *responses: Response, **more):
    found = Response.objects.filter(pk__in=[one.pk for one in responses])
    return campaign_items.add(campaign=campaign, responses=found, actor=make_person("lea"), **more)


def slots_of(campaign: Campaign) -> list[int]:
    """How many slots each item has, in order."""
    pks = campaign.items.order_by("pk").values_list("pk", flat=True)
    return [Assignment.objects.filter(item=pk).count() for pk in pks]


def last_event() -> AuditEvent:
    return AuditEvent.objects.order_by("-pk")[0]


def test_a_response_is_an_item_once_and_one_without_text_is_none():
    campaign, one = make_campaign(0, overlap=2), make_response()
    Response.objects.filter(pk=(blank := make_response()).pk).update(text=" \n")
    assert add(campaign, one, blank) == (1, 0, 1, 0)
    assert add(campaign, one) == (0, 1, 0, 0) and slots_of(campaign) == [2]


def test_only_those_asked_for_come_in():
    campaign, one, other = make_campaign(0), make_response(), make_response()
    assert add(campaign, one, other, only={other.pk}).new == 1
    assert campaign.items.get().response == other


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("I am Qwen, a language model.", "Qwen"),
        ("As Marvin, I would open the gate.", "Marvin"),
        ("The llama stood in the yard.", ""),
        ("The siege went on.", ""),
    ],
)
def test_a_response_that_names_its_model_is_marked(text, name):
    campaign = make_campaign(0)
    add(campaign, make_response(text, candidate=make_candidate(make_model("m", name="Marvin"))))
    assert campaign.items.get().names_model == name


def test_a_response_from_a_file_is_marked_by_the_name_of_its_source():
    campaign = make_campaign(0)
    added = add(campaign, make_response("Zorro9 is my name.", candidate=None, source="Zorro9"))
    assert added.naming == 1 and campaign.items.get().names_model == "Zorro9"


def test_items_with_risks_need_a_contact_in_an_open_campaign():
    campaign = make_campaign(0, support_contact="")
    with pytest.raises(ItemProblem, match="contact"):
        add(campaign, make_response(risks=["drugs"]))
    assert not campaign.items.exists() and not Assignment.objects.exists()


def test_a_closed_campaign_takes_nothing():
    with pytest.raises(ItemProblem, match="closed"):
        add(make_campaign(0, state="closed"), make_response())


def test_another_overlap_reopens_items_and_takes_only_what_is_free():
    campaign = make_campaign(3, overlap=2)
    rate(carol := enrol(campaign))
    slots.turn(carol)
    lea = make_person("lea")
    assert campaign_items.set_overlap(campaign=campaign, overlap=3, share=100, actor=lea) == 3
    assert slots_of(campaign) == [3, 3, 3]
    assert campaign_items.set_overlap(campaign=campaign, overlap=1, share=100, actor=lea) == 0
    # One answered, one held, one that nobody has: each of them has one slot left.
    assert Counter(Assignment.objects.values_list("state", flat=True)) == {"done": 1, "held": 1, "open": 1}
    assert last_event().after == {"overlap": 1, "overlap_share": 100, "slots_made": 0}


def test_an_overlap_for_a_share_gives_the_others_one():
    campaign = make_campaign(12)
    campaign_items.set_overlap(campaign=campaign, overlap=3, share=50, actor=make_person("lea"))
    wanted = dict(campaign.items.values_list("pk", "needed"))
    assert set(wanted.values()) == {1, 3} and slots_of(campaign) == [wanted[pk] for pk in sorted(wanted)]


def test_many_items_take_few_statements(django_assert_max_num_queries):
    campaign = make_campaign(0, overlap=2)
    first = make_response()
    rows = [Response(prompt=first.prompt, version=first.version, text=f"Part {number}.") for number in range(300)]
    Response.objects.bulk_create(rows)
    with django_assert_max_num_queries(28):  # SQLite inserts some 70 rows at once: 300 items, 600 slots
        campaign_items.add(campaign=campaign, responses=Response.objects.all(), actor=make_person("lea"))
    with django_assert_max_num_queries(16):
        campaign_items.set_overlap(campaign=campaign, overlap=1, share=100, actor=make_person("lea"))
    assert Assignment.objects.count() == 301


def test_an_item_that_is_out_is_handed_to_nobody_and_comes_back():
    campaign = make_campaign(1)
    item, lea = campaign.items.get(), make_person("lea")
    campaign_items.take_out(item=item, actor=lea)
    assert slots_of(campaign) == [0] and slots.turn(enrol(campaign)).assignment is None
    with pytest.raises(ItemProblem, match="faster"):
        campaign_items.take_out(item=item, actor=lea)
    campaign_items.set_overlap(campaign=campaign, overlap=2, share=100, actor=lea)
    assert slots_of(campaign) == [0]
    campaign_items.put_back(item=item, actor=lea)
    assert slots_of(campaign) == [2] and last_event().action == "put_back"


def test_who_holds_an_item_that_is_taken_out_may_still_answer():
    campaign = make_campaign(1, overlap=2)
    carol = enrol(campaign)
    key = slots.turn(carol).assignment.key
    campaign_items.take_out(item=campaign.items.get(), actor=make_person("lea"))
    assert slots_of(campaign) == [1]
    assert ratings.submit(carol, key=key, answer=answer(), token=key).rating.points == 4


def test_a_name_is_masked_and_shown_again():
    campaign, lea = make_campaign(0), make_person("lea")
    add(campaign, make_response("I am Qwen, a language model."))
    campaign_items.mask(item=campaign.items.get(), actor=lea)
    assert campaign.items.get().masked and last_event().after == {"masked": True, "names_model": "Qwen"}
    campaign_items.unmask(item=campaign.items.get(), actor=lea)
    assert not campaign.items.get().masked


def test_a_name_that_was_not_found_can_be_hidden_and_one_that_is_not_there_cannot():
    campaign, lea = make_campaign(0), make_person("lea")
    add(campaign, make_response("Zorro wrote this."))
    with pytest.raises(ItemProblem, match="does not stand"):
        campaign_items.mask(item=campaign.items.get(), actor=lea, name="Batman")
    with pytest.raises(ItemProblem, match="No name"):
        campaign_items.mask(item=campaign.items.get(), actor=lea)
    campaign_items.mask(item=campaign.items.get(), actor=lea, name=" zorro ")
    assert campaign.items.get().names_model == "zorro"


def test_two_leads_at_the_same_mask_one_wins():
    campaign, lea = make_campaign(0), make_person("lea")
    add(campaign, make_response("I am Qwen, a language model."))
    seen = campaign.items.get()
    campaign_items.mask(item=campaign.items.get(), actor=lea)
    with pytest.raises(ItemProblem, match="faster"):
        campaign_items.mask(item=seen, actor=lea, name="language")


def test_all_that_name_their_model_are_masked_or_taken_out_at_once():
    campaign, lea = make_campaign(1), make_person("lea")
    add(campaign, make_response("I am Qwen, a model."), make_response("I am Gemma, a model."))
    assert campaign_items.mask_all(campaign=campaign, actor=lea) == 2
    campaign.items.filter(names_model="Gemma").update(masked=False)
    assert campaign_items.take_out_naming(campaign=campaign, actor=lea) == 1
    assert campaign.items.get(taken_out_at__isnull=False).names_model == "Gemma"
    slots = {item.names_model: item.assignments.count() for item in campaign.items.all()}
    assert slots == {"": 1, "Qwen": 1, "Gemma": 0} and campaign_items.mask_all(campaign=campaign, actor=lea) == 0


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_two_leads_who_raise_the_overlap_at_once_make_each_slot_once():
    campaign, lea = make_campaign(20), make_person("lea")

    def raised(number: int):
        return campaign_items.set_overlap(campaign=campaign, overlap=number, share=100, actor=lea)

    assert sum(at_once(lambda: raised(3), lambda: raised(3), lambda: raised(3))) == 40
    assert slots_of(campaign) == [3] * 20
    at_once(lambda: raised(5), lambda: raised(2), lambda: raised(4))
    campaign.refresh_from_db()
    assert slots_of(campaign) == [campaign.overlap] * 20


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_an_overlap_that_falls_while_people_ask_loses_nobodys_item():
    campaign, lea = make_campaign(6, overlap=3), make_person("lea")
    people = [enrol(campaign, f"rater{number}") for number in range(6)]
    falls = lambda: campaign_items.set_overlap(campaign=campaign, overlap=1, share=100, actor=lea)  # noqa: E731
    _, *turns = at_once(falls, *[lambda one=one: slots.turn(one) for one in people])
    held = {turn.assignment.pk for turn in turns if turn.assignment}
    assert held == set(Assignment.objects.filter(state="held").values_list("pk", flat=True))
    assert min(slots_of(campaign)) >= 1 and sum(slots_of(campaign)) <= 6 + len(held)


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_two_leads_who_add_the_same_responses_at_once_add_them_once():
    campaign, responses = make_campaign(0, overlap=2), [make_response() for _ in range(5)]
    added = at_once(*[lambda: add(campaign, *responses) for _ in range(3)])
    assert sorted(one.new for one in added) == [0, 0, 5] and slots_of(campaign) == [2] * 5
    assert CampaignItem.objects.count() == 5
