"""Loops of training and evaluation: the list, and where one stands."""

from typing import Any

from django.db.models import QuerySet

from annotations.access import WORKERS
from annotations.api.endpoint import Endpoint, lists, reads, route
from annotations.api.fields import json, moment, text, whole, word, yes
from annotations.api.filters import choice, number
from annotations.api.shapes import Id, Person, Shown
from annotations.models.work import WORK_STATES
from training import access, loop_queries
from training.api.fields import maybe
from training.models import TrainingLoop


class Loop(Shown):
    """SFT, then DPO, then the same evaluation of base and checkpoint, from one launch."""

    id = Id(help_text="Id of the loop.", source="pk")
    title = text("Its title.")
    state = word("Where it stands; queued also between two of its steps.", WORK_STATES)
    reason = text("Why it does not go on; empty where its state says enough.")
    base = Id(help_text="Id of the model it begins from.", source="base_id")
    base_slug = text("Short name of the model it begins from.", source="base.slug")
    preference_set = Id(help_text="Id of the preference set.", source="preference_set_id")
    benchmark = Id(help_text="Id of the benchmark both models answer.", source="benchmark_id")
    release = text(
        "The release its prompts are of, as v1.0; null for those of the moment.", source="release.name", allow_null=True
    )
    node = text("Name of the node that trains.", source="node.name")
    gpus = whole("Graphics cards it takes; 0 is the processor alone.")
    base_run = Id(help_text="Id of the evaluation of the base; null before.", source="base_run_id", allow_null=True)
    trained_run = Id(
        help_text="Id of the evaluation of what was trained; null before.", source="trained_run_id", allow_null=True
    )
    created_by = Person(help_text="Who started it; null for the command line.", allow_null=True)
    created_at = moment("When it was started.")
    finished_at = moment("When it ended; null before.", allow_null=True)


class LoopStep(Shown):
    """One step of a loop."""

    kind = text("sft, dpo or merge: a training run; base or trained: an evaluation run.")
    words = text("What it does, in words.")
    state = text("Where it stands; empty for one that is still to come.")
    why = text("Why it does not go on; empty where its state says enough.")
    done = whole("Steps or items so far.")
    failed = whole("Items that failed.")
    total = whole("Steps or items in all; 0 where not known yet.")
    noun = text("What done and total count: steps or items.")
    seconds = maybe("How long it took so far; null before it has begun.")
    model = Id(
        help_text="Id of the model that came of it or is evaluated; null before.", source="model.pk", allow_null=True
    )


class WholeLoop(Loop):
    """A loop with its steps in order. Both figures are those of its two runs, and of their comparison."""

    word = text("How it is doing, between two steps too.", source="line.word")
    why = text("Why it does not go on; empty where that is plain.", source="line.why")
    can_resume = yes("Whether it can go on from where it stopped.", source="line.can_resume")
    steps = LoopStep(many=True, help_text="Its steps, in order.", source="line.steps")
    settings = json("Settings of both stages by name, and the terms of the evaluation.")


class Loops(Endpoint):
    """The loops."""

    resource, roles = "training", WORKERS

    @lists(
        Loop,
        choice("state", "Loops in this state.", WORK_STATES, lookup="state"),
        number("base", "Loops that began from the model of this id.", lookup="base"),
        number("preference_set", "Loops on the preference set of this id.", lookup="preference_set"),
    )
    def get(self) -> QuerySet[TrainingLoop]:
        """The loops you may read, newest first; archived ones are left out."""
        return access.loops(self.user).defer("release__data", "release__manifest", "release__card")


class OneLoop(Endpoint):
    """One loop."""

    resource, roles = "training", WORKERS
    words = {"pk": "Id of the loop."}

    @reads(WholeLoop)
    def get(self, pk: int) -> Any:
        """Where the loop stands, step by step."""
        loop: Any = access.loop_for_reader(self.user, pk)
        loop.line = loop_queries.line(loop)
        return loop


ROUTES = [
    route("loops/", Loops, "loops-list"),
    route("loops/<int:pk>/", OneLoop, "loops-detail"),
]
