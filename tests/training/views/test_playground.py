"""The playground's addresses: what is offered and ticked, what may be asked, stopping, and saving a prompt."""

import http.client
import json
from urllib.parse import urlencode, urlsplit

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from annotations.models import Membership, Prompt
from tests.factories import (
    make_benchmark,
    make_config,
    make_model,
    make_organisation,
    make_person,
    make_prompt,
    make_version,
)
from tests.markup import elements, inline
from tests.stage import until
from tests.training.services.test_playground import Drip, served
from training.services import playground

pytestmark = pytest.mark.django_db
PAGE, ASK, STOP, SAVE = (reverse(f"training:playground{name}") for name in ("", "-ask", "-stop", "-save"))
HTMX = {"HX-Request": "true"}


def page(client, **query):
    response = client.get(PAGE, query)
    assert response.status_code == 200
    return response.content.decode()


def ticked(html, name):
    boxes = [one.attributes for one in elements(html, "input") if one.attributes.get("name") == name]
    return [int(box["value"]) for box in boxes if "checked" in box]


def offered(html, name):
    boxes = [one.attributes for one in elements(html, "input") if one.attributes.get("name") == name]
    return [int(box["value"]) for box in boxes]


def typed(html):
    return next(one.text for one in elements(html, "textarea") if one.attributes["name"] == "prompt")


def asked(client, **fields):
    return client.post(ASK, {"prompt": "What is a keep?"} | fields)


def lines(response):
    return [json.loads(line) for chunk in response.streaming_content for line in chunk.splitlines() if line]


def saved(client, **fields):
    values = {"text": "Who built the keep?", "kind": "safe"} | fields
    return client.post(SAVE, values, headers=HTMX)


def places():
    config = make_version().config
    return {"benchmark": make_benchmark().pk, "config": config.pk}


def test_a_fresh_page_has_one_model_and_the_newest_version_ticked(as_person):
    make_model("echo")
    real = make_model("vllm", plumbing=False)
    make_version()
    newest = make_version(make_config("film"), state="draft")
    html = page(as_person("ada"))
    assert (ticked(html, "models"), ticked(html, "versions")) == ([real.pk], [newest.pk])


def test_config_version_and_prompt_of_the_address_are_chosen(as_person):
    make_model()
    config = make_config()
    old, _ = make_version(config), make_version(config)
    html = page(as_person("bob"), config=config.pk, version=old.number, prompt="Say <b>hi</b>")
    assert ticked(html, "versions") == [old.pk] and typed(html) == "Say <b>hi</b>"


def test_a_prompt_in_digits_is_the_one_of_that_number_when_it_may_be_read(as_person):
    make_model()
    prompt = make_prompt("Where is the moat?")
    assert typed(page(as_person("ada"), prompt=prompt.pk)) == "Where is the moat?"
    assert typed(page(as_person("mallory"), prompt=prompt.pk)) == str(prompt.pk)


def test_what_was_chosen_is_chosen_after_a_reload(as_person):
    models, config = [make_model("a"), make_model("b")], make_config()
    version = make_version(config)
    html = page(as_person("ada"), models=[one.pk for one in models], versions=[version.pk, 0], config=config.pk)
    assert ticked(html, "models") == [one.pk for one in models] and ticked(html, "versions") == [version.pk, 0]


def test_a_config_picked_adds_its_newest_version_and_the_first_of_three_goes(as_person):
    make_model()
    game, film = make_version(), make_version(make_config("film"))
    html = page(as_person("ada"), config=film.config_id, versions=[game.pk], pick=1)
    assert ticked(html, "versions") == [game.pk, film.pk]
    html = page(as_person("ada"), config=film.config_id, versions=[game.pk, 0], pick=1)
    assert ticked(html, "versions") == [film.pk, 0]


def test_an_older_version_is_added_from_the_list(as_person):
    make_model()
    versions = [make_version() for _ in range(9)]
    config = versions[0].config
    html = page(as_person("ada"), config=config.pk, versions=[versions[8].pk], older=2)
    assert ticked(html, "versions") == [versions[8].pk, versions[1].pk]
    assert versions[0].pk not in offered(html, "versions") and "v1 approved" in html


def test_htmx_gets_the_versions_alone(as_person):
    make_model()
    make_version()
    html = as_person("ada").get(PAGE, headers=HTMX).content.decode()
    assert "<body" not in html and elements(html, "fieldset")[0].attributes["id"] == "playground-versions"


def test_a_stranger_finds_neither_config_nor_version(as_person):
    make_model()
    version, mallory = make_version(), as_person("mallory")
    queries = [{"config": version.config_id}, {"versions": [version.pk]}, {"versions": ["x"]}]
    assert [mallory.get(PAGE, query).status_code for query in queries] == [404, 404, 404]
    assert offered(page(mallory), "versions") == [0]


def test_without_any_config_the_prompt_goes_alone(as_person):
    make_model()
    assert ticked(page(as_person("ada")), "versions") == [0]


def test_a_browser_without_scripts_is_told_why_nothing_happens(as_person):
    make_model()
    assert "needs JavaScript" in elements(page(as_person("ada")), "noscript")[0].text


def test_without_a_model_the_page_says_what_to_do(as_person):
    assert "There is no model yet" in page(as_person("ada"))


@pytest.mark.parametrize(("person", "offers"), [("ada", True), ("lea", True), ("grace", True), ("bob", False)])
def test_only_who_writes_prompts_is_offered_to_save_one(as_person, person, offers):
    make_model()
    make_benchmark()
    assert ('id="save-dialog"' in page(as_person(person))) is offers


def test_the_page_takes_as_many_queries_for_200_versions_as_for_two(as_person):
    make_model()
    ada, config = as_person("ada"), make_version().config
    make_version(config)
    page(ada)
    with CaptureQueriesContext(
        connection,
    ) as few:
        page(ada)
    for _ in range(30):
        make_version(config)
    with CaptureQueriesContext(connection) as many:
        page(ada)
    assert len(many) == len(few)


def test_the_answers_of_two_models_under_a_version_and_without(as_person):
    models, version = [make_model("a"), make_model("b")], make_version(state="draft")
    response = asked(as_person("ada"), models=[one.pk for one in models], versions=[version.pk, 0])
    done = [line["cell"] for line in lines(response) if "done" in line]
    assert (
        response.headers["Content-Type"] == "application/x-ndjson" and response.headers["Cache-Control"] == "no-store"
    )
    assert sorted(done) == sorted(f"m{one.pk}-v{number}" for one in models for number in (version.pk, 0))


def test_a_null_character_in_a_prompt_is_replaced(as_person):
    model = make_model()
    text = "".join(
        line.get("delta", "") for line in lines(asked(as_person("ada"), prompt="a\0b", models=model.pk, versions=0))
    )
    assert "a\ufffdb" in text


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"prompt": " "}, "empty"),
        ({"prompt": "x" * 100_000}, "20,000 characters; this one has 100,000"),
        ({"models": []}, "none chosen"),
        ({"versions": []}, "none chosen"),
    ],
)
def test_what_cannot_be_asked_is_422_with_the_reason(as_person, fields, words):
    response = asked(as_person("ada"), **{"models": [make_model().pk], "versions": [0]} | fields)
    assert response.status_code == 422 and words in response.json()["error"]


def test_more_than_the_limits_is_422(as_person):
    models, versions = [make_model(name).pk for name in "abcd"], [make_version().pk for _ in range(2)]
    ada = as_person("ada")
    assert asked(ada, models=models, versions=0).status_code == 422
    assert asked(ada, models=models[0], versions=[*versions, 0]).status_code == 422


def test_nobody_asks_under_a_strangers_version_or_an_archived_model(as_person):
    model, version = make_model(), make_version(state="draft")
    gone = make_model("gone", archived_at=timezone.now())
    assert asked(as_person("mallory"), models=model.pk, versions=version.pk).status_code == 404
    assert asked(as_person("ada"), models=gone.pk, versions=0).status_code == 404


@pytest.fixture
def drip():
    """An ask that never ends by itself, as the fields to post."""
    with Drip() as stage:
        yield stage, {"models": served(stage, "drip").pk, "versions": 0}
        until(lambda: not playground._asks)


def test_a_third_ask_at_one_time_is_429(as_person, drip):
    ada = as_person("ada")
    first, second = asked(ada, **drip[1]), asked(ada, **drip[1])
    third = asked(ada, **drip[1])
    assert third.status_code == 429 and "2 asks in progress" in third.json()["error"]
    first.close()
    second.close()


def test_an_ask_is_stopped_by_its_key_and_only_by_its_person(as_person, drip):
    ada, bob = as_person("ada"), as_person("bob")
    response = asked(ada, **drip[1])
    stream = iter(response.streaming_content)
    key = json.loads(next(stream).splitlines()[0])["ask"]
    assert bob.post(STOP, {"ask": key}).status_code == 204 and playground._asks
    assert ada.post(STOP, {"ask": key}).status_code == 204
    assert b'"finish": "stopped"' in b"".join(stream)
    until(lambda: not playground._asks)
    assert ada.post(STOP, {"ask": key}).status_code == 204


@pytest.mark.django_db(transaction=True)
def test_a_browser_that_goes_away_ends_the_calls(live_server, client, drip):
    client.force_login(make_person("ada"))
    address = urlsplit(live_server.url)
    caller = http.client.HTTPConnection(address.hostname, address.port, timeout=10)
    head = {"Cookie": f"sessionid={client.cookies['sessionid'].value}; csrftoken={'a' * 32}", "X-CSRFToken": "a" * 32}
    head["Content-Type"] = "application/x-www-form-urlencoded"
    caller.request("POST", ASK, urlencode({"prompt": "Hi", **drip[1]}), head)
    response = caller.getresponse()
    assert response.status == 200 and any(b"delta" in line for line in response)  # empty lines may come before it
    assert drip[0].open == 1
    response.close()
    caller.close()
    until(lambda: not drip[0].open and not playground._asks)


def test_a_prompt_is_saved_and_the_way_to_it_told(as_person):
    where = places()
    response = saved(as_person("ada"), **where, rule="r1", risks=["violence"], why="A test.")
    prompt = Prompt.objects.get()
    told = json.loads(response.headers["HX-Trigger"])["prompt-saved"]
    assert (response.status_code, prompt.kind, prompt.rule, prompt.risks) == (200, "safe", "r1", ["violence"])
    assert told["url"].startswith(reverse("annotations:benchmark-detail", args=[where["benchmark"]]))
    assert as_person("ada").get(told["url"]).status_code == 200


def test_without_htmx_one_is_sent_to_the_benchmark(as_person):
    response = as_person("ada").post(SAVE, {"text": "Hi", "kind": "safe"} | places())
    assert response.status_code == 302 and Prompt.objects.exists()


@pytest.mark.parametrize(
    "wrong", [{"text": " \n"}, {"kind": ""}, {"kind": "x"}, {"rule": "r7"}, {"risks": "dragons"}, {"benchmark": ""}]
)
def test_a_wrong_prompt_is_422_with_everything_typed_kept(as_person, wrong):
    response = saved(as_person("ada"), **places() | {"why": "Typed long ago."} | wrong)
    html = response.content.decode()
    assert response.status_code == 422 and "Typed long ago." in html and not Prompt.objects.exists()


def test_the_same_prompt_twice_is_422(as_person):
    ada, where = as_person("ada"), places()
    assert [saved(ada, **where).status_code for _ in range(2)] == [200, 422]


def test_a_hostile_prompt_comes_back_as_text(as_person):
    html = saved(as_person("ada"), text="</textarea><script>alert(1)</script>", kind="").content.decode()
    assert inline(html) == []


def test_nobody_saves_into_a_strangers_benchmark_or_config(as_person):
    where, mallory = places(), as_person("mallory")
    own = make_benchmark("own", organisation=make_organisation("elsewhere"))
    assert saved(mallory, **where).status_code == 404
    assert saved(mallory, **where | {"benchmark": own.pk}).status_code == 404


def test_an_expert_who_reads_everything_writes_only_at_home(as_person):
    where, mallory = places(), make_person("mallory")
    Membership.objects.create(user=mallory, organisation=make_organisation("elsewhere"), role="reviewer")
    assert saved(as_person("mallory"), **where).status_code == 403 and not Prompt.objects.exists()


def test_wrong_methods_are_405(as_person):
    ada = as_person("ada")
    assert [ada.get(url).status_code for url in (ASK, STOP, SAVE)] == [405] * 3 and ada.post(PAGE).status_code == 405
