"""The model registry through the API."""

import pytest
from django.utils import timezone

from annotations.models import AuditEvent, LanguageModel
from tests.factories import make_checkpoint, make_model, make_person
from tests.outcomes import finished_run
from tests.programs import Program

pytestmark = pytest.mark.django_db
SAID = {
    "slug": "llama",
    "name": "Llama",
    "engine": "openai_http",
    "base_url": "http://10.0.0.1:8000/v1",
    "model": "llama",
}


def test_an_admin_registers_a_model_and_the_record_says_so():
    told = Program("grace").send("models/", SAID | {"key_variable": "COSA_KEY_LLAMA", "price_in": 0.15})
    model, event = LanguageModel.objects.get(slug="llama"), AuditEvent.objects.get(action="create")
    assert (told.status_code, told.json()["id"], str(model.price_in)) == (201, model.pk, "0.1500")
    assert (event.actor, event.object_id, event.after["slug"]) == (make_person("grace"), model.pk, "llama")


def test_the_value_of_a_key_is_in_no_answer(monkeypatch):
    monkeypatch.setenv("COSA_KEY_LLAMA", "the-secret-value")
    program = Program("grace")
    made = program.send("models/", SAID | {"key_variable": "COSA_KEY_LLAMA"})
    pages = [made, program.get("models/"), program.get(f"models/{made.json()['id']}/")]
    assert not any(b"the-secret-value" in page.content for page in pages)
    assert made.json()["key_variable"] == "COSA_KEY_LLAMA"


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"engine": "magic"}, "engine"),
        ({"base_url": "ftp://x"}, "base_url"),
        ({"key_variable": "HOME"}, "key_variable"),
        ({"slug": "echo"}, "slug"),
        ({"timeout": "inf"}, "timeout"),
        ({"price_in": "NaN"}, "price_in"),
        ({"max_tokens": 2**40}, "max_tokens"),
        ({"node": "nowhere"}, "node"),
        ({"engine": "vllm", "base_url": ""}, "weights"),
    ],
)
def test_a_model_that_is_refused_says_which_field(fields, where):
    make_model()
    response = Program("grace").send("models/", SAID | fields)
    assert (response.status_code, where in response.json()["errors"]) == (422, True)


def test_only_admins_register_and_change_models():
    pk = make_model().pk
    assert Program().send("models/", SAID).status_code == 403
    assert Program().send(f"models/{pk}/", {"name": "X"}, method="patch").status_code == 403
    assert Program("grace", "models:read").send("models/", SAID).status_code == 403
    assert Program("carol").get("models/").status_code == 403


def test_a_change_leaves_what_was_not_sent():
    model = make_model(timeout=30, note="Ours.", context_tokens=4096, serving={"gpus": 2})
    told = Program("grace").send(f"models/{model.pk}/", {"name": "Echo two", "context_tokens": None}, method="patch")
    model.refresh_from_db()
    assert (told.status_code, model.name, model.context_tokens) == (200, "Echo two", None)
    assert (model.timeout, model.note, model.plumbing, model.serving) == (30, "Ours.", True, {"gpus": 2})


def test_a_change_keeps_what_somebody_else_changed_meanwhile(monkeypatch):
    model, stale = make_model(note="Ours."), LanguageModel.objects.get()
    LanguageModel.objects.filter(pk=model.pk).update(note="Theirs.")
    monkeypatch.setattr("training.access.model_for_reader", lambda *_: stale)
    Program("grace").send(f"models/{model.pk}/", {"name": "Echo two"}, method="patch")
    model.refresh_from_db()
    assert (model.name, model.note) == ("Echo two", "Theirs.")


def test_a_change_does_not_bring_back_a_model_that_was_archived_meanwhile(monkeypatch):
    model, stale = make_model(), LanguageModel.objects.get()
    LanguageModel.objects.filter(pk=model.pk).update(archived_at=timezone.now())
    monkeypatch.setattr("training.access.model_for_reader", lambda *_: stale)
    told = Program("grace").send(f"models/{model.pk}/", {"name": "Echo two"}, method="patch")
    model.refresh_from_db()
    assert told.status_code == 404 and model.archived_at and model.name != "Echo two"


def test_what_runs_were_made_with_is_refused_and_not_left_out_silently():
    model = finished_run(1).candidate.model
    told = Program("grace").send(f"models/{model.pk}/", {"model": "other"}, method="patch")
    assert (told.status_code, list(told.json()["errors"])) == (422, ["model"])
    assert Program("grace").send(f"models/{model.pk}/", {"model": model.model}, method="patch").status_code == 200


def test_a_model_of_a_checkpoint_keeps_its_weights():
    model = make_checkpoint().model
    told = Program("grace").send(f"models/{model.pk}/", {"weights": "/models/other"}, method="patch")
    assert told.json()["errors"]["weights"] == ["Fixed: a checkpoint never changes."]


def test_a_model_has_its_newest_score_in_runs_one_may_read():
    run = finished_run(4)
    told, foreign = (Program(who).get("models/").json()["results"][0]["newest"] for who in ("ada", "mallory"))
    assert (told["run"], told["score"], told["n_scored"], told["n_total"]) == (run.pk, 1.0, 4, 4)
    assert foreign is None


def test_a_list_asks_as_much_for_thirty_models_as_for_three(django_assert_max_num_queries):
    finished_run(1)
    Program().get("models/")
    asked = []
    for number in (2, 27):
        for _ in range(number):
            make_model(f"m{LanguageModel.objects.count()}")
        program = Program()
        with django_assert_max_num_queries(10) as seen:
            program.get("models/")
        asked.append(len(seen))
    assert asked[0] == asked[1]


def test_a_test_call_brings_the_answer_or_the_error_in_words():
    told = Program().send(f"models/{make_model().pk}/test/", {"prompt": "Are you there?"}).json()
    away = Program().send(f"models/{make_model('gone', key_variable='COSA_KEY_GONE').pk}/test/", {"prompt": "Hello?"})
    assert told["answer"] and told["error"] == ""
    assert (away.status_code, away.json()["answer"], "COSA_KEY_GONE" in away.json()["error"]) == (200, None, True)


def test_an_archived_model_is_not_found():
    model = make_checkpoint().model
    LanguageModel.objects.filter(pk=model.pk).update(archived_at="2026-01-01T00:00Z")
    assert Program().get(f"models/{model.pk}/").status_code == 404
