"""Figures of many rows come after the page: it asks for itself with them, and then has them at once."""

import pytest
from django.core.cache import cache
from django.urls import reverse

from annotations.models import Prompt, PromptCheck, Response
from annotations.queries import kept
from annotations.services import campaign_items
from tests.factories import make_person
from tests.markup import elements
from tests.outcomes import finished_run
from tests.rating_desk import make_campaign, rate_item

pytestmark = pytest.mark.django_db
PAGES = {
    "training:campaign-results": "figures",
    "training:campaign-differences": "figures",
    "annotations:campaign-agreement": "figures",
    "annotations:validation": "agreement",
    "training:run-correction": "figures",
}


@pytest.fixture
def ids(monkeypatch):
    """A run of two prompts whose responses Carol rated and whose prompts she labelled; what any row is, is many."""
    run, campaign, carol = finished_run(2), make_campaign(0, overlap=2), make_person("carol")
    campaign_items.add(campaign=campaign, responses=Response.objects.filter(run_items__run=run), actor=carol)
    for item in campaign.items.all():
        rate_item(item, carol, points=5, follows=True)
    PromptCheck.objects.bulk_create(PromptCheck(prompt=one, rater=carol, kind=one.kind) for one in Prompt.objects.all())
    monkeypatch.setattr(kept, "AT_ONCE", 1)
    cache.clear()
    return {"campaign": campaign.pk, "validation": run.benchmark_id, "run": run.pk, "card": run.benchmark_id}


def found(answer, part):
    """The one element of that id."""
    (one,) = [one for one in elements(answer.content.decode()) if one.attributes.get("id") == part]
    return one


def address(ids, name):
    word = name.partition(":")[2].partition("-")[0]
    return reverse(name, args=[ids[word]])


@pytest.mark.parametrize("name", PAGES)
def test_a_page_of_many_rows_is_shown_first_and_asks_for_its_figures(as_person, ids, name):
    lea, part = as_person("lea"), PAGES[name]
    place = found(lea.get(address(ids, name)), part).attributes
    assert (place["hx-get"], place["hx-select"]) == ("?figures=1", f"#{part}")
    whole = lea.get(address(ids, name), {"figures": 1}, headers={"HX-Request": "true"})
    assert "hx-get" not in found(whole, part).attributes
    assert "hx-get" not in found(lea.get(address(ids, name)), part).attributes


def test_a_filter_waits_for_its_list(as_person, ids):
    answer = as_person("lea").get(address(ids, "training:campaign-differences"), headers={"HX-Request": "true"})
    assert elements(answer.content.decode())[0].attributes["id"] == "differences"


def test_the_card_of_a_big_benchmark_is_asked_for_where_it_is_previewed(as_person, ids):
    lea, edit = as_person("lea"), address(ids, "annotations:card-edit")
    assert found(lea.get(edit), "card-preview").attributes["hx-post"] == address(ids, "annotations:card-preview")
    assert "hx-post" not in found(lea.get(edit, {"figures": 1}), "card-preview").attributes
