"""The forms of a campaign's people and of groups of raters."""

from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from annotations import campaign_access
from annotations.campaign_access import possible_raters
from annotations.forms.rows import ManyRows
from annotations.models import Campaign, Organisation, RaterGroup, User
from annotations.queries import campaign_people
from annotations.services.enrolments import MOST_ASSIGNED, MOST_QUOTA
from annotations.services.groups import LONGEST_NAME

NOBODY = {"required": _("Choose at least one person."), "list": _("Choose from the people of the list.")}


class AddForm(forms.Form):
    """People who get a place in a campaign."""

    people = ManyRows(User.objects.none(), widget=forms.CheckboxSelectMultiple, error_messages=NOBODY)
    quota = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=MOST_QUOTA,
        label=_("Quota of each"),
        help_text=_("Empty: as the campaign says."),
    )

    def __init__(self, campaign: Campaign, data: Any = None):
        super().__init__(data)
        self.ticked = set(data.getlist("people")) if data is not None else set()
        field = cast("forms.ModelMultipleChoiceField[User]", self.fields["people"])
        field.queryset = possible_raters(campaign.organisation_id)


class GroupChoice(forms.Form):
    """A group that is added to a campaign."""

    group = forms.ModelChoiceField(RaterGroup.objects.none())

    def __init__(self, campaign: Campaign, data: Any = None):
        super().__init__(data)
        field = cast("forms.ModelChoiceField[RaterGroup]", self.fields["group"])
        field.queryset = campaign_people.other_groups(campaign)


class QuotaForm(forms.Form):
    """How many responses are asked of one person."""

    quota = forms.IntegerField(required=False, min_value=1, max_value=MOST_QUOTA)


class AssignForm(forms.Form):
    """How many items are kept for one person."""

    number = forms.IntegerField(min_value=1, max_value=MOST_ASSIGNED)


class GroupForm(forms.Form):
    """What a group is called, and for a new one whose it is."""

    organisation = forms.ModelChoiceField(Organisation.objects.none(), label=_("Organisation"), empty_label=None)
    name = forms.CharField(
        label=_("Name"), max_length=LONGEST_NAME, widget=forms.TextInput(attrs={"dir": "auto", "autocomplete": "off"})
    )

    def __init__(self, user: User, data: Any = None, *, group: RaterGroup | None = None):
        super().__init__(data, initial={"name": group.name} if group else None)
        if group:
            del self.fields["organisation"]
        else:
            field = cast("forms.ModelChoiceField[Organisation]", self.fields["organisation"])
            field.queryset = campaign_access.organisations_led(user).order_by("name")
            field.initial = user.memberships.order_by("pk").values_list("organisation", flat=True).first()


class MembersForm(forms.Form):
    """People who join a group."""

    people = ManyRows(User.objects.none(), widget=forms.CheckboxSelectMultiple, error_messages=NOBODY)

    def __init__(self, group: RaterGroup, data: Any = None):
        super().__init__(data)
        self.ticked = set(data.getlist("people")) if data is not None else set()
        field = cast("forms.ModelMultipleChoiceField[User]", self.fields["people"])
        field.queryset = possible_raters(group.organisation_id)
