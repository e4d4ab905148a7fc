"""CoSAlign data building: recipes, their stages, and what the stages find out prompt by prompt."""

from collections.abc import Iterable

from django.db import models
from django.db.models import Q
from django.utils import timezone

from annotations.models import Benchmark, Organisation, PreferenceSet, Prompt, SystemPrompt, TaxonomyVersion, User
from annotations.models.work import CPU, FINISHED, SHORT, Work

LABEL, SYNTHESISE, GENERATE, READ, PAIR, FREEZE = STAGES = ("label", "synthesise", "generate", "read", "pair", "freeze")
COMPUTED = frozenset({SYNTHESISE, PAIR, FREEZE})
TRAIN, DEV = SPLITS = ("train", "dev")
RANKING = 0
"""The `source` of configs that pairs are ranked under; n is the nth candidate of the recipe."""


class Recipe(models.Model):
    """How preference pairs are built from the prompts of `benchmark`; `taxonomy` None is the built-in one.

    `settings` is what `annotations.core.recipe` reads: judges, candidates, modes, weights, seeds. It may be edited at
    any time; each stage keeps the settings it was started with.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="recipes")
    title = models.CharField(max_length=300)
    about = models.TextField(blank=True)
    benchmark = models.ForeignKey(Benchmark, on_delete=models.PROTECT, related_name="recipes")
    taxonomy = models.ForeignKey(TaxonomyVersion, on_delete=models.PROTECT, null=True, related_name="recipes")
    settings = models.JSONField(default=dict)
    revision = models.PositiveIntegerField(default=0)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.title


class Stage(Work):
    """One step of a recipe: label, synthesise, generate, read, pair or freeze, over what the stage before it found.

    Stages are a tree: a step that is done again with other settings is another stage after the same one, and nothing
    that was found is lost. `goal` is the step at which the chain that was launched ends; an `automatic` stage follows
    by itself when the one before it is finished. `figures` hold its law, in = out + dropped by reason + failed by
    reason, and the counts its page shows. `sha256` names the file of pairs that a pair stage wrote.
    """

    recipe = models.ForeignKey(Recipe, on_delete=models.PROTECT, related_name="stages")
    kind = models.CharField(max_length=20)
    after = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="next")
    goal = models.CharField(max_length=20)
    automatic = models.BooleanField(default=False)
    settings = models.JSONField(default=dict)
    taxonomy = models.ForeignKey(TaxonomyVersion, on_delete=models.PROTECT, null=True, related_name="+")
    figures = models.JSONField(default=dict)
    sha256 = models.CharField(max_length=64, blank=True)
    preference_set = models.ForeignKey(PreferenceSet, on_delete=models.PROTECT, null=True, related_name="stages")

    class Meta(Work.Meta):
        constraints = [
            *Work.Meta.constraints,
            models.CheckConstraint(condition=Q(kind__in=STAGES), name="stage_kind_known"),
            models.CheckConstraint(condition=Q(goal__in=STAGES), name="stage_goal_known"),
            models.CheckConstraint(
                condition=Q(kind=LABEL, after=None) | (~Q(kind=LABEL) & Q(after__isnull=False)),
                name="stage_comes_after_another",
            ),
            models.UniqueConstraint(fields=["after"], condition=Q(automatic=True), name="stage_follows_once"),
            models.CheckConstraint(
                condition=~Q(state=FINISHED, kind=PAIR) | ~Q(sha256=""), name="stage_finished_pairs_have_file"
            ),
            models.CheckConstraint(
                condition=~Q(state=FINISHED, kind=FREEZE) | Q(preference_set__isnull=False),
                name="stage_finished_freeze_has_set",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk} of {self.recipe}"

    @classmethod
    def queues(cls, pks: Iterable[int]) -> dict[int, str]:
        """The queue of each step, by id: short where it only looks at its runs, cpu where it computes itself."""
        kinds = cls.objects.filter(pk__in=list(pks)).order_by().values_list("pk", "kind")
        return {pk: CPU if kind in COMPUTED else SHORT for pk, kind in kinds}


class PromptLabel(models.Model):
    """What a label stage found of one prompt: the risks a harmful reply would carry, None when nothing could be read.

    `split` is empty for a prompt that was dropped, and `dropped` says why.
    """

    stage = models.ForeignKey(Stage, on_delete=models.CASCADE, related_name="labels")
    prompt = models.ForeignKey(Prompt, on_delete=models.PROTECT, related_name="+")
    risks = models.JSONField(null=True)
    split = models.CharField(max_length=10, blank=True)
    dropped = models.CharField(max_length=20, blank=True)

    class Meta:
        ordering = ["stage", "pk"]
        indexes = [models.Index(fields=["stage", "split", "prompt"], name="promptlabel_kept")]
        constraints = [
            models.UniqueConstraint(fields=["stage", "prompt"], name="promptlabel_once_per_prompt"),
            models.CheckConstraint(
                condition=Q(split__in=SPLITS, dropped="", risks__isnull=False) | (Q(split="") & ~Q(dropped="")),
                name="promptlabel_kept_or_dropped",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.prompt_id}: {self.dropped or self.risks}"


class SynthesisedConfig(models.Model):
    """A config that was made up for one prompt: which risk categories it allows, and the words that say so.

    `source` RANKING is what pairs of the prompt are ranked under; n is what the recipe's nth candidate answers under,
    and `number` counts several of one mode. `allowed` has the slugs in the order in which the text names them.
    """

    stage = models.ForeignKey(Stage, on_delete=models.CASCADE, related_name="synthesised")
    prompt = models.ForeignKey(Prompt, on_delete=models.PROTECT, related_name="+")
    source = models.PositiveSmallIntegerField(default=RANKING)
    mode = models.CharField(max_length=20)
    number = models.PositiveSmallIntegerField(default=0)
    allowed = models.JSONField(default=list)
    template = models.CharField(max_length=100)
    system_prompt = models.ForeignKey(SystemPrompt, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["stage", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["stage", "prompt", "source", "mode", "number"], name="synthesisedconfig_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.mode} for {self.prompt_id}"

    @property
    def mode_word(self) -> str:
        """The mode as words in a sentence."""
        return self.mode.replace("_", " ")
