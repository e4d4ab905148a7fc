"""How a form asks for a strategy: all of them with what they cost in calls, and the settings of each."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from django import forms
from django.forms import BoundField
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from training import strategies
from training.strategies import Setting, Strategy

PLAIN = "plain"


class Part(NamedTuple):
    """A strategy as the form offers it, with the fields of its settings."""

    strategy: Strategy
    chosen: bool
    fields: list[BoundField]


class StrategyForm(forms.Form):
    """One strategy and its settings; the settings of the others are offered too, and left alone."""

    strategy = forms.ChoiceField(label=_("Strategy"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.offered = [strategies.load(name) for name in sorted(strategies.names(), key=lambda name: name != PLAIN)]
        self.fields["strategy"].choices = [(one.name, gettext(one.label)) for one in self.offered]  # type: ignore[attr-defined]
        for one in self.offered:
            self.fields |= {_name(one.name, setting): _field(setting) for setting in one.settings}

    def clean(self) -> dict[str, Any]:
        """What was chosen; what is wrong with settings of another strategy than the chosen one does not matter."""
        chosen = self.cleaned_data.get("strategy")
        for one in self.offered:
            if one.name != chosen:
                for setting in one.settings:
                    self.errors.pop(_name(one.name, setting), None)
        return self.cleaned_data

    def strategy_settings(self) -> dict[str, Any]:
        """The settings of the chosen strategy of a valid form, its defaults where nothing was said."""
        strategy = strategies.load(self.cleaned_data["strategy"])
        said = {setting.name: self.cleaned_data.get(_name(strategy.name, setting)) for setting in strategy.settings}
        return strategy.read_settings({name: value for name, value in said.items() if value not in (None, "")})

    @property
    def parts(self) -> list[Part]:
        """Every strategy with its settings, for the page."""
        chosen = str(self["strategy"].value() or "")
        return [
            Part(one, one.name == chosen, [self[_name(one.name, setting)] for setting in one.settings])
            for one in self.offered
        ]


def settings_as(strategy: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The first choices of a form for these settings of the strategy."""
    return {f"{strategy}-{name}": value for name, value in settings.items()}


def _name(strategy: str, setting: Setting) -> str:
    return f"{strategy}-{setting.name}"


def _field(setting: Setting) -> forms.Field:
    told: dict[str, Any] = {
        "label": gettext(setting.label),
        "help_text": gettext(setting.help),
        "initial": setting.default,
    }
    if setting.choices:
        return forms.ChoiceField(
            choices=[(value, gettext(words)) for value, words in setting.choices], required=False, **told
        )
    return forms.IntegerField(min_value=setting.least, max_value=setting.most, required=False, **told)
