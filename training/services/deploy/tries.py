"""Tokens with which the pages of this site ask a deployment through the gateway for a person, for a minute."""

from django.core import signing

PREFIX = "try-"
SECONDS = 60
"""How long a token opens a call; a call that began goes on."""
_SALT = "training.deploy.tries"


def token(deployment: int, person: int) -> str:
    """What opens this one deployment (its row id) for this person for SECONDS; it begins with PREFIX."""
    return PREFIX + signing.dumps([deployment, person], salt=_SALT)


def read(token: str) -> tuple[int, int] | None:
    """The deployment and the person of a token, as row ids; None when it is none of ours, or too old."""
    if not token.startswith(PREFIX):
        return None
    try:
        deployment, person = signing.loads(token.removeprefix(PREFIX), salt=_SALT, max_age=SECONDS)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return int(deployment), int(person)
