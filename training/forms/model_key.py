"""What the form of a model does with a key: kept for one server, replaced, removed, and never shown."""

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext_lazy as _

from annotations.models import LanguageModel
from annotations.models.responses import ONE_KEY
from training.services import model_keys

FIELDS = ("key", "forget_key")
NO_ADDRESS = _("A key is for a server at an address. Enter the address, or no key.")
NO_HEADER = _("A key has only letters, digits and signs, without blanks in between. Enter it again.")
ANOTHER = _("The key that is kept was given for {server} and goes nowhere else. Enter the key of the new address.")
REMOVE_FIRST = _("A key is kept for this model. Let it be forgotten to use a variable.")
BOTH = _("Enter a new key or remove the one that is kept, not both.")


def problems(said: dict[str, Any], model: LanguageModel) -> Iterator[tuple[str, str]]:
    """What is wrong with what was said of the key of `model`, which is as it was; each with the field it is told at."""
    key, forget, address = said.get("key", ""), said.get("forget_key"), said.get("base_url", model.base_url)
    if key:
        yield from _of_new(key, said, address)
    elif model.sealed_key and not forget:
        if said.get("key_variable"):
            yield "key_variable", str(REMOVE_FIRST)
        if (given_for := model_keys.server(model.base_url)) != model_keys.server(address):
            yield "key", ANOTHER.format(server=given_for)


def _of_new(key: str, said: dict[str, Any], address: str) -> Iterator[tuple[str, str]]:
    if said.get("forget_key"):
        yield "forget_key", str(BOTH)
    if said.get("key_variable"):
        yield "key_variable", ONE_KEY
    if not model_keys.server(address):
        yield "key", str(NO_ADDRESS)
    if not (key.isascii() and key.isprintable()) or " " in key:
        yield "key", str(NO_HEADER)
    if not model_keys.may_keep():
        yield "key", model_keys.NO_KEYS


def save(model: LanguageModel, said: dict[str, Any]) -> str:
    """What became of the key, in a word for the record of decisions: kept, replaced, removed, or "".

    The model is saved after it, in the transaction of the caller, with what is kept at this moment: somebody may have
    changed it, or encrypted it anew, since the form was opened.
    """
    now = LanguageModel.objects.select_for_update(no_key=True).filter(pk=model.pk) if model.pk else None
    before = (now.values_list("sealed_key", flat=True).first() or "") if now is not None else ""
    model.sealed_key = "" if said["key"] or said.get("forget_key") else before
    model.save()
    if said["key"]:
        model.sealed_key = model_keys.seal(model, said["key"])
        model.save(update_fields=["sealed_key"])
        return "replaced" if before else "kept"
    return "removed" if before and said.get("forget_key") else ""
