"""The admins' pages of people: the list, one person, roles, log-in, and the link that is shown once."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotations.models import AuditEvent, Membership, User
from annotations.services import people
from tests.factories import make_organisation, make_person
from tests.markup import elements, inline, text, undirected

pytestmark = pytest.mark.django_db
LIST, NEW = reverse("annotations:person-list"), reverse("annotations:person-new")
HOSTILE = '<img src=x onerror=alert(1)>" onfocus="alert(2)'
PASSWORD = "a-long-lantern"


def at(name, person, *more):
    return reverse(f"annotations:{name}", args=[person.pk, *more])


def posted(**fields):
    values = {"username": "nina", "first_name": "Nina", "last_name": "Alvarez", "email": "", "role": "annotator"}
    return values | {"organisation": make_organisation().pk} | fields


def page(client, url):
    return client.get(url).content.decode()


def link_on(html):
    found = [one.text for one in elements(html, "pre") if one.attributes.get("id") == "password-link"]
    return found[0] if found else None


def said(response):
    """The messages of the page that comes next."""
    return " ".join(one.text for one in elements(response.content.decode(), css="toast"))


def sessions_of(person, number=2):
    clients = [Client() for _ in range(number)]
    for client in clients:
        client.force_login(person)
        assert client.get("/").status_code == 200
    return clients


def where(clients):
    return [client.get("/").url for client in clients]


def test_the_list_shows_everybody_with_roles_by_organisation(as_person):
    ada = make_person("ada")
    Membership.objects.create(user=ada, organisation=make_organisation(), role="lead")
    html = page(as_person("grace"), LIST)
    assert [one.text for one in elements(html, css="chip")] == ["Lantern · expert, lead", "Lantern · admin"]


def test_the_list_says_who_cannot_log_in(as_person):
    grace = as_person("grace")
    people.create(
        names={"username": "nina", "first_name": "Nina", "last_name": "", "email": ""},
        organisation=make_organisation(),
        role="lead",
        actor=make_person("grace"),
    )
    User.objects.create_user(username="gone", password=PASSWORD, is_active=False)
    User.objects.create_user(username="adam", password=PASSWORD)
    badges = {one.parents[-2].text.split()[0]: one.text for one in elements(page(grace, LIST), css="badge")}
    wanted = {"Nina": "◌no password yet", "adam": "✓active", "gone": "⊘deactivated"}
    assert {name: badges[name] for name in wanted} == wanted


@pytest.mark.both_databases
def test_words_that_no_database_holds_find_nobody(as_person):
    assert as_person("grace").get(LIST, {"words": "grace\x00"}).status_code == 200


@pytest.mark.parametrize(("words", "found"), [("lov", {"Ada"}), ("ADA", {"Ada"}), ("ada love", {"Ada"}), ("zz", set())])
def test_the_list_finds_words_in_names_and_addresses(as_person, words, found):
    ada = make_person("ada")
    User.objects.filter(pk=ada.pk).update(email="ada@lovelace.example")
    html = as_person("grace").get(LIST, {"words": words}).content.decode()
    assert {one.text for one in elements(html, "a", "plain")} == found


def test_the_list_asks_as_often_for_many_people_as_for_one(as_person):
    grace = as_person("grace")
    page(grace, LIST)
    counts = []
    for number in (1, 10):
        for each in range(number):
            make_person(f"p{number}-{each}", role="lead", organisation=make_organisation(f"o{number}-{each}"))
        with CaptureQueriesContext(connection) as asked:
            page(grace, LIST)
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 10


def test_a_new_person_is_made_and_the_link_shown_once(as_person):
    grace = as_person("grace")
    response = grace.post(NEW, posted(), follow=True)
    first, again = response.content.decode(), page(grace, response.request["PATH_INFO"])
    assert link_on(first).startswith("http://testserver/password/") and link_on(again) is None
    assert User.objects.get(username="nina").memberships.get().role == "annotator"


def test_the_page_with_the_link_says_until_when_it_works(as_person, settings):
    settings.PASSWORD_RESET_TIMEOUT = 3600
    html = as_person("grace").post(NEW, posted(), follow=True).content.decode()
    assert re.search(r"until \d+ \w+ \d{4}, \d\d:\d\d UTC", text(html, "note"))


def test_the_page_with_the_link_is_not_kept_by_the_browser(as_person):
    assert "no-store" in as_person("grace").post(NEW, posted(), follow=True).headers["Cache-Control"]


def test_the_link_is_stored_nowhere(as_person):
    from django.contrib.sessions.models import Session

    grace = as_person("grace")
    response = grace.post(NEW, posted())
    kept = [session.get_decoded() for session in Session.objects.all()]
    token = link_on(page(grace, response.url)).rstrip("/").rpartition("/")[2]
    assert token not in str(kept) + str(list(AuditEvent.objects.values())) + str(list(User.objects.values()))


def test_no_form_of_an_admin_takes_a_password(as_person):
    grace, nina = as_person("grace"), make_person("nina", role="lead")
    for url in (NEW, at("person-detail", nina), at("person-edit", nina)):
        assert not [one for one in elements(page(grace, url), "input") if "password" in one.attributes.get("name", "")]


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("username", "", "required"),
        ("username", "Ada", "has this user name already"),
        ("username", "a b", "valid username"),
        ("email", "nowhere", "valid email"),
        ("role", "owner", "valid choice"),
        ("organisation", "999", "valid choice"),
    ],
)
def test_a_wrong_new_person_is_422_and_nothing_typed_is_lost(as_person, field, value, why):
    make_person("ada")
    response = as_person("grace").post(NEW, posted(**{field: value}))
    html = response.content.decode()
    assert response.status_code == 422 and why in text(html, "field-error") and 'value="Alvarez"' in html
    assert not User.objects.filter(last_name="Alvarez").exists()


def test_a_user_name_taken_a_moment_ago_is_said_beside_the_field(as_person, monkeypatch):
    make_person("nina", role="lead")
    monkeypatch.setattr(
        "annotations.forms.people.PersonForm.clean_username", lambda form: form.cleaned_data["username"]
    )
    monkeypatch.setattr(User, "validate_unique", lambda *_, **__: None)
    response = as_person("grace").post(NEW, posted())
    assert response.status_code == 422 and people.NAME_TAKEN in text(response.content.decode(), "field-error")


def test_names_are_changed(as_person):
    nina = make_person("nina", role="lead")
    as_person("grace").post(at("person-edit", nina), {"first_name": "Nina", "last_name": "Okoye", "email": ""})
    nina.refresh_from_db()
    assert str(nina) == "Nina Okoye" and AuditEvent.objects.first().after == {"last_name": "Okoye"}


def test_a_wrong_address_keeps_the_names_and_the_heading(as_person):
    nina = make_person("nina", role="lead")
    fields = {"first_name": "New", "last_name": "", "email": "nowhere"}
    response = as_person("grace").post(at("person-edit", nina), fields)
    html = response.content.decode()
    assert response.status_code == 422 and 'value="New"' in html and elements(html, "h1")[0].text == "Change Nina"


def test_a_role_is_added_and_removed(as_person):
    nina, grace = make_person("nina", role="lead"), as_person("grace")
    role = {"role": "reviewer", "organisation": make_organisation().pk}
    assert "Nina is reviewer at Lantern" in said(grace.post(at("role-add", nina), role, follow=True))
    assert "was reviewer at Lantern already" in said(grace.post(at("role-add", nina), role, follow=True))
    held = nina.memberships.get(role="reviewer").pk
    assert "The role is gone." in said(grace.post(at("role-remove", nina, held), follow=True))
    assert "gone already" in said(grace.post(at("role-remove", nina, held), follow=True))


def test_a_role_that_nobody_knows_is_422_on_the_persons_page(as_person):
    nina = make_person("nina", role="lead")
    response = as_person("grace").post(at("role-add", nina), {"role": "owner"})
    assert response.status_code == 422 and "Nina" in response.content.decode()


def test_the_own_admin_role_stays(as_person):
    grace = make_person("grace")
    response = as_person("grace").post(at("role-remove", grace, grace.memberships.get().pk), follow=True)
    assert "last active admin" in said(response) and grace.memberships.exists()


def test_an_admin_without_the_role_loses_the_pages_with_the_next_request(as_person):
    gus = make_person("gus", role="admin")
    client = as_person("gus")
    assert client.get(LIST).status_code == 200
    as_person("grace").post(at("role-remove", gus, gus.memberships.get().pk))
    assert client.get(LIST).status_code == 403


def test_deactivation_ends_every_session_with_its_next_request(as_person):
    nina = make_person("nina", role="lead")
    clients = sessions_of(nina)
    as_person("grace").post(at("person-deactivate", nina))
    assert where(clients) == ["/login/?next=/"] * 2


def test_an_old_session_stays_dead_after_a_reactivation(as_person):
    nina, grace = make_person("nina", role="lead"), as_person("grace")
    clients = sessions_of(nina)
    grace.post(at("person-deactivate", nina))
    html = grace.post(at("person-reactivate", nina), follow=True).content.decode()
    assert where(clients) == ["/login/?next=/"] * 2 and link_on(html)


def test_a_new_link_ends_every_session_and_the_password(as_person):
    nina = make_person("nina", role="lead")
    nina.set_password(PASSWORD)
    nina.save()
    clients = sessions_of(nina)
    html = as_person("grace").post(at("person-link", nina), follow=True).content.decode()
    nina.refresh_from_db()
    assert where(clients) == ["/login/?next=/"] * 2 and link_on(html) and not nina.check_password(PASSWORD)


def test_nobody_deactivates_or_resets_themselves(as_person):
    grace, client = make_person("grace"), as_person("grace")
    make_person("gus", role="admin")
    assert "Ask another admin" in said(client.post(at("person-deactivate", grace), follow=True))
    assert "change your own password" in said(client.post(at("person-link", grace), follow=True))
    assert client.get(LIST).status_code == 200


def test_ones_own_page_offers_neither(as_person):
    html = page(as_person("grace"), at("person-detail", make_person("grace")))
    actions = [one.attributes.get("action", "") for one in elements(html, "form")]
    assert not [one for one in actions if "deactivate" in one or "link" in one]


def test_somebody_active_is_not_reactivated(as_person):
    nina = make_person("nina", role="lead")
    response = as_person("grace").post(at("person-reactivate", nina), follow=True)
    assert "is active already" in said(response) and link_on(response.content.decode()) is None


def test_a_person_who_is_not_there_is_404(as_person):
    grace = as_person("grace")
    urls = [reverse(f"annotations:person-{name}", args=[999]) for name in ("detail", "edit")]
    assert [grace.get(url).status_code for url in urls] == [404, 404]
    assert grace.post(reverse("annotations:person-deactivate", args=[999])).status_code == 404


@pytest.mark.parametrize("person", ["ada", "bob", "carol", "lea"])
def test_nobody_but_an_admin_gets_in(as_person, person):
    client, nina = as_person(person), make_person("nina", role="lead")
    assert [client.get(url).status_code for url in (LIST, NEW, at("person-detail", nina))] == [403] * 3
    assert client.post(at("person-deactivate", nina)).status_code == 403
    assert User.objects.get(pk=nina.pk).is_active


def test_the_rail_leads_an_admin_here(as_person):
    links = {
        one.text.strip(): one.attributes["href"] for one in elements(page(as_person("grace"), LIST), "a", "rail-link")
    }
    assert links["Admin"] == LIST and "Audit" not in links


@pytest.mark.parametrize("url", [LIST, NEW])
def test_hostile_names_stay_text(as_person, url):
    make_person("nina", role="lead")
    User.objects.filter(username="nina").update(first_name=HOSTILE, email=HOSTILE)
    make_organisation("evil", name=HOSTILE)
    html = page(as_person("grace"), url)
    assert inline(html) == [] and "<img src=x" not in html


def test_hostile_and_arabic_names_on_the_persons_page(as_person):
    nina, grace = make_person("nina", role="lead"), as_person("grace")
    User.objects.filter(pk=nina.pk).update(first_name=HOSTILE)
    assert inline(page(grace, at("person-detail", nina))) == []
    User.objects.filter(pk=nina.pk).update(first_name="نينا", email="")
    assert undirected(page(grace, at("person-detail", nina)), "نينا") == []
