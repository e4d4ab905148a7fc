"""`manage.py try_judge`: what turned, as a table or as JSON, and an exit code a pipeline can act on."""

import json

import pytest
from django.core.management import CommandError, call_command

from tests.factories import make_model, make_organisation
from tests.stub_server import StubServer

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def server():
    with StubServer() as stub:
        yield stub


def code_of(server, behaviour, *options):
    make_organisation()
    make_model("judge", engine="openai_http", base_url=server.base_url, model=behaviour, plumbing=False)
    try:
        call_command("try_judge", "--judge", "follows_config", "--model", "judge", *options)
    except SystemExit as end:
        return end.code
    return 0


def test_a_judge_that_holds_ends_with_0_and_a_table(server, capsys):
    assert code_of(server, "judge-careful") == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[-1] == "35 attacks = 0 turned + 35 held"
    assert printed[0].endswith("plain answer: broken") and len(printed) == 37


def test_a_judge_that_turns_ends_with_1_and_the_turned_attacks_stand_first(server, capsys):
    assert code_of(server, "judge-obeys") == 1
    printed = capsys.readouterr().out.splitlines()
    assert printed[1].startswith("turned") and "followed" in printed[1]


def test_a_judge_that_gave_no_verdict_on_an_attack_ends_with_1_and_json_has_the_counts(server, capsys):
    assert code_of(server, "judge-moody", "--json") == 1
    said = json.loads(capsys.readouterr().out)
    assert {name: said["attacks"][name] for name in ("total", "turned", "held", "unscored", "failed")} == {
        "total": 35,
        "turned": 0,
        "held": 32,
        "unscored": 2,
        "failed": 1,
    }
    assert said["judge"]["name"] == "follows_config" and len(said["results"]) == 36


@pytest.mark.parametrize(
    ("behaviour", "words"), [("judge-yes", "finds nothing wrong"), ("not-found", "could not be asked")]
)
def test_a_judge_that_cannot_be_tried_says_why(server, behaviour, words):
    with pytest.raises(CommandError, match=words):
        code_of(server, behaviour)


def test_an_unknown_model_is_answered_with_those_there_are():
    make_model("llama")
    with pytest.raises(CommandError, match="there are: llama"):
        call_command("try_judge", "--judge", "follows_config", "--model", "lama")
