"""The provider's floor: written, published, in force; two admins at once."""

import pytest

from annotations.models import AuditEvent
from annotations.services import floor
from annotations.services.floor import FloorProblem
from tests.factories import make_person

pytestmark = pytest.mark.django_db
CLOSED = "No child is ever put at risk."


def draft(text=CLOSED, revision=None):
    return floor.save(text=text, note="", revision=revision, actor=make_person("grace"))


def published(text=CLOSED):
    return floor.publish(draft=draft(text), actor=make_person("grace"))


def test_before_the_first_one_there_is_none():
    draft()
    assert floor.in_force() is None


def test_the_newest_published_one_is_in_force():
    published()
    second = published("Nobody is ever put at risk.")
    draft("Not yet.")
    assert floor.in_force() == second


def test_a_draft_is_saved_over_itself():
    first = draft()
    assert draft("Shorter.", first.revision).number == first.number
    assert floor.FloorVersion.objects.get().text == "Shorter."


def test_an_admin_who_saw_an_older_draft_is_told():
    first = draft()
    draft("Mine.", first.revision)
    with pytest.raises(FloorProblem, match="Somebody else changed"):
        draft("Also mine.", first.revision)


def test_an_admin_who_begins_a_second_draft_is_told():
    draft()
    with pytest.raises(FloorProblem, match="Somebody else began"):
        draft("Another.")


def test_what_changed_since_it_was_read_is_not_published():
    seen = draft()
    draft("Changed meanwhile.", seen.revision)
    with pytest.raises(FloorProblem, match="Somebody else changed"):
        floor.publish(draft=seen, actor=make_person("grace"))


def test_an_empty_floor_is_not_published():
    with pytest.raises(FloorProblem, match="empty"):
        published("  ")


def test_the_same_words_are_not_published_twice():
    published()
    with pytest.raises(FloorProblem, match="word for word"):
        published()


def test_a_floor_that_is_too_long_is_refused():
    with pytest.raises(FloorProblem, match="20,001"):
        draft("x" * 20_001)


def test_publishing_is_written_down():
    published()
    second = published("Nobody is ever put at risk.")
    event = AuditEvent.objects.get(action="publish", object_id=second.pk)
    assert (event.before["floor"], event.after["floor"]) == (1, 2)
