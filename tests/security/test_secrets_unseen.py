"""Secrets in no log, page, report, or message: whatever goes wrong round a call with a key."""

import asyncio
import logging
import traceback

import pytest
from django.conf import settings as real
from django.test import Client, RequestFactory
from django.urls import reverse
from django.views.debug import ExceptionReporter

from tests.factories import make_model
from tests.stub_server import StubServer
from training import tasks
from training.engines import EngineError, Sampling
from training.services import model_keys, registry

KEY = "sk-very-secret-of-a-model"


@pytest.fixture
def kept(db):
    """A model with a key of its own, at a server that refuses every key but another."""
    with StubServer() as stub:
        model = make_model("wrong-key", engine="openai_http", base_url=stub.base_url, patience=2)
        model.sealed_key = model_keys.seal(model, KEY)
        model.save()
        yield model


async def ask(model):
    engine = registry.engine(model)
    try:
        await engine.chat([{"role": "user", "content": "hello"}], Sampling())
    finally:
        await engine.close()


def test_an_error_of_a_call_tells_nothing_of_its_key(kept, caplog):
    with caplog.at_level(logging.DEBUG), pytest.raises(EngineError) as told:
        asyncio.run(ask(kept))
    logging.getLogger("training").error("It failed.", exc_info=told.value)
    said = "".join(traceback.format_exception(told.value)) + repr(told.value) + repr(told.value.args)
    assert "wrong-key" in said + caplog.text or told.value.message
    assert KEY not in said + caplog.text and kept.sealed_key not in said + caplog.text


def test_what_is_printed_of_an_endpoint_or_a_model_has_no_key(kept):
    reached = registry.endpoint(kept)
    assert reached.api_key == KEY and KEY not in f"{reached}{reached!r}{kept!r}{vars(kept)}"


def test_a_report_of_a_form_with_a_key_does_not_show_it(settings):
    """What an error in the view of a model's form would be reported with, and what the log gets."""
    settings.DEBUG = False
    request = RequestFactory().post(
        reverse("training:model-new"), {"key": KEY, "name": "Ours", "password": "pw-secret"}
    )
    request.sensitive_post_parameters = ["key", "password"]
    report = ExceptionReporter(request, ValueError, ValueError("x"), None).get_traceback_text()
    assert KEY not in report and "pw-secret" not in report and "Ours" in report


def test_the_form_of_a_model_marks_its_key_as_such(as_person, monkeypatch):
    seen = []
    monkeypatch.setattr("training.views.models.ModelForm", lambda *_, **__: 1 / 0)
    monkeypatch.setattr(
        "django.core.handlers.exception.handle_uncaught_exception",
        lambda request, *_: seen.append(getattr(request, "sensitive_post_parameters", None)) or _plain(),
    )
    grace = as_person("grace")
    grace.raise_request_exception = False
    grace.post(reverse("training:model-new"), {"key": KEY})
    assert seen == [("key",)]


def _plain():
    from django.http import HttpResponse

    return HttpResponse(status=500)


def test_a_dump_of_the_settings_hides_what_opens_something(settings):
    settings.CELERY_BROKER_URL, settings.GATEWAY_REDIS = "redis://:pw-secret@broker/0", "redis://:pw-secret@broker/1"
    settings.FERNET_KEYS = ["pw-secret"]
    reporter = ExceptionReporter(None, ValueError, ValueError("x"), None)
    shown = reporter.filter.get_safe_settings()
    assert "pw-secret" not in str(shown) and real.SECRET_KEY not in str(shown)
    assert shown["CACHES"] == shown["FERNET_KEYS"] == reporter.filter.cleansed_substitute


@pytest.mark.django_db
def test_the_page_of_an_error_shows_nothing_of_it(settings, monkeypatch, caplog):
    settings.DEBUG = False
    monkeypatch.setattr("cosa_web.views.LogIn.get_context_data", lambda *_, **__: {}[KEY])
    page = Client(raise_request_exception=False).get(reverse("login"))
    assert page.status_code == 500 and KEY not in page.content.decode() and "Traceback" not in page.content.decode()


def test_messages_to_workers_hold_numbers_alone():
    """What goes through the broker is which row to look at: no text, no key."""
    hints = {name: one for name, one in vars(tasks).items() if hasattr(one, "apply_async")}
    taken = {name: list(one.run.__annotations__.items()) for name, one in hints.items()}
    odd = {name: said for name, said in taken.items() for part, kind in said if part != "return" and kind is not int}
    assert hints and odd == {}
