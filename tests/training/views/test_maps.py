"""The pages of maps: make one, follow it, look at it, look into a cluster."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotations.core import meaning
from tests.factories import make_model, make_training_prompts
from tests.maps import laid_out, make_cluster
from tests.markup import elements
from training.models import PromptMap

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
TYPED = {"method": "pca_dbscan", "smallest": "4", "dimensions": "16", "epsilon": "0.25", "neighbours": "9", "seed": "3"}


def at(name, *args, **query):
    return reverse(f"training:{name}", args=args, query=query)


@pytest.fixture
def prompts(monkeypatch):
    monkeypatch.setattr(meaning, "available", lambda: "")
    return make_training_prompts(*(f"prompt {number}" for number in range(12)))


@pytest.fixture
def row(prompts):
    """A map with a cluster of five and one of three."""
    made = laid_out(benchmark=prompts)
    ids = list(prompts.prompts.values_list("pk", flat=True))
    make_cluster(made, 1, ids[:5], name="Sieges")
    make_cluster(made, 2, ids[5:8])
    return made


def test_an_author_makes_a_map(as_person, prompts):
    answer = as_person("ada").post(at("map-new"), TYPED | {"benchmark": prompts.pk})
    made = PromptMap.objects.get()
    assert (answer.status_code, answer.url) == (302, at("map-detail", made.pk))
    assert (made.state, made.total, made.embedder, made.taxonomy) == ("queued", 12, None, None)
    assert made.settings == {
        "method": "pca_dbscan", "dimensions": 16, "smallest": 4, "epsilon": 0.25, "neighbours": 9, "seed": 3
    }  # fmt: skip


def test_a_model_on_a_server_may_read_the_prompts_and_another_engine_is_not_offered(as_person, prompts):
    server = make_model("server", engine="openai_http", base_url="http://127.0.0.1:9/v1", name="The server")
    make_model("small", engine="echo", name="The echo")
    html = as_person("ada").get(at("map-new")).content.decode()
    assert "The server, by its embeddings" in html and "The echo" not in html
    as_person("ada").post(at("map-new"), TYPED | {"benchmark": prompts.pk, "embedder": server.pk})
    assert PromptMap.objects.get().embedder == server


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"smallest": "1"}, "greater than or equal to 2"),
        ({"method": "by_hand"}, "not one of the available choices"),
        ({"benchmark": ""}, "This field is required"),
    ],
)
def test_a_wrong_form_comes_back_with_what_was_typed(as_person, prompts, said, told):
    answer = as_person("ada").post(at("map-new"), TYPED | {"benchmark": prompts.pk} | said)
    typed = {
        one.attributes.get("name"): one.attributes.get("value") for one in elements(answer.content.decode(), "input")
    }
    assert answer.status_code == 422 and told in answer.content.decode() and typed["neighbours"] == "9"
    assert not PromptMap.objects.exists()


def test_what_the_service_refuses_stands_at_its_field(as_person, monkeypatch):
    monkeypatch.setattr(meaning, "available", lambda: "")
    answer = as_person("ada").post(at("map-new"), TYPED | {"benchmark": make_training_prompts("alone").pk})
    assert answer.status_code == 422 and "takes 10 to 5,000 different prompts" in answer.content.decode()


def test_the_form_says_how_the_extra_is_installed(as_person, prompts, settings):
    settings.TAXONOMY_PYTHON = "/nowhere/python"
    html = as_person("ada").get(at("map-new")).content.decode()
    assert "not installed for /nowhere/python" in html and "requirements/taxonomy.txt" in html
    assert 'value="umap_hdbscan"' not in html


def test_without_anything_that_can_read_the_form_says_what_to_do(as_person, prompts, monkeypatch):
    monkeypatch.setattr(meaning, "available", lambda: "not here")
    assert "Nothing here can read prompts for their meaning" in as_person("ada").get(at("map-new")).content.decode()


def test_the_page_of_a_map_follows_it_and_then_shows_law_picture_and_clusters(as_person, row):
    page = at("map-detail", row.pk)
    PromptMap.objects.update(state="running", figures={"step": "Drawing the plane"}, done=3)
    open_one = as_person("ada").get(page, headers=HTMX).content.decode()
    assert "Drawing the plane" in open_one and "every 2s" in open_one and "<body" not in open_one
    PromptMap.objects.update(state="finished", figures=row.figures)
    html = as_person("ada").get(page + "?known=running", headers=HTMX).content.decode()
    assert "hx-trigger" not in html and "The map is finished." in html
    assert "Sieges" in html and at("map-points", row.pk) in html and "on the map" in html


def test_a_map_that_failed_says_why(as_person, row):
    PromptMap.objects.update(state="failed", reason="The model is away.", figures={})
    html = as_person("ada").get(at("map-detail", row.pk)).content.decode()
    assert "The model is away." in html and "map-board" not in html


def test_the_points_come_compact_and_the_text_of_one_by_its_place(as_person, row):
    client = as_person("bob")
    answer = client.get(at("map-points", row.pk))
    told = json.loads(answer.content)
    assert b" " not in answer.content.replace(b"Sieges", b"") and told["c"] == [1] * 5 + [2] * 3 + [-1] * 4
    assert json.loads(client.get(at("map-points", row.pk, at="0")).content) == {"text": "prompt 0", "language": "en"}


@pytest.mark.parametrize("place", ["12", "-1", "x", "99999999999"])
def test_a_point_that_is_none_is_not_found(as_person, row, place):
    assert as_person("ada").get(at("map-points", row.pk, at=place)).status_code == 404


def test_a_map_that_is_not_ready_has_no_points(as_person, row):
    PromptMap.objects.update(state="running")
    assert as_person("ada").get(at("map-points", row.pk)).status_code == 404


def test_a_map_is_cancelled_once(as_person, row):
    PromptMap.objects.update(state="queued")
    answers = [as_person("ada").post(at("map-cancel", row.pk), follow=True) for _ in range(2)]
    row.refresh_from_db()
    assert row.state == "cancelled" and "Somebody was faster" in answers[1].content.decode()


def test_a_cluster_shows_some_of_its_prompts_and_others(as_person, row):
    html = as_person("ada").get(at("cluster-detail", row.pk, 1)).content.decode()
    assert "All of its prompts" in html and "prompt 4" in html and "prompt 5" not in html
    large = make_cluster(row, 3, list(range(1, 22)))
    shown = as_person("ada").get(at("cluster-detail", row.pk, large.number) + "?seed=4").content.decode()
    assert "drawn with seed 4" in shown and "?seed=5" in shown


@pytest.mark.parametrize("who", ["ada", "bob"])
def test_only_who_may_sort_a_cluster_sees_how(as_person, row, who):
    html = as_person(who).get(at("cluster-detail", row.pk, 1)).content.decode()
    assert ("Keep as a category" in html) is (who == "ada")


def test_texts_of_prompts_and_names_are_data(as_person, row):
    row.clusters.update(name="<b>Sieges</b>")
    evil = make_training_prompts("<script>alert(1)</script>").prompts.get(text__startswith="<")
    row.clusters.filter(number=1).update(members=[evil.pk])
    pages = [at("map-detail", row.pk), at("cluster-detail", row.pk, 1), at("map-list")]
    html = "".join(as_person("ada").get(page).content.decode() for page in pages)
    assert "<b>Sieges" not in html and "<script>alert" not in html and "&lt;script&gt;" in html


def test_a_cluster_of_another_map_is_not_found(as_person, row):
    assert as_person("ada").get(at("cluster-detail", row.pk, 9)).status_code == 404


def test_strangers_find_no_map(as_person, row):
    client = as_person("mallory")
    pages = [at("map-detail", row.pk), at("map-points", row.pk), at("cluster-detail", row.pk, 1)]
    assert [client.get(page).status_code for page in pages] == [404] * 3
    assert row.benchmark.title not in client.get(at("map-list")).content.decode().partition("<table")[2]


def test_pages_ask_as_often_for_many_clusters_and_maps_as_for_few(as_person, row):
    pages = [at("map-list"), at("map-detail", row.pk), at("map-points", row.pk), at("cluster-detail", row.pk, 1)]
    client = as_person("ada")

    def asked():
        counts = []
        for page in pages:
            with CaptureQueriesContext(connection) as seen:
                client.get(page)
            counts.append(len(seen))
        return counts

    asked()
    few = asked()
    for number in range(3, 30):
        make_cluster(row, number, [])
        laid_out(benchmark=row.benchmark)
    # Lists longer than a page are counted; shorter ones were counted by being read.
    assert asked() == [few[0] + 1, few[1] + 1, *few[2:]]
