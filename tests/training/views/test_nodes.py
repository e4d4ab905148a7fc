"""The page of nodes: what each has, who holds its cards, and an admin who forgets one."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tests.factories import make_model, make_node, make_organisation, make_training
from training.models import Node
from training.services.trainer import gpus

pytestmark = pytest.mark.django_db


def page(as_person, who="ada", **headers):
    return as_person(who).get(reverse("training:node-list"), **headers)


def test_without_a_node_the_page_says_how_to_start_one(as_person):
    html = page(as_person).content.decode()
    assert "No machine reports" in html and "-Q short,cpu,llm,gpu-" in html


def test_a_node_shows_what_it_has_and_who_holds_its_cards(as_person):
    node = make_node("forge", gpus=3, problem="It lacks gguf.")
    run = make_training(node=node, gpus=1, title="Pairs <of> the lantern")
    other = make_training(node=node, gpus=1, title="Secret", organisation=make_organisation("elsewhere"))
    gpus.lease(run), gpus.lease(other)
    gpus.lease_for_model(make_model("served", name="The served"), node, 1, "forge:1")
    html = page(as_person).content.decode()
    assert "It lacks gguf." in html and "gpu-forge" in html and "trl&nbsp;1.16.0" in html and "80.0\xa0GB" in html
    assert "Pairs &lt;of&gt; the lantern" in html and "The served" in html
    assert "Secret" not in html and "a training run of another organisation" in html
    assert "Secret" in page(as_person, "grace").content.decode()


def test_the_fragment_is_a_fragment_that_asks_for_itself_again(as_person):
    make_node()
    answer = page(as_person, headers={"HX-Request": "true"})
    html = answer.content.decode()
    assert "<body" not in html and 'hx-trigger="every 10s"' in html


def test_an_admin_forgets_a_node_without_a_worker(as_person):
    node = make_node("anvil", seen_at=timezone.now() - timedelta(hours=1))
    assert "Forget this node" in page(as_person, "grace").content.decode()
    assert "Forget this node" not in page(as_person, "ada").content.decode()
    answer = as_person("grace").post(reverse("training:node-forget", args=[node.pk]), follow=True)
    assert "anvil is forgotten" in answer.content.decode()
    assert Node.objects.filter(archived_at=None).count() == 0


def test_a_node_that_reports_offers_no_such_button_and_refuses_in_words(as_person):
    node = make_node("anvil")
    browser = as_person("grace")
    assert "Forget this node" not in browser.get(reverse("training:node-list")).content.decode()
    answer = browser.post(reverse("training:node-forget", args=[node.pk]), follow=True)
    assert "has a worker that reports" in answer.content.decode()


def test_thirty_nodes_cost_as_many_questions_as_three(as_person):
    browser, counts = as_person("ada"), []
    for many in (3, 30):
        for number in range(many):
            node = make_node(f"node{number}", gpus=2)
            gpus.lease(make_training(node=node, gpus=1))
        with CaptureQueriesContext(
            connection,
        ) as asked:
            browser.get(reverse("training:node-list"))
        counts.append(len(asked))
    assert counts[0] == counts[1]
