"""Reviews: the versions that wait, what one reads before deciding, and the decision. Comments are beside it."""

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

from annotations import access
from annotations.access import WORKERS
from annotations.api.endpoint import Endpoint, changes, creates, lists, reads, route
from annotations.api.filters import choice, number
from annotations.api.gathering import Gathered
from annotations.api.shapes import Id, Person, Said, Shown
from annotations.api.versions import WORDS, Version, VersionLine
from annotations.dossier import dossier
from annotations.models import ConfigVersion, Review, User
from annotations.models.people import REVIEWER
from annotations.models.reviews import DECISIONS
from annotations.queries.configs import decisions, versions_in_review
from annotations.services import reviews
from annotations.services.reviews import CHECKLIST, LONGEST_REASONS
from training import access as run_access
from training import evidence_queries

SLUGS = tuple(check.slug for check in CHECKLIST)
QUESTIONS = " ".join(f"{check.slug}: {check.question}" for check in CHECKLIST)
BARE = ("run", "cosa_score", "heuristic", "plumbing")
"""What everybody who reads a decision is told of a run they may not read."""
RESTS = "The figures it rests on, run by run; of a run you may not read its id, its score and its marks alone."
SEEN = "Which runs the evidence tells of: sent back with an approval, which is refused when it changed meanwhile."


class Waiting(Shown):
    """A version that waits for a decision."""

    config = Id(source="config_id", help_text="Id of its config.")
    title = serializers.CharField(source="config.title", help_text="Title of its config.")
    organisation = Id(source="config.organisation_id", help_text="Id of the organisation it belongs to.")
    number = serializers.IntegerField(help_text="Number of the version within its config.")
    submitted_at = serializers.DateTimeField(help_text="When it was submitted.")
    submitted_by = Person(allow_null=True, help_text="Who submitted it.")
    approvals = serializers.IntegerField(help_text="How many people have approved it.")
    open_threads = serializers.IntegerField(help_text="How many threads of comments nobody resolved.")


class Decision(Gathered):
    """What one reviewer decided about one version. It never changes."""

    id = Id(source="pk", help_text="Id of the decision.")
    config = Id(source="version.config_id", help_text="Id of the config.")
    number = serializers.IntegerField(source="version.number", help_text="Number of the version within its config.")
    reviewer = Person(help_text="Who decided.")
    decision = serializers.ChoiceField(DECISIONS, help_text="What was decided.")
    reasons = serializers.CharField(help_text="Why, perhaps empty for an approval.")
    checklist = serializers.ListField(child=serializers.CharField(), help_text=f"What was checked. {QUESTIONS}")
    evidence = serializers.ListField(child=serializers.DictField(), source="told", help_text=RESTS)
    without_evidence = serializers.CharField(help_text="Why an approval did without evidence.")
    decided_at = serializers.DateTimeField(help_text="When.")

    @classmethod
    def together(cls, rows: list[Any], asker: User) -> list[Any]:
        """The decisions with what the person may read of their evidence; one query for all of them."""
        mine = _readable(asker, [run for row in rows for run in row.evidence])
        for row in rows:
            row.told = [run if run.get("run") in mine else _bare(run) for run in row.evidence]
        return rows


def _readable(asker: User, runs: Iterable[dict[str, Any]]) -> set[int]:
    """The ids of those runs that the person may read."""
    ids = {run["run"] for run in runs if "run" in run}
    return set(run_access.runs(asker).filter(pk__in=ids).values_list("pk", flat=True)) if ids else set()


def _bare(run: dict[str, Any]) -> dict[str, Any]:
    return {name: run[name] for name in BARE if name in run}


class Finding(Shown):
    """What a lint found in the text. Lints are heuristics: they point, they do not decide."""

    lint = serializers.CharField(help_text="Name of the lint.")
    level = serializers.CharField(help_text="How grave it is.")
    message = serializers.CharField(help_text="What it found and what to do.")
    rule = serializers.CharField(help_text="The rule it is about, empty for none.")
    line = serializers.IntegerField(allow_null=True, help_text="The line of the policy it is about, null for none.")


class Reading(Shown):
    """What there is to read before deciding about a version."""

    version = Version(help_text="The version with its text.")
    compared_with = serializers.IntegerField(allow_null=True, help_text="The version it is read beside, null for none.")
    findings = Finding(many=True, help_text="What lints found.")
    conflicts = serializers.ListField(child=serializers.CharField(), help_text="What may contradict itself.")
    open_threads = serializers.IntegerField(help_text="How many threads of comments nobody resolved.")
    evidence = serializers.ListField(
        child=serializers.DictField(), help_text="What finished runs that you may read say about it."
    )
    seen = serializers.CharField(help_text=f"{SEEN} Empty for all but reviewers, who read every run.")
    decisions = Decision(many=True, help_text="What was decided so far.")
    approvals = serializers.IntegerField(help_text="How many people have approved it.")
    approvals_needed = serializers.IntegerField(help_text="How many have to.")
    obstacle = serializers.CharField(help_text="Why you cannot decide about it now; empty when nothing is in the way.")


class NewDecision(Said):
    """What you decide about a version."""

    decision = serializers.ChoiceField(DECISIONS, help_text="What you decide.")
    reasons = serializers.CharField(
        required=False, allow_blank=True, max_length=LONGEST_REASONS, help_text="Why: needed to return or reject."
    )
    checklist = serializers.ListField(
        child=serializers.ChoiceField(SLUGS),
        required=False,
        max_length=len(SLUGS),
        help_text=f"What you checked. {QUESTIONS}",
    )
    without_evidence = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=LONGEST_REASONS,
        help_text="Why you approve it without evidence; needed where no run has evaluated exactly this version.",
    )
    seen = serializers.CharField(required=False, allow_blank=True, max_length=2000, help_text=SEEN)


class Reasons(Said):
    """Why."""

    reasons = serializers.CharField(max_length=LONGEST_REASONS, help_text="Why, for everybody who reads it later.")


class Reviews(Endpoint):
    """What waits."""

    resource, roles = "reviews", WORKERS

    @lists(
        Waiting,
        number("organisation", "Only those of the organisation of this id.", lookup="config__organisation"),
        order=("submitted_at", "pk"),
    )
    def get(self) -> QuerySet[ConfigVersion]:
        """The versions that wait for a decision, longest first."""
        return versions_in_review(access.configs(self.user))


class Decisions(Endpoint):
    """What was decided."""

    resource, roles = "reviews", WORKERS

    @lists(
        Decision,
        number("config", "Only those about versions of the config of this id.", lookup="version__config"),
        choice("decision", "Only those that decided so.", DECISIONS, lookup="decision"),
    )
    def get(self) -> QuerySet[Review]:
        """The decisions on versions you may read, newest first."""
        return decisions(access.configs(self.user))


class OneReview(Endpoint):
    """One version under review."""

    resource, roles, words = "reviews", WORKERS, WORDS
    refusals, conflicts = (reviews.ReviewProblem,), (reviews.Faster,)

    @reads(Reading)
    def get(self, pk: int, number: int) -> dict[str, Any]:
        """What there is to read before deciding: text, findings, evidence, decisions so far."""
        version = access.version_for_reader(self.user, pk, number)
        read, found = dossier(version), evidence_queries.evidence(version)
        mine = _readable(self.user, found)
        return {
            "version": version,
            "compared_with": read.base.number if read.base else None,
            "findings": read.findings,
            "conflicts": read.conflicts,
            "open_threads": read.open_threads,
            "evidence": [run for run in found if run["run"] in mine],
            "seen": evidence_queries.stand(version).word if REVIEWER in access.roles(self.user) else "",
            "decisions": list(version.reviews.select_related("reviewer", "version")),
            "approvals": reviews.approvals(version),
            "approvals_needed": version.config.organisation.approvals_needed,
            "obstacle": reviews.obstacle(version=version, reviewer=self.user),
        }

    @creates(NewDecision, Decision, roles=frozenset({REVIEWER}))
    def post(self, pk: int, number: int) -> Any:
        """Approves, returns or rejects a version that waits, and in which you did not write."""
        version = access.version_for_reviewer(self.user, pk, number)
        stale = self.said.pop("seen", "") != evidence_queries.stand(version).word
        said = reviews.Decision(evidence=evidence_queries.evidence(version), stale=stale, **self.said)
        return Decision.together([reviews.decide(version=version, reviewer=self.user, said=said)], self.user)[0]


class Retire(Endpoint):
    """Out of service."""

    resource, roles, words = "reviews", frozenset({REVIEWER}), WORDS
    refusals, conflicts = (reviews.ReviewProblem,), (reviews.Faster,)

    @changes(Reasons, VersionLine)
    def post(self, pk: int, number: int) -> ConfigVersion:
        """Takes an approved version out of service, for everybody and at once."""
        version = access.version_for_reviewer(self.user, pk, number)
        return reviews.retire(version=version, actor=self.user, reasons=self.said["reasons"])


ROUTES = [
    route("reviews/", Reviews, "reviews-list"),
    route("reviews/decisions/", Decisions, "reviews-decisions"),
    route("configs/<int:pk>/versions/<int:number>/review/", OneReview, "reviews-detail"),
    route("configs/<int:pk>/versions/<int:number>/retire/", Retire, "reviews-retire"),
]
