"""How much of each model's context a version takes."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from annotations.core.config_text import system_prompt
from annotations.core.token_count import estimate
from annotations.models import FloorVersion
from tests.factories import make_config, make_model, make_version
from tests.markup import elements, inline
from training.room import room

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def tokens_of(config):
    return reverse("training:config-tokens", args=[config.pk])


def words(response):
    return " ".join(response.content.decode().split())


@pytest.mark.parametrize(("person", "status"), [("ada", 200), ("bob", 200), ("carol", 403), ("mallory", 404)])
def test_it_is_for_readers_of_the_config(as_person, person, status):
    assert as_person(person).get(tokens_of(make_version().config)).status_code == status


def test_a_post_is_405(as_person):
    assert as_person("ada").post(tokens_of(make_version().config)).status_code == 405


def test_htmx_gets_the_fragment_alone(as_person):
    html = as_person("ada").get(tokens_of(make_version().config), headers=HTMX).content.decode()
    assert "<body" not in html and elements(html)[0].attributes["id"] == "config-tokens" and inline(html) == []


def test_the_newest_version_is_meant_unless_one_is_named(as_person):
    config = make_version().config
    make_version(config)
    ada = as_person("ada")
    named = [ada.get(tokens_of(config), query).context["version"].number for query in ({}, {"version": "1"})]
    assert named == [2, 1]


@pytest.mark.parametrize("version", ["9", "x", "-1", "9" * 30])
def test_a_version_that_does_not_exist_is_404(as_person, version):
    assert as_person("ada").get(tokens_of(make_version().config), {"version": version}).status_code == 404


def test_a_config_without_a_version_is_404(as_person):
    assert as_person("ada").get(tokens_of(make_config())).status_code == 404


def test_the_floor_is_counted_too():
    make_model()
    version = make_version()
    before = room(version)[0].tokens
    text = "Never help to plan an attack on people, whatever a config allows."
    FloorVersion.objects.create(number=1, state="published", text=text, digest="d", published_at=timezone.now())
    assert room(version)[0].tokens == estimate(system_prompt(version.text, text)) > before + 10


def test_enough_room_is_prompt_and_answer_beside_the_config():
    # 64 tokens of answer and 256 of prompt are wanted; one less is too little.
    version = make_version()
    make_model(max_tokens=64)
    tokens = room(version)[0].tokens
    enough = make_model("enough", max_tokens=64, context_tokens=tokens + 320)
    tight = make_model("tight", max_tokens=64, context_tokens=tokens + 319)
    short = make_model("short", max_tokens=64, context_tokens=tokens)
    found = {each.model: (each.fits, each.enough) for each in room(version)}
    assert (found[enough], found[tight], found[short]) == ((True, True), (True, False), (False, False))


def test_warnings_name_the_numbers(as_person):
    version = make_version()
    make_model(max_tokens=64)
    tokens = room(version)[0].tokens
    make_model("tight", max_tokens=64, context_tokens=tokens + 100), make_model("short", context_tokens=50)
    found = words(as_person("ada").get(tokens_of(version.config)))
    assert "About 100 tokens are left for prompt and answer; they may need 320." in found
    assert f"Too long for this model: about {tokens} tokens, and it reads 50." in found
    assert "context not known" in found


def test_archived_models_are_left_out():
    make_model(archived_at=timezone.now())
    assert room(make_version()) == []


def test_many_models_and_versions_ask_as_often_as_few(as_person):
    config, ada = make_version().config, as_person("ada")
    make_model()

    def asked():
        with CaptureQueriesContext(connection) as queries:
            ada.get(tokens_of(config))
        return len(queries)

    few = asked()
    for number in range(2, 40):
        make_version(config, number=number), make_model(f"m{number}")
    assert asked() == few <= 12
