"""Training: runs of the recipes, what they wrote as they went, the checkpoints that came of them, and whole loops."""

from collections.abc import Iterable

from django.db import models
from django.db.models import Q
from django.utils import timezone

from annotations.models import Benchmark, BenchmarkRelease, LanguageModel, PreferenceSet, User
from annotations.models.work import FINISHED, SHORT, Work
from training.models.judges import Judge
from training.models.nodes import Node
from training.models.runs import EvaluationRun
from training.recipes.run_dir import KINDS, MERGE

CHECK, TRAIN = PHASES = ("check", "train")
LOG, EVAL, SAMPLES, MACHINE, PHASE = POINT_KINDS = ("log", "eval", "samples", "machine", "phase")


class TrainingLoop(Work):
    """SFT, then DPO on what came of it, then the same evaluation of base and checkpoint, from one launch.

    `settings` holds `sft` and `dpo` as `training.recipes.settings` reads them (None: that stage is left out) and
    `evaluation`, the terms of the two evaluation runs, which are made when the training is over.
    """

    queue = SHORT
    title = models.CharField(max_length=300)
    base = models.ForeignKey(LanguageModel, on_delete=models.PROTECT, related_name="+")
    preference_set = models.ForeignKey(PreferenceSet, on_delete=models.PROTECT, related_name="loops")
    settings = models.JSONField(default=dict)
    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="+")
    gpus = models.PositiveSmallIntegerField(default=0)
    benchmark = models.ForeignKey(Benchmark, on_delete=models.PROTECT, related_name="+")
    release = models.ForeignKey(BenchmarkRelease, on_delete=models.PROTECT, null=True, related_name="+")
    judges = models.ManyToManyField(Judge, related_name="+")
    base_run = models.OneToOneField(EvaluationRun, on_delete=models.PROTECT, null=True, related_name="base_of_loop")
    trained_run = models.OneToOneField(EvaluationRun, on_delete=models.PROTECT, null=True, related_name="end_of_loop")
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta(Work.Meta):
        constraints = [
            *Work.Meta.constraints,
            models.CheckConstraint(
                condition=~Q(state=FINISHED) | Q(base_run__isnull=False, trained_run__isnull=False),
                name="trainingloop_finished_has_runs",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class TrainingRun(Work):
    """One run of a recipe on one node: SFT or DPO of `base` on a preference set, or a merge of `base` and `other`.

    `settings` is what `training.recipes.settings` reads, or `merge`. In the phase `check` a worker looks at texts and
    machine, writes `checked`, and then waits for the person who launches it; `done` and `total` are steps once it
    trains. `process` is the trainer as the system knows it (pid, started, boot), kept until it is known to be gone;
    `starts` counts how often one was started. `record` says all that the result depends on: command, versions,
    hardware, digests. `figures` are the last ones; `log` is the end of the log.
    """

    title = models.CharField(max_length=300)
    kind = models.CharField(max_length=10)
    base = models.ForeignKey(LanguageModel, on_delete=models.PROTECT, related_name="trainings")
    other = models.ForeignKey(LanguageModel, on_delete=models.PROTECT, null=True, related_name="merges")
    preference_set = models.ForeignKey(PreferenceSet, on_delete=models.PROTECT, null=True, related_name="trainings")
    loop = models.ForeignKey(TrainingLoop, on_delete=models.PROTECT, null=True, related_name="runs")
    preset = models.CharField(max_length=50, blank=True)
    settings = models.JSONField(default=dict)
    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="trainings")
    gpus = models.PositiveSmallIntegerField(default=0)
    phase = models.CharField(max_length=10, default=CHECK)
    checked = models.JSONField(default=dict)
    process = models.JSONField(default=dict)
    starts = models.PositiveSmallIntegerField(default=0)
    finish_asked_at = models.DateTimeField(null=True, blank=True)
    record = models.JSONField(default=dict)
    figures = models.JSONField(default=dict)
    log = models.TextField(blank=True)
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta(Work.Meta):
        constraints = [
            *Work.Meta.constraints,
            models.CheckConstraint(condition=Q(kind__in=KINDS), name="trainingrun_kind_known"),
            models.CheckConstraint(condition=Q(phase__in=PHASES), name="trainingrun_phase_known"),
            models.CheckConstraint(
                condition=Q(kind=MERGE, other__isnull=False, preference_set=None)
                | (~Q(kind=MERGE) & Q(other=None, preference_set__isnull=False)),
                name="trainingrun_has_what_it_needs",
            ),
            models.UniqueConstraint(fields=["loop", "kind"], name="trainingrun_once_per_loop"),
        ]

    def __str__(self) -> str:
        return self.title

    @classmethod
    def queues(cls, pks: Iterable[int]) -> dict[int, str]:
        """The queue of each run's node, by id: only there its files lie."""
        rows = cls.objects.filter(pk__in=list(pks)).select_related("node").only("node__name")
        return {row.pk: row.node.queue for row in rows}

    def counts_losses(self) -> bool:
        """False once it trains: its trainer outlives workers, and has a rule for deaths of its own."""
        return self.phase == CHECK

    @classmethod
    def unheard(cls, pks: Iterable[int]) -> set[int]:
        """The runs whose node has no worker."""
        return set(cls.objects.filter(pk__in=list(pks), node__name__in=Node.silent()).values_list("pk", flat=True))


class TrainingPoint(models.Model):
    """Something a trainer wrote at a step: the figures of a step, of the dev set, samples, the machine, a phase.

    Once per run, kind, name and step: a step that is trained again after a resume says it anew.
    """

    run = models.ForeignKey(TrainingRun, on_delete=models.CASCADE, related_name="points")
    kind = models.CharField(max_length=10)
    name = models.CharField(max_length=50, blank=True)
    step = models.PositiveIntegerField()
    values = models.JSONField(default=dict)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["run", "step", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["run", "kind", "name", "step"], name="trainingpoint_once"),
            models.CheckConstraint(condition=Q(kind__in=POINT_KINDS), name="trainingpoint_kind_known"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} at step {self.step} of run {self.run_id}"


class Checkpoint(models.Model):
    """A model that came of a training run, and everything it came from. It never changes; it is promoted or archived.

    `model` is it in the registry (archived there). `folder` is relative to the folder of runs on the run's node;
    `files` gives each file's bytes and SHA-256, `sha256` names all of them together. `lineage` is base, preference
    set, settings, code and library versions and hardware as they were. `gguf` is the file llama.cpp serves, if any.
    """

    model = models.OneToOneField(LanguageModel, on_delete=models.PROTECT, related_name="checkpoint")
    run = models.ForeignKey(TrainingRun, on_delete=models.PROTECT, related_name="checkpoints")
    step = models.PositiveIntegerField()
    folder = models.CharField(max_length=300)
    files = models.JSONField()
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField()
    lineage = models.JSONField()
    gguf = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    promoted_at = models.DateTimeField(null=True, blank=True)
    promoted_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    promoted_why = models.TextField(blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["run", "step"], name="checkpoint_once_per_step"),
            models.CheckConstraint(
                condition=Q(promoted_at=None, promoted_by=None, promoted_why="")
                | (Q(promoted_at__isnull=False, promoted_by__isnull=False) & ~Q(promoted_why="")),
                name="checkpoint_promoted_says_why",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model.slug}"
