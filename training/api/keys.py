"""Keys of client programs: the list, a new one whose secret is given once, other limits, and revoking."""

from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from rest_framework import serializers

from annotations.access import WORKERS
from annotations.api.endpoint import Endpoint, changes, creates, lists, reads, route
from annotations.api.fields import moment, text, whole, word
from annotations.api.filters import choice, number
from annotations.api.problems import refused
from annotations.api.shapes import Id, Person, Said, Shown
from annotations.models import Organisation
from annotations.models.people import ADMIN, LEAD
from training import access, key_queries
from training.models import ApiKey, Deployment
from training.services.deploy import keys
from training.services.deploy.keys import LONGEST_NAME, MOST_IN_A_MINUTE, MOST_IN_A_MONTH, KeyChanged, KeyProblem, Terms

GIVERS = frozenset({LEAD, ADMIN})
LIMIT = {"required": False, "allow_null": True, "min_value": 1}
MINUTE, MONTH = {"max_value": MOST_IN_A_MINUTE} | LIMIT, {"max_value": MOST_IN_A_MONTH} | LIMIT
NAME = "Whose program holds it, so that people know what they revoke."
REQUESTS = "Calls in any 60 seconds; null for no limit."
TOKENS = "Tokens read and written in any 60 seconds; null for no limit."
QUOTA = "Tokens read and written in a month of UTC; null for no limit."
END = "When it expires; null for never."
OPENS = "Id of the deployment it opens; null for every one of the organisation, those to come too."
NO_HOME = "Name a deployment or an organisation for which you give keys: as its lead, or as an admin."


class KeyRows(serializers.ListSerializer[Any]):
    """Keys, each with its state and what it has used."""

    def to_representation(self, data: Any) -> list[Any]:
        """The keys as JSON; one query for all they have used."""
        return super().to_representation(_with_use(list(data)))


def _with_use(found: list[ApiKey]) -> list[ApiKey]:
    for row in key_queries.rows(found):
        row.key.state, row.key.used = row.state, row.used  # type: ignore[attr-defined]
    return found


class Key(Shown):
    """What a client program shows to the gateway. Its secret is given once, when it is made, and stored nowhere."""

    class Meta:
        list_serializer_class = KeyRows

    id = Id(help_text="Id of the key.", source="pk")
    name = text(NAME)
    prefix = text("The visible beginning of its secret.")
    state = word("Whether it opens anything.", key_queries.STATES)
    organisation = Id(help_text="Id of the organisation whose deployments it opens.", source="organisation_id")
    deployment = Id(help_text=OPENS, source="deployment_id", allow_null=True)
    requests_per_minute = whole(REQUESTS, allow_null=True)
    tokens_per_minute = whole(TOKENS, allow_null=True)
    tokens_per_month = whole(QUOTA, allow_null=True)
    used = whole("Tokens it has used since the month began, but for the last seconds.")
    expires_at = moment(END, allow_null=True)
    created_by = Person(help_text="Who made it; null for the command line.", allow_null=True)
    created_at = moment("When it was made.")
    revoked_by = Person(help_text="Who revoked it; null while nobody did.", allow_null=True)
    revoked_at = moment("When it was revoked; null while it is not.", allow_null=True)
    last_used_at = moment("When it was used last, but for the last seconds; null before.", allow_null=True)


class NewKeyShown(Key):
    """A new key with its secret, this once."""

    secret = text("The secret. Null when an earlier request with this Idempotency-Key was given it.", allow_null=True)


class KeyLimits(Said):
    """What a key is called, how much it may ask for, and how long it lives."""

    name = text(NAME, max_length=LONGEST_NAME)
    requests_per_minute = whole(REQUESTS, **MINUTE)
    tokens_per_minute = whole(TOKENS, **MINUTE)
    tokens_per_month = whole(QUOTA, **MONTH)
    expires_at = moment(END, required=False, allow_null=True)


class NewKey(KeyLimits):
    """A new key; with a deployment its organisation need not be named."""

    deployment = Id(help_text=OPENS, required=False, allow_null=True)
    organisation = Id(
        help_text="Id of the organisation, where no deployment is named.", required=False, allow_null=True
    )


class Keys(Endpoint):
    """The keys."""

    resource, roles = "deployments", WORKERS
    refusals, conflicts = (KeyProblem,), (KeyChanged,)

    @lists(
        Key,
        choice("state", "Keys in this state; without it active ones.", (*key_queries.STATES, "all")),
        number("organisation", "Keys of the organisation of this id."),
        number("deployment", "Keys that open the deployment of this id."),
    )
    def get(self) -> QuerySet[ApiKey]:
        """The keys of your organisations, newest first, without their secrets."""
        wanted = {name: str(self.asked[name] or "") for name in key_queries.FILTERS}
        return key_queries.listed(access.api_keys(self.user), wanted).defer("deployment__shown")

    @creates(NewKey, NewKeyShown, roles=GIVERS, secret=("secret",))
    def post(self) -> ApiKey:
        """A new key. Its secret is in this answer and in no other one: keep it where the client reads it."""
        deployment, home = _opens(self)
        terms = {name: self.said.get(name) for name in Terms._fields}
        name = self.said["name"]
        key, secret = keys.issue(organisation=home, deployment=deployment, name=name, actor=self.user, **terms)
        made: Any = _shown(self, key.pk)
        made.secret = secret
        return made  # type: ignore[no-any-return]


def _opens(endpoint: Endpoint) -> tuple[Deployment | None, Organisation]:
    """The deployment and the organisation of a new key. Raises Problem where the person gives no keys for them."""
    homes, said = key_queries.homes(endpoint.user), endpoint.said
    if said.get("deployment"):
        mine = access.deployments(endpoint.user).filter(pk=said["deployment"], organisation__in=homes)
        if found := mine.first():
            if said.get("organisation") not in (None, found.organisation_id):
                raise refused("This deployment is another organisation's.", "organisation")
            return found, found.organisation
        raise refused(NO_HOME, "deployment")
    home = homes.filter(pk=said["organisation"]).first() if said.get("organisation") else None
    if home is None:
        raise refused(NO_HOME, "organisation")
    return None, home


def _shown(endpoint: Endpoint, pk: int) -> ApiKey:
    return _with_use([access.api_key_for_reader(endpoint.user, pk)])[0]


class _OneKey(Endpoint):
    """One key, and what its holders do with it."""

    resource, roles = "deployments", WORKERS
    refusals, conflicts = (KeyProblem,), (KeyChanged,)
    words = {"pk": "Id of the key."}


class OneKey(_OneKey):
    """One key."""

    @reads(Key)
    def get(self, pk: int) -> ApiKey:
        """The key, its limits, and what it has used."""
        return _shown(self, pk)

    @changes(KeyLimits, Key)
    @transaction.atomic
    def patch(self, pk: int) -> ApiKey:
        """Another name, other limits or another end; its secret stays. Every gateway knows within a second."""
        access.api_key_for_holder(self.user, pk)
        key = ApiKey.objects.select_for_update(of=("self",), no_key=True).get(pk=pk)
        now = {name: getattr(key, name) for name in ("name", *Terms._fields)}
        keys.change(key=key, actor=self.user, **now | self.said)
        return _shown(self, pk)


class KeysRevoke(_OneKey):
    """Ending a key."""

    @changes(None, Key)
    def post(self, pk: int) -> ApiKey:
        """End the key for good: it opens nothing within a second, and calls that go on with it are ended."""
        keys.revoke(key=access.api_key_for_holder(self.user, pk), actor=self.user)
        return _shown(self, pk)


ROUTES = [
    route("keys/", Keys, "keys-list"),
    route("keys/<int:pk>/", OneKey, "keys-detail"),
    route("keys/<int:pk>/revoke/", KeysRevoke, "keys-revoke"),
]
