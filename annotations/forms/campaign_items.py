"""The forms of a campaign's items: the right answer of one, and a file of responses that were made elsewhere."""

from typing import Any, cast

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from annotations import access
from annotations.core.answers import MOST_POINTS
from annotations.core.gold import LONGEST_WHY, Gold, GoldProblem
from annotations.forms.imports import ManyFiles
from annotations.forms.uploads import Keeper, WithFiles
from annotations.imports._responses import LONGEST_SOURCE
from annotations.models import Benchmark, Campaign, CampaignItem, User
from annotations.services import campaign_gold, import_files
from annotations.services.campaign_items import ItemProblem
from annotations.services.response_files import MOST_ROWS

POINTS = [("", "–"), *((str(points), str(points)) for points in range(MOST_POINTS + 1))]
ALL, GOOD = "all", "good"
HOW = (
    ("mixed", _("Mixed in, unmarked: it shows how often a rater is right")),
    ("practice", _("As practice at the start: the right answer is shown after theirs")),
)


class GoldForm(forms.Form):
    """The right answer of an item."""

    low = forms.TypedChoiceField(label=_("Helpfulness, from"), coerce=int, choices=POINTS)
    high = forms.TypedChoiceField(label=_("Helpfulness, to"), coerce=int, choices=POINTS)
    follows = forms.ChoiceField(
        label=_("Follows its config"), choices=(("yes", _("Yes")), ("no", _("No"))), widget=forms.RadioSelect
    )
    why = forms.CharField(
        label=_("Why"),
        max_length=LONGEST_WHY,
        widget=forms.Textarea(attrs={"rows": 3, "dir": "auto", "class": "low grows"}),
        help_text=_("Who rates it as practice reads this after their own answer."),
    )
    how = forms.ChoiceField(label=_("How raters get it"), choices=HOW, widget=forms.RadioSelect, initial="mixed")

    def __init__(self, item: CampaignItem, data: Any = None):
        gold = campaign_gold.gold_of(item)
        super().__init__(data, initial=_said(gold) if gold else None)
        self.item = item

    def save(self, actor: User) -> bool:
        """True when the right answer of a valid form is set; else what is wrong stands on the form."""
        data = self.cleaned_data
        gold = Gold(data["low"], data["high"], data["follows"] == "yes", data["why"], data["how"] == "practice")
        try:
            campaign_gold.set_gold(item=self.item, gold=gold, actor=actor)
        except GoldProblem as problem:
            self.add_error(problem.field, str(problem))
        except ItemProblem as problem:
            self.add_error(None, str(problem))
        return not self.errors


def _said(gold: Gold) -> dict[str, Any]:
    how = "practice" if gold.practice else "mixed"
    return gold._asdict() | {"follows": "yes" if gold.follows else "no", "how": how}


class ResponsesForm(WithFiles):
    """Files of responses, and which benchmark's prompts they answer; the files themselves were taken in before."""

    nothing, outlives = _("Choose a file."), False
    tables = forms.FileField(
        label=_("File"),
        required=False,
        widget=ManyFiles(attrs={"multiple": True}),
        help_text=_("CSV, JSON Lines or Parquet."),
    )
    benchmark = forms.ModelChoiceField(
        Benchmark.objects.none(),
        label=_("Benchmark"),
        help_text=_("The prompts of the file are looked for in it."),
        empty_label=None,
    )
    source = forms.CharField(
        required=False,
        label=_("Whose responses these are"),
        max_length=LONGEST_SOURCE,
        widget=forms.TextInput(attrs={"dir": "auto", "autocomplete": "off"}),
        help_text=_("A model's name, or who wrote them, where the file does not say. Raters never see it."),
    )
    wrong = forms.ChoiceField(
        label=_("When rows have a problem"),
        choices=((ALL, _("take nothing, and show them")), (GOOD, _("take the good ones, and show the others"))),
        initial=ALL,
        widget=forms.RadioSelect,
    )

    def __init__(self, campaign: Campaign, user: User, data: Any = None, *, keeper: Keeper | None = None):
        super().__init__(data, keeper=keeper)
        field = cast("forms.ModelChoiceField[Benchmark]", self.fields["benchmark"])
        field.queryset = access.benchmarks(user).filter(organisation=campaign.organisation_id).order_by("title")
        self.fields["tables"].help_text += " " + gettext("At most %(rows)s rows, %(size)s MB.") % {
            "rows": f"{MOST_ROWS:,}",
            "size": f"{import_files.most_bytes() >> 20:,}",
        }
