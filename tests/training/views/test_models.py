"""The pages of the model registry: list, one model, its form, and the test call."""

import pytest
from django.urls import reverse
from django.utils import timezone

from annotations.models import AuditEvent, LanguageModel
from tests.factories import make_judge, make_model, make_run
from tests.markup import elements, text
from tests.stub_server import StubServer

pytestmark = pytest.mark.django_db
LIST, NEW = reverse("training:model-list"), reverse("training:model-new")
HTMX = {"HX-Request": "true"}


def at(name, model):
    return reverse(f"training:model-{name}", args=[model.pk])


def posted(**fields):
    values = {"name": "Our server", "slug": "ours", "engine": "openai_http", "base_url": "http://127.0.0.1:9/v1"}
    values |= {"model": "m", "max_concurrency": "4", "timeout": "10", "patience": "20", "max_tokens": "64"}
    return values | fields


def value_of(html, name):
    one = next(one for one in elements(html) if one.attributes.get("name") == name)
    return one.text.strip() if one.tag == "textarea" else one.attributes.get("value")


def test_the_list_shows_each_model_with_a_way_to_test_it(as_person):
    model = make_model("echo", name="The echo")
    html = as_person("ada").get(LIST).content.decode()
    actions = [one.attributes.get("action") for one in elements(html, "form")]
    assert "The echo" in html and at("test", model) in actions


def test_a_plumbing_model_is_marked(as_person):
    make_model(plumbing=True)
    assert "plumbing, not evidence" in as_person("ada").get(LIST).content.decode()


def test_an_archived_model_is_gone_from_list_and_address(as_person):
    model, ada = make_model("old", name="Old one", archived_at=timezone.now()), as_person("ada")
    assert "Old one" not in ada.get(LIST).content.decode() and ada.get(at("detail", model)).status_code == 404


@pytest.mark.parametrize(("person", "offered"), [("grace", True), ("ada", False), ("bob", False)])
def test_only_an_admin_is_offered_to_change_a_model(as_person, person, offered):
    model, client = make_model(), as_person(person)
    links = [
        one.attributes.get("href")
        for url in (LIST, at("detail", model))
        for one in elements(client.get(url).content.decode(), "a")
    ]
    assert ({NEW, at("edit", model)} <= set(links)) is offered
    assert bool({NEW, at("edit", model)} & set(links)) is offered


def test_a_model_of_an_engine_that_is_gone_can_still_be_looked_at(as_person):
    assert as_person("ada").get(at("detail", make_model(engine="vanished"))).status_code == 200


def test_the_page_names_the_variable_of_the_key_and_never_the_key(as_person, monkeypatch):
    monkeypatch.setenv("COSA_KEY_OURS", "sk-very-secret")
    html = as_person("grace").get(at("detail", make_model(key_variable="COSA_KEY_OURS"))).content.decode()
    assert "COSA_KEY_OURS" in html and "sk-very-secret" not in html


def test_an_admin_registers_a_model(as_person):
    response = as_person("grace").post(NEW, posted())
    model = LanguageModel.objects.get()
    assert (response.status_code, response.url, model.slug) == (302, at("detail", model), "ours")


def test_a_trailing_slash_of_the_address_is_taken_away(as_person):
    as_person("grace").post(NEW, posted(base_url=" http://127.0.0.1:9/v1/ "))
    assert LanguageModel.objects.get().base_url == "http://127.0.0.1:9/v1"


def test_registering_and_changing_are_written_down(as_person):
    grace = as_person("grace")
    grace.post(NEW, posted())
    grace.post(at("edit", LanguageModel.objects.get()), posted(name="Renamed"))
    events = AuditEvent.objects.order_by("pk").values_list("action", "actor__username")
    assert list(events) == [("create", "grace"), ("edit", "grace")]
    assert AuditEvent.objects.first().after == {"name": "Renamed"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("slug", "two words"),
        ("engine", "carrier-pigeon"),
        ("base_url", "ftp://models.example"),
        ("base_url", ""),
        ("key_variable", "SECRET_KEY"),
        ("max_concurrency", "0"),
        ("timeout", "0"),
        ("patience", "-1"),
        ("patience", "nan"),
        ("max_tokens", "many"),
    ],
)
def test_a_wrong_value_is_422_with_what_was_typed_kept(as_person, field, value):
    response = as_person("grace").post(NEW, posted(note="Typed long ago.", **{field: value}))
    html = response.content.decode()
    assert (response.status_code, LanguageModel.objects.count()) == (422, 0)
    assert f'id="id_{field}_error"' in html and value_of(html, "note") == "Typed long ago."


def test_a_slug_that_is_taken_is_422(as_person):
    make_model("ours")
    response = as_person("grace").post(NEW, posted())
    assert response.status_code == 422 and value_of(response.content.decode(), "slug") == "ours"


def test_changing_a_model_starts_from_what_is_there(as_person):
    html = as_person("grace").get(at("edit", make_model(name="The echo", note="Only words."))).content.decode()
    assert (value_of(html, "name"), value_of(html, "note")) == ("The echo", "Only words.")


def test_a_wrong_change_leaves_the_model_as_it_was(as_person):
    model = make_model("ours", name="Before")
    as_person("grace").post(at("edit", model), posted(name="After", timeout="0"))
    assert LanguageModel.objects.get().name == "Before"


def test_what_runs_were_made_with_stays_as_it_was(as_person):
    model = make_run(1).candidate.model
    as_person("grace").post(
        at("edit", model), posted(slug="echo", engine="openai_http", model="another", name="Renamed")
    )
    model.refresh_from_db()
    assert (model.name, model.engine, model.model) == ("Renamed", "echo", "echo")


def test_a_model_that_judged_in_a_run_stays_as_it_was_too(as_person):
    grace, judge = as_person("grace"), make_model("judge")
    make_run(1, judges=[make_judge("helpfulness", judge)])
    grace.post(at("edit", judge), posted(slug="judge", model="another"))
    judge.refresh_from_db()
    assert judge.model == "judge"


def test_a_test_call_shows_the_answer_and_its_prompt(as_person):
    response = as_person("ada").post(at("test", make_model()), {"prompt": "What is <b>bold</b>?"})
    html = response.content.decode()
    assert response.status_code == 200 and "It answered" in html and value_of(html, "prompt") == "What is <b>bold</b>?"


def test_a_test_call_without_a_prompt_asks_a_plain_one(as_person):
    html = as_person("ada").post(at("test", make_model()), {"prompt": "  "}).content.decode()
    assert value_of(html, "prompt") == "Say in one sentence what a safety policy is for."


def test_htmx_gets_the_answer_alone(as_person):
    html = as_person("ada").post(at("test", make_model()), headers=HTMX).content.decode()
    assert "<body" not in html and elements(html)[0].attributes["id"].startswith("model-trial")


def test_a_failing_test_call_says_what_to_do(as_person):
    model = make_model("wrong", engine="echo", base_url="echo://?speed=1")
    html = as_person("ada").post(at("test", model), headers=HTMX).content.decode()
    assert "No answer" in html and "The echo address is not usable." in html


def test_a_missing_key_is_named_by_its_variable(as_person, monkeypatch):
    monkeypatch.delenv("COSA_KEY_OURS", raising=False)
    model = make_model("ours", engine="openai_http", base_url="http://127.0.0.1:9/v1", key_variable="COSA_KEY_OURS")
    html = as_person("ada").post(at("test", model), headers=HTMX).content.decode()
    assert "COSA_KEY_OURS is not set." in html


def test_a_wrong_key_never_shows_on_the_page(as_person, monkeypatch):
    monkeypatch.setenv("COSA_KEY_OURS", "sk-very-secret")
    with StubServer() as stub:
        fields = {"engine": "openai_http", "base_url": stub.base_url, "key_variable": "COSA_KEY_OURS"}
        model = make_model("wrong-key", patience=2, **fields)
        html = as_person("ada").post(at("test", model)).content.decode()
    assert "No answer" in html and "sk-very-secret" not in html


def test_an_answer_of_a_model_is_escaped(as_person):
    html = (
        as_person("ada")
        .post(at("test", make_model()), {"prompt": "Say <script>alert(1)</script> please"})
        .content.decode()
    )
    assert "<script>alert(1)" not in html and "<script>alert(1)</script>" in text(html, "response")
