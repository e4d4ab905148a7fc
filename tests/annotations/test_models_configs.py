"""What the database refuses about configs: above all, that a submitted version changes."""

import pytest
from django.db.models import ProtectedError
from django.utils import timezone

from annotations.models import ConfigVersion, RiskCategory, SafetyConfig
from annotations.models.configs import VERSION_STATES
from annotations.services.guards import SUBMITTED_NEVER_CHANGES
from tests.factories import make_config, make_organisation, make_prompt, make_version
from tests.refusals import refused, refused_with

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
SUBMITTED = VERSION_STATES[1:]
CHANGES = {
    "policy": "Now everything goes.",
    "rules": [],
    "allowed": ["violence", "drugs"],
    "digest": "0" * 64,
    "number": 7,
    "state": "draft",
}


def test_other_can_never_be_allowed():
    with refused("riskcategory_other_never_allowed"):
        RiskCategory.objects.filter(slug="other").update(can_be_allowed=True)


def test_every_other_category_may_be_allowed():
    assert RiskCategory.objects.exclude(slug="other").update(can_be_allowed=True) == 7


def test_two_configs_of_one_organisation_with_one_slug_are_refused():
    config = make_config("game")
    with refused("safetyconfig_slug_in_organisation"):
        SafetyConfig.objects.create(organisation=config.organisation, slug="game", title="Another game")


def test_two_organisations_may_use_one_slug():
    one, other = make_config("game"), make_config("game", make_organisation("elsewhere"))
    assert one.pk != other.pk


def test_two_versions_of_a_config_with_one_number_are_refused():
    version = make_version()
    with refused("configversion_number_once"):
        make_version(version.config, number=version.number)


def test_a_version_number_zero_is_refused():
    with refused("configversion_number_from_one"):
        make_version(number=0)


def test_a_second_draft_of_a_config_is_refused():
    draft = make_version(state="draft")
    with refused("configversion_one_draft_per_config"):
        make_version(draft.config, state="draft")


def test_a_second_version_that_waits_for_a_review_is_refused():
    waiting = make_version(state="submitted")
    with refused("configversion_one_review_per_config"):
        make_version(waiting.config, state="submitted")


@pytest.mark.parametrize("field", [name for name in CHANGES if name != "state"])
def test_a_draft_that_was_tested_never_changes(field):
    version = make_version(state="draft", frozen_at=timezone.now())
    with refused_with(SUBMITTED_NEVER_CHANGES):
        ConfigVersion.objects.filter(pk=version.pk).update(**{field: CHANGES[field]})


def test_a_draft_that_was_tested_stays_tested():
    version = make_version(state="draft", frozen_at=timezone.now())
    with refused_with(SUBMITTED_NEVER_CHANGES):
        ConfigVersion.objects.filter(pk=version.pk).update(frozen_at=None)


def test_a_draft_that_was_tested_can_be_submitted():
    version = make_version(state="draft", frozen_at=timezone.now())
    moved = ConfigVersion.objects.filter(pk=version.pk).update(state="submitted", submitted_at=timezone.now())
    assert moved == 1


def test_two_configs_may_each_have_a_draft():
    make_version(make_config("game"), state="draft")
    make_version(make_config("film"), state="draft")
    assert ConfigVersion.objects.filter(state="draft").count() == 2


def test_a_version_state_that_nobody_knows_is_refused():
    with refused("configversion_state_known"):
        make_version(state="live")


def test_a_submitted_version_without_a_time_is_refused():
    version = make_version(state="draft")
    with refused("configversion_submitted_has_time"):
        ConfigVersion.objects.filter(pk=version.pk).update(state="submitted")


def test_a_draft_with_a_time_of_submission_is_refused():
    version = make_version(state="draft")
    with refused("configversion_submitted_has_time"):
        ConfigVersion.objects.filter(pk=version.pk).update(submitted_at=timezone.now())


@pytest.mark.parametrize("state", SUBMITTED)
@pytest.mark.parametrize("field", CHANGES)
def test_a_submitted_version_never_changes(field, state):
    version = make_version(state=state)
    with refused_with(SUBMITTED_NEVER_CHANGES):
        ConfigVersion.objects.filter(pk=version.pk).update(**{field: CHANGES[field]})


def test_a_submitted_version_never_moves_to_another_config():
    version = make_version()
    with refused_with(SUBMITTED_NEVER_CHANGES):
        ConfigVersion.objects.filter(pk=version.pk).update(config=make_config("film"))


def test_saving_a_changed_submitted_version_is_refused_too():
    version = make_version()
    version.policy = "Now everything goes."
    with refused_with(SUBMITTED_NEVER_CHANGES):
        version.save()


def test_a_submitted_version_can_be_approved():
    version = make_version(state="submitted")
    assert ConfigVersion.objects.filter(pk=version.pk).update(state="approved") == 1


def test_a_draft_may_change_in_everything():
    version = make_version(state="draft")
    drafted = {name: value for name, value in CHANGES.items() if name != "state"}
    assert ConfigVersion.objects.filter(pk=version.pk).update(**drafted) == 1


def test_a_config_with_a_version_cannot_be_deleted():
    version = make_version()
    with pytest.raises(ProtectedError):
        version.config.delete()


def test_a_config_with_a_prompt_cannot_be_deleted():
    prompt = make_prompt()
    with pytest.raises(ProtectedError):
        prompt.config.delete()


def test_the_text_of_a_version_holds_policy_and_numbered_rules():
    text = make_version().text
    assert "We write games for adults." in text and "r1" in text and "No real people." in text
