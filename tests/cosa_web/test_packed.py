"""What a browser is sent is compressed where that helps, and an asset may be kept as long as its name says."""

import gzip
from collections.abc import Iterator

import pytest
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management import call_command
from django.http import HttpResponse, StreamingHttpResponse
from django.test import Client, RequestFactory
from django.test.utils import override_settings
from django.urls import reverse

from cosa_web.packed import Pages

PACKED = {"headers": {"accept-encoding": "gzip, br"}}
LONG = "Be helpful. " * 100


def sent(response, **headers):
    return Pages(lambda request: response)(RequestFactory().get("/", **(PACKED | headers)))


def test_a_page_is_compressed():
    answer = sent(HttpResponse(LONG))
    assert answer["Content-Encoding"] == "gzip" and gzip.decompress(answer.content).decode() == LONG
    assert "Accept-Encoding" in answer["Vary"]


def test_the_document_of_the_api_is_compressed_and_asked_for_once(db):
    address = reverse("api:document")
    answer = Client().get(address, **PACKED)
    known = {"headers": {"if-none-match": answer["ETag"], "accept-encoding": "gzip"}}
    assert answer["Content-Encoding"] == "gzip" and Client().get(address, **known).status_code == 304


def test_the_length_of_a_page_differs_each_time():
    assert len({len(sent(HttpResponse(LONG)).content) for _ in range(20)}) > 1


@pytest.mark.parametrize(
    "response", [StreamingHttpResponse([LONG]), HttpResponse(LONG, content_type="application/json")]
)
def test_streams_and_data_are_sent_as_they_are(response):
    assert "Content-Encoding" not in sent(response)


def test_who_does_not_take_gzip_gets_the_page_itself():
    assert sent(HttpResponse(LONG), headers={"accept-encoding": "br"}).content.decode() == LONG


@pytest.fixture
def collected(settings, tmp_path) -> Iterator[None]:
    """Our own assets, collected as on a server."""
    ours = ["drf_spectacular_sidecar", "rest_framework", "django_htmx"]
    backends = settings.STORAGES | {"staticfiles": {"BACKEND": "cosa_web.packed.Assets"}}
    with override_settings(STATIC_ROOT=str(tmp_path), STORAGES=backends):
        call_command("collectstatic", interactive=False, verbosity=0, ignore_patterns=ours)
        yield


def test_an_asset_is_compressed_and_kept_for_ever_under_a_name_with_its_digest(collected):
    address = staticfiles_storage.url("css/base.css")
    answer = Client().get(address, **PACKED)
    assert address.startswith("/static/css/base.") and len(address) > len("/static/css/base.css")
    assert answer["Content-Encoding"] == "gzip" and "immutable" in answer["Cache-Control"]


def test_an_asset_that_was_not_collected_has_its_own_name(collected):
    assert staticfiles_storage.url("css/later.css") == "/static/css/later.css"
