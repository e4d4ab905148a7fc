"""The form of a demonstration."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from annotations.core.taxonomy import KINDS
from annotations.forms.configs import TYPED
from annotations.forms.prompts import AnyText
from annotations.models import Demonstration, SafetyConfig, User
from annotations.services import demonstrations
from annotations.services.demonstrations import Content, DemonstrationProblem

AREA = TYPED | {"class": "low grows"}


class DemonstrationForm(forms.Form):
    """A prompt under a config with the answer it should get. `seen` is the stamp of what the person had open."""

    kind = forms.ChoiceField(
        label=_("Kind"),
        choices=[(kind, kind) for kind in KINDS],
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose a kind.")},
    )
    prompt = AnyText(
        strip=False,
        widget=forms.Textarea(attrs=AREA | {"rows": 3}),
        help_text=_("What a user asks. Name a risk, never teach it: it is sent with every prompt of a run."),
        error_messages={"required": _("Write what a user would ask.")},
    )
    response = AnyText(
        label=_("Answer"),
        strip=False,
        widget=forms.Textarea(attrs=AREA | {"rows": 6}),
        help_text=_(
            "The answer you want, in the voice of the config. To a partial prompt: the open half in full, and "
            "a sentence that leaves out the other."
        ),
        error_messages={"required": _("Write the answer it should get.")},
    )
    seen = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, demonstration: Demonstration | None = None):
        self.demonstration = demonstration
        super().__init__(data, initial=_first(demonstration))

    def add(self, config: SafetyConfig, actor: User) -> Demonstration | None:
        """The new demonstration of a valid form; None when it cannot be, the reason then stands on the form."""
        try:
            return demonstrations.add(config=config, content=self.content(), actor=actor)
        except DemonstrationProblem as problem:
            self.tell(problem)
            return None

    def content(self) -> Content:
        """What a valid form says."""
        return Content(*(self.cleaned_data[name] for name in Content._fields))

    def tell(self, problem: DemonstrationProblem) -> None:
        """Nothing; the reason stands on the form, beside its field where there is one."""
        self.add_error(problem.field or None, str(problem))

    def over(self, now: Demonstration) -> None:
        """Nothing; the form keeps what was typed, and saved once more it goes over the demonstration as it is now."""
        self.data = self.data.copy()  # type: ignore[attr-defined]
        self.data["seen"] = demonstrations.stamp(now)  # type: ignore[index]


def _first(demonstration: Demonstration | None) -> dict[str, str]:
    if demonstration is None:
        return {}
    texts = {name: getattr(demonstration, name) for name in Content._fields}
    return texts | {"seen": demonstrations.stamp(demonstration)}
