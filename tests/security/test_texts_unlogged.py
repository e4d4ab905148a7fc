"""Nothing that a person or a model wrote is logged, not even when everything is asked for."""

import io
import logging
import logging.config
from collections.abc import Iterator

import pytest
from django.conf import settings as site
from django.test import Client
from django.urls import reverse

from annotations.models import Response
from cosa_web import logs
from tests.factories import make_person, make_prompt, make_version
from tests.gateway_place import CHAT, ask, counting, hello, served
from tests.import_desk import checked, lines, row
from tests.stage import Stage, play, staged
from training.models import RunItem
from training.services import desk

pytestmark = pytest.mark.django_db(transaction=True)
TEXT = "quibblefrotz"


@pytest.fixture
def said() -> Iterator[io.StringIO]:
    """All that is logged, by every logger that has no level of its own."""
    stream = io.StringIO()
    made = logs.settings("DEBUG", "json")
    made["handlers"]["console"]["stream"] = stream
    logging.config.dictConfig(made)
    yield stream
    logging.config.dictConfig(site.LOGGING)


@pytest.fixture
def stage() -> Iterator[Stage]:
    with Stage() as server:
        yield server


def test_a_run_logs_neither_prompts_nor_answers(stage: Stage, said: io.StringIO) -> None:
    run = staged(stage, prompts=3)
    item = run.items.get(position=1)
    item.prompt = make_prompt(f"{TEXT} of a prompt", config=item.prompt.config)
    item.save(update_fields=["prompt"])
    stage.says("ok", f"{TEXT} of an answer")
    play(run)
    assert Response.objects.filter(text__contains=TEXT).exists()
    assert "a shift begins" in said.getvalue() and TEXT not in said.getvalue()


def test_a_row_the_database_refuses_is_logged_without_its_text(stage, said, monkeypatch) -> None:
    run = staged(stage, prompts=1)
    stage.says("ok", f"{TEXT} of an answer")

    def refuse(outcomes: object) -> None:
        raise ValueError(f"cannot save {TEXT}")

    monkeypatch.setattr(desk, "_update_items", refuse)
    with pytest.raises(ValueError, match=TEXT):
        play(run)
    assert not RunItem.objects.get().response_id
    assert "cannot be saved" in said.getvalue() and TEXT not in said.getvalue()


def test_a_call_of_a_program_is_logged_without_what_was_said(stage: Stage, said: io.StringIO) -> None:
    _, secret = served(stage.base_url, "echo")
    with counting() as redis:
        answer = ask(redis, lambda call: call.post(CHAT, hello(text=TEXT), secret))
    assert TEXT in answer.json["choices"][0]["message"]["content"]
    assert "call=" in said.getvalue() and TEXT not in said.getvalue() and secret not in said.getvalue()


def test_an_upload_and_its_wrong_rows_are_logged_without_them(said: io.StringIO) -> None:
    checked(lines([row(1, text=TEXT), row(2, text=TEXT, kind=TEXT)]), name=f"{TEXT}.jsonl")
    assert TEXT not in said.getvalue()


def test_a_form_and_an_error_of_a_page_are_logged_without_what_was_typed(said, monkeypatch) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(make_person("ada"))
    version = make_version()
    page = reverse("annotations:config-list")
    client.post(reverse("annotations:config-save", args=[version.config_id]), {"text": TEXT})
    client.get(page, {"words": TEXT})
    monkeypatch.setattr("annotations.views.configs.render", lambda *_: {}[TEXT])
    assert client.get(page, {"words": TEXT}).status_code == 500
    assert "KeyError" in said.getvalue() and TEXT not in said.getvalue()
