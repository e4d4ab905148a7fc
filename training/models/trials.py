"""Trials of what a run rests on: a judge against attacks, a model on tasks of general capability."""

from collections.abc import Callable, Iterable

from django.db import models

from annotations.models import LanguageModel
from annotations.models.work import LLM, Work
from training.models.judges import Judge

ROUTES: list[Callable[[Iterable[int]], dict[int, str]]] = []
"""Who tells the queues of trials (ids) whose judge asks a model that not every worker can ask."""


class JudgeTrial(Work):
    """A judge before responses that try to talk it into a verdict: how many of its verdicts turn.

    `digest` is that of the set of attacks; `results` has a row for each attack once it was tried.
    """

    queue = LLM
    judge = models.ForeignKey(Judge, on_delete=models.PROTECT, related_name="trials")
    digest = models.CharField(max_length=64)
    results = models.JSONField(default=list)
    tokens = models.PositiveBigIntegerField(default=0)

    class Meta(Work.Meta):
        pass

    def __str__(self) -> str:
        return f"Trial {self.pk} of {self.judge}"

    @classmethod
    def queues(cls, pks: Iterable[int]) -> dict[int, str]:
        """The queue of each, by id: of the node that can ask its judge's model, or of all who ask models."""
        ids = list(pks)
        return super().queues(ids) | {pk: queue for tell in ROUTES for pk, queue in tell(ids).items()}


class CapabilityRun(Work):
    """A model on tasks of general capability, run by lm-evaluation-harness.

    `tasks` are the harness's own names, or files of this project; `results` is what it reported, by task; `settings`
    is how it was called, with the harness's version.
    """

    model = models.ForeignKey(LanguageModel, on_delete=models.PROTECT, related_name="capability_runs")
    tasks = models.JSONField(default=list)
    limit = models.PositiveIntegerField(null=True)
    settings = models.JSONField(default=dict)
    results = models.JSONField(default=dict)
    log = models.TextField(blank=True)

    class Meta(Work.Meta):
        pass

    def __str__(self) -> str:
        return f"Capability run {self.pk} of {self.model}"
