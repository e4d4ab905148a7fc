"""Where a config begins: empty, from a template, from another config."""

import pytest
from django.urls import reverse

from annotations.core import config_templates
from annotations.models import ConfigVersion, SafetyConfig
from tests.editing import url
from tests.factories import make_config, make_organisation, make_version
from tests.markup import elements

pytestmark = pytest.mark.django_db
NEW = reverse("annotations:config-new")


@pytest.fixture
def ada(as_person):
    return as_person("ada")


def test_every_template_can_be_chosen(ada):
    html = ada.get(NEW).content.decode()
    values = {one.attributes["value"] for one in elements(html, "input") if one.attributes.get("name") == "start"}
    assert set(config_templates.names()) | {"empty"} == values


def begin(client, **fields):
    home = make_organisation()
    return client.post(NEW, {"organisation": home.pk, "title": "Game", "start": "empty"} | fields)


def test_a_config_begins_empty(ada):
    response = begin(ada)
    draft = ConfigVersion.objects.get()
    assert response.url == url("config-edit", draft.config_id)
    assert (draft.state, draft.policy, draft.rules, draft.config.title) == ("draft", "", [], "Game")


@pytest.mark.parametrize("name", config_templates.names())
def test_a_config_begins_from_a_template(ada, name):
    begin(ada, start=name, title="")
    template, draft = config_templates.load(name), ConfigVersion.objects.get()
    assert (draft.policy, draft.config.title) == (template.policy, template.title)
    assert draft.rule_list == list(template.rules) and set(draft.allowed) == template.allowed


def test_a_config_begins_from_another_one(ada):
    source = make_version(make_config(title="Film", audience="Adults"), policy="Of the film.")
    begin(ada, start="config", source=source.config_id, title="")
    draft = ConfigVersion.objects.latest("pk")
    assert (draft.policy, draft.config.title, draft.config.audience) == ("Of the film.", "Film (copy)", "Adults")


def test_a_config_that_one_may_not_read_is_no_beginning(ada):
    theirs = make_version(make_config("theirs", make_organisation("elsewhere"), title="Secret"))
    response = begin(ada, start="config", source=theirs.config_id)
    assert response.status_code == 422 and "Secret" not in response.content.decode()


def test_an_organisation_in_which_one_does_not_write_is_no_home(ada):
    assert begin(ada, organisation=make_organisation("elsewhere").pk).status_code == 422
    assert SafetyConfig.objects.count() == 0


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"title": ""}, "Give the config a title."),
        ({"title": "a" * 301}, "at most 300 characters"),
        ({"start": "nonsense"}, "not one of the available choices"),
        ({"start": "config"}, "Choose the config to begin with."),
    ],
)
def test_a_wrong_beginning_is_422_and_keeps_what_was_typed(ada, fields, sentence):
    make_version()
    response = begin(ada, **{"title": "Typed"} | fields)
    assert response.status_code == 422 and sentence in response.content.decode()
    assert fields.get("title", "Typed") in response.content.decode()
