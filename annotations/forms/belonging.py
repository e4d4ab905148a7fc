"""Which organisation something new belongs to: the person's own one, or one of several."""

from typing import cast

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from annotations.models import Organisation, User


class OfOrganisation(forms.Form):
    """What every form of something new begins with; `offer` says which organisations it may belong to."""

    organisation = forms.ModelChoiceField(Organisation.objects.none(), label=_("Organisation"), empty_label=None)

    def offer(self, organisations: QuerySet[Organisation], user: User) -> None:
        """Nothing; these may be chosen, and the one that stands at the top of every page is."""
        field = self._organisation
        field.queryset = organisations.order_by("name")
        field.initial = user.memberships.order_by("pk").values_list("organisation", flat=True).first()

    @property
    def one_organisation(self) -> Organisation | None:
        """The organisation, when there is no other to choose."""
        choices = self._organisation.queryset if "organisation" in self.fields else None
        found = list(choices[:2]) if choices is not None else []
        return found[0] if len(found) == 1 else None

    @property
    def _organisation(self) -> "forms.ModelChoiceField[Organisation]":
        return cast("forms.ModelChoiceField[Organisation]", self.fields["organisation"])
