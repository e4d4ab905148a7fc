"""Prompts of a benchmark: the list, one of them with its wordings, new ones, the next wording, out and back in."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from annotations import access, models
from annotations.access import WORKERS
from annotations.api import fields
from annotations.api.endpoint import changes, creates, lists, reads, route
from annotations.api.filters import choice, number, text
from annotations.api.problems import refused
from annotations.api.races import Raced, Racing
from annotations.api.shapes import Id, Person, Said, Shown
from annotations.core.taxonomy import KINDS, SLUGS
from annotations.models.benchmarks import SITUATIONS
from annotations.queries.benchmarks import NO_RISK, NO_RULE
from annotations.queries.benchmarks import prompts as current
from annotations.queries.validation import STATES, with_validation
from annotations.services import prompts
from annotations.services.prompt_checks import LONGEST, LONGEST_LANGUAGE, LONGEST_SOURCE, PromptProblem
from annotations.services.prompts import Content

WORDS = {"pk": "Id of the benchmark.", "uid": "The prompt's own name; it stays through all wordings."}
FILTERS = ("kind", "rule", "risk", "language", "validation", "words")


class Wording(Shown):
    """One wording of a prompt: an edit is the next one, and the old ones stay readable."""

    text = fields.text("What a user asks.")
    kind = fields.word("What the config says of it.", KINDS)
    situation = fields.word(
        "Under a config that names categories alone: 1 all of it is open, 2 a part, 3 nothing; else null.",
        SITUATIONS,
        allow_null=True,
    )
    risks = fields.texts("Slugs of the risks that a harmful answer would carry.")
    rule = fields.text("The rule it touches, as r2; empty for none.")
    why = fields.text("Why it is of this kind.")
    language = fields.text("Its language, as a tag.")
    source: Any = fields.text("Where it comes from; empty for one that was thought up here.")
    created_by = Person(help_text="Who wrote this wording; null where nobody is known.", allow_null=True)
    created_at = fields.moment("When this wording came.")
    archived_at = fields.moment("When it was replaced or taken out; null while it counts.", allow_null=True)


class PromptLine(Shown):
    """A prompt as it stands, and what labels say of it."""

    uid = fields.uid("Its own name; it stays through all wordings.")
    config = Id(source="config_id", help_text="Id of the config it is written for.")
    config_title = fields.text("Title of that config.", source="config.title")
    position = fields.whole("Its place in the benchmark.")
    validation = fields.word("Whether people agree about its kind.", STATES)
    labels = fields.whole("How many people besides the author said a kind.")
    against = fields.whole("How many of them said another one.")
    unsure = fields.whole("How many could not say.")
    ruled = fields.text("The kind a lead decided on; empty without a decision.")


class Prompt(PromptLine, Wording):
    """A prompt as it stands, and what labels say of it."""


class WholePrompt(Prompt):
    """A prompt with the word that stands for how it is now."""

    seen = fields.text("Stands for the prompt as it is now: send it along when you change it.")
    wordings = fields.whole("How many wordings it has had.")


class PromptText(Said):
    """What is said of a prompt."""

    text = fields.text("What a user asks.", max_length=LONGEST)
    kind = fields.word("What the config says of it.", KINDS)
    risks = fields.texts("Slugs of risk categories.", required=False, max_length=len(SLUGS))
    rule = fields.text("The rule it touches, as r2; empty for none.", max_length=10, required=False, allow_blank=True)
    why = fields.text("Why it is of this kind.", max_length=LONGEST, required=False, allow_blank=True)
    language = fields.text(
        "As a tag; empty is the config's.", max_length=LONGEST_LANGUAGE, required=False, allow_blank=True
    )
    source: Any = fields.text("Where it comes from.", max_length=LONGEST_SOURCE, required=False, allow_blank=True)


class ChangedPrompt(PromptText):
    """The next wording of a prompt; what is left out stays as it is."""

    needed = ("seen",)
    seen = fields.text("The `seen` of the prompt you had before you.", max_length=64)


class NewPrompt(PromptText):
    """A new prompt."""

    config = Id(help_text="Id of the config it is written for.")


class Seen(Said):
    """What the person had before them."""

    seen = fields.text("The `seen` of the prompt you had before you; without it nothing is compared.", required=False)


class Prompts(Racing):
    """The prompts of a benchmark."""

    resource, roles = "benchmarks", WORKERS
    refusals = (PromptProblem,)
    words = WORDS

    @lists(
        Prompt,
        number("config", "Only those for the config of this id."),
        choice("kind", "Only those of this kind.", KINDS),
        text("rule", f"Only those that touch this rule; {NO_RULE}: those that touch none.", longest=10),
        choice("risk", f"Only those with this risk category; {NO_RISK}: those without any.", (*SLUGS, NO_RISK)),
        text("language", "Only those in this language.", longest=LONGEST_LANGUAGE),
        choice("validation", "Only those in this state.", STATES),
        text("words", "Only those in whose text these words stand."),
        order=("position",),
    )
    def get(self, pk: int) -> QuerySet[models.Prompt]:
        """The prompts that are in a benchmark now, in their order."""
        wanted = {name: self.asked[name] or "" for name in FILTERS}
        rows = current(access.benchmark_for_reader(self.user, pk), **wanted).select_related("created_by")
        return rows if self.asked["config"] is None else rows.filter(config=self.asked["config"])

    @creates(NewPrompt, WholePrompt)
    def post(self, pk: int) -> Any:
        """A new prompt at the end of the benchmark."""
        benchmark, said = access.benchmark_for_author(self.user, pk), dict(self.said)
        config = access.one_or_404(access.configs(self.user), pk=said.pop("config"))
        return _whole(prompts.add_prompt(benchmark=benchmark, config=config, actor=self.user, **said))


class OnePrompt(Racing):
    """One prompt."""

    resource, roles = "benchmarks", WORKERS
    refusals, conflicts = (PromptProblem,), (prompts.PromptChanged, Raced)
    words = WORDS

    @reads(WholePrompt)
    def get(self, pk: int, uid: UUID) -> Any:
        """The newest wording of a prompt, also of one that was taken out."""
        return _whole(access.prompt_for_reader(self.user, pk, uid))

    @changes(ChangedPrompt, WholePrompt)
    def patch(self, pk: int, uid: UUID) -> Any:
        """The prompt's next wording; 409 when somebody else changed it after you read it."""
        row, said = access.prompt_for_author(self.user, pk, uid), dict(self.said)
        if (seen := said.pop("seen", None)) is None:
            raise refused("Send the `seen` of the prompt you had before you.", "seen")
        now = {name: getattr(row, name) for name in Content._fields}
        return _whole(prompts.revise(prompt=row, content=Content(**now | said), actor=self.user, seen=seen))


class Wordings(Racing):
    """The wordings of a prompt."""

    resource, roles = "benchmarks", WORKERS
    words = WORDS

    @lists(Wording, order=("pk",))
    def get(self, pk: int, uid: UUID) -> QuerySet[models.Prompt]:
        """Every wording of a prompt, the first one first."""
        row = access.prompt_for_reader(self.user, pk, uid)
        return _wordings(row).select_related("created_by")


class TakingOut(Racing):
    """Taking a prompt out."""

    resource, roles = "benchmarks", WORKERS
    refusals, conflicts = (PromptProblem,), (prompts.PromptChanged, Raced)
    words = WORDS

    @changes(Seen, WholePrompt)
    def post(self, pk: int, uid: UUID) -> Any:
        """The prompt leaves its benchmark; runs and releases that have it keep it."""
        prompts.take_out(prompt=access.prompt_for_author(self.user, pk, uid), actor=self.user, **self.said)
        return _whole(access.prompt_for_reader(self.user, pk, uid))


class PuttingIn(Racing):
    """Putting a prompt back."""

    resource, roles = "benchmarks", WORKERS
    refusals = (PromptProblem,)
    words = WORDS

    @changes(None, WholePrompt)
    def post(self, pk: int, uid: UUID) -> Any:
        """A prompt that was taken out is at the end of its benchmark again."""
        return _whole(prompts.put_back(prompt=access.prompt_for_author(self.user, pk, uid), actor=self.user))


def _whole(row: models.Prompt) -> Any:
    """The wording with all that its shape reads."""
    rows = with_validation(models.Prompt.objects.filter(pk=row.pk)).select_related("config", "created_by")
    found: Any = rows.get()
    found.seen, found.wordings = prompts.stamp(found), _wordings(found).count()
    return found


def _wordings(row: models.Prompt) -> QuerySet[models.Prompt]:
    return models.Prompt.objects.filter(uid=row.uid, benchmark=row.benchmark_id, pending=False)


ROUTES = [
    route("benchmarks/<int:pk>/prompts/", Prompts, "prompts-list"),
    route("benchmarks/<int:pk>/prompts/<uuid:uid>/", OnePrompt, "prompts-detail"),
    route("benchmarks/<int:pk>/prompts/<uuid:uid>/wordings/", Wordings, "prompts-wordings"),
    route("benchmarks/<int:pk>/prompts/<uuid:uid>/take-out/", TakingOut, "prompts-take-out"),
    route("benchmarks/<int:pk>/prompts/<uuid:uid>/put-back/", PuttingIn, "prompts-put-back"),
]
