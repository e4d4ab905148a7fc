"""What the database refuses about models, candidates and what they said."""

import pytest
from django.core.exceptions import ValidationError
from django.db.models import ProtectedError

from annotations.models import Candidate, LanguageModel, Response, SystemPrompt
from tests.factories import make_candidate, make_model, make_prompt, make_version
from tests.refusals import refused

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
OUT_OF_RANGE = [
    {"temperature": -0.1},
    {"temperature": 2.1},
    {"top_p": 0},
    {"top_p": 1.1},
    {"max_tokens": 0},
]


def change(model: LanguageModel, **fields: object) -> None:
    LanguageModel.objects.filter(pk=model.pk).update(**fields)


def test_two_models_with_one_slug_are_refused():
    make_model("echo")
    with refused("annotations_languagemodel.slug"):
        LanguageModel.objects.create(slug="echo", name="Another", engine="echo", model="echo")


def test_a_model_that_takes_no_call_at_all_is_refused():
    with refused("languagemodel_concurrency"):
        change(make_model(), max_concurrency=0)


@pytest.mark.parametrize("field", ["timeout", "patience"])
def test_a_model_without_time_to_answer_is_refused(field):
    with refused("languagemodel_waits_positive"):
        change(make_model(), **{field: 0})


@pytest.mark.parametrize("name", ["SECRET_KEY", "COSA_SECRET_KEY", "XCOSA_KEY_A"])
def test_a_key_variable_of_another_name_is_refused(name):
    with refused("languagemodel_key_variable_prefix"):
        change(make_model(), key_variable=name)


@pytest.mark.parametrize("name", ["", "COSA_KEY_OPENAI"])
def test_a_key_variable_may_be_empty_or_start_with_the_prefix(name):
    change(make_model(), key_variable=name)
    assert LanguageModel.objects.get().key_variable == name


def test_the_refused_key_variable_is_explained_in_words():
    with pytest.raises(ValidationError, match="must start with COSA_KEY_"):
        LanguageModel(slug="a", name="A", engine="echo", model="a", key_variable="HOME").full_clean()


@pytest.mark.parametrize("fields", OUT_OF_RANGE, ids=str)
def test_sampling_out_of_range_is_refused(fields):
    values = {"temperature": 0, "top_p": 1, "max_tokens": 64} | fields
    with refused("candidate_sampling_in_range"):
        Candidate.objects.create(model=make_model(), **values)


def test_the_same_candidate_twice_is_refused():
    candidate = make_candidate()
    candidate.pk = None
    with refused("candidate_once"):
        candidate.save(force_insert=True)


def test_asking_for_the_same_candidate_gives_the_one_that_is_there():
    assert make_candidate() == make_candidate()


def test_another_seed_is_another_candidate():
    assert make_candidate(seed=1) != make_candidate(seed=2)


def test_a_system_prompt_is_kept_once_under_its_digest():
    SystemPrompt.objects.create(digest="d" * 64, text="Be kind.")
    with refused("annotations_systemprompt.digest"):
        SystemPrompt.objects.create(digest="d" * 64, text="Be rude.")


def test_a_model_with_a_candidate_cannot_be_deleted():
    with pytest.raises(ProtectedError):
        make_candidate().model.delete()


def test_a_version_with_a_response_cannot_be_deleted():
    version = make_version()
    Response.objects.create(prompt=make_prompt(), version=version, text="Yes.")
    with pytest.raises(ProtectedError):
        version.delete()


@pytest.mark.parametrize("field", ["price_in", "price_out"])
def test_a_price_below_zero_is_refused(field):
    with refused("languagemodel_prices_not_negative"):
        change(make_model(), **{field: -1})


def test_two_candidates_that_differ_in_a_setting_are_two():
    kept = make_candidate()
    other = Candidate.objects.create(model=kept.model, max_tokens=kept.max_tokens, settings={"shots": 3})
    assert other.pk != kept.pk


def test_a_model_with_two_keys_is_refused():
    with refused("languagemodel_one_key"):
        change(make_model(), key_variable="COSA_KEY_A", sealed_key="gAAAA")
