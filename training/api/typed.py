"""What a program said, as the pages' forms read it: their rules then hold for both."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS
from django.forms import BaseForm
from django.http import QueryDict

from annotations.api.problems import Problem


def typed(said: Mapping[str, Any]) -> QueryDict:
    """The values as a browser sends them: null and false not at all, true as on, a list as several of one name."""
    found = QueryDict(mutable=True)
    for name, value in said.items():
        if isinstance(value, list | tuple):
            found.setlist(name, [str(one) for one in value])
        elif value is not None and value is not False:
            found[name] = "on" if value is True else str(value)
    return found


def by_strategy(strategy: object, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a strategy under the names of their fields."""
    return {f"{strategy}-{name}": value for name, value in settings.items()}


def refuse_unknown(form: BaseForm, said: Mapping[str, Any], field: str) -> None:
    """Nothing when the form has a field for each of these names. Raises Problem (422): a form would leave it out."""
    if unknown := sorted(name for name in said if name not in form.fields):
        told = {f"{field}.{_bare(name)}"[:100]: ["There is no such setting."] for name in unknown[:20]}
        raise Problem(422, "Some fields have to be changed.", errors=told)


def refuse(form: BaseForm, names: Mapping[str, str] | None = None) -> Problem:
    """422 with what stands on a form that was refused; `names` are those of the API where they are others."""
    errors: dict[str, list[str]] = {}
    for field, sentences in form.errors.items():
        if field != NON_FIELD_ERRORS:
            errors.setdefault(_name(field, names or {}), []).extend(str(one) for one in sentences)
    told = [str(sentence) for sentence in form.non_field_errors()]
    return Problem(422, " ".join(told) or "Some fields have to be changed.", errors=errors)


def _name(field: str, names: Mapping[str, str]) -> str:
    return names.get(field) or (f"settings.{_bare(field)}" if "-" in field else field)


def _bare(name: str) -> str:
    return name.rpartition("-")[2]
