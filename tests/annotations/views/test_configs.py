"""The pages of safety configs."""

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.factories import make_benchmark, make_config, make_organisation, make_prompt, make_version
from tests.markup import elements, text

pytestmark = pytest.mark.django_db
LIST = reverse("annotations:config-list")


def detail(config, number=None):
    name, more = ("version-detail", [number]) if number else ("config-detail", [])
    return reverse(f"annotations:{name}", args=[config.pk, *more])


def test_the_list_shows_each_config_with_its_newest_version(as_person):
    version = make_version(make_config(title="Game studio"))
    make_version(version.config, state="draft", policy="Version two.")
    html = as_person("ada").get(LIST).content.decode()
    assert text(html, "badge") == "◇v2 draft" and "Game studio" in html


def test_the_list_holds_only_configs_of_the_own_organisation(as_person):
    make_config("ours", title="Ours")
    make_config("theirs", make_organisation("elsewhere"), title="Theirs")
    html = as_person("ada").get(LIST).content.decode()
    assert "Ours" in html and "Theirs" not in html


def test_a_reviewer_sees_the_configs_of_every_organisation(as_person):
    make_config("ours", title="Ours")
    make_config("theirs", make_organisation("elsewhere"), title="Theirs")
    html = as_person("bob").get(LIST).content.decode()
    assert "Ours" in html and "Theirs" in html


def test_an_empty_list_says_what_a_config_is(as_person):
    assert "No config belongs to your organisation yet" in as_person("ada").get(LIST).content.decode()


def test_an_archived_config_is_gone_from_list_and_address(as_person):
    config = make_version(make_config(title="Old", archived_at=timezone.now())).config
    ada = as_person("ada")
    assert ">Old<" not in ada.get(LIST).content.decode() and ada.get(detail(config)).status_code == 404


def test_a_config_opens_at_its_newest_version(as_person):
    config = make_version(policy="The first policy.").config
    make_version(config, policy="The second policy.")
    assert text(as_person("ada").get(detail(config)).content.decode(), "policy") == "The second policy."


def test_an_older_version_keeps_its_address(as_person):
    config = make_version(policy="The first policy.").config
    make_version(config, policy="The second policy.")
    assert text(as_person("ada").get(detail(config, 1)).content.decode(), "policy") == "The first policy."


def test_a_version_that_does_not_exist_is_404(as_person):
    assert as_person("ada").get(detail(make_version().config, 9)).status_code == 404


def test_a_config_without_any_version_is_404(as_person):
    assert as_person("ada").get(detail(make_config())).status_code == 404


def test_every_rule_can_be_linked_to(as_person):
    html = as_person("ada").get(detail(make_version().config)).content.decode()
    assert [one.attributes["id"] for one in elements(html, "li") if "id" in one.attributes] == ["rule-r1"]


def test_the_open_categories_are_named_with_their_definition(as_person):
    html = as_person("ada").get(detail(make_version(allowed=["violence"]).config)).content.decode()
    assert "Violence" in html and "Deliberate bodily harm" in html


def test_a_config_leads_to_its_prompts(as_person):
    version, benchmark = make_version(), make_benchmark()
    make_prompt(benchmark=benchmark, config=version.config)
    url = f"{reverse('annotations:benchmark-detail', args=[benchmark.pk])}?config={version.config_id}"
    html = as_person("ada").get(detail(version.config)).content.decode()
    assert [one for one in elements(html, "a") if one.attributes.get("href", "").startswith(url)]
