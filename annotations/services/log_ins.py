"""Log-ins that failed: what is kept of them, and how they are forgotten."""

from axes.utils import reset
from django.utils.crypto import salted_hmac

from annotations.models import User


def kept_name(name: str) -> str:
    """What is kept of a name typed at the log-in: 64 letters, because people type passwords there too."""
    return salted_hmac("annotations.log_ins", name, algorithm="sha256").hexdigest()


def forget_failed(person: User) -> None:
    """Nothing; the person has no failed log-ins any more, at no address."""
    reset(username=kept_name(person.get_username()))
