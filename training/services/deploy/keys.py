"""Keys of client programs: made and shown once, kept as a digest, changed, and revoked at once."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from annotations.core.secret import new_secret
from annotations.core.storable import storable
from annotations.models import Organisation, User
from annotations.services import audit
from training.models import ApiKey, Deployment
from training.services.costs import CALL_TOKENS, MESSAGE_TOKENS
from training.services.deploy import grants
from training.services.deploy.grants import Served

PREFIX = "cosa-"
LONGEST_NAME, MOST_LIVING = 100, 200
MOST_IN_A_MINUTE, MOST_IN_A_MONTH = 1_000_000_000, 1_000_000_000_000
FASTER = "Somebody was faster: this key is revoked already. Make a new one if its program is to go on."


class KeyProblem(ValueError):
    """Why a key was not made, changed or revoked, and what to do. `field` is the field it is about, or empty."""

    def __init__(self, sentence: str, field: str = ""):
        super().__init__(sentence)
        self.field = field


class KeyChanged(KeyProblem):
    """Somebody else revoked the key, after the person had looked at it."""


class Call(NamedTuple):
    """The tokens that the shortest call reserves: with an answer of one token, and with the longest answer."""

    least: int
    usual: int


class Terms(NamedTuple):
    """What a key may ask for and until when; None is no limit and no end."""

    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    tokens_per_month: int | None = None
    expires_at: datetime | None = None


@transaction.atomic
def issue(
    *,
    organisation: Organisation,
    deployment: Deployment | None,
    name: str,
    requests_per_minute: int | None,
    tokens_per_minute: int | None,
    tokens_per_month: int | None,
    expires_at: datetime | None,
    actor: User | None,
) -> tuple[ApiKey, str]:
    """The new key and its secret, which is stored nowhere: this is the only time it is known.

    Without a deployment it opens all of the organisation. Raises KeyProblem without a name, for a deployment that is
    retired or another organisation's, for limits under which no call fits, an end in the past, and too many keys.
    """
    Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
    if ApiKey.objects.filter(organisation=organisation, revoked_at=None).count() >= MOST_LIVING:
        said = gettext("%(organisation)s has %(keys)s keys that are not revoked. Revoke one first.")
        raise KeyProblem(said % {"organisation": organisation, "keys": MOST_LIVING})
    place = _place(organisation, deployment)
    wanted = Terms(requests_per_minute, tokens_per_minute, tokens_per_month, expires_at)
    terms = _terms(wanted, organisation.pk, deployment)
    made = new_secret(PREFIX)
    key = ApiKey.objects.create(
        **place, **terms._asdict(), name=_name(name), prefix=made.prefix, digest=made.digest, created_by=actor
    )
    audit.record(actor=actor, action="issue", obj=key, after=_facts(key))
    return key, made.text


@transaction.atomic
def change(
    *,
    key: ApiKey,
    name: str,
    requests_per_minute: int | None,
    tokens_per_minute: int | None,
    tokens_per_month: int | None,
    expires_at: datetime | None,
    actor: User | None,
) -> ApiKey:
    """The key with another name, other limits or another end; they hold in every process within a second.

    What it opens and its secret stay. Raises KeyProblem as `issue` does, for a revoked key, and when nothing would be
    another.
    """
    row = ApiKey.objects.select_for_update(of=("self",), no_key=True).get(pk=key.pk)
    if row.revoked_at is not None:
        raise KeyChanged(FASTER)
    before = _facts(row)
    asked = Terms(requests_per_minute, tokens_per_minute, tokens_per_month, expires_at)
    terms = _terms(asked, row.organisation_id, row.deployment)
    row.name = _name(name)
    for field, value in terms._asdict().items():
        setattr(row, field, value)
    if _facts(row) == before:
        raise KeyProblem(gettext("Nothing would be another than it is now, so nothing was changed."))
    row.save(update_fields=["name", *Terms._fields])
    audit.record(actor=actor, action="edit", obj=row, before=before, after=_facts(row))
    return row


@transaction.atomic
def revoke(*, key: ApiKey, actor: User | None) -> None:
    """Nothing; the key opens nothing within a second, and calls that go on with it are ended.

    Raises KeyProblem when it was revoked already.
    """
    if not ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=timezone.now(), revoked_by=actor):
        raise KeyChanged(FASTER)
    audit.record(actor=actor, action="revoke", obj=key, after={"name": key.name, "prefix": key.prefix})


def least_tokens(organisation_id: int, deployment: Deployment | None) -> int:
    """The tokens that the shortest call reserves: a byte in, a token out, and all that the model is told besides.

    Without a deployment that of the organisation's cheapest; 0 where nothing is served.
    """
    if deployment is not None:
        served = grants.of_deployment(deployment.pk)
        return _least(served) if served else 0
    living = Deployment.objects.filter(organisation=organisation_id, retired_at=None).values_list("pk", flat=True)
    return min((_least(served) for pk in living if (served := grants.of_deployment(pk))), default=0)


def calls(of: Iterable[ApiKey]) -> dict[int, Call]:
    """What a call with each of the keys reserves at least, at the cheapest deployment it opens; by the key's id.

    Keys that open nothing which is served are left out. Two queries, however many; none without keys.
    """
    asked = list(of)
    served = (
        [(one, _least(one)) for one in grants.of_organisations({key.organisation_id for key in asked})] if asked else []
    )
    found = {}
    for key in asked:
        opened = [
            Call(least, least - 1 + one.sampling.max_tokens)
            for one, least in served
            if one.organisation_id == key.organisation_id and key.deployment_id in {None, one.deployment_id}
        ]
        if opened:
            found[key.pk] = Call(*map(min, zip(*opened, strict=True)))
    return found


def _least(served: Served) -> int:
    shown = [text for one in served.demonstrations for text in (one.prompt, one.response)]
    texts = [served.system, *shown]
    return CALL_TOKENS + sum(MESSAGE_TOKENS + len(text.encode()) for text in texts) + MESSAGE_TOKENS + 1 + 1


def _place(organisation: Organisation, deployment: Deployment | None) -> dict[str, Any]:
    if deployment is not None:
        row = Deployment.objects.get(pk=deployment.pk)
        if row.organisation_id != organisation.pk:
            raise KeyProblem(
                gettext("That deployment is another organisation's. Choose one of this organisation."), "deployment"
            )
        if row.retired_at is not None:
            raise KeyProblem(
                gettext("%(slug)s is retired and answers nobody. Choose another deployment.") % {"slug": row.slug},
                "deployment",
            )
    return {"organisation": organisation, "deployment": deployment}


def _name(name: str) -> str:
    clean = storable(name).strip()
    if not clean or len(clean) > LONGEST_NAME:
        raise KeyProblem(
            gettext("Give the key a name of at most %(longest_name)s characters, after the program.")
            % {"longest_name": LONGEST_NAME},
            "name",
        )
    return clean


def _terms(asked: Terms, organisation_id: int, deployment: Deployment | None) -> Terms:
    _refuse_end(asked.expires_at)
    _refuse_number(asked.requests_per_minute, "requests_per_minute", 1, MOST_IN_A_MINUTE)
    for field, most in (("tokens_per_minute", MOST_IN_A_MINUTE), ("tokens_per_month", MOST_IN_A_MONTH)):
        _refuse_number(getattr(asked, field), field, 1, most)
    tokens = [field for field in ("tokens_per_minute", "tokens_per_month") if getattr(asked, field) is not None]
    least = least_tokens(organisation_id, deployment) if tokens else 0
    for field in tokens:
        if getattr(asked, field) < least:
            raise KeyProblem(
                gettext(
                    "Not even the shortest call fits: with its config it reserves %(least)s tokens. Allow "
                    "at least %(least)s, and better many times as much: a longest answer and the whole "
                    "conversation count too."
                )
                % {"least": f"{least:,}"},
                field,
            )
    return asked


def _refuse_number(value: int | None, field: str, least: int, most: int) -> None:
    if value is not None and not least <= value <= most:
        raise KeyProblem(
            gettext("A limit is a number from %(least)s to %(most)s, or left out for none.")
            % {"least": least, "most": f"{most:,}"},
            field,
        )


def _refuse_end(moment: datetime | None) -> None:
    if moment is not None and moment <= timezone.now():
        raise KeyProblem(gettext("The key would have expired already. Choose a moment to come, or none."), "expires_at")


def _facts(key: ApiKey) -> dict[str, Any]:
    """What the record of decisions keeps; never the secret, which nobody has, nor its digest."""
    ends = key.expires_at.isoformat() if key.expires_at else None
    limits = {field: getattr(key, field) for field in Terms._fields if field != "expires_at"}
    return {"name": key.name, "prefix": key.prefix, "deployment": key.deployment_id, **limits, "expires_at": ends}
