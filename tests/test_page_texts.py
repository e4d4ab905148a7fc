"""Every page with texts that mean to be more than text, and with texts that run from right to left."""

from collections.abc import Iterator
from typing import NamedTuple

import pytest
from django.test import Client

from annotations.models import Benchmark, LanguageModel, Organisation
from tests import campaign_place
from tests.addresses import Place, make_place
from tests.databases import kept_for_a_file
from tests.factories import make_config, make_judge, make_model, make_person, make_prompt, make_run, make_version
from tests.markup import inline, text
from tests.outcomes import answer, fail, finish
from tests.test_pages import PAGES, READ
from training.models import EvaluationRun, Judgement

pytestmark = pytest.mark.django_db
HOSTILE = """<script>alert(1)</script><img src=x onerror=alert(2)>" onfocus="alert(3)" ' {response} $response {{ x }}"""
ARABIC = "اكتب مشهداً"
OWN = [row.name for row in READ if row.answers["grace"] == "200" and row.name in PAGES and "living" not in row.name]


class World(NamedTuple):
    """Rows whose every text is the same, and somebody who may open every page."""

    place: Place
    client: Client

    def html(self, name: str, **options: object) -> str:
        response = self.client.get(self.place.url(name), **options)
        assert response.status_code == 200
        return response.content.decode()


def written(words: str, names: str) -> EvaluationRun:
    """A finished run: every text a person or a model wrote is `words`, every name of a thing `names`."""
    rule = {"id": "r1", "kind": "disallow", "text": words, "example": words}
    config = make_config(title=words, use_case=words, audience=words, language="ar")
    make_version(config, policy=words, rules=[rule])
    for asked in (words, "How does a siege feel for the people inside?"):
        make_prompt(asked, config=config, why=words, source=words[:300])
    run = make_run(0, judges=[make_judge("helpfulness", make_model("judge", name=names))])
    first, second = run.items.all()
    answer(first, text=words, finish=names[:50])
    fail(second, error=names, kind="passing")
    Judgement.objects.update(reasons=words, raw=words)
    EvaluationRun.objects.update(reason=names)
    Benchmark.objects.update(title=words, about=words, licence=names[:90])
    LanguageModel.objects.update(name=names, note=names)
    Organisation.objects.update(name=names, about=names)
    return finish(run)


def world_of(words: str, names: str = "") -> World:
    run, client = written(words, names or words), Client()
    client.force_login(make_person("grace"))
    place = make_place(run).with_campaign().with_recipe()
    campaign_place.say(words, names or words)
    return World(place, client)


@pytest.fixture(scope="module")
def hostile(django_db_setup: None, django_db_blocker: object) -> Iterator[World]:
    """One world of hostile texts for all of these tests."""
    with kept_for_a_file(django_db_blocker):
        yield world_of(HOSTILE)


@pytest.mark.parametrize("name", OWN)
def test_a_hostile_text_stays_text(hostile, name):
    html = hostile.html(name)
    assert inline(html) == [] and "<img src=x" not in html


@pytest.mark.parametrize("name", ["training:run-detail", "training:item-list", "annotations:benchmark-detail"])
def test_a_hostile_text_stays_text_in_the_fragment_too(hostile, name):
    html = hostile.html(name, headers={"HX-Request": "true"})
    assert inline(html) == [] and "<img src=x" not in html


@pytest.mark.parametrize("css", ["policy", "prompt", "response", "raw"])
def test_the_reader_shows_a_hostile_text_letter_by_letter(hostile, css):
    assert text(hostile.html("training:item-detail"), css) == HOSTILE
