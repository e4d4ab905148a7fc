"""What stands round every page: the rail, the organisation, and the way home from a refusal."""

import pytest
from django.test import Client

from annotations.models import SafetyConfig
from tests.addresses import make_place
from tests.factories import make_config, make_organisation, make_person, make_version
from tests.markup import elements, inline

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("person", "status"), [("carol", 403), ("mallory", 404)])
def test_a_refusal_is_a_page_with_a_way_home(person, status):
    client = Client()
    client.force_login(make_person(person))
    response = client.get(make_place().url("training:run-detail"))
    homes = [one for one in elements(response.content.decode(), "a") if one.attributes["href"] == "/"]
    assert response.status_code == status and homes and inline(response.content.decode()) == []


def test_the_rail_leads_only_where_the_person_may_go():
    client = Client()
    client.force_login(make_person("carol"))
    rail = elements(client.get("/").content.decode(), "a", "rail-link")
    assert [client.get(one.attributes["href"]).status_code for one in rail] == [200] * len(rail)


def test_the_frame_names_the_organisation():
    make_organisation(name="The Lantern")
    client = Client()
    client.force_login(make_person("ada"))
    assert "The Lantern" in client.get("/").content.decode()


def test_titles_of_two_configs_are_told_apart_in_the_list():
    titles = {"Game of the north", "Film of the south"}
    for number, title in enumerate(sorted(titles)):
        make_version(make_config(f"c{number}", title=title))
    client = Client()
    client.force_login(make_person("ada"))
    links = {one.text for one in elements(client.get("/configs/").content.decode(), "a")}
    assert titles <= links and SafetyConfig.objects.count() == 2
