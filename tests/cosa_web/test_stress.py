"""Real server processes and people who all ask at once: nothing is given twice, and kill -9 loses nothing."""

from collections import Counter
from collections.abc import Iterator

import pytest
from django.core.management import CommandError, call_command

from annotations.models import Assignment, Campaign, CampaignItem, Rating
from cosa_web import stress_world as world
from cosa_web.stress import Browser, People, Person, Reply, Server, serving
from cosa_web.stress_rounds import Tally, claim_all, exported, faults, submit_all
from cosa_web.stress_world import Stored
from tests.rating_desk import enrol, make_campaign, rate

USERS, ROUNDS, EACH = 4, 3, 6
NOTHING = Stored(tokens=Counter(), over=0, twice=0, neither=0)


@pytest.fixture(scope="module")
def server(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Two processes on the database of the tests. It keeps no rows, so that one serves all tests here."""
    with serving(tmp_path_factory.mktemp("web"), processes=2) as made:
        yield made


@pytest.fixture
def people(transactional_db: None, server: Server) -> Iterator[People]:
    """Four raters with a browser each."""
    made = People(server.port, world.make_raters(USERS))
    yield made
    made.close()


def found(tally: Tally, server: Server) -> dict[str, int]:
    """What is wrong now."""
    lead = Browser(server.port, world.make_lead().session)
    return faults(tally, world.look(), exported(lead, tally), server.said())


@pytest.mark.slow
@pytest.mark.both_databases
def test_people_who_ask_at_once_never_get_the_same_slot(people: People, server: Server) -> None:
    tally, responses = Tally(), world.make_responses(world.some_rows(3))
    claim_all(people, responses, ROUNDS, overlap=1, tally=tally)
    assert found(tally, server) == {}
    # Three slots for four people, three times: nine are handed out, and once a round somebody tries another one's.
    assert (tally.handed, len(tally.acknowledged), tally.refused) == (9, 9, 3)


@pytest.mark.slow
@pytest.mark.both_databases
def test_a_server_that_is_killed_loses_no_answer_and_stores_none_twice(
    people: People, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "processes", 1)  # one comes back sooner than two
    tally, responses = Tally(), world.make_responses(world.some_rows(USERS * EACH))
    campaign = world.make_campaign(responses, [one.rater for one in people.all])
    submit_all(people, campaign, EACH, tally, server, kills=1)
    assert found(tally, server) == {}
    assert len(tally.acknowledged) == campaign.assignments.filter(state="done").count() == USERS * EACH
    first = {rating.rater_id: rating for rating in Rating.objects.select_related("assignment").order_by("-pk")}
    again = people.at_once(lambda one: sent_again(one, campaign, first[one.rater.user.pk]))
    assert [(reply.status, reply.body.get("again")) for reply in again] == [(200, True)] * USERS


def sent_again(one: Person, campaign: Campaign, rating: Rating) -> Reply:
    """What comes for a sending the server stored before it was killed."""
    return one.surely(lambda: one.submit(campaign, str(rating.assignment.key), str(rating.token)))


@pytest.mark.django_db
def test_a_slot_that_is_done_without_an_answer_is_seen() -> None:
    campaign = make_campaign(3)
    rate(carol := enrol(campaign))
    free = campaign.assignments.get(pk=campaign.assignments.filter(state="open").order_by("pk")[0].pk)
    assert world.look().neither == 0
    Assignment.objects.filter(pk=free.pk).update(state="done", rater=carol.rater, done_at=campaign.opened_at)
    assert world.look().neither == 1


@pytest.mark.django_db
def test_an_item_over_its_need_is_seen() -> None:
    campaign = make_campaign(1)
    rate(enrol(campaign))
    assert world.look().over == 0
    CampaignItem.objects.update(needed=0)
    assert world.look().over == 2  # one more answer, and one more slot in use, than it needs


def test_what_is_lost_or_doubled_is_said() -> None:
    tally = Tally(doubles=1, acknowledged=["a", "b"])
    stored = NOTHING._replace(tokens=Counter({"b": 2, "c": 1}))
    said = faults(tally, stored, Counter({"b": 1}), "OperationalError: database is locked")
    assert said == {
        "slots that two people got": 1,
        "answers acknowledged and not stored": 1,  # a
        "answers stored and not acknowledged": 1,  # c
        "answers stored twice": 1,  # b
        "answers acknowledged and not in the export": 1,  # a
        "“database is locked” in the log": 1,
    }


def test_all_is_well_when_nothing_was_found() -> None:
    assert faults(Tally(acknowledged=["a"]), NOTHING._replace(tokens=Counter("a")), Counter("a"), "") == {}


def test_nobody_at_all_cannot_press() -> None:
    with pytest.raises(CommandError, match="at least one user"):
        call_command("stress_claim", users=0)
