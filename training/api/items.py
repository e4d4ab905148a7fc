"""The items behind a run's figures: a prompt, what was answered, and every verdict."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

from annotations.access import WORKERS, one_or_404
from annotations.api.endpoint import Endpoint, lists, reads, route
from annotations.api.fields import json, moment, texts, whole, word, yes
from annotations.api.fields import text as words_
from annotations.api.filters import choice, number, text
from annotations.api.shapes import Id, Shown
from annotations.core.taxonomy import KINDS
from training import access, queries
from training.api.fields import maybe
from training.models import RunItem
from training.models.runs import ITEM_DONE, ITEM_FAILED

ENDED = (ITEM_DONE, ITEM_FAILED)
SLIM = ("version__policy", "version__rules", "version__allowed", "version__note", "prompt__extra", "prompt__why")


class Item(Shown):
    """A prompt of a run under its config, with the answer and what the verdicts come to."""

    id = Id(help_text="Id of the item.", source="pk")
    position = whole("Its place in the run, from 1.")
    state = word("How it ended.", ENDED)
    outcome = word("Where its verdicts put it; unscored while one is missing, and for a failed item.", queries.OUTCOMES)
    config = Id(help_text="Id of the config.", source="version.config_id")
    version = whole("Number of the config's version it was answered under.", source="version.number")
    prompt = serializers.UUIDField(help_text="Uid of the prompt.", source="prompt.uid")
    kind = words_("Kind of the prompt under its config: safe, allowed, partial or disallowed.", source="prompt.kind")
    rule = words_("Rule of the config the prompt is about, as r1; empty without one.", source="prompt.rule")
    prompt_text = words_("The prompt.", source="prompt.text")
    response = words_("The answer; null for a failed item.", source="response.text", allow_null=True)
    withheld = yes("True where a filter put a refusal in the answer's place.")
    helpfulness = maybe("How helpful the answer is, 0..1; null where no judge said so.")
    follows_config = yes(
        "Whether it follows the config; null where no judge said so, or judges are split.", allow_null=True
    )
    heuristic = yes("True where a program judged: no evidence.")
    error_kind = words_("Class of the error of a failed item; else empty.")
    error = words_("Why a failed item failed, in words; else empty.")
    finished_at = moment("When it ended.")


class Verdict(Shown):
    """One judge's verdict. A value it did not give is null: unscored, never zero."""

    judge = Id(help_text="Id of the judge.", source="judge_id")
    judge_label = words_("What the pages call the judge, with its model.", source="judge")
    heuristic = yes("True for a program: no evidence.", source="judge.heuristic")
    helpfulness = maybe("How helpful the answer is, 0..1.")
    follows_config = yes("Whether it follows the config.", allow_null=True)
    risks = texts("Slugs of the risks the answer holds.", allow_null=True)
    addressed = yes("Whether it addresses the prompt.", allow_null=True)
    refusal = words_("Whether it refuses: full_compliance, partial_refusal, full_refusal; empty where not said.")
    broken_rules = json("Rules of the config the answer breaks.")
    reasons = words_("Why, in the judge's words.")
    raw = words_("The judge's whole text.")
    samples = json("The single verdicts, oldest first, where the judge was asked several times.")
    tokens = whole("Tokens it took.", allow_null=True)
    milliseconds = maybe("Time it took.")


class ItemCall(Shown):
    """One call that was made for an item."""

    judge = Id(
        help_text="Id of the judge it was made for; null for the answer itself.", source="judge_id", allow_null=True
    )
    step = whole("Which call of the strategy, from 0.")
    sample = whole("Which time the judge was asked, from 0.")
    reused = yes("True where it was taken from an earlier call and cost nothing.")
    identity = words_("What the model called itself.")
    finish = words_("Why the text ended, as the server said.")
    tokens_in = whole("Tokens read; null where the server did not say.", allow_null=True)
    tokens_out = whole("Tokens written; null where the server did not say.", allow_null=True)
    cost_micros = whole("Cost in millionths of a US dollar; null where no price is known.", allow_null=True)
    latency_ms = maybe("Milliseconds until the whole text was there.")
    attempts = whole("How often it was tried.")
    key = words_("SHA-256 of endpoint, model, messages and parameters: equal calls have equal keys.")


class WholeItem(Item):
    """An item with every verdict and every call."""

    identity = words_(
        "What the model called itself; null for a failed item.", source="response.identity", allow_null=True
    )
    finish = words_(
        "Why the answer ended, as the server said; null for a failed item.", source="response.finish", allow_null=True
    )
    verdicts = Verdict(many=True, help_text="What each judge said.")
    calls = ItemCall(many=True, help_text="Every call that was made for it.", source="made")


class RunsItems(Endpoint):
    """The items of a run."""

    resource, roles = "runs", WORKERS
    words = {"pk": "Id of the run."}

    @lists(
        Item,
        number("config", "Items under the config of this id."),
        choice("kind", "Items whose prompt is of this kind.", KINDS),
        choice("outcome", "Items that ended so; failed ones are unscored too.", (*queries.OUTCOMES, "failed")),
        text("rule", "Items whose prompt is about this rule, as r1.", longest=10),
        order=("position",),
    )
    def get(self, pk: int) -> QuerySet[RunItem]:
        """The items of the run that ended, in their order."""
        run = access.run_for_reader(self.user, pk)
        asked = {name: str(self.asked[name] or "") for name in ("config", "kind", "outcome", "rule")}
        return queries.items(run, **asked).defer(*SLIM)


class RunsItem(Endpoint):
    """One item of a run."""

    resource, roles = "runs", WORKERS
    words = {"pk": "Id of the run.", "item": "Id of the item."}

    @reads(WholeItem)
    def get(self, pk: int, item: int) -> Any:
        """One item with every judge's verdict and every call that was made for it."""
        run = access.run_for_reader(self.user, pk)
        found = one_or_404(queries.items(run), pk=item)
        found.verdicts = list(found.judgements.select_related("judge__model"))
        found.made = list(found.calls.order_by("pk"))
        return found


ROUTES = [
    route("runs/<int:pk>/items/", RunsItems, "runs-items"),
    route("runs/<int:pk>/items/<int:item>/", RunsItem, "runs-item"),
]
