"""What the database refuses about people."""

import pytest

from annotations.models import Membership, Organisation, User
from annotations.models.people import ROLES
from tests.factories import make_organisation, make_person
from tests.refusals import refused

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def test_a_role_that_nobody_knows_is_refused():
    with refused("membership_role_known"):
        Membership.objects.create(user=make_person(), organisation=make_organisation(), role="owner")


@pytest.mark.parametrize("role", ROLES)
def test_every_role_of_the_product_can_be_held(role):
    assert make_person("nina", role=role).memberships.get().role == role


def test_the_same_role_twice_is_refused():
    membership = make_person("ada").memberships.get()
    with refused("membership_once"):
        Membership.objects.create(user=membership.user, organisation=membership.organisation, role=membership.role)


def test_a_person_may_hold_two_roles_in_one_organisation():
    ada = make_person("ada")
    Membership.objects.create(user=ada, organisation=make_organisation(), role="lead")
    assert sorted(ada.memberships.values_list("role", flat=True)) == ["expert", "lead"]


def test_two_organisations_with_one_slug_are_refused():
    make_organisation("lantern")
    with refused("annotations_organisation.slug"):
        Organisation.objects.create(slug="lantern", name="Another lantern")


def test_two_people_with_one_user_name_are_refused():
    make_person("ada")
    with refused("annotations_user.username"):
        User.objects.create(username="ada")


def test_a_person_is_shown_by_the_full_name_or_else_the_user_name():
    named, nameless = User(username="ada", first_name="Ada", last_name="Lindqvist"), User(username="grace")
    assert (str(named), str(nameless)) == ("Ada Lindqvist", "grace")


@pytest.mark.parametrize("number", [0, 3])
def test_an_organisation_asks_for_one_or_two_approvals(number):
    with refused("organisation_one_or_two_approvals"):
        make_organisation(approvals_needed=number)
