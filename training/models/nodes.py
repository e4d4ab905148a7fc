"""The machines that train and serve, and who holds their graphics cards."""

from datetime import timedelta

from django.db import models
from django.db.models import Q
from django.utils import timezone

from annotations.models import LanguageModel

SILENT = timedelta(minutes=10)
"""No sweep sends anything to a node that has said nothing for so long: its queue would only grow."""


HEARD = timedelta(minutes=2)
"""A queue to which no worker listened for so long gets nothing from sweeps."""


def queue_of(name: str) -> str:
    """The Celery queue that the workers of the node of that name listen to."""
    return f"gpu-{name}"


class Node(models.Model):
    """A machine whose worker listens to the queue of its name; the worker itself says what the machine has.

    `training` and `serving` are the versions of its environments by package, empty where there is none; `problem` says
    why it cannot train. Bytes are of the folder of runs.
    """

    name = models.CharField(max_length=200, unique=True)
    cores = models.PositiveIntegerField(default=0)
    memory_bytes = models.PositiveBigIntegerField(default=0)
    free_bytes = models.PositiveBigIntegerField(default=0)
    training = models.JSONField(default=dict)
    serving = models.JSONField(default=dict)
    problem = models.TextField(blank=True)
    seen_at = models.DateTimeField(default=timezone.now)
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def silent(cls) -> list[str]:
        """The names of the nodes that have said nothing for long."""
        return list(cls.objects.filter(seen_at__lt=timezone.now() - SILENT).values_list("name", flat=True))

    @property
    def queue(self) -> str:
        """The Celery queue its worker listens to."""
        return queue_of(self.name)


class Worker(models.Model):
    """One process that takes work from queues, as it says itself every few seconds.

    `name` is its host and process id, the name that leases and holds carry. It stops when it was told to end and still
    finishes what it has begun; it has ended when it said so. One that is silent and did neither was killed. `swept_at`
    is when it last looked for lost work, as one of all workers does every few seconds.
    """

    name = models.CharField(max_length=200, unique=True)
    node = models.CharField(max_length=200)
    queues = models.JSONField(default=list)
    threads = models.PositiveSmallIntegerField(default=1)
    version = models.CharField(max_length=50, blank=True)
    memory_bytes = models.PositiveBigIntegerField(default=0)
    started_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now, db_index=True)
    stopping_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    swept_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def heard(cls) -> list[list[str]]:
        """The queues of each worker that takes work, or did within the last minutes."""
        there = cls.objects.filter(seen_at__gte=timezone.now() - HEARD, stopping_at=None, ended_at=None)
        return list(there.order_by().values_list("queues", flat=True))

    @classmethod
    def unheard(cls, queues: set[str]) -> set[str]:
        """Those of the queues that no worker listens to; none of them where no worker reports at all."""
        heard = cls.heard()
        return queues - {queue for listens in heard for queue in listens} if heard else set()


class Gpu(models.Model):
    """One graphics card of a node. It is free when neither a training run nor a served model holds it.

    A hold has no end of its own: it is given back when the processes that use the card are known to be gone. `worker`
    is the process that serves the model.
    """

    node = models.ForeignKey(Node, on_delete=models.CASCADE, related_name="gpus")
    number = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=200)
    memory_bytes = models.PositiveBigIntegerField(default=0)
    run = models.ForeignKey("training.TrainingRun", on_delete=models.PROTECT, null=True, related_name="gpus_held")
    model = models.ForeignKey(LanguageModel, on_delete=models.PROTECT, null=True, related_name="gpus_held")
    worker = models.CharField(max_length=200, blank=True)
    held_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["node", "number"]
        constraints = [
            models.UniqueConstraint(fields=["node", "number"], name="gpu_once"),
            models.CheckConstraint(condition=Q(run=None) | Q(model=None), name="gpu_held_by_one"),
            models.CheckConstraint(
                condition=Q(run=None, model=None, held_at=None)
                | (Q(held_at__isnull=False) & (Q(run__isnull=False) | Q(model__isnull=False))),
                name="gpu_held_since",
            ),
        ]

    def __str__(self) -> str:
        return f"GPU {self.number} of {self.node}"
