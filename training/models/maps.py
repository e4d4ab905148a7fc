"""Maps of prompts: what lies near what, the clusters that are found, and what becomes of each."""

from django.db import models
from django.db.models import Q

from annotations.models import Benchmark, LanguageModel, Taxonomy
from annotations.models.work import FINISHED, Work

OPEN, KEPT, REJECTED, MERGED, SPLIT = CLUSTER_STATES = ("open", "kept", "rejected", "merged", "split")


class PromptMap(Work):
    """The prompts of a benchmark by their meaning, laid out on a plane, with the clusters in which they lie dense.

    `embedder` is a model asked over the OpenAI protocol, None the sentence model of this installation. `settings` is
    how it was made: method, dimensions, smallest cluster, seed, versions of the libraries. `points` are little-endian
    rows of prompt id (int64), x, y (float32, -1..1), first cluster (int32, -1 for none), in the benchmark's order.
    """

    benchmark = models.ForeignKey(Benchmark, on_delete=models.PROTECT, related_name="maps")
    taxonomy = models.ForeignKey(Taxonomy, on_delete=models.PROTECT, null=True, related_name="maps")
    embedder = models.ForeignKey(LanguageModel, on_delete=models.PROTECT, null=True, related_name="+")
    settings = models.JSONField(default=dict)
    figures = models.JSONField(default=dict)
    points = models.BinaryField(default=bytes)

    class Meta(Work.Meta):
        constraints = [
            *Work.Meta.constraints,
            models.CheckConstraint(
                condition=~Q(state=FINISHED) | Q(total__gte=1), name="promptmap_finished_has_points"
            ),
        ]

    def __str__(self) -> str:
        return f"Map of {self.benchmark}"


class Cluster(models.Model):
    """Prompts of a map that belong together: found, or made by an expert out of others.

    `members` are ids of prompts. A merged one names the cluster it went into; a split one is the `parent` of its parts.
    `proposal` is what a model proposed: name, definition, raw text, model, digest of what it was asked. A kept cluster
    has a name and a definition and becomes a category of the taxonomy's draft.
    """

    map = models.ForeignKey(PromptMap, on_delete=models.CASCADE, related_name="clusters")
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=10, default=OPEN)
    members = models.JSONField(default=list)
    size = models.PositiveIntegerField(default=0)
    name = models.CharField(max_length=200, blank=True)
    definition = models.TextField(blank=True)
    proposal = models.JSONField(default=dict, blank=True)
    into = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="merged")
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="parts")
    reason = models.TextField(blank=True)

    class Meta:
        ordering = ["map", "number"]
        constraints = [
            models.UniqueConstraint(fields=["map", "number"], name="cluster_number_once"),
            models.CheckConstraint(condition=Q(state__in=CLUSTER_STATES), name="cluster_state_known"),
            models.CheckConstraint(
                condition=~Q(state=KEPT) | (~Q(name="") & ~Q(definition="")), name="cluster_kept_has_words"
            ),
            models.CheckConstraint(condition=~Q(state=MERGED) | Q(into__isnull=False), name="cluster_merged_into_one"),
            models.CheckConstraint(condition=~Q(state=REJECTED) | ~Q(reason=""), name="cluster_rejected_says_why"),
        ]

    def __str__(self) -> str:
        return self.name or f"Cluster {self.number}"
