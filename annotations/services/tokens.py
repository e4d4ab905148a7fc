"""Tokens with which programs act for people: made, shown once, looked up by their digest, revoked."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from annotations import access
from annotations.core.secret import digest, new_secret
from annotations.core.storable import storable
from annotations.models import AccessToken, User
from annotations.models.people import ADMIN, LEAD, REVIEWER
from annotations.services import audit

PREFIX = "pat-"
MOST_LIVING, LONGEST_NAME, NOTED_EVERY = 50, 100, timedelta(minutes=1)


class TokenProblem(ValueError):
    """Why a token was not made or revoked, and what to do about it. `field` is the field it is about, or empty."""

    def __init__(self, sentence: str, field: str = ""):
        super().__init__(sentence)
        self.field = field


class Resource(NamedTuple):
    """What a scope opens, and whose roles can use it: to read, to write. What nobody can use is no scope."""

    name: str
    what: str
    readers: frozenset[str]
    writers: frozenset[str]

    @property
    def scopes(self) -> dict[str, frozenset[str]]:
        """Its scopes, each with the roles that can use it."""
        both = {f"{self.name}:read": self.readers, f"{self.name}:write": self.writers}
        return {scope: who for scope, who in both.items() if who}


RUNNERS = access.AUTHORS | {ADMIN}
RESOURCES = (
    Resource("configs", _("configs and their versions"), access.WORKERS, access.AUTHORS),
    Resource("reviews", _("reviews, decisions and comments"), access.WORKERS, access.AUTHORS | {REVIEWER}),
    Resource("benchmarks", _("benchmarks, their prompts and releases"), access.WORKERS, RUNNERS),
    Resource("campaigns", _("rating campaigns, their items and people"), access.WATCHERS | {LEAD}, frozenset({LEAD})),
    Resource("ratings", _("what one rates oneself"), access.RATERS, access.RATERS),
    Resource("runs", _("evaluation runs and their results"), access.WORKERS, RUNNERS),
    Resource("preferences", _("preference sets"), access.WORKERS, RUNNERS),
    Resource("training", _("recipes, training runs and checkpoints"), access.WORKERS, RUNNERS),
    Resource("models", _("the registry of models"), access.WORKERS, access.WORKERS),
    Resource("deployments", _("deployments, their keys and traffic"), access.WORKERS, RUNNERS | {REVIEWER}),
    Resource("exports", _("files to download"), access.WORKERS, frozenset()),
)
SCOPES = {scope: who for one in RESOURCES for scope, who in one.scopes.items()}
"""Every scope with the roles that can use it, in the order they are shown in."""


def scopes_of(person: User) -> list[str]:
    """The scopes that the person's roles can use, in their order."""
    held = access.roles(person)
    return [scope for scope, who in SCOPES.items() if held & who]


def living() -> QuerySet[AccessToken]:
    """The tokens that open something: neither revoked nor expired, and their people active."""
    unexpired = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
    return AccessToken.objects.filter(unexpired, revoked_at=None, user__is_active=True)


def of_person(person: User) -> QuerySet[AccessToken]:
    """The person's tokens, newest first, those that are over too."""
    return AccessToken.objects.filter(user=person).order_by("-pk")


@transaction.atomic
def issue(*, user: User, name: str, scopes: Collection[str], expires_at: datetime | None) -> tuple[AccessToken, str]:
    """The new token and its secret, which is stored nowhere: this is the only time it is known.

    `expires_at` None is for ever. Raises TokenProblem without a name or scope, for a scope the person's roles cannot
    use, an end in the past, and too many tokens.
    """
    name, offered = storable(name).strip(), scopes_of(user)
    if not name or len(name) > LONGEST_NAME:
        said = gettext("Give the token a name of at most %(most)s characters.")
        raise TokenProblem(said % {"most": LONGEST_NAME}, "name")
    if not scopes:
        raise TokenProblem(gettext("Choose at least one scope."), "scopes")
    if wrong := sorted(set(scopes) - set(offered)):
        raise TokenProblem(
            gettext("Your roles cannot use %(value)s.") % {"value": f"{storable(wrong[0])[:40]!r}"}, "scopes"
        )
    if expires_at is not None and expires_at <= timezone.now():
        raise TokenProblem(gettext("The token is to expire at a moment to come."), "expires_at")
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if living().filter(user=user).count() >= MOST_LIVING:
        raise TokenProblem(gettext("You have %(tokens)s tokens in use. Revoke one first.") % {"tokens": MOST_LIVING})
    made = new_secret(PREFIX)
    kept = {"prefix": made.prefix, "digest": made.digest, "expires_at": expires_at}
    chosen = [scope for scope in SCOPES if scope in scopes]
    token = AccessToken.objects.create(user=user, name=name, scopes=chosen, **kept)
    told = {"name": name, "scopes": chosen, "expires_at": expires_at.isoformat() if expires_at else None}
    audit.record(actor=user, action="issue", obj=token, after=told)
    return token, made.text


@transaction.atomic
def revoke(*, token: AccessToken, actor: User) -> None:
    """Nothing; the token opens nothing from now on. Raises TokenProblem when it was revoked already."""
    if not AccessToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now()):
        raise TokenProblem(gettext("Somebody was faster: this token is revoked already."))
    audit.record(actor=actor, action="revoke", obj=token, after={"name": token.name})


def find(secret: str) -> AccessToken | None:
    """The living token of this secret, with its person; None when it opens nothing. One query.

    It is looked up by its digest, so the time this takes tells nothing about any secret. That it was used is noted at
    most once a minute.
    """
    token = living().select_related("user").filter(digest=digest(secret)).first()
    if token is not None:
        _note(token)
    return token


def _note(token: AccessToken) -> None:
    now = timezone.now()
    if token.last_used_at is None or token.last_used_at < now - NOTED_EVERY:
        stale = Q(last_used_at=None) | Q(last_used_at__lt=now - NOTED_EVERY)
        AccessToken.objects.filter(stale, pk=token.pk).update(last_used_at=now)
