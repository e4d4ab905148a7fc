"""The demo's preference set: read like any upload, fit for training from the first minute."""

import pytest

from annotations.models import PreferenceSet
from annotations.services import demo_pairs, preferences
from tests.factories import make_organisation, make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def pairs(settings, tmp_path):
    settings.UPLOADS_DIR, settings.PREFERENCES_DIR = tmp_path / "uploads", tmp_path / "preferences"
    make_person("ada")
    return demo_pairs.load(make_organisation())


def test_it_may_be_trained_on_at_once(pairs):
    assert (pairs.state, pairs.splits) == ("finished", {"train": 28, "dev": 4})
    assert preferences.why_not_train(pairs) == ""
    assert preferences.path(pairs).stat().st_size > 0


def test_what_is_better_under_one_config_is_worse_under_the_other(pairs):
    assert pairs.figures["prompts"] == 16
    assert dict(pairs.figures["modes"]) == {"safe": 16, "superset": 8, "exact_match": 8}


def test_a_second_load_finds_the_first(pairs):
    assert demo_pairs.load(make_organisation()) == pairs
    assert PreferenceSet.objects.count() == 1
