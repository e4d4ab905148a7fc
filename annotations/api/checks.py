"""Labels of prompts: where the person may label, what is next for them, their own labels, and giving one.

Nothing here tells what a prompt's author or anybody else said of it.
"""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from annotations import access, models
from annotations.access import RATERS
from annotations.api import fields
from annotations.api.endpoint import changes, creates, lists, reads, route
from annotations.api.gathering import Gathered
from annotations.api.problems import conflict
from annotations.api.races import Racing
from annotations.api.shapes import Id, Said, Shown
from annotations.api.texts import WrittenRule
from annotations.core.taxonomy import KINDS
from annotations.models import User
from annotations.models.benchmarks import SITUATIONS
from annotations.queries import checks as queries
from annotations.services import checks
from annotations.services.checks import CHANGED, LONGEST_NOTE, UNSURE

RACES = ("Somebody ", CHANGED, "You have labelled", "You have changed")


class ToLabel(Gathered):
    """A benchmark whose prompts one may label, and how far one is."""

    benchmark = Id(source="pk", help_text="Id of the benchmark.")
    title = fields.text("What it is called.")
    organisation = fields.text("Name of the organisation it belongs to.", source="organisation.name")
    done = fields.whole("Its prompts that you have labelled.")
    waiting = fields.whole(
        "Those that wait for your label; at least so many of a benchmark of more than 3,000 prompts."
    )

    @classmethod
    def together(cls, rows: list[Any], asker: User) -> list[Any]:
        """The benchmarks with what the person has done in each."""
        mine = access.benchmarks_to_check(asker).filter(pk__in=[row.pk for row in rows])
        found = {tally.benchmark.pk: tally for tally in queries.tallies(asker, mine)}
        there = [row for row in rows if row.pk in found]
        for row in there:
            row.done, row.waiting = found[row.pk].done, found[row.pk].waiting
        return there


class ReadConfig(Shown):
    """The text by which one labels."""

    title = fields.text("Title of the config.", source="config.title")
    language = fields.text("Language of its text.", source="config.language")
    categorical = fields.yes("Whether it says a situation, of which the kind follows.", source="config.categorical")
    version = fields.whole("Number of the version.", source="number")
    policy = fields.text("The policy, in Markdown.")
    rules = WrittenRule(many=True, source="rule_list", help_text="The rules.")
    allowed = fields.texts("Slugs of the risk categories it opens.")


class BarePrompt(Shown):
    """A prompt without a sign of what anybody said of it."""

    uid = fields.uid("Its own name.")
    text = fields.text("What a user asks.")
    digest = fields.text("Stands for this text: send it along with the label.")
    language = fields.text("Its language, as a tag.")


class Turn(Shown):
    """What one labels next."""

    prompt = BarePrompt(help_text="The prompt; null when none waits for you.", allow_null=True)
    config = ReadConfig(help_text="The text by which it is labelled; null without one.", allow_null=True)
    done = fields.whole("Prompts of the benchmark that you have labelled.")
    waiting = fields.whole("Prompts that wait for your label; at least so many in a benchmark of more than 3,000.")


class Label(Gathered):
    """An own label in force."""

    id = Id(source="pk", help_text="Id of the label.")
    prompt = BarePrompt(help_text="The wording it was said of.")
    kind = fields.word(
        "The kind that was said; unsure where the person could not say, null where a situation was said.",
        (*KINDS, UNSURE),
        source="said",
        allow_null=True,
    )
    situation = fields.word("The situation that was said; null where none was.", SITUATIONS, allow_null=True)
    note = fields.text("What the person wrote with it.")
    version = fields.whole("The version they read; null for none.", source="version.number", allow_null=True)
    created_at = fields.moment("When it was given.")

    @classmethod
    def together(cls, rows: list[Any], asker: User) -> list[Any]:
        """The labels with what was said: the kind that follows of a situation would tell of the author's risks."""
        for row in rows:
            row.said = None if row.situation is not None else row.kind or UNSURE
        return rows


class ChangedLabel(Said):
    """What one says of a prompt: a kind, or under a config that names categories alone a situation."""

    kind = fields.word("The kind, or unsure with a note that says why.", (*KINDS, UNSURE), required=False)
    situation = fields.word("1 all it needs is open, 2 a part, 3 nothing.", SITUATIONS, required=False)
    note = fields.text("What makes it hard to tell.", max_length=LONGEST_NOTE, required=False, allow_blank=True)
    version = fields.whole("Number of the version you read.", min_value=1, max_value=2**31 - 1, required=False)


class NewLabel(ChangedLabel):
    """A label of a prompt."""

    prompt = fields.uid("The prompt's own name.")
    digest = fields.text("The digest of the text you read.", max_length=64)


class ToCheck(Racing):
    """Where one may label."""

    resource, roles = "ratings", RATERS

    @lists(ToLabel, order=("title", "pk"))
    def get(self) -> QuerySet[models.Benchmark]:
        """The benchmarks whose prompts you may label, by title."""
        return access.benchmarks_to_check(self.user).select_related("organisation")


class NextCheck(Racing):
    """What one labels next."""

    resource, roles = "ratings", RATERS
    words = {"pk": "Id of the benchmark."}

    @reads(Turn)
    def get(self, pk: int) -> dict[str, Any]:
        """The prompt that is next for you, beside the text of its config."""
        turn = queries.turn(access.benchmark_for_rater(self.user, pk), self.user)
        version = queries.version_to_show(turn.prompt.config) if turn.prompt else None
        return turn._asdict() | {"config": version}


class Labels(Racing):
    """The own labels in a benchmark."""

    resource, roles = "ratings", RATERS
    refusals, races = (checks.CheckProblem,), RACES
    words = {"pk": "Id of the benchmark."}

    @lists(Label)
    def get(self, pk: int) -> QuerySet[models.PromptCheck]:
        """Your own labels that may still be changed, the newest first."""
        return queries.changeable(access.benchmark_for_rater(self.user, pk), self.user)

    @creates(NewLabel, Label)
    def post(self, pk: int) -> Any:
        """A label of a prompt; 409 when its text was changed, or you have labelled it already."""
        benchmark, said = access.benchmark_for_rater(self.user, pk), dict(self.said)
        prompt = _wording(benchmark, said.pop("prompt"), said.pop("digest"))
        return _told(checks.label(prompt=prompt, rater=self.user, **_said(prompt, said)), self.user)


class OneLabel(Racing):
    """One own label."""

    resource, roles = "ratings", RATERS
    refusals, races = (checks.CheckProblem,), RACES
    words = {"pk": "Id of the benchmark.", "label": "Id of the label."}

    @changes(ChangedLabel, Label)
    def put(self, pk: int, label: int) -> Any:
        """Another label in the place of an own one, which is withdrawn and kept."""
        benchmark = access.benchmark_for_rater(self.user, pk)
        mine = models.PromptCheck.objects.filter(rater=self.user, prompt__benchmark=benchmark)
        check = access.one_or_404(mine.select_related("prompt__config", "prompt__benchmark"), pk=label)
        return _told(checks.change(check=check, rater=self.user, **_said(check.prompt, dict(self.said))), self.user)


def _wording(benchmark: models.Benchmark, uid: UUID, digest: str) -> models.Prompt:
    """The wording that was read. Raises Problem (409) when there is none of that text."""
    rows = models.Prompt.objects.filter(benchmark=benchmark, uid=uid, digest=digest, pending=False)
    found: models.Prompt | None = rows.select_related("config").order_by("-pk").first()
    if found is None:
        raise conflict(CHANGED)
    return found


def _said(prompt: models.Prompt, said: dict[str, Any]) -> dict[str, Any]:
    number = said.pop("version", None)
    version = prompt.config.versions.filter(number=number).first() if number else None
    return said | {"version": version}


def _told(check: models.PromptCheck, asker: User) -> Any:
    rows = models.PromptCheck.objects.select_related("prompt", "version").filter(pk=check.pk)
    return Label.together(list(rows), asker)[0]


ROUTES = [
    route("checks/", ToCheck, "checks-list"),
    route("checks/<int:pk>/next/", NextCheck, "checks-next"),
    route("checks/<int:pk>/labels/", Labels, "labels-list"),
    route("checks/<int:pk>/labels/<int:label>/", OneLabel, "labels-detail"),
]
