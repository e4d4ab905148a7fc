"""The very first admin: made where the server runs, because nobody is there yet who could let them in by a page."""

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet

from annotations.models import User
from annotations.services import audit, people

SOMEBODY_IS_IN = "{admin} is an admin and can log in. Admins let others in and make new links: Admin, People."
NOT_ONE = "The user name {name} belongs to somebody who is no admin. Choose another name."


def nobody_is_in() -> bool:
    """True while no admin has a password, so that nobody could let anybody in."""
    return not _admins_with_password().exists()


@transaction.atomic
def make(username: str) -> User:
    """The first admin, without a password: `people.link_parts` leads to setting one.

    Asked again before the password is set, it is the same person. Raises PeopleProblem once an admin has a password,
    when the name is somebody else's, or is no user name.
    """
    if there := _admins_with_password().order_by("pk").first():
        raise people.PeopleProblem(SOMEBODY_IS_IN.format(admin=there.username))
    known = User.objects.filter(username__iexact=username).first()
    if known is None:
        return _made(username)
    if not known.is_superuser or not known.is_active:
        raise people.PeopleProblem(NOT_ONE.format(name=known.username))
    return known


def _made(username: str) -> User:
    person = User(username=username, is_superuser=True)
    person.set_unusable_password()
    try:
        person.clean_fields()
    except ValidationError as wrong:
        raise people.PeopleProblem(" ".join(wrong.messages)) from wrong
    person.save()
    audit.record(actor=None, action="create", obj=person, after={"username": username, "role": "first admin"})
    return person


def _admins_with_password() -> QuerySet[User]:
    admins = User.objects.filter(pk__in=people.active_admins())
    return admins.exclude(password__startswith=UNUSABLE_PASSWORD_PREFIX).exclude(password="")
