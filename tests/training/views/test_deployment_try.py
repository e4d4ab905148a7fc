"""A deployment tried from its page, with and without a script; the stub stands in for the gateway."""

import json

import pytest
from django.urls import reverse

from tests.factories import make_deployment, make_version
from tests.stub_server import StubServer
from training.services.deploy import deployments

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def stub():
    with StubServer() as server:
        yield server


@pytest.fixture(autouse=True)
def gateway(settings, stub):
    settings.GATEWAY_URL = stub.base_url.removesuffix("/v1")


def ask(client, row, prompt="How <high> is a wall?", **headers):
    return client.post(reverse("training:deployment-try", args=[row.pk]), {"prompt": prompt}, headers=headers)


def test_a_script_gets_the_answer_line_by_line(as_person):
    answer = ask(as_person("ada"), make_deployment("echo"), accept="application/x-ndjson")
    lines = [json.loads(line) for line in b"".join(answer.streaming_content).splitlines() if line]
    assert "no-store" in answer["Cache-Control"]
    assert "".join(line.get("delta", "") for line in lines).strip() == "How <high> is a wall?"
    assert lines[-1]["done"]["finish"] == "stop"


def test_a_plain_form_gets_the_page_with_the_answer(as_person):
    page = ask(as_person("ada"), make_deployment("echo")).content.decode()
    assert page.count("How &lt;high&gt; is a wall?") == 2
    assert "tokens in" in page


def test_an_empty_prompt_is_refused_either_way(as_person):
    row, ada = make_deployment("echo"), as_person("ada")
    assert ask(ada, row, " ").status_code == 422
    assert "empty" in ask(ada, row, " ", accept="application/x-ndjson").json()["error"]


def test_what_is_not_served_cannot_be_tried(as_person):
    stopped, gone = make_deployment("stopped", make_version(state="retired")), make_deployment("gone")
    deployments.retire(deployment=gone, actor=None)
    gone.refresh_from_db()
    said = [ask(as_person("ada"), row, accept="application/x-ndjson").json()["error"] for row in (stopped, gone)]
    assert [sentence.split(",")[0] for sentence in said] == ["This deployment is stopped", "This deployment is retired"]
