"""A try goes to the gateway as a client's call would; what comes back is told. The stub is the gateway."""

import pytest

from tests.factories import make_deployment, make_person
from tests.stub_server import StubServer
from training.services.deploy import trying
from training.services.playground import PlaygroundProblem

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def stub():
    with StubServer() as server:
        yield server


def tried(settings, stub, slug, prompt="How high is a wall?"):
    settings.GATEWAY_URL = stub.base_url.removesuffix("/v1")
    return trying.whole(trying.ask(deployment=make_deployment(slug), prompt=prompt, person=make_person("ada")))


def test_the_answer_comes_with_its_times_and_tokens(settings, stub):
    came = tried(settings, stub, "echo")
    assert (came.text.strip(), came.error, came.finish) == ("How high is a wall?", "", "stop")
    assert came.tokens_in and came.tokens_out
    assert came.first_ms <= came.ms


def test_a_refusal_of_the_gateway_is_told_in_its_words(settings, stub):
    came = tried(settings, stub, "e403")
    assert (came.error, came.text) == ("not for you", "")


def test_the_gateway_is_asked_where_the_web_server_reaches_it(settings, stub):
    settings.GATEWAY_URL, settings.GATEWAY_INSIDE = "http://127.0.0.1:9", stub.base_url.removesuffix("/v1")
    asking = trying.ask(deployment=make_deployment("echo"), prompt="How high?", person=make_person("ada"))
    assert trying.whole(asking).text.strip() == "How high?"


def test_a_gateway_that_is_not_there_is_told_with_how_to_start_it(settings):
    settings.GATEWAY_URL = "http://127.0.0.1:9"
    asking = trying.ask(deployment=make_deployment(), prompt="Why?", person=make_person("ada"))
    assert "python -m training.gateway" in trying.whole(asking).error


@pytest.mark.parametrize(("prompt", "words"), [(" \n", "empty"), ("x" * 30_000, "at most")])
def test_a_prompt_that_cannot_be_sent_is_refused(prompt, words):
    with pytest.raises(PlaygroundProblem, match=words):
        trying.ask(deployment=make_deployment(), prompt=prompt, person=make_person("ada"))
