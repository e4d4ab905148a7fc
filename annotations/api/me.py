"""Who asks, and the organisations they know: where a program begins that knows nothing but its token."""

from collections.abc import Iterable
from itertools import groupby
from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

from annotations import access, models
from annotations.api import fields
from annotations.api.configs import Organisation
from annotations.api.endpoint import Endpoint, lists, reads, route
from annotations.api.shapes import Id, Shown
from annotations.models import AccessToken, Membership
from annotations.models.people import ROLES
from annotations.services.tokens import SCOPES


class OwnOrganisation(Organisation):
    """An organisation one belongs to, and as what."""

    roles = serializers.ListField(child=serializers.ChoiceField(ROLES), help_text="The roles one holds in it.")


class Oneself(Shown):
    """Who asks, with roles and scopes."""

    id = Id(help_text="Id of the person.")
    username = fields.text("Name one logs in with.")
    name = fields.text("Name as the pages show it.")
    organisations = OwnOrganisation(many=True, help_text="The organisations one belongs to, by name.")
    scopes = serializers.ListField(
        child=serializers.ChoiceField(tuple(SCOPES)),
        allow_null=True,
        help_text="Scopes of the token; null for the log-in of the pages, which has no bounds but the roles.",
    )


class Me(Endpoint):
    """Who asks."""

    resource, scoped = "me", False

    @reads(Oneself)
    def get(self) -> dict[str, Any]:
        """Who the token or the log-in stands for, and what it opens."""
        user, token = self.user, self.request.auth
        mine = user.memberships.select_related("organisation")
        return {
            "id": user.pk,
            "username": user.get_username(),
            "name": str(user),
            "organisations": _by_organisation(mine.order_by("organisation__name", "organisation_id", "role")),
            "scopes": token.scopes if isinstance(token, AccessToken) else None,
        }


class Organisations(Endpoint):
    """The organisations."""

    resource, scoped = "organisations", False

    @lists(Organisation, order=("name", "pk"))
    def get(self) -> QuerySet[models.Organisation]:
        """The organisations you belong to, by name; all of them for reviewers and admins."""
        return access.organisations_known(self.user)


def _by_organisation(memberships: Iterable[Membership]) -> list[Any]:
    found = []
    for row, held in groupby(memberships, key=lambda one: one.organisation):
        row.roles = [one.role for one in held]
        found.append(row)
    return found


ROUTES = [
    route("me/", Me, "me-detail"),
    route("organisations/", Organisations, "organisations-list"),
]
