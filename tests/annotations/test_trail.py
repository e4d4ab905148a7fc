"""Reading the record: which events match, in which words, and what they changed."""

import json
from datetime import UTC, date, datetime

import pytest
from django.utils import timezone

from annotations import trail
from annotations.models import AuditEvent, Organisation
from annotations.services import audit, reviews
from tests.factories import make_config, make_organisation, make_person, make_version

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def event(action="edit", person="grace", obj=None, before=None, after=None):
    actor = make_person(person) if person else None
    return audit.record(actor=actor, action=action, obj=obj or make_config(), before=before, after=after)


def actions(**wanted):
    return [one.action for one in trail.events(**wanted)]


def test_the_newest_event_comes_first():
    event("create")
    event("edit")
    assert actions() == ["edit", "create"]


def test_events_are_found_by_who_did_them():
    event("create", "ada")
    event("edit", "grace")
    event("pause", None)
    assert actions(person=str(make_person("ada").pk)) == ["create"]
    assert actions(person=trail.SYSTEM) == ["pause"]


def test_events_are_found_by_action_kind_and_object():
    lantern = make_organisation()
    event("edit")
    event("create", obj=lantern)
    event("edit", obj=lantern)
    assert len(trail.events(action="edit")) == 2
    assert actions(kind="organisation", action="edit") == ["edit"]
    assert actions(kind="organisation", number=lantern.pk) == ["edit", "create"]
    assert actions(kind="organisation", number=lantern.pk + 1) == []


@pytest.mark.parametrize(
    ("since", "until", "found"),
    [
        (date(2026, 3, 2), None, ["second", "first"]),
        (date(2026, 3, 3), None, ["second"]),
        (None, date(2026, 3, 2), ["first"]),
        (date(2026, 3, 2), date(2026, 3, 3), ["second", "first"]),
        (date(2026, 3, 4), None, []),
    ],
)
def test_the_days_count_whole_in_the_time_zone_of_the_pages(monkeypatch, since, until, found):
    # Berlin is an hour ahead of UTC in March: 23:30 on the 2nd there is 22:30 UTC, and 23:30 UTC is the 3rd there.
    for name, hour in (("first", 22), ("second", 23)):
        monkeypatch.setattr(timezone, "now", lambda hour=hour: datetime(2026, 3, 2, hour, 30, tzinfo=UTC))
        event(name)
    with timezone.override("Europe/Berlin"):
        assert actions(since=since, until=until) == found


@pytest.mark.parametrize("words", ["siege", "SIEGE", "über", "اكتب", 'say "no"', "50%", "a_b", "back\\slash"])
def test_words_are_found_on_either_side_whatever_their_letters(words):
    event("old", before={"text": f"before {words} after"})
    event("new", after={"list": [f"{words.lower()}"]})
    event("other", after={"text": "nothing of it, 50 or aXb"})
    assert actions(words=words) == ["new", "old"]


@pytest.mark.parametrize("words", ["%", "_", "' OR 1=1 --"])
def test_a_search_means_its_letters_and_nothing_else(words):
    event(after={"text": "plain"})
    assert actions(words=words) == []


def test_only_what_differs_is_a_change_in_the_order_of_writing():
    before = {"state": "draft", "title": "Game", "number": 3}
    after = {"title": "Game", "state": "submitted", "by": "Ada"}
    assert trail.changes(before, after) == [
        ("state", "draft", "submitted"),
        ("number", "3", "–"),
        ("by", "–", "Ada"),
    ]


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, "–"), ("", "–"), ([], "–"), (False, "no"), (0, "0"), (["a", 1], "a, 1"), ({"a": "ü"}, '{"a": "ü"}')],
)
def test_a_value_is_shown_as_a_person_reads_it(value, shown):
    assert trail.changes({"x": "was"}, {"x": value})[0].after == shown


def test_every_object_is_named_and_leads_to_its_page():
    version = make_version(make_config(title="Game studio"))
    for obj in (version, version.config, make_organisation(), make_person("ada")):
        event(obj=obj)
    shown = [(line.kind, line.label, line.url) for line in trail.lines(trail.events(), admin=True)]
    assert shown == [
        ("person", "Ada", f"/people/{make_person('ada').pk}/"),
        ("organisation", "Lantern", f"/organisations/{make_organisation().pk}/edit/"),
        ("config", "Game studio", f"/configs/{version.config_id}/"),
        ("version", "Game studio v1", f"/configs/{version.config_id}/v1/"),
    ]


def test_a_reviewer_is_led_to_no_page_of_the_admins():
    for obj in (make_config(), make_organisation(), make_person("ada")):
        event(obj=obj)
    urls = [line.url for line in trail.lines(trail.events(), admin=False)]
    assert urls[:2] == ["", ""] and urls[2].startswith("/configs/")


def test_an_object_that_is_gone_or_archived_is_named_without_a_page():
    event(obj=make_config("old", title="Old", archived_at=timezone.now()))
    gone = make_organisation("gone")
    event(obj=gone)
    pk = gone.pk
    Organisation.objects.filter(pk=pk).delete()
    shown = [(line.label, line.url) for line in trail.lines(trail.events(), admin=True)]
    assert shown == [(f"organisation {pk}", ""), ("Old", "")]


def test_a_kind_and_an_action_that_nobody_knows_are_shown_as_they_are():
    AuditEvent.objects.create(action="turn_over", object_type="teapot", object_id=7)
    line = trail.lines(trail.events(), admin=True)[0]
    assert (line.action, line.kind, line.label, line.url) == ("turn over", "teapot", "teapot 7", "")


def test_the_lines_of_many_events_ask_once_for_each_kind(django_assert_num_queries):
    for number in range(5):
        version = make_version(make_config(f"c{number}"))
        for obj in (version, version.config):
            event(obj=obj)
    found = list(trail.events())
    with django_assert_num_queries(2):
        trail.lines(found, admin=True)


def test_the_choices_are_what_the_record_holds():
    audit.record(actor=make_person("ada"), action="retire", obj=make_config(), after={})
    audit.record(actor=None, action="approve", obj=make_organisation(), after={})
    assert (trail.actions(), trail.kinds()) == (["approve", "retire"], ["safetyconfig", "organisation"])
    assert [person.username for person in trail.actors()] == ["ada"]


def test_the_table_has_a_value_for_each_column_and_keeps_the_values(django_assert_num_queries):
    event("edit", "ada", before={"n": 1}, after={"n": [2]})
    event("pause", None)
    with django_assert_num_queries(1):
        system, ada = (dict(zip(trail.COLUMNS, row, strict=True)) for row in trail.table(trail.events()))
    assert (ada["user_name"], ada["name"], ada["before"], ada["after"]) == ("ada", "Ada", {"n": 1}, {"n": [2]})
    assert (system["user_name"], system["name"]) == ("system", "")
    assert json.dumps(ada) and datetime.fromisoformat(ada["at"]).tzinfo is not None


def test_a_state_is_told_in_words():
    assert trail.changes({"state": "draft"}, {"state": "set_aside"}) == [trail.Change("state", "draft", "set aside")]


def test_a_retired_version_tells_who_retired_it_and_why():
    version = make_version()
    assert trail.retirement(version) is None
    retired = reviews.retire(version=version, actor=make_person("bob"), reasons="v4 replaces it.")
    event = trail.retirement(retired)
    assert (event.actor.username, event.after["reasons"]) == ("bob", "v4 replaces it.")
