"""The forms that write prompts: one after the other, one again, many at once."""

from typing import Any, cast

from django import forms
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from annotations import access, marks
from annotations.core import pasted
from annotations.core.storable import storable, whole_number
from annotations.core.taxonomy import KINDS, categories
from annotations.forms.configs import TYPED, ConfigChoice
from annotations.models import Benchmark, ConfigVersion, Prompt, SafetyConfig, User
from annotations.services import pasting, prompts
from annotations.services.prompt_checks import LONGEST_LANGUAGE, LONGEST_SOURCE, PromptProblem
from annotations.services.prompts import Content

LOW, LINE = {"class": "low grows"}, {"class": "one grows"}
WAYS = (
    (pasted.LINES, _("One line is one prompt")),
    (pasted.BLOCKS, _("Blank lines stand between prompts")),
    (pasted.RULES, _("Lines of --- stand between prompts")),
)
SHOWN_OF_A_RULE = 90


class AnyText(forms.CharField):
    """A text in which what no database takes is replaced, not refused: nobody sees such signs in a field."""

    def to_python(self, value: Any) -> str:
        """The text as it can be stored."""
        return storable(super().to_python(value) or "")


class LabelsForm(forms.Form):
    """What is said of a prompt besides its text. What is wrong with it is decided by the service."""

    config = ConfigChoice(
        SafetyConfig.objects.none(),
        label=_("Config"),
        empty_label=_("choose …"),
        error_messages={"required": _("Choose a config.")},
    )
    kind = forms.ChoiceField(
        label=_("Kind"), widget=forms.RadioSelect, error_messages={"required": _("Choose a kind.")}
    )
    rule = AnyText(required=False, label=_("Rule touched"), widget=forms.Select)
    risks = forms.MultipleChoiceField(required=False, label=_("Risk categories"), widget=forms.CheckboxSelectMultiple)
    language = forms.CharField(
        label=_("Language"),
        required=False,
        max_length=LONGEST_LANGUAGE,
        widget=forms.TextInput(attrs={"autocomplete": "off", "size": 10}),
        help_text=_("As a tag: en, ar, pt-BR. Empty: that of the config."),
    )
    source = AnyText(
        label=_("Source"),
        required=False,
        max_length=LONGEST_SOURCE,
        widget=forms.TextInput(attrs=TYPED),
        help_text=_("Where it comes from, if it was not thought up here."),
    )

    def __init__(self, benchmark: Benchmark, user: User, *args: Any, config: SafetyConfig | None = None, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.benchmark, self.user = benchmark, user
        self._choices_of("config", access.configs(user).select_related("organisation").order_by("title", "pk"))
        cast(forms.ChoiceField, self.fields["kind"]).choices = [(kind, kind_with_key(kind)) for kind in KINDS]
        risks = [(category.slug, category.name) for category in categories()]
        cast(forms.ChoiceField, self.fields["risks"]).choices = risks
        self.chosen = config or self._chosen()
        self.version = newest_version(self.chosen)
        self.fields["rule"].widget.choices = self._rules()

    def _choices_of(self, name: str, configs: Any) -> None:
        cast("forms.ModelChoiceField[Any]", self.fields[name]).queryset = configs

    def _chosen(self) -> SafetyConfig | None:
        number = whole_number(str(self["config"].value() or ""))
        configs = access.configs(self.user).select_related("organisation")
        return configs.filter(pk=number).first() if number is not None else None

    def _rules(self) -> list[tuple[str, str]]:
        """No rule, those of the newest version, older ones, and what was chosen before if it is none of them."""
        rules = self.version.rule_list if self.version else []
        known = {rule.id: f"{rule.id} · {rule.kind} · {rule.text}"[:SHOWN_OF_A_RULE] for rule in rules}
        older = prompts.rule_ids(self.chosen) if self.chosen else []
        now = str(self["rule"].value() or "")[:20]
        more = {id: f"{id} · {gettext('not in the newest version')}" for id in older if id not in known}
        if now and now not in known | more:
            more[now] = f"{now} · {gettext('no rule of this config')}"
        return [("", gettext("none")), *(known | more).items()]

    def content(self) -> Content:
        """What a valid form says, as the service takes it; text and why empty where the form does not ask for them."""
        names = ("text", "kind", "risks", "rule", "why", "language", "source")
        return Content(**{name: self.cleaned_data.get(name, "") for name in names})

    def tell(self, problem: PromptProblem) -> None:
        """Nothing; the reason stands on the form, beside its field where there is one."""
        self.add_error(problem.field if problem.field in self.fields else None, str(problem))


class TextForm(LabelsForm):
    """A prompt with everything that is said of it."""

    text = AnyText(
        label=_("Prompt"),
        strip=False,
        widget=forms.Textarea(attrs=TYPED | LOW | {"rows": 4}),
        error_messages={"required": _("Write the prompt.")},
    )
    why = AnyText(
        label=_("Why"),
        required=False,
        widget=forms.Textarea(attrs=TYPED | LINE | {"rows": 1}),
        help_text=_("Why it is of this kind under this config, for whoever reads it after you."),
    )


class WriteForm(TextForm):
    """A new prompt."""

    def write(self) -> Prompt | None:
        """The new prompt of a valid form; None when it cannot be, the reason then stands on the form."""
        said = {"benchmark": self.benchmark, "config": self.cleaned_data["config"], "actor": self.user}
        try:
            return prompts.add_prompt(**said, **self.content()._asdict())
        except PromptProblem as problem:
            self.tell(problem)
            return None

    def kept(self) -> list[tuple[str, str]]:
        """What the next prompt begins with, as a query string's pairs."""
        data = self.cleaned_data
        pairs = [("config", str(data["config"].pk)), *((name, data[name]) for name in ("kind", "rule", "language"))]
        pairs += [("risk", slug) for slug in data["risks"]] + [("source", data["source"])]
        return [(name, value) for name, value in pairs if value]


class EditForm(TextForm):
    """A prompt that is there already; it stays with its config. `seen` is the stamp of what the person had open."""

    seen = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)

    def __init__(self, prompt: Prompt, user: User, *args: Any, **kwargs: Any):
        names = ("text", "kind", "risks", "rule", "language", "why", "source")
        first = {name: getattr(prompt, name) for name in names} | {"seen": prompts.stamp(prompt)}
        super().__init__(prompt.benchmark, user, *args, config=prompt.config, initial=first, **kwargs)
        self.prompt = prompt
        del self.fields["config"]

    def save(self) -> Prompt:
        """The prompt as it now stands. Raises PromptProblem."""
        seen = self.cleaned_data["seen"]
        return prompts.revise(prompt=self.prompt, content=self.content(), actor=self.user, seen=seen)

    def over(self, now: Prompt) -> None:
        """Nothing; the form keeps what was typed, and saved once more it goes over the prompt as it is now."""
        self.data = self.data.copy()  # type: ignore[attr-defined]
        self.data["seen"] = prompts.stamp(now)  # type: ignore[index]


class PasteForm(LabelsForm):
    """Many prompts of one kind, in one text."""

    way = forms.ChoiceField(choices=WAYS, initial=pasted.LINES, widget=forms.RadioSelect, label=_("In the text below"))
    text = AnyText(label=_("Prompts"), strip=False, widget=forms.Textarea(attrs=TYPED | {"rows": 14}))

    def clean_text(self) -> str:
        """The text as pasted; no `maxlength` says this to the browser, which would cut a longer one silently."""
        text: str = self.cleaned_data["text"]
        if len(text) > (most := pasting.LONGEST_PASTE):
            raise forms.ValidationError(
                gettext("At most %(most)s characters at once; these are %(text)s.")
                % {"most": f"{most:,}", "text": f"{len(text):,}"}
            )
        return text

    def look(self) -> list[pasting.Look]:
        """What each pasted prompt would come to; empty when the form is not valid, the reason then stands on it."""
        if not self.is_valid():
            return []
        data, common = self.cleaned_data, self.content()._replace(text="")
        try:
            pieces = pasted.pieces(data["text"], data["way"])
            return pasting.look(benchmark=self.benchmark, config=data["config"], pieces=pieces, common=common)
        except PromptProblem as problem:
            self.tell(problem)
            return []

    def add(self, found: list[pasting.Look]) -> int | None:
        """How many were added; None when they cannot be, the reason then stands on the form."""
        said = {"benchmark": self.benchmark, "config": self.cleaned_data["config"], "actor": self.user}
        try:
            return pasting.add(found=found, common=self.content(), **said)
        except PromptProblem as problem:
            self.tell(problem)
            return None

    def keep_only(self, left: list[pasting.Look]) -> None:
        """Nothing; the text is what of it was not added, parted as it was."""
        between = {pasted.LINES: "\n", pasted.BLOCKS: "\n\n", pasted.RULES: "\n---\n"}[self.cleaned_data["way"]]
        self.data = self.data.copy()  # type: ignore[attr-defined]
        self.data["text"] = between.join(each.text for each in left)  # type: ignore[index]


def newest_version(config: SafetyConfig | None) -> ConfigVersion | None:
    """The newest version of the config, a draft too; None without one."""
    return config.versions.order_by("-number").first() if config else None


def kind_with_key(kind: str) -> str:
    """The kind with the key that chooses it in front."""
    shown = marks.mark(marks.KINDS, kind)
    return format_html('<kbd aria-hidden="true">{}</kbd> {}', shown.glyph, shown.word)
