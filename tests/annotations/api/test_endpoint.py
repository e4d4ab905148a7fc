"""What surrounds every address of the API: who asks, what may be asked, what is answered when it goes wrong."""

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from annotations.api import problems
from annotations.api.configs import OneConfig
from annotations.models import AccessToken
from annotations.services import people
from tests.factories import make_config, make_person, make_version
from tests.programs import Program

pytestmark = pytest.mark.django_db


def told(response):
    assert response["Content-Type"] == problems.MEDIA_TYPE
    return response.json()


def test_nobody_is_asked_to_say_who_they_are():
    answer = Client().get("/api/v1/configs/")
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, 'Bearer realm="CoSA Web"')
    assert told(answer)["type"] == "urn:cosa-web:problem:not-authenticated"


@pytest.mark.parametrize("said", ["Bearer pat-wrong", "Bearer", "bearer \udcff", "Basic YTpi", "Bearer  "])
def test_what_is_no_token_opens_nothing(said):
    assert Client(headers={"Authorization": said}).get("/api/v1/configs/").status_code == 401


@pytest.mark.parametrize(
    "dead", [{"revoked_at": timezone.now()}, {"expires_at": timezone.now() - timedelta(seconds=1)}]
)
def test_a_dead_token_opens_nothing(dead):
    program = Program()
    AccessToken.objects.update(**dead)
    assert program.get("configs/").status_code == 401


def test_the_tokens_of_a_person_who_left_open_nothing_at_once():
    program = Program()
    assert program.get("configs/").status_code == 200
    people.deactivate(person=make_person("ada"), actor=make_person("grace"))
    assert program.get("configs/").status_code == 401


def test_what_one_person_is_answered_no_cache_keeps_for_another():
    program = Program("grace", "configs:read", "exports:read")
    told = [program.get("configs/"), program.get("exports/"), program.get("configs/999/"), Client().get("/api/v1/x/")]
    assert [answer["Cache-Control"] for answer in told] == ["no-store"] * 4
    assert Client().get("/api/v1/openapi.json")["Cache-Control"] == "no-cache"


def test_a_token_without_the_scope_is_told_which_one():
    program = Program("ada", "configs:read")
    assert program.get("configs/").status_code == 200
    problem = told(program.send("configs/", {"title": "Game"}))
    assert (problem["status"], problem["detail"]) == (403, "This token lacks the scope configs:write.")


def test_a_scope_gives_no_more_than_the_role():
    assert Program("carol", "configs:read").get("configs/").status_code == 403


def test_a_browser_needs_its_csrf_token_to_change_something():
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_person("ada"))
    assert client.get("/api/v1/configs/").status_code == 200
    problem = told(client.post("/api/v1/configs/", {}, content_type="application/json"))
    assert (problem["status"], problem["type"]) == (403, "urn:cosa-web:problem:csrf")
    token = client.get("/account/tokens/new/").context["csrf_token"]
    sent = client.post("/api/v1/configs/", {}, content_type="application/json", headers={"X-CSRFToken": str(token)})
    assert sent.status_code == 422


def test_the_token_counts_where_a_session_comes_along():
    program = Program("carol")
    program.client.force_login(make_person("ada"))
    assert program.get("configs/").status_code == 403


@pytest.mark.parametrize("method", ["put", "delete", "patch", "options", "trace"])
def test_a_method_that_is_not_there_is_told_which_are(method):
    answer = getattr(Program().client, method)("/api/v1/configs/")
    assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD, POST")
    assert told(answer)["detail"] == f"This address takes GET, HEAD and POST, not {method.upper()}."


@pytest.mark.parametrize(
    "path", ["", "nothing/", "configs/x/", "configs/\n", "configs/9/versions", "\0", "configs/-1/"]
)
def test_an_address_that_is_none_is_a_problem_too(path):
    assert told(Program().get(path.replace("\n", "%0A").replace("\0", "%00")))["status"] == 404


def test_an_address_without_its_slash_says_so():
    assert "slash" in told(Program().get("configs"))["detail"]


@pytest.mark.parametrize("pk", [0, 2**31, 2**63, 10**30, "9" * 5000])
def test_a_number_no_row_has_is_not_found(pk):
    assert Program().get(f"configs/{pk}/").status_code == 404
    assert Program().get(f"configs/{make_config().pk}/versions/{pk}/").status_code == 404


BODIES = {
    b"{": 400,
    b"[]": 400,
    b"null": 400,
    b'"text"': 400,
    b"\xff\xfe": 400,
    b'{"title": "\xff"}': 400,
    b'{"title": NaN}': 400,
    b'{"title": 1e999, "organisation": 1}': 400,
    b'{"title": 12, "organisation": 1}': 422,
    b'{"title": "Game", "organisation": "1"}': 422,
    b'{"organisation": 1' + b"0" * 30 + b"}": 422,
    b'{"organisation": 1' + b"0" * 5000 + b"}": 400,
    b'{"title": "a\\u0000b"}': 400,
    b'{"title": "\\ud800"}': 400,
    b'{"\\ud800": 1}': 400,
    b"[" * 100_000: 400,
    b'{"rules": ' + b"[" * 40 + b"]" * 40 + b"}": 400,
    b'{"title": {"a": 1}, "organisation": [1], "rules": {"a": 1}, "allowed": "x"}': 422,
    b'{"rules": [1, "x", null, {"id": "r1", "kind": "no"}], "organisation": true}': 422,
    b'{"title": "Game", "titel": "Game"}': 422,
    b"": 422,
}


@pytest.mark.parametrize(("body", "status"), BODIES.items(), ids=range(len(BODIES)))
def test_a_body_that_makes_no_sense_is_told_why(body, status):
    answer = Program().client.post("/api/v1/configs/", body, content_type="application/json")
    assert told(answer)["status"] == status


def test_a_body_too_large_is_told_so(settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    assert told(Program().send("configs/", {"title": "x" * 100}))["status"] == 413


@pytest.mark.parametrize("kind", ["text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded"])
def test_a_body_of_another_kind_is_told_which(kind):
    answer = Program().client.generic("POST", "/api/v1/configs/", b"title=Game", content_type=kind)
    assert told(answer)["status"] == 415
    client = Client()
    client.force_login(make_person("ada"))
    assert told(client.generic("POST", "/api/v1/configs/", b"title=Game", content_type=kind))["status"] in (400, 415)


def test_a_charset_nobody_knows_changes_nothing():
    kind = "application/json; charset=base64"
    assert Program().client.generic("POST", "/api/v1/configs/", b"{}", content_type=kind).status_code == 422


def test_wrong_fields_are_named_where_they_are():
    said = {"organisation": 1, "rules": [{"id": "r1", "kind": "allow"}, {"id": "x", "kind": "allow"}]}
    assert list(told(Program().send("configs/", said))["errors"]) in (["rules.1.id"], ["rules.id"])


def test_an_error_of_ours_is_told_without_detail_and_logged(monkeypatch, caplog):
    monkeypatch.setattr(OneConfig, "words", None)
    monkeypatch.setattr("annotations.api.configs.configs_with_heads", lambda _: 1 / 0)
    answer = Program().get("configs/1/")
    assert told(answer) == problems.body(problems.Problem(500, problems.OUR_ERROR))
    assert "ZeroDivisionError" in caplog.text and "Zero" not in answer.content.decode()


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "*/*", "nonsense", "image/png;q=x"])
def test_the_answer_is_json_whatever_is_accepted(accept):
    answer = Program().client.get("/api/v1/configs/", headers={"Accept": accept})
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")


def test_head_is_get_without_a_body():
    answer = Program().client.head("/api/v1/configs/")
    assert (answer.status_code, answer.content) == (200, b"")


def test_a_config_somebody_else_owns_is_not_there():
    version = make_version()
    assert Program("mallory").get(f"configs/{version.config_id}/").status_code == 404
    assert json.loads(Program().get(f"configs/{version.config_id}/").content)["id"] == version.config_id
