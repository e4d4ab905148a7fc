"""A model's key, given in its form or by a program: never shown again, and sent to no other server."""

import json
import logging

import pytest
from django.db import transaction
from django.urls import reverse

from annotations.models import AuditEvent, LanguageModel
from tests.factories import make_model
from tests.markup import elements
from tests.programs import Program
from training.services import registry

pytestmark = pytest.mark.django_db
KEY, NEWER, ADDRESS = "sk-very-secret", "sk-newer-secret", "https://models.example/v1"
SAID = {"name": "Ours", "slug": "ours", "engine": "openai_http", "base_url": ADDRESS, "model": "m"}
TYPED = SAID | {"max_concurrency": "4", "timeout": "10", "patience": "20", "max_tokens": "64"}
NEW = reverse("training:model-new")


@pytest.fixture
def grace(as_person):
    """An admin."""
    return as_person("grace")


@pytest.fixture
def kept(grace):
    """A model whose key was given in the form."""
    assert grace.post(NEW, TYPED | {"key": KEY}).status_code == 302
    return LanguageModel.objects.get()


def edit(grace, model, **fields):
    return grace.post(reverse("training:model-edit", args=[model.pk]), TYPED | fields)


def key_of(model):
    return registry.endpoint(LanguageModel.objects.get(pk=model.pk)).api_key


def error_at(response, field):
    found = [one.text for one in elements(response.content.decode()) if one.attributes.get("id") == f"id_{field}_error"]
    return response.status_code, " ".join(found)


def test_a_key_that_is_entered_is_used_and_shown_nowhere(grace, kept, caplog):
    with caplog.at_level(logging.DEBUG):
        pages = [grace.get(reverse(f"training:model-{name}", args=[kept.pk])) for name in ("detail", "edit")]
        pages += [grace.get(reverse("training:model-list")), grace.get(reverse("annotations:audit-list"))]
        pages += [Program("grace").get(f"models/{kept.pk}/"), Program("grace").get("models/")]
    assert key_of(kept) == KEY and {page.status_code for page in pages} == {200}
    shown = "".join(page.content.decode() for page in pages) + caplog.text
    assert KEY not in shown and kept.sealed_key not in shown
    assert "kept since" in pages[0].content.decode()


def test_the_record_says_that_it_changed_and_not_to_what(grace, kept):
    edit(grace, kept, key=NEWER)
    edit(grace, kept, forget_key="on")
    told = list(AuditEvent.objects.order_by("pk").values_list("after__key", flat=True))
    assert told == ["kept", "replaced", "removed"]
    assert not any("forget_key" in one.after for one in AuditEvent.objects.all())
    assert not any(secret in json.dumps(one.after) for one in AuditEvent.objects.all() for secret in (KEY, NEWER))


def test_an_empty_field_leaves_the_key_and_the_switch_removes_it(grace, kept):
    edit(grace, kept, name="Renamed")
    assert key_of(kept) == KEY
    edit(grace, kept, forget_key="on")
    assert key_of(kept) == "" and LanguageModel.objects.get().sealed_key == ""


def test_what_was_typed_does_not_come_back_with_a_refused_form(grace):
    response = grace.post(NEW, TYPED | {"key": KEY, "timeout": "0"})
    assert response.status_code == 422 and KEY not in response.content.decode()


def test_only_what_is_kept_can_be_removed(grace, kept):
    offered = [
        any(one.attributes.get("name") == "forget_key" for one in elements(grace.get(url).content.decode(), "input"))
        for url in (NEW, reverse("training:model-edit", args=[kept.pk]))
    ]
    assert offered == [False, True]


def test_another_server_needs_its_own_key(grace, kept):
    status, told = error_at(edit(grace, kept, base_url="https://evil.example/v1"), "key")
    assert status == 422 and "https://models.example:443" in told and key_of(kept) == KEY
    assert edit(grace, kept, base_url="https://other.example/v1", key=NEWER).status_code == 302
    assert key_of(kept) == NEWER


def test_another_server_without_a_key_is_fine_when_the_kept_one_is_removed(grace, kept):
    assert edit(grace, kept, base_url="https://other.example/v1", forget_key="on").status_code == 302
    assert key_of(kept) == ""


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"key": KEY, "key_variable": "COSA_KEY_OURS"}, "key_variable"),
        ({"key": KEY, "engine": "echo", "base_url": ""}, "key"),
        ({"key": "two words"}, "key"),
        ({"key": "schlüssel"}, "key"),
    ],
)
def test_a_key_that_cannot_be_is_refused_beside_its_field(grace, fields, where):
    status, told = error_at(grace.post(NEW, TYPED | fields), where)
    assert (status, bool(told), LanguageModel.objects.count()) == (422, True, 0)


@pytest.mark.parametrize(
    ("fields", "where"),
    [({"key_variable": "COSA_KEY_OURS"}, "key_variable"), ({"key": NEWER, "forget_key": "on"}, "forget_key")],
)
def test_what_contradicts_the_kept_key_is_refused(grace, kept, fields, where):
    status, told = error_at(edit(grace, kept, **fields), where)
    assert (status, bool(told), key_of(kept)) == (422, True, KEY)


def test_a_form_that_was_open_meanwhile_brings_no_old_key_back(grace, kept):
    from training.forms.models import ModelForm

    form = ModelForm(TYPED | {"name": "Late"}, instance=LanguageModel.objects.get())
    edit(grace, kept, key=NEWER)
    assert form.is_valid()
    with transaction.atomic():
        form.keep(AuditEvent.objects.first().actor)
    assert key_of(kept) == NEWER and LanguageModel.objects.get().name == "Late"


def test_without_fernet_keys_no_key_is_taken(grace, settings):
    settings.FERNET_KEYS = []
    status, told = error_at(grace.post(NEW, TYPED | {"key": KEY}), "key")
    assert status == 422 and "COSA_FERNET_KEYS" in told


def test_a_program_gives_replaces_and_removes_a_key():
    program = Program("grace")
    made = program.send("models/", SAID | {"key": KEY})
    pk = made.json()["id"]
    model, told = LanguageModel.objects.get(pk=pk), [key_of(LanguageModel(pk=pk))]
    for change in ({"name": "Renamed"}, {"key": NEWER}, {"key": ""}):
        answer = program.send(f"models/{pk}/", change, method="patch")
        told.append(key_of(model))
        assert answer.status_code == 200 and KEY not in answer.content.decode() + made.content.decode()
    assert told == [KEY, KEY, NEWER, ""] and answer.json()["key_since"] is None
    assert made.json()["key_since"] and "key" not in made.json()


def test_a_program_cannot_send_a_kept_key_elsewhere():
    program = Program("grace")
    pk = program.send("models/", SAID | {"key": KEY}).json()["id"]
    answer = program.send(f"models/{pk}/", {"base_url": "https://evil.example/v1"}, method="patch")
    assert answer.status_code == 422 and "goes nowhere else" in answer.json()["errors"]["key"][0]


def test_the_document_says_that_a_key_is_only_written(client):
    schemas = client.get(reverse("api:document")).json()["components"]["schemas"]
    fields = [one.get("properties", {}) for one in schemas.values()]
    said = [one["key"] for one in fields if "key" in one and "key_variable" in one]
    assert said and all(one["writeOnly"] for one in said)


def test_a_model_shows_no_ciphertext_in_words():
    model = make_model(sealed_key="gAAAAciphertext")
    assert "gAAAA" not in f"{model!r}{model}"
