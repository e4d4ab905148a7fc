"""Who asks, and the organisations they know."""

import pytest
from django.test import Client

from annotations.models import Membership, Organisation
from tests.asked import asked
from tests.factories import make_organisation, make_person
from tests.programs import Program

pytestmark = pytest.mark.django_db


def test_a_token_is_told_whom_it_stands_for_where_and_with_what():
    home, far = make_organisation(), make_organisation("aloft")
    ada = make_person("ada")
    Membership.objects.create(user=ada, organisation=home, role="lead")
    Membership.objects.create(user=ada, organisation=far, role="annotator")
    told = Program("ada", "runs:read").get("me/").json()
    assert told == {
        "id": ada.pk,
        "username": "ada",
        "name": str(ada),
        "organisations": [
            {"id": one.pk, "slug": one.slug, "name": one.name, "roles": roles}
            for one, roles in sorted(((home, ["expert", "lead"]), (far, ["annotator"])), key=lambda pair: pair[0].name)
        ],
        "scopes": ["runs:read"],
    }


def test_a_browser_that_is_logged_in_has_no_scopes():
    client = Client()
    client.force_login(make_person("carol"))
    told = client.get("/api/v1/me/").json()
    assert (told["username"], told["scopes"], told["organisations"][0]["roles"]) == ("carol", None, ["annotator"])


@pytest.mark.parametrize("address", ["me/", "organisations/"])
def test_any_token_opens_them_and_nobody_without(address):
    assert Program("carol", "ratings:read").get(address).status_code == 200
    assert Client().get(f"/api/v1/{address}").status_code == 401
    assert Client(headers={"Authorization": "Bearer pat-wrong"}).get(f"/api/v1/{address}").status_code == 401


def test_everybody_finds_the_own_organisations_and_the_provider_all():
    home = make_organisation()
    make_organisation("elsewhere")
    ids = {
        who: [one["id"] for one in Program(who).get("organisations/").json()["results"]]
        for who in ("ada", "carol", "lea", "bob", "grace")
    }
    every = [one.pk for one in Organisation.objects.order_by("name", "pk")]
    assert len(every) >= 2
    assert ids == {"ada": [home.pk], "carol": [home.pk], "lea": [home.pk], "bob": every, "grace": every}


def test_an_organisation_one_rates_for_opens_nothing_else_of_it():
    config = {"organisation": make_organisation().pk, "title": "Sieges", "policy": "Be kind.", "allowed": []}
    carol = Program("carol")
    assert carol.send("configs/", config).status_code == 403
    assert carol.get("configs/").status_code == 403


def test_the_list_and_oneself_ask_as_much_for_thirty_organisations_as_for_three(django_assert_num_queries):
    bob, counts = Program("bob"), []
    for number in (3, 27):
        for n in range(number):
            Membership.objects.create(
                user=bob.token.user, organisation=make_organisation(f"lodge-{number}-{n}"), role="expert"
            )
        counts.append(asked(bob, "organisations/"))
    assert counts[0][1] == counts[1][1] and counts[1][0] - counts[0][0] == 27
    with django_assert_num_queries(2):  # the token with its person, the memberships with their organisations
        assert len(bob.get("me/").json()["organisations"]) >= 30
