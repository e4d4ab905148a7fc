"""What the database refuses about the provider's floor."""

import pytest
from django.utils import timezone

from annotations.models import FloorVersion
from annotations.services.guards import FLOOR_NEVER_CHANGES
from tests.refusals import refused, refused_with

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def make_floor(number=1, **fields):
    return FloorVersion.objects.create(number=number, text="No child is ever put at risk.", digest="0" * 64, **fields)


def test_a_state_that_nobody_knows_is_refused():
    with refused("floorversion_state_known"):
        make_floor(state="live")


def test_a_second_draft_is_refused():
    make_floor()
    with refused("floorversion_one_draft"):
        make_floor(2)


def test_a_published_floor_without_a_time_is_refused():
    with refused("floorversion_published_has_time"):
        make_floor(state="published")


@pytest.mark.parametrize(
    "change", [{"text": "Everything goes."}, {"number": 5}, {"state": "draft", "published_at": None}]
)
def test_a_published_floor_never_changes(change):
    floor = make_floor(state="published", published_at=timezone.now())
    with refused_with(FLOOR_NEVER_CHANGES):
        FloorVersion.objects.filter(pk=floor.pk).update(**change)
