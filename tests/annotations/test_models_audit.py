"""The record of decisions only grows."""

import pytest
from django.db.models import ProtectedError

from annotations.models import AuditEvent
from annotations.services import audit
from annotations.services.guards import EVENTS_NEVER_CHANGE
from tests.factories import make_config, make_person
from tests.refusals import refused_with

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def made() -> AuditEvent:
    return audit.record(actor=make_person("ada"), action="create", obj=make_config(), after={"title": "Game"})


@pytest.mark.parametrize(
    "changes",
    [{"action": "delete"}, {"after": {}}, {"before": {"title": "X"}}, {"object_id": 9}, {"actor": None}],
    ids=str,
)
def test_an_event_never_changes(changes):
    event = made()
    with refused_with(EVENTS_NEVER_CHANGE):
        AuditEvent.objects.filter(pk=event.pk).update(**changes)


def test_a_person_with_an_event_cannot_be_deleted():
    event = made()
    with pytest.raises(ProtectedError):
        event.actor.delete()


def test_an_event_says_who_did_what_to_which_object():
    event = made()
    config = make_config()
    assert (event.actor.username, event.action, event.object_type, event.object_id) == (
        "ada",
        "create",
        "safetyconfig",
        config.pk,
    )


def test_an_event_of_the_system_has_no_actor():
    event = audit.record(actor=None, action="pause", obj=make_config(), after={"state": "paused"})
    assert (event.actor, event.before, event.after) == (None, {}, {"state": "paused"})


def test_the_newest_event_comes_first():
    first, second = made(), made()
    assert list(AuditEvent.objects.all()) == [second, first]
