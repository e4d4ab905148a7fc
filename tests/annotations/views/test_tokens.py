"""The pages of one's own access tokens."""

import pytest

from annotations.models import AccessToken
from annotations.services import tokens
from tests.factories import make_person, make_token
from tests.markup import elements

pytestmark = pytest.mark.django_db
FORM = {"name": "nightly", "days": "90", "scopes": ["configs:read", "runs:read"]}


def test_a_new_token_is_shown_once_and_works(as_person):
    client = as_person("ada")
    page = client.post("/account/tokens/new/", FORM)
    (shown,) = [one.text for one in elements(page.content.decode(), "pre") if one.attributes["id"] == "secret"]
    assert tokens.find(shown.strip()) == AccessToken.objects.get()
    assert "no-store" in page["Cache-Control"]
    assert shown.strip() not in client.get("/account/tokens/").content.decode()


def test_the_list_has_ones_own_tokens_alone(as_person):
    make_token(make_person("lea"), "configs:read", name="of Lea")
    make_token(make_person("ada"), "configs:read", name="<b>mine</b>")
    page = as_person("ada").get("/account/tokens/").content.decode()
    assert "&lt;b&gt;mine" in page and "of Lea" not in page


def test_a_wrong_form_keeps_what_was_typed_and_chosen(as_person):
    page = as_person("ada").post("/account/tokens/new/", {"name": "", "days": "30", "scopes": ["runs:read"]})
    boxes = elements(page.content.decode(), "input")
    ticked = [one.attributes["value"] for one in boxes if "checked" in one.attributes and "scopes" in str(one)]
    assert (page.status_code, ticked, AccessToken.objects.count()) == (422, ["runs:read"], 0)


def test_a_scope_the_roles_do_not_give_is_not_offered_and_refused(as_person):
    client = as_person("carol")
    assert "configs:read" not in client.get("/account/tokens/new/").content.decode()
    assert client.post("/account/tokens/new/", FORM).status_code == 422


def test_ones_own_token_is_revoked_and_nobody_elses(as_person):
    token, secret = make_token(make_person("ada"), "configs:read")
    assert as_person("lea").post(f"/account/tokens/{token.pk}/revoke/").status_code == 404
    client = as_person("ada")
    assert client.post(f"/account/tokens/{token.pk}/revoke/").status_code == 302
    assert tokens.find(secret) is None
    assert "revoked" in client.get("/account/tokens/").content.decode()


def test_every_page_leads_to_them(as_person):
    assert "/account/tokens/" in as_person("carol").get("/").content.decode()
