"""The forms of a campaign: what a lead decides about it, how often each item is rated, and the next guideline."""

from secrets import randbelow
from typing import Any

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from annotations import campaign_access
from annotations.forms.belonging import OfOrganisation
from annotations.models import Campaign, User
from annotations.models.campaigns import DRAFT
from annotations.services import campaign_items, campaigns, guidelines
from annotations.services.campaigns import BOUNDS, MAY_BE_NONE, Settings

TYPED = {"dir": "auto", "autocomplete": "off"}
SEEDS_OFFERED = 1_000_000
LABELS = {
    "seed": _("Seed"),
    "quota": _("Answers of one person, at most"),
    "lease_minutes": _("Minutes an item is held for a person"),
    "tagged_in_row": _("In a row, at most"),
    "session_cap": _("In one session, at most"),
    "day_cap": _("In one day, at most"),
    "break_minutes": _("Minutes of work before a break is proposed"),
    "overlap": _("Ratings of an item"),
    "overlap_share": _("Share of the items that get them, in %"),
}
HELP = {
    "seed": _(
        "Decides the order of the items and which of them the share is. The same seed gives the same choice again."
    ),
    "quota": _("Empty is no bound; a person may be given an own one."),
    "lease_minutes": _("Whoever works on it keeps it; when nothing is heard for so long, it goes to the next person."),
    "overlap_share": _("The others get one. The seed chooses which."),
}


def _number(name: str) -> forms.IntegerField:
    least, most = BOUNDS[name]
    words = format_lazy(_("A number from {least} to {most}."), least=f"{least:,}", most=f"{most:,}")
    wrong = dict.fromkeys(("min_value", "max_value", "invalid", "required"), words)
    return forms.IntegerField(
        error_messages=wrong,
        min_value=least,
        max_value=most,
        required=name not in MAY_BE_NONE,
        label=LABELS[name],
        help_text=HELP.get(name, ""),
    )


def _area(rows: int, kind: str = "low grows") -> forms.Textarea:
    return forms.Textarea(attrs=TYPED | {"rows": rows, "class": kind})


class CampaignForm(OfOrganisation):
    """A new campaign with its first guideline, or other settings for one that is there."""

    title = forms.CharField(label=_("Title"), max_length=campaigns.LONGEST_TITLE, widget=forms.TextInput(attrs=TYPED))
    about = forms.CharField(
        label=_("About"),
        required=False,
        max_length=campaigns.LONGEST_ABOUT,
        widget=_area(3),
        help_text=_("What it is for. Raters read it before they begin, so it names no model and no run."),
    )
    ask_risks = forms.BooleanField(required=False, label=_("Ask as well which risk categories a response has"))
    overlap = _number("overlap")
    overlap_share = _number("overlap_share")
    seed = _number("seed")
    quota = _number("quota")
    lease_minutes = _number("lease_minutes")
    tagged_in_row = _number("tagged_in_row")
    session_cap = _number("session_cap")
    day_cap = _number("day_cap")
    break_minutes = _number("break_minutes")
    support_contact = forms.CharField(
        label=_("Support contact"),
        required=False,
        max_length=campaigns.LONGEST_CONTACT,
        widget=_area(2),
        help_text=_("Whom raters can turn to when something weighs on them. Needed once an item has a risk category."),
    )
    guideline = forms.CharField(
        label=_("Guideline"),
        required=False,
        max_length=guidelines.LONGEST_TEXT,
        widget=_area(18, "policy"),
        help_text=_(
            "What raters go by, in Markdown. It may wait; every later version is kept beside the earlier ones."
        ),
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, user: User, data: Any = None, *, campaign: Campaign | None = None):
        super().__init__(data, initial=_first(campaign))
        self.campaign = campaign
        for name in _fixed(campaign):
            del self.fields[name]
        if campaign is None:
            self.offer(campaign_access.organisations_led(user), user)

    @property
    def settings(self) -> Settings:
        """What a valid form says; what it did not ask for stays as it is."""
        before = campaigns.settings_of(self.campaign) if self.campaign else Settings("")
        said = {name: self.cleaned_data[name] for name in Settings._fields if name in self.fields}
        return before._replace(**said)

    def save(self, actor: User) -> Campaign | None:
        """The campaign with what a valid form says; None when it cannot be, the reason then stands on the form."""
        said = self.cleaned_data
        try:
            if self.campaign:
                return campaigns.edit(campaign=self.campaign, settings=self.settings, actor=actor, seen=said["seen"])
            return campaigns.create(
                organisation=said["organisation"],
                settings=self.settings,
                actor=actor,
                overlap=said["overlap"],
                overlap_share=said["overlap_share"],
                guideline=said["guideline"],
            )
        except campaigns.CampaignProblem as problem:
            self.add_error(problem.field if problem.field in self.fields else None, str(problem))
            return None


def _first(campaign: Campaign | None) -> dict[str, Any]:
    if campaign is None:
        offered = {"overlap": 2, "overlap_share": 100, "guideline": guidelines.default()}
        return Settings("", seed=randbelow(SEEDS_OFFERED))._asdict() | offered
    now = campaigns.settings_of(campaign)
    return now._asdict() | {"seen": campaigns.digest(now)}


def _fixed(campaign: Campaign | None) -> list[str]:
    """The fields that the form of this campaign does not have."""
    if campaign is None:
        return ["seen"]
    fixed = ["organisation", "overlap", "overlap_share", "guideline"]
    fixed += ["ask_risks"] if campaign.state != DRAFT else []
    return fixed + (["seed"] if campaign.items.exists() else [])


class OverlapForm(forms.Form):
    """How many ratings an item gets, and which share of the items gets them."""

    overlap = _number("overlap")
    overlap_share = _number("overlap_share")

    def __init__(self, campaign: Campaign, data: Any = None):
        now = {"overlap": campaign.overlap, "overlap_share": campaign.overlap_share}
        super().__init__(data, initial=now)
        self.campaign = campaign

    def save(self, actor: User) -> int | None:
        """How many slots were made; None when it cannot be, the reason then stands on the form."""
        said = self.cleaned_data
        try:
            return campaign_items.set_overlap(
                campaign=self.campaign, overlap=said["overlap"], share=said["overlap_share"], actor=actor
            )
        except campaign_items.ItemProblem as problem:
            self.add_error(None, str(problem))
            return None


class GuidelineForm(forms.Form):
    """The next version of a guideline, and what it changes; `above` is the number of the one it is written over."""

    text = forms.CharField(
        max_length=guidelines.LONGEST_TEXT,
        widget=_area(22, "policy"),
        label=_("Guideline"),
        help_text=_("In Markdown."),
    )
    note = forms.CharField(
        error_messages={"required": guidelines.NO_NOTE},
        max_length=guidelines.LONGEST_NOTE,
        widget=_area(2),
        label=_("What changed"),
        help_text=_("A line for the people who rate."),
    )
    above = forms.IntegerField(min_value=0, max_value=1_000_000, widget=forms.HiddenInput)

    def __init__(self, campaign: Campaign, data: Any = None):
        last = campaign.guidelines.order_by("-number").first()
        text = last.text if last else guidelines.default()
        super().__init__(data, initial={"text": text, "above": last.number if last else 0})
        self.campaign = campaign
        self.last = last
        if last is None:
            del self.fields["note"]

    def save(self, actor: User) -> Any:
        """The new version; None when it cannot be, the reason then stands on the form."""
        said = self.cleaned_data
        try:
            return guidelines.add(
                campaign=self.campaign,
                text=said["text"],
                note=said.get("note", ""),
                above=said["above"],
                actor=actor,
            )
        except guidelines.GuidelineProblem as problem:
            self.add_error(problem.field if problem.field in self.fields else None, str(problem))
            return None
