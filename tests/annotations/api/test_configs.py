"""Configs through the API."""

import pytest

from annotations.core import config_templates
from annotations.models import SafetyConfig
from tests.factories import make_config, make_organisation, make_version
from tests.programs import Program

pytestmark = pytest.mark.django_db


def test_a_list_has_what_the_person_may_read():
    make_version(make_config("game", title="Game"))
    make_version(make_config("elsewhere", organisation=make_organisation("elsewhere"), title="Elsewhere"))
    told = Program().get("configs/").json()
    assert [row["title"] for row in told["results"]] == ["Game"]
    assert told["results"][0]["versions"] == [{"number": 1, "state": "approved"}]


def test_a_config_is_made_with_its_first_draft():
    home = make_organisation().pk
    said = {"organisation": home, "title": "Game", "policy": "Be kind.", "allowed": ["violence"]}
    told = Program().send("configs/", said)
    draft = SafetyConfig.objects.get(pk=told.json()["id"]).versions.get()
    assert (told.status_code, draft.state, draft.policy, draft.allowed) == (201, "draft", "Be kind.", ["violence"])


def test_a_config_can_begin_with_another_one():
    source = make_version(make_config(title="Game", use_case="Play."))
    told = Program().send("configs/", {"organisation": source.config.organisation_id, "source": source.config_id})
    draft = SafetyConfig.objects.get(pk=told.json()["id"]).versions.get()
    assert (draft.policy, draft.config.title, draft.config.use_case) == (source.policy, "Game (copy)", "Play.")


def test_who_does_not_write_in_an_organisation_makes_no_config_there():
    home = make_organisation().pk
    assert Program("mallory").send("configs/", {"organisation": home, "title": "Game"}).status_code == 404
    assert Program("bob").send("configs/", {"organisation": home, "title": "Game"}).status_code == 403


def test_a_config_can_begin_with_a_template_but_not_with_both():
    home, template = make_organisation().pk, config_templates.names()[0]
    told = Program().send("configs/", {"organisation": home, "template": template, "language": "de"})
    draft = SafetyConfig.objects.get(pk=told.json()["id"]).versions.get()
    assert (draft.policy, draft.config.language) == (config_templates.load(template).policy.strip(), "de")
    both = {"organisation": home, "template": template, "source": draft.config_id}
    assert Program().send("configs/", both).json()["errors"].keys() == {"template"}


def test_a_list_asks_as_much_for_thirty_configs_as_for_three(django_assert_max_num_queries):
    program, asked = Program(), []
    program.get("configs/")
    for number in (3, 27):
        for _ in range(number):
            make_version(make_config(f"c{SafetyConfig.objects.count()}"))
        with django_assert_max_num_queries(10) as seen:
            program.get("configs/")
        asked.append(len(seen))
    assert asked == [4, 4]
