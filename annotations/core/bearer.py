"""The secret that a request shows in its header Authorization."""


def shown(header: str) -> str | None:
    """What stands after Bearer, "" where nothing does; None for a header of another kind, or an empty one."""
    scheme, _, secret = header.strip().partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else None
