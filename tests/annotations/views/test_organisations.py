"""The admins' pages of organisations: the list, and the form of one with its people."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotations.models import AuditEvent, Organisation, User
from tests.factories import make_config, make_organisation, make_person
from tests.markup import elements, inline, text

pytestmark = pytest.mark.django_db
LIST, NEW = reverse("annotations:organisation-list"), reverse("annotations:organisation-new")


def edit(organisation):
    return reverse("annotations:organisation-edit", args=[organisation.pk])


def posted(**fields):
    return {"name": "Harbour", "slug": "harbour", "about": "A port.", "approvals_needed": "2"} | fields


def test_the_list_counts_people_who_can_log_in_and_configs(as_person):
    ada = make_person("ada")
    make_config("game")
    ada.memberships.create(organisation=make_organisation(), role="lead")
    User.objects.filter(pk=make_person("carol").pk).update(is_active=False)
    html = as_person("grace").get(LIST).content.decode()
    # Ada, once for both her roles, and Grace; Carol is deactivated. One config, one approval.
    numbers = [one.text for one in elements(html, "td", "number")]
    assert numbers == ["2", "1", "1"]


def test_the_list_asks_as_often_for_many_as_for_one(as_person):
    grace, counts = as_person("grace"), []
    for number in (1, 6):
        for each in range(number):
            make_config(f"c{number}{each}", make_organisation(f"o{number}{each}"))
        with CaptureQueriesContext(connection) as asked:
            grace.get(LIST)
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 10


def test_a_new_organisation_is_saved_and_written_down(as_person):
    response = as_person("grace").post(NEW, posted())
    harbour = Organisation.objects.get(slug="harbour")
    assert (response.status_code, response.url, harbour.approvals_needed) == (302, edit(harbour), 2)
    assert AuditEvent.objects.first().after == posted(approvals_needed=2)


@pytest.mark.parametrize(
    ("field", "value"), [("name", ""), ("slug", "two words"), ("slug", "lantern"), ("approvals_needed", "3")]
)
def test_a_wrong_organisation_is_422_and_keeps_what_was_typed(as_person, field, value):
    make_organisation()
    response = as_person("grace").post(NEW, posted(**{field: value}))
    assert response.status_code == 422 and "A port." in response.content.decode()
    assert not Organisation.objects.filter(about="A port.").exists()


def test_the_short_name_stays(as_person):
    lantern = make_organisation()
    as_person("grace").post(edit(lantern), posted())
    lantern.refresh_from_db()
    assert (lantern.slug, lantern.name, lantern.approvals_needed) == ("lantern", "Harbour", 2)


def test_a_change_is_written_down_before_and_after(as_person):
    lantern = make_organisation(about="Games.")
    as_person("grace").post(edit(lantern), posted(name="Lantern", about="Films.", approvals_needed="1"))
    event = AuditEvent.objects.first()
    assert (event.before, event.after) == ({"about": "Games."}, {"about": "Films."})


def test_a_wrong_change_keeps_the_heading(as_person):
    response = as_person("grace").post(edit(make_organisation()), posted(name=""))
    assert response.status_code == 422 and elements(response.content.decode(), "h1")[0].text == "Lantern"


def test_its_people_stand_beside_it_once_each(as_person):
    ada = make_person("ada")
    ada.memberships.create(organisation=make_organisation(), role="lead")
    html = as_person("grace").get(edit(make_organisation())).content.decode()
    rows = [" ".join(one.text.split()) for one in elements(html, "li") if "rows" in one.parents[-1].classes]
    assert rows == ["Adaexpert, lead", "Graceadmin"]


def test_one_that_is_not_there_is_404(as_person):
    assert as_person("grace").get(reverse("annotations:organisation-edit", args=[999])).status_code == 404


@pytest.mark.parametrize("person", ["ada", "bob", "carol", "lea"])
def test_nobody_but_an_admin_gets_in(as_person, person):
    client = as_person(person)
    assert [client.get(url).status_code for url in (LIST, NEW, edit(make_organisation()))] == [403] * 3


def test_the_first_one_is_asked_for(client):
    client.force_login(User.objects.create(username="root", is_superuser=True))
    assert "Add the first one" in text(client.get(LIST).content.decode(), "empty")


def test_hostile_texts_stay_text(as_person):
    evil = make_organisation("evil", name="<img src=x onerror=alert(1)>", about="<script>alert(2)</script>")
    grace = as_person("grace")
    assert [inline(grace.get(url).content.decode()) for url in (LIST, edit(evil))] == [[], []]
