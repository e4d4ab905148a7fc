"""Keys of models in the database: encrypted, for one row and one server, and encrypted anew when the Fernet key is."""

from io import StringIO

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.utils import timezone

from annotations.models import LanguageModel
from tests.factories import make_deployment, make_key, make_model
from training.engines import EngineError
from training.services import model_keys, registry
from training.services.deploy import grants

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
KEY, ADDRESS = "sk-very-secret", "https://models.example/v1"
OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


@pytest.fixture(autouse=True)
def _keys(settings):
    settings.FERNET_KEYS = [OLD]


def keyed(slug="ours", key=KEY):
    model = make_model(slug, engine="openai_http", base_url=ADDRESS)
    model.sealed_key = model_keys.seal(model, key)
    model.save(update_fields=["sealed_key"])
    return model


def refused(model):
    with pytest.raises(EngineError) as problem:
        registry.endpoint(model)
    assert problem.value.permanent and KEY not in str(problem.value)
    return str(problem.value)


def test_a_call_carries_the_key_that_is_kept():
    assert registry.endpoint(keyed()).api_key == KEY


def test_the_database_holds_no_part_of_it():
    model = keyed()
    assert KEY not in str(LanguageModel.objects.filter(pk=model.pk).values()) + repr(registry.endpoint(model))


def test_a_ciphertext_copied_to_another_row_opens_nothing():
    other = make_model("other", engine="openai_http", base_url=ADDRESS, sealed_key=keyed().sealed_key)
    assert "cannot be opened" in refused(other)


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/v1",
        "http://models.example/v1",
        "https://models.example:8443/v1",
        "https://models.example.evil/",
    ],
)
def test_a_row_that_is_made_to_point_elsewhere_sends_its_key_nowhere(address):
    model = keyed()
    LanguageModel.objects.filter(pk=model.pk).update(base_url=address)
    model.refresh_from_db()
    assert "was given for another server" in refused(model)


@pytest.mark.parametrize("address", ["https://models.example/v2", "https://MODELS.example:443/v1"])
def test_another_path_of_the_same_server_gets_it(address):
    model = keyed()
    model.base_url = address
    assert registry.endpoint(model).api_key == KEY


@pytest.mark.parametrize("keys", [[NEW], []])
def test_a_key_that_no_fernet_key_opens_says_what_to_do(settings, keys):
    model = keyed()
    settings.FERNET_KEYS = keys
    assert "COSA_FERNET_KEYS" in refused(model)


def test_since_when_it_is_kept_is_known_without_opening_it(settings):
    model = keyed()
    settings.FERNET_KEYS = []
    assert abs((timezone.now() - model.key_since).total_seconds()) < 60
    assert [LanguageModel(sealed_key=odd).key_since for odd in ("", "gAAA", "%")] == [None] * 3


def rotate():
    out = StringIO()
    call_command("rotate_keys", stdout=out)
    return out.getvalue()


def test_rotating_encrypts_every_key_with_the_first(settings):
    models, settings.FERNET_KEYS = [keyed(), keyed("theirs")], [NEW, OLD]
    since = models[0].key_since
    assert rotate() == "2 keys of models encrypted with the first key.\n"
    settings.FERNET_KEYS = [NEW]
    for model in models:
        model.refresh_from_db()
    assert [registry.endpoint(model).api_key for model in models] == [KEY, KEY] and models[0].key_since == since


def test_a_row_that_nothing_opens_is_named_and_left(settings):
    lost, settings.FERNET_KEYS = keyed("lost"), [NEW]
    mine = keyed("mine")
    with pytest.raises(CommandError, match="lost"):
        rotate()
    assert LanguageModel.objects.get(pk=lost.pk).sealed_key == lost.sealed_key
    assert registry.endpoint(LanguageModel.objects.get(pk=mine.pk)).api_key == KEY


def test_a_key_that_changes_meanwhile_is_not_overwritten(settings, monkeypatch):
    model, settings.FERNET_KEYS = keyed(), [NEW, OLD]
    fernet, changes = model_keys._fernet, [model_keys.seal(model, "sk-newer")]

    def changing():
        if changes:
            LanguageModel.objects.filter(pk=model.pk).update(sealed_key=changes.pop())
        return fernet()

    monkeypatch.setattr(model_keys, "_fernet", changing)
    rotate()
    model.refresh_from_db()
    assert registry.endpoint(model).api_key == "sk-newer"


def test_without_fernet_keys_rotating_says_which_variable(settings):
    settings.FERNET_KEYS = []
    with pytest.raises(CommandError, match="COSA_FERNET_KEYS"):
        rotate()


def test_the_gateway_gets_another_key_when_it_reads_again():
    deployment = make_deployment()
    key, _ = make_key(deployment)
    model, told = deployment.candidate.model, []
    LanguageModel.objects.filter(pk=model.pk).update(engine="openai_http", base_url=ADDRESS)
    model.refresh_from_db()
    for secret in (KEY, "sk-newer"):
        LanguageModel.objects.filter(pk=model.pk).update(sealed_key=model_keys.seal(model, secret))
        grant = grants.read([key.digest])[key.digest]
        told.append(grant.served[deployment.slug].endpoint.api_key)
    assert told == [KEY, "sk-newer"] and "sk-newer" not in repr(grant)
