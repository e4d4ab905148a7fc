"""People and organisations: who may log in, and what they may do where. Every change is in the audit record."""

from typing import Any

from django.contrib.auth.tokens import default_token_generator
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from annotations.models import Membership, Organisation, RepeatedRequest, User
from annotations.models.people import ADMIN
from annotations.services import audit, log_ins

NOT_ONESELF = "You cannot deactivate yourself. Ask another admin."
NOT_OWN_ROLE = "You cannot take the admin role from yourself. Ask another admin."
NOT_OWN_LINK = "You are logged in: change your own password in the menu of the top bar."
LAST_ADMIN = "You are the last active admin. Make somebody else an admin first."
NO_ADMIN = "You are no longer an admin; another admin changed that a moment ago."
NAME_TAKEN = "This user name is taken."
SLUG_TAKEN = "This short name is taken."
NOT_ACTIVE = "This person is deactivated. Reactivate them, which makes a link too."
LINK_USED = "This link was used or replaced in the meantime. Log in, or ask an admin for a new link."

CHANGED_MEANWHILE = "Your password was changed elsewhere in the meantime. Log in again."


class PeopleProblem(ValueError):
    """Why a person, a role or an organisation was not changed, and what to do about it."""


@transaction.atomic
def create(*, names: dict[str, str], organisation: Organisation, role: str, actor: User) -> User:
    """The new person with a first role and without a password: `link_parts` leads to setting one.

    `names` holds username, first_name, last_name and email. Raises PeopleProblem when the user name is taken.
    """
    person = User(**names)
    person.set_unusable_password()
    _save_once(person, NAME_TAKEN)
    Membership.objects.create(user=person, organisation=organisation, role=role)
    known = {name: value for name, value in names.items() if value}
    audit.record(actor=actor, action="create", obj=person, after={**known, "role": _role(organisation, role)})
    return person


@transaction.atomic
def rename(*, person: User, names: dict[str, str], actor: User) -> None:
    """Nothing; first_name, last_name and email of the person are those of `names`."""
    before = {name: getattr(User.objects.get(pk=person.pk), name) for name in names}
    User.objects.filter(pk=person.pk).update(**names)
    _record_change(person, "edit", before, names, actor)


@transaction.atomic
def give_role(*, person: User, organisation: Organisation, role: str, actor: User) -> bool:
    """True when the person has the role from now on, False when they had it already."""
    _, given = Membership.objects.get_or_create(user=person, organisation=organisation, role=role)
    if given:
        audit.record(actor=actor, action="give_role", obj=person, after={"role": _role(organisation, role)})
    return given


@transaction.atomic
def take_role(*, person: User, membership: int, actor: User) -> bool:
    """True when the person lost the role, False when it was gone. Raises PeopleProblem for the own admin role."""
    held = Membership.objects.select_related("organisation").filter(pk=membership, user=person).first()
    if held is None:
        return False
    if held.role == ADMIN:
        _may_lose_admin(person, actor, NOT_OWN_ROLE)
    taken = bool(Membership.objects.filter(pk=held.pk).delete()[0])
    if taken:
        _forget_answers(person)
        lost = {"role": _role(held.organisation, held.role)}
        audit.record(actor=actor, action="take_role", obj=person, before=lost, after={})
    return taken


@transaction.atomic
def deactivate(*, person: User, actor: User) -> bool:
    """True when the person is out from now on: every session, password and link is dead. False when they were already.

    Raises PeopleProblem for oneself, so that an active admin is always left.
    """
    _may_lose_admin(person, actor, NOT_ONESELF)
    moved = User.objects.filter(pk=person.pk, is_active=True).update(is_active=False, password=_no_password())
    if moved:
        _forget_answers(person)
        _record_change(person, "deactivate", {"active": True}, {"active": False}, actor)
    return bool(moved)


@transaction.atomic
def reactivate(*, person: User, actor: User) -> bool:
    """True when the person may come back, with a link to a new password; False when they were active already."""
    moved = User.objects.filter(pk=person.pk, is_active=False).update(is_active=True)
    if moved:
        _record_change(person, "reactivate", {"active": False}, {"active": True}, actor)
    return bool(moved)


@transaction.atomic
def renew_link(*, person: User, actor: User) -> None:
    """Nothing; earlier links, the present password and every session of the person are dead. Raises PeopleProblem."""
    if person.pk == actor.pk:
        raise PeopleProblem(NOT_OWN_LINK)
    if not User.objects.filter(pk=person.pk, is_active=True).update(password=_no_password()):
        raise PeopleProblem(NOT_ACTIVE)
    audit.record(actor=actor, action="make_link", obj=person, after={})


def link_parts(person: User) -> tuple[str, str]:
    """Who and token for the address at which the person sets a password, once."""
    return urlsafe_base64_encode(force_bytes(person.pk)), default_token_generator.make_token(person)


def set_password(*, person: User, password: str) -> None:
    """Nothing; the person, who came with a link, has this password. Raises PeopleProblem when the link is dead."""
    _store_password(person, password, "set_password", LINK_USED)


def change_password(*, person: User, password: str) -> None:
    """Nothing; the person, who is logged in, has this password. Raises PeopleProblem when it changed meanwhile."""
    _store_password(person, password, "change_password", CHANGED_MEANWHILE)


@transaction.atomic
def _store_password(person: User, password: str, action: str, too_late: str) -> None:
    old = person.password
    person.set_password(password)
    if not User.objects.filter(pk=person.pk, is_active=True, password=old).update(password=person.password):
        raise PeopleProblem(too_late)
    log_ins.forget_failed(person)
    audit.record(actor=person, action=action, obj=person, after={})


@transaction.atomic
def save_organisation(*, organisation: Organisation, fields: dict[str, Any], actor: User) -> Organisation:
    """The organisation, new or not, with these fields. Raises PeopleProblem when its short name is taken."""
    new = organisation.pk is None
    stored = Organisation.objects.filter(pk=organisation.pk).values(*fields).first()
    for name, value in fields.items():
        setattr(organisation, name, value)
    _save_once(organisation, SLUG_TAKEN)
    _record_change(organisation, "create" if new else "edit", stored or {}, fields, actor)
    return organisation


def active_admins() -> set[int]:
    """The ids of everybody who is an admin and may log in."""
    return set(_admins().values_list("pk", flat=True))


def _admins() -> QuerySet[User]:
    by_role = Q(pk__in=Membership.objects.filter(role=ADMIN).values("user"))
    return User.objects.filter(Q(is_superuser=True) | by_role, is_active=True)


def _may_lose_admin(person: User, actor: User, not_oneself: str) -> None:
    """Nothing when `actor`, an active admin, takes from somebody else: so one is left. Raises PeopleProblem."""
    # Everybody who takes rights away waits here for each other, and reads again what the one before left.
    list(_admins().select_for_update().order_by("pk"))
    admins = active_admins()
    if person.pk == actor.pk:
        raise PeopleProblem(not_oneself if admins - {person.pk} else LAST_ADMIN)
    if actor.pk not in admins:
        raise PeopleProblem(NO_ADMIN)


def _forget_answers(person: User) -> None:
    """Nothing; what was made for the person is not told them again: a repeated request asks for its rights anew."""
    RepeatedRequest.objects.filter(user=person).delete()


def _no_password() -> str:
    """A new value that no password fits. Sessions and links depend on the stored value: the old ones are dead."""
    nobody = User()
    nobody.set_unusable_password()
    return nobody.password


def _save_once(row: User | Organisation, taken: str) -> None:
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as twice:
        raise PeopleProblem(taken) from twice


def _role(organisation: Organisation, role: str) -> str:
    return f"{role} at {organisation.name}"


def _record_change(obj: Any, action: str, before: dict[str, Any], after: dict[str, Any], actor: User) -> None:
    """One event with what changed; none when nothing did."""
    changed = {name for name in after if name not in before or before[name] != after[name]}
    if changed:
        old = {name: before[name] for name in before if name in changed}
        audit.record(actor=actor, action=action, obj=obj, before=old, after={name: after[name] for name in changed})
