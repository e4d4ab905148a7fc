"""Signed links at files: for one person, one file and some minutes, so that a program without a log-in may fetch it."""

from datetime import datetime, timedelta
from typing import NamedTuple

from django.core import signing
from django.utils import timezone

from annotations.models import User

SALT, SECONDS = "cosa.files", 600


class BadLink(ValueError):
    """A link that nobody made, that is too old, or that was made for somebody else."""


class Link(NamedTuple):
    """Whose link it is, and at what: the row of that id, and the name of a file of it."""

    person: User
    pk: int
    name: str


def made(*, person: User, what: str, pk: int, name: str) -> str:
    """The part of an address that names the file of that row to that person, and nobody can write but this server."""
    return signing.dumps([person.pk, what, pk, name], salt=SALT, compress=True)


def until() -> datetime:
    """Until when a link that is made now may be used."""
    return timezone.now() + timedelta(seconds=SECONDS)


def read(text: str, *, what: str, user: object) -> Link:
    """What the link is at. `user` is who is logged in where it is used; nobody is right too. Raises BadLink.

    Whether the person may still read the row has to be asked again.
    """
    try:
        person_pk, said, pk, name = signing.loads(text, salt=SALT, max_age=SECONDS)
    except (signing.BadSignature, ValueError, TypeError) as problem:
        raise BadLink("This link is too old, or it is none. Take a new one from the page.") from problem
    person = User.objects.filter(pk=person_pk, is_active=True).first()
    others = isinstance(user, User) and user.pk != person_pk
    if person is None or said != what or others:
        raise BadLink("This link is not for you.")
    return Link(person, pk, name)
