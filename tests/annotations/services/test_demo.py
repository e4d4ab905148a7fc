"""The demo world can be loaded again and again."""

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from annotations.access import roles
from annotations.models import (
    Benchmark,
    ConfigVersion,
    Demonstration,
    FloorVersion,
    LanguageModel,
    Membership,
    Organisation,
    Prompt,
    SafetyConfig,
    User,
)
from annotations.services import demo, floor

pytestmark = pytest.mark.django_db
TABLES = (
    Benchmark,
    ConfigVersion,
    Demonstration,
    FloorVersion,
    LanguageModel,
    Membership,
    Organisation,
    Prompt,
    SafetyConfig,
    User,
)


def rows():
    """How many rows each table has, and the newest id in it."""
    return {table.__name__: (table.objects.count(), table.objects.order_by("-pk").first()) for table in TABLES}


def test_five_organisations_have_a_config_of_forty_prompts():
    benchmark = demo.load()
    counts = {config: benchmark.prompts.filter(config=config).count() for config in SafetyConfig.objects.all()}
    assert list(counts.values()) == [40] * 5 and len({config.organisation for config in counts}) == 5


def test_every_kind_comes_ten_times_for_each_config():
    benchmark = demo.load()
    kinds = benchmark.prompts.order_by().values_list("config", "kind")
    assert {pair: list(kinds).count(pair) for pair in kinds} == dict.fromkeys(kinds, 10) and len(set(kinds)) == 20


def test_every_config_has_five_demonstrations_in_the_order_of_the_paper():
    demo.load()
    shown = [list(config.demonstrations.values_list("kind", flat=True)) for config in SafetyConfig.objects.all()]
    assert shown == [["disallowed", "partial", "allowed", "safe", "safe"]] * 5


def test_a_demonstration_that_was_taken_out_stays_out():
    demo.load()
    Demonstration.objects.update(archived_at=timezone.now())
    demo.load()
    assert not Demonstration.objects.filter(archived_at=None).exists()


def test_loading_twice_changes_nothing(settings):
    settings.DEMO = True
    call_command("load_demo", verbosity=0)
    first = rows()
    call_command("load_demo", verbosity=0)
    assert rows() == first


def test_what_somebody_changed_stays_changed():
    demo.load()
    SafetyConfig.objects.filter(slug=SafetyConfig.objects.first().slug).update(title="Renamed")
    demo.load()
    assert SafetyConfig.objects.filter(title="Renamed").count() == 1


def test_a_changed_password_stays():
    demo.load()
    ada = User.objects.get(username="ada")
    ada.set_password("another-long-word")
    ada.save()
    demo.load()
    ada.refresh_from_db()
    assert ada.check_password("another-long-word")


def test_everybody_can_log_in_with_the_demos_password():
    demo.load()
    assert {user.username: user.check_password(demo.PASSWORD) for user in User.objects.all()} == {
        person.username: True for person in demo.PEOPLE
    }


def test_everybody_has_the_roles_the_demo_tells():
    demo.load()
    held = {
        person.username: set(Membership.objects.filter(user__username=person.username).values_list("role", flat=True))
        for person in demo.PEOPLE
    }
    assert held == {
        "ada": {"expert", "lead"},
        "lea": {"lead"},
        "omar": {"expert"},
        "bob": {"reviewer"},
        "carol": {"annotator"},
        "dan": {"annotator"},
        "grace": {"admin"},
        "mallory": {"expert"},
    }


def test_mallory_shares_no_organisation_with_anybody():
    demo.load()
    others = Organisation.objects.filter(memberships__user__username="mallory", memberships__user__isnull=False)
    assert (
        Membership.objects.filter(organisation__in=others).values_list("user__username", flat=True).get() == "mallory"
    )


def test_every_config_is_approved_and_its_digest_is_right():
    demo.load()
    for version in ConfigVersion.objects.all():
        assert version.digest == demo.version_digest(version.policy, version.rules, version.allowed)
    assert set(ConfigVersion.objects.filter(number=1).values_list("state", flat=True)) == {"approved"}


def test_one_second_version_waits_for_its_review():
    demo.load()
    proposal = ConfigVersion.objects.get(number=2)
    assert (proposal.state, proposal.base.number, len(proposal.rules)) == ("submitted", 1, 11)
    assert [user.username for user in proposal.authors.all()] == ["ada"]


def test_a_floor_is_in_force():
    demo.load()
    assert floor.in_force().published_by.username == "grace"


def test_only_grace_may_open_the_admin_pages(settings):
    settings.DEMO = True
    call_command("load_demo", verbosity=0)
    assert [user.username for user in User.objects.all() if "admin" in roles(user)] == ["grace"]


def test_outside_of_the_demo_nobody_gets_a_published_password(settings):
    settings.DEMO = False
    with pytest.raises(CommandError, match="Set COSA_DEMO=1"):
        call_command("load_demo", verbosity=0)
    assert not User.objects.exists()


def test_an_approved_version_of_the_demo_says_who_approved_it():
    demo.load()
    approved = ConfigVersion.objects.filter(state="approved")
    assert {version.reviews.get().reviewer.username for version in approved} == {"bob"} and approved.count() == 5
