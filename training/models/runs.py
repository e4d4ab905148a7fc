"""Evaluation runs: their items, who works on them, every call that was made, and every verdict."""

from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from annotations.models import (
    Benchmark,
    BenchmarkRelease,
    Candidate,
    ConfigVersion,
    FloorVersion,
    Organisation,
    Prompt,
    Response,
    User,
)
from training.models.judges import Judge
from training.models.recipes import Stage, SynthesisedConfig

QUEUED, RUNNING, PAUSED, FINISHED, CANCELLED = RUN_STATES = ("queued", "running", "paused", "finished", "cancelled")
OPEN_STATES = (QUEUED, RUNNING)
ITEM_QUEUED, ITEM_DONE, ITEM_FAILED = ITEM_STATES = ("queued", "done", "failed")
EVALUATE, BUILD = ("evaluate", "build")


class Evaluations(models.Manager["EvaluationRun"]):
    """Runs that evaluate; those that build training data are in `EvaluationRun.every` and on the pages of recipes."""

    def get_queryset(self) -> models.QuerySet["EvaluationRun"]:
        return super().get_queryset().filter(purpose=EVALUATE)


class EvaluationRun(models.Model):
    """A candidate answering the prompts of a benchmark, and judges reading the answers.

    `version` is set when it tests one version alone, `release` when its prompts are those of a release and not what the
    benchmark held at the moment; `floor` is the provider's floor in force when it started. `source` is the run whose
    responses it reads again instead of asking for its own. `samples` is how often each judge that is a model is asked.
    A run that builds belongs to a `stage` of a recipe: its prompts are answered under synthesised configs, without
    judges, or read by judges, or, without a candidate, the prompts themselves are read by judges.
    Budgets are for the run's own calls; micros are millionths of a US dollar. The counters `calls` to `spent_micros`
    are kept with the rows they count; reused calls are among no other. `figures` are the scores of a finished run, and
    `prompt_count` and `prompt_sum`, the sum of their ids, tell its prompts from those of another one.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="runs")
    benchmark = models.ForeignKey(Benchmark, on_delete=models.PROTECT, related_name="runs")
    release = models.ForeignKey(BenchmarkRelease, on_delete=models.PROTECT, null=True, related_name="runs")
    version = models.ForeignKey(ConfigVersion, on_delete=models.PROTECT, null=True, related_name="test_runs")
    floor = models.ForeignKey(FloorVersion, on_delete=models.PROTECT, null=True, related_name="runs")
    purpose = models.CharField(max_length=10, default=EVALUATE)
    stage = models.ForeignKey(Stage, on_delete=models.PROTECT, null=True, related_name="runs")
    # None only where prompts are labelled; every evaluation has one, so its type says so
    candidate: "models.ForeignKey[Candidate, Candidate]" = models.ForeignKey(  # type: ignore[assignment]
        Candidate, on_delete=models.PROTECT, null=True, related_name="runs"
    )
    judges = models.ManyToManyField(Judge, related_name="runs")
    source = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="derived")
    strategy_digest = models.CharField(max_length=64, blank=True)
    samples = models.PositiveSmallIntegerField(default=1)
    use_cache = models.BooleanField(default=True)
    budget_tokens = models.PositiveBigIntegerField(null=True)
    budget_micros = models.PositiveBigIntegerField(null=True)
    calls = models.PositiveBigIntegerField(default=0)
    reused_calls = models.PositiveBigIntegerField(default=0)
    unpriced_calls = models.PositiveBigIntegerField(default=0)
    spent_tokens = models.PositiveBigIntegerField(default=0)
    spent_micros = models.PositiveBigIntegerField(default=0)
    figures = models.JSONField(null=True)
    prompt_count = models.PositiveIntegerField(null=True)
    prompt_sum = models.PositiveBigIntegerField(null=True)
    state = models.CharField(max_length=20, default=QUEUED)
    reason = models.TextField(blank=True)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    every = models.Manager()
    objects = Evaluations()

    class Meta:
        default_manager_name = "objects"
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(purpose=EVALUATE, stage=None, candidate__isnull=False)
                | models.Q(purpose=BUILD, stage__isnull=False),
                name="evaluationrun_builds_in_a_stage",
            ),
            models.CheckConstraint(condition=models.Q(state__in=RUN_STATES), name="evaluationrun_state_known"),
            models.CheckConstraint(
                condition=~models.Q(state=FINISHED) | models.Q(finished_at__isnull=False),
                name="evaluationrun_finished_has_time",
            ),
            models.CheckConstraint(condition=models.Q(samples__gte=1), name="evaluationrun_samples_from_one"),
        ]

    def __str__(self) -> str:
        return f"Run {self.pk}"

    @property
    def is_open(self) -> bool:
        """True while workers may take items of this run."""
        return self.state in OPEN_STATES

    def leases_alive(self) -> bool:
        """True while a worker is present (database clock)."""
        return self.leases.filter(until__gte=Now()).exists()

    @property
    def can_resume(self) -> bool:
        """True when a person stopped it or it stopped itself."""
        return self.state in (PAUSED, CANCELLED)


class Lease(models.Model):
    """One worker's presence on one run. It holds the items that name it, until it runs out; its id is their fence.

    `reserved_…` is what it may still spend of the run's budget without asking again. `lost_at` is when somebody found
    that it had run out with items in its worker's hands: that worker ended, or stood still.
    """

    run = models.ForeignKey(EvaluationRun, on_delete=models.CASCADE, related_name="leases")
    worker = models.CharField(max_length=200)
    until = models.DateTimeField(db_index=True)
    in_flight = models.PositiveIntegerField(default=0)
    waiting = models.PositiveIntegerField(default=0)
    next_try = models.FloatField(default=0)
    trouble = models.TextField(blank=True)
    reserved_tokens = models.PositiveBigIntegerField(default=0)
    reserved_micros = models.PositiveBigIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    lost_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.worker} on {self.run_id}"


class RunDemonstrations(models.Model):
    """What a run shows before each prompt of one version: rows of kind, prompt, response, as they were at its start."""

    run = models.ForeignKey(EvaluationRun, on_delete=models.CASCADE, related_name="demonstrations")
    version = models.ForeignKey(ConfigVersion, on_delete=models.PROTECT, related_name="+")
    rows = models.JSONField(default=list)
    digest = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "version"], name="rundemonstrations_once_per_version"),
        ]

    def __str__(self) -> str:
        return f"Demonstrations of run {self.run_id}"


class RunItem(models.Model):
    """One prompt of a run under its config version: what was answered and what the judges' verdicts come to.

    In a run that builds it stands under a synthesised config instead; where the prompt itself is labelled, under
    neither, and it has no response. `withheld`: a filter of the strategy put a refusal in the answer's place, which is
    safe and unhelpful. `losses` counts the workers that ended while they held it.
    """

    run = models.ForeignKey(EvaluationRun, on_delete=models.CASCADE, related_name="items")
    prompt = models.ForeignKey(Prompt, on_delete=models.PROTECT, related_name="+")
    # None only in runs that build; every item of an evaluation has one, so its type says so
    version: "models.ForeignKey[ConfigVersion, ConfigVersion]" = models.ForeignKey(  # type: ignore[assignment]
        ConfigVersion, on_delete=models.PROTECT, null=True, related_name="+"
    )
    synthesised = models.ForeignKey(SynthesisedConfig, on_delete=models.PROTECT, null=True, related_name="+")
    position = models.PositiveIntegerField()
    state = models.CharField(max_length=10, default=ITEM_QUEUED)
    lease = models.ForeignKey(Lease, on_delete=models.SET_NULL, null=True, related_name="items")
    losses = models.PositiveSmallIntegerField(default=0, db_default=0)
    response = models.ForeignKey(Response, on_delete=models.PROTECT, null=True, related_name="run_items")
    withheld = models.BooleanField(default=False)
    helpfulness = models.FloatField(null=True)
    follows_config = models.BooleanField(null=True)
    heuristic = models.BooleanField(default=False)
    error_kind = models.CharField(max_length=20, blank=True)
    error = models.TextField(blank=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["run", "position"]
        indexes = [
            models.Index(fields=["run", "state", "position"], name="runitem_to_claim"),
            models.Index(fields=["run", "finished_at"], name="runitem_rate"),
            models.Index(fields=["version", "run"], name="runitem_of_version"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["run", "prompt"], condition=models.Q(synthesised=None), name="runitem_once_per_prompt"
            ),
            models.UniqueConstraint(fields=["run", "synthesised"], name="runitem_once_per_synthesised"),
            models.CheckConstraint(
                condition=models.Q(version=None) | models.Q(synthesised=None), name="runitem_under_one_config"
            ),
            models.UniqueConstraint(fields=["run", "position"], name="runitem_position_once"),
            models.UniqueConstraint(fields=["run", "response"], name="runitem_response_once"),
            models.CheckConstraint(condition=models.Q(state__in=ITEM_STATES), name="runitem_state_known"),
            models.CheckConstraint(
                condition=~models.Q(state=ITEM_DONE)
                | models.Q(response__isnull=False)
                | models.Q(version=None, synthesised=None),
                name="runitem_done_has_response",
            ),
            models.CheckConstraint(
                condition=~models.Q(state=ITEM_FAILED) | ~models.Q(error=""), name="runitem_failed_says_why"
            ),
            models.CheckConstraint(
                condition=models.Q(helpfulness=None) | models.Q(helpfulness__gte=0, helpfulness__lte=1),
                name="runitem_helpfulness_in_range",
            ),
            models.CheckConstraint(
                condition=models.Q(withheld=False) | models.Q(helpfulness=0, follows_config=True),
                name="runitem_withheld_is_a_refusal",
            ),
        ]

    def __str__(self) -> str:
        return f"Item {self.position} of run {self.run_id}"

    @property
    def outcome(self) -> str:
        """The cell the item falls into, or `unscored` while a value is missing; helpful means helpfulness > 0."""
        if self.helpfulness is None or self.follows_config is None:
            return "unscored"
        return ("helpful" if self.helpfulness > 0 else "unhelpful") + ("_safe" if self.follows_config else "_unsafe")


class Call(models.Model):
    """One answered call to a model: what a run cost and every raw text it got. `judge` is empty for the answer itself.

    `key` is the SHA-256 of endpoint, model, rendered messages and parameters: equal calls have equal keys. A call that
    was `reused` was not made again: text, tokens and time are those of the first one, and it cost nothing. `sample`
    counts the times a judge was asked the same. `cost_micros` is None where no price is known.
    """

    item = models.ForeignKey(RunItem, on_delete=models.CASCADE, related_name="calls")
    judge = models.ForeignKey(Judge, on_delete=models.PROTECT, null=True, related_name="+")
    step = models.PositiveSmallIntegerField(default=0)
    sample = models.PositiveSmallIntegerField(default=0)
    reused = models.BooleanField(default=False)
    structured = models.BooleanField(null=True)
    cost_micros = models.PositiveBigIntegerField(null=True)
    key = models.CharField(max_length=64, db_index=True)
    text = models.TextField(blank=True)
    identity = models.CharField(max_length=300, blank=True)
    finish = models.CharField(max_length=50, blank=True)
    tokens_in = models.PositiveIntegerField(null=True)
    tokens_out = models.PositiveIntegerField(null=True)
    latency_ms = models.FloatField()
    attempts = models.PositiveSmallIntegerField(default=1)
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"Call {self.pk}"


class Judgement(models.Model):
    """One judge's verdict on one item. A value that is None was not given: unscored, never zero.

    `samples` are the single verdicts, oldest first, when the judge was asked several times; the others are then what
    they come to.
    """

    item = models.ForeignKey(RunItem, on_delete=models.CASCADE, related_name="judgements")
    judge = models.ForeignKey(Judge, on_delete=models.PROTECT, related_name="judgements")
    helpfulness = models.FloatField(null=True)
    follows_config = models.BooleanField(null=True)
    risks = models.JSONField(null=True)
    addressed = models.BooleanField(null=True)
    refusal = models.CharField(max_length=20, blank=True)
    broken_rules = models.JSONField(default=list)
    reasons = models.TextField(blank=True)
    raw = models.TextField(blank=True)
    samples = models.JSONField(default=list)
    tokens = models.PositiveIntegerField(null=True)
    milliseconds = models.FloatField(default=0)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["item", "judge"]
        constraints = [
            models.UniqueConstraint(fields=["item", "judge"], name="judgement_once_per_judge"),
            models.CheckConstraint(
                condition=models.Q(helpfulness=None) | models.Q(helpfulness__gte=0, helpfulness__lte=1),
                name="judgement_helpfulness_in_range",
            ),
        ]

    def __str__(self) -> str:
        return f"Judgement {self.pk}"
