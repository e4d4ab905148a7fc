"""The forms of people, their roles and their organisations. A password is typed by its owner alone."""

from typing import Any

from django import forms
from django.contrib.auth import password_validation
from django.contrib.auth.forms import PasswordChangeForm, SetPasswordForm
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from annotations.models import Organisation, User
from annotations.models.people import ADMIN, ANNOTATOR, EXPERT, LEAD, REVIEWER

ROLES = (
    (EXPERT, _("Expert: writes configs and benchmark prompts, starts evaluations")),
    (LEAD, _("Lead: an expert who also runs campaigns and freezes benchmarks")),
    (REVIEWER, _("Reviewer: the provider's side, decides about versions of every organisation")),
    (ANNOTATOR, _("Annotator: rates responses, sees only what is assigned")),
    (ADMIN, _("Admin: the provider's side, people, models and everything else")),
)
APPROVALS = ((1, _("One reviewer")), (2, _("Two reviewers, each for themselves")))


class RoleForm(forms.Form):
    """One role in one organisation."""

    organisation = forms.ModelChoiceField(Organisation.objects.all(), label=_("Organisation"))
    role = forms.ChoiceField(label=_("Role"), choices=ROLES)


class NamesForm(forms.ModelForm):  # type: ignore[type-arg]
    """What somebody is called. The user name stays: it is what they log in with."""

    class Meta:
        model = User
        fields = ["first_name", "last_name", "email"]
        labels = {"email": _("E-mail")}
        help_texts = {
            "email": _("The application sends nothing to it. A change ends a password link that is not used yet.")
        }


class PersonForm(RoleForm, NamesForm):
    """A new person: names, and a first role. The password is set by the person, with a link."""

    class Meta(NamesForm.Meta):
        fields = ["username", "first_name", "last_name", "email"]
        labels = {"username": _("User name"), "email": _("E-mail")}
        help_texts = {
            "username": _("For logging in: letters, digits and @ . + - _"),
            "email": _("So that you can reach them; the application sends nothing to it."),
        }

    field_order = ["username", "first_name", "last_name", "email", "organisation", "role"]

    def clean_username(self) -> str:
        """The user name; one that differs from somebody else's only in upper and lower case is refused."""
        name: str = self.cleaned_data["username"]
        if User.objects.filter(username__iexact=name).exists():
            raise forms.ValidationError(gettext("Somebody has this user name already."))
        return name


class OrganisationForm(forms.ModelForm):  # type: ignore[type-arg]
    """An organisation, and how many reviewers have to approve a version of it."""

    approvals_needed = forms.TypedChoiceField(
        coerce=int,
        choices=APPROVALS,
        initial=1,
        label=_("Approvals a version needs"),
        help_text=_("Nobody approves a version they wrote in. A change counts for decisions from now on."),
    )

    class Meta:
        model = Organisation
        fields = ["name", "slug", "about", "approvals_needed"]
        labels = {"name": _("Name"), "slug": _("Short name"), "about": _("About")}
        help_texts = {"slug": _("Letters, digits and hyphens; it cannot be changed later.")}
        widgets = {"about": forms.Textarea(attrs={"rows": 3, "class": "low", "dir": "auto"})}

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        if self.instance.pk is not None:
            self.fields["slug"].disabled = True
            self.fields["slug"].help_text = _("Fixed, because other things name it.")


def _say_rules(form: forms.Form) -> None:
    form.fields["new_password1"].help_text = " ".join(password_validation.password_validators_help_texts())
    form.fields["new_password2"].label = _("The new password again")
    form.fields["new_password2"].help_text = ""


class FirstPasswordForm(SetPasswordForm):  # type: ignore[type-arg]
    """A person's own password, set with a link."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        _say_rules(self)


class OwnPasswordForm(PasswordChangeForm):
    """Another password for somebody who is logged in."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["old_password"].label = _("The present password")
        _say_rules(self)
