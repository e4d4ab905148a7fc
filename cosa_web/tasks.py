"""What the clock sends once a day."""

from celery import shared_task

from cosa_web import retention


@shared_task
def forget_old() -> None:
    """Remove what no number depends on and nobody needs any more; twice is harmless."""
    retention.forget()
