"""Writing down decisions."""

from typing import Any

from django.db.models import Model

from annotations.models import AuditEvent, User


def record(
    *, actor: User | None, action: str, obj: Model, before: dict[str, Any] | None = None, after: dict[str, Any] | None
) -> AuditEvent:
    """The stored event: who (None = the system) did `action` to `obj`, and what changed."""
    return AuditEvent.objects.create(
        actor=actor,
        action=action,
        object_type=str(obj._meta.model_name),
        object_id=obj.pk,
        before=before or {},
        after=after or {},
    )
