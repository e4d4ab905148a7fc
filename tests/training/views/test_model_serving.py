"""The form and the page of models whose servers are started here: weights, node, cards, adapter."""

from typing import Any

import pytest
from django.urls import reverse

from annotations.models import LanguageModel
from tests.factories import make_candidate, make_checkpoint, make_model, make_node, make_run
from tests.markup import elements
from training.models import Gpu

pytestmark = pytest.mark.django_db
NEW = reverse("training:model-new")
SERVED = {"engine": "vllm", "base_url": "", "weights": "/models/a", "node": "forge", "serving": {"gpus": 2}}


@pytest.fixture(autouse=True)
def _node() -> None:
    make_node("forge", gpus=2)


def at(name: str, model: LanguageModel) -> str:
    return reverse(f"training:model-{name}", args=[model.pk])


def posted(**fields: str) -> dict[str, str]:
    values = {"name": "Ours", "slug": "ours", "engine": "vllm", "base_url": "", "model": "ours-1", "node": "forge"}
    values |= {"max_concurrency": "4", "timeout": "10", "patience": "20", "max_tokens": "64", "weights": "/models/a"}
    return values | fields


def wrong(html: str) -> set[str]:
    """The fields an error stands beside."""
    ids = {one.attributes.get("id") or "" for one in elements(html)}
    return {one.removeprefix("id_").removesuffix("_error") for one in ids if one.endswith("_error")}


def test_an_admin_registers_weights_to_be_served_on_a_node(as_person: Any) -> None:
    response = as_person("grace").post(NEW, posted(gpus="2", memory="0.8", base="someone/base", context_tokens="4096"))
    model = LanguageModel.objects.get()
    assert response.status_code == 302
    assert (model.weights, model.node, model.context_tokens) == ("/models/a", "forge", 4096)
    assert model.serving == {"gpus": 2, "memory": 0.8, "base": "someone/base"}


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"weights": ""}, {"weights"}),
        ({"weights": "models/../a"}, {"weights"}),
        ({"weights": "--trust-remote-code"}, {"weights"}),
        ({"engine": "transformers", "weights": "", "node": ""}, {"weights"}),
        ({"engine": "embedded", "weights": "/models/a"}, {"weights"}),
        ({"engine": "transformers", "base": "someone/base"}, {"base"}),
        ({"base": "not a path"}, {"base"}),
        ({"node": ""}, {"node"}),  # vLLM takes a card unless told otherwise
        ({"node": "anvil"}, {"node"}),
        ({"gpus": "65"}, {"gpus"}),
        ({"memory": "1.5"}, {"memory"}),
        ({"model": "--port"}, {"model"}),
        ({"model": "two words"}, {"model"}),
    ],
)
def test_what_no_server_can_be_started_with_is_told_beside_its_field(
    as_person: Any, fields: dict[str, str], told: set[str]
) -> None:
    response = as_person("grace").post(NEW, posted(**fields))
    assert (response.status_code, LanguageModel.objects.count()) == (422, 0)
    assert wrong(response.content.decode()) == told


@pytest.mark.parametrize(
    "fields",
    [
        {"gpus": "0", "node": ""},
        {"weights": "", "node": "", "base_url": "http://gpu.example:8000/v1"},
        {"engine": "embedded", "weights": "", "node": ""},
        {"engine": "embedded", "weights": "/models/a.gguf", "node": ""},
        {"engine": "transformers", "weights": "HuggingFaceTB/SmolLM2-135M-Instruct", "node": ""},
        {"engine": "openai_http", "base_url": "http://gpu.example:8000/v1", "weights": "/models/a"},
    ],
)
def test_what_can_be_reached_or_started_is_taken(as_person: Any, fields: dict[str, str]) -> None:
    assert as_person("grace").post(NEW, posted(**fields)).status_code == 302


def test_two_models_of_other_weights_never_share_a_name_for_their_answers_would_be_one(as_person: Any) -> None:
    make_model("first", model="ours-1", **SERVED)
    response = as_person("grace").post(NEW, posted(weights="/models/b"))
    assert response.status_code == 422 and wrong(response.content.decode()) == {"model"}
    assert as_person("grace").post(NEW, posted()).status_code == 302  # the same weights are the same model


def test_a_change_keeps_what_the_form_does_not_ask_for(as_person: Any) -> None:
    model = make_model("ours", **SERVED | {"serving": {"gpus": 2, "eager": True, "memory": 0.5}})
    as_person("grace").post(at("edit", model), posted(gpus="1", memory=""))
    model.refresh_from_db()
    assert model.serving == {"gpus": 1, "eager": True}


def test_the_form_begins_with_what_is_there(as_person: Any) -> None:
    model = make_model("ours", **SERVED | {"node": "gone"})
    html = as_person("grace").get(at("edit", model)).content.decode()
    values = {one.attributes.get("name"): one.attributes.get("value") for one in elements(html, "input")}
    nodes = [one.attributes.get("value") for one in elements(html, "option")]
    assert (values["gpus"], values["weights"]) == ("2", "/models/a") and {"gone", "forge"} <= set(nodes)
    part = next(one for one in elements(html) if "data-engines" in one.attributes)
    assert part.attributes["data-engines"] == "embedded transformers vllm"


@pytest.mark.parametrize("used", ["a run", "a checkpoint"])
def test_weights_that_gave_answers_and_those_of_a_checkpoint_stay(as_person: Any, used: str) -> None:
    model = make_model("ours", model="ours-1", **SERVED)
    if used == "a run":
        make_run(1, candidate=make_candidate(model))
    else:
        make_checkpoint(model=model)
    as_person("grace").post(at("edit", model), posted(weights="/models/other", base="someone/base", gpus="1"))
    model.refresh_from_db()
    assert (model.weights, model.serving) == ("/models/a", {"gpus": 1})


def test_the_page_says_where_the_weights_lie_and_which_cards_they_hold(as_person: Any) -> None:
    model = make_model("ours", **SERVED | {"weights": "/models/<b>a"})
    Gpu.objects.filter(number=1).update(model=model, worker="forge:7", held_at=model.created_at)
    html = as_person("ada").get(at("detail", model)).content.decode()
    assert "/models/&lt;b&gt;a" in html and "<b>a" not in html
    assert "a worker of forge starts its server" in html and "held now: GPU 1 of forge" in html


def test_the_harness_is_not_offered_a_server_that_comes_and_goes(as_person: Any) -> None:
    html = as_person("grace").get(at("detail", make_model("ours", **SERVED))).content.decode()
    assert "Serve its weights by hand" in html


def test_a_test_call_from_another_machine_says_who_can_ask(as_person: Any, settings: Any) -> None:
    settings.NODE = "web"
    model = make_model("ours", **SERVED)
    html = as_person("ada").post(at("test", model), headers={"HX-Request": "true"}).content.decode()
    assert "lie on forge: only a worker of that node can ask it" in html
