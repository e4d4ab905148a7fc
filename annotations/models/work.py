"""Long work that a row describes: what is asked, how far it is, who holds it. The row is the truth."""

from collections.abc import Iterable

from django.db import models
from django.utils import timezone

from annotations.models.people import Organisation, User

QUEUED, RUNNING, WAITING, FINISHED, FAILED, CANCELLED = WORK_STATES = (
    "queued",
    "running",
    "waiting",
    "finished",
    "failed",
    "cancelled",
)
OPEN_STATES = (QUEUED, RUNNING)
SHORT, CPU, LLM = QUEUES = ("short", "cpu", "llm")
"""The queues of hints that any machine may serve; each node has one of its own besides."""


class Work(models.Model):
    """What every kind of long work has. Waiting means it waits for a person's decision.

    `worker`, `fence` and `until` are the hold: whoever claims it raises the fence, and writes only while it is theirs.
    `losses` counts the workers that ended while they held it, since a person last started it.
    """

    queue = CPU
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=20, default=QUEUED)
    reason = models.TextField(blank=True)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    worker = models.CharField(max_length=200, blank=True)
    fence = models.PositiveIntegerField(default=0)
    losses = models.PositiveSmallIntegerField(default=0, db_default=0)
    until = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(condition=models.Q(state__in=WORK_STATES), name="%(class)s_state_known"),
            models.CheckConstraint(
                condition=~models.Q(state=FAILED) | ~models.Q(reason=""), name="%(class)s_failed_says_why"
            ),
        ]

    @classmethod
    def queues(cls, pks: Iterable[int]) -> dict[int, str]:
        """The queue that the hints at each of these go to, by id."""
        return dict.fromkeys(pks, cls.queue)

    @classmethod
    def unheard(cls, pks: Iterable[int]) -> set[int]:
        """Those of these (ids) whose hints nobody would hear now, so that a sweep sends none: they would pile up."""
        return set()

    def counts_losses(self) -> bool:
        """True when work that ended several workers is not handed out again; a kind with a rule of its own says no."""
        return True

    @property
    def is_open(self) -> bool:
        """True while a worker may take it up."""
        return self.state in OPEN_STATES
