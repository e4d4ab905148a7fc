"""What the API shows of training runs, and what it takes to start one."""

from typing import Any

from rest_framework import serializers

from annotations.api.fields import json, moment, text, texts, whole, word, yes
from annotations.api.shapes import Id, Person, Said, Shown
from annotations.models.work import WORK_STATES
from training.api.fields import maybe, plain
from training.forms.training import KINDS, MOST_CARDS
from training.models.training import PHASES, POINT_KINDS
from training.recipes import run_dir
from training.recipes.settings import PRESETS
from training.services.trainer.launch import LONGEST_TITLE


class Training(Shown):
    """A training run: SFT or DPO of a base on a preference set, or a merge of two models."""

    id = Id(help_text="Id of the training run.", source="pk")
    title = text("Its title.")
    kind = word("What it does.", run_dir.KINDS)
    state = word("Where it stands; waiting is for a person to start it.", WORK_STATES)
    phase = word("check: texts and machine are looked at; train: it trains.", PHASES)
    reason = text("Why it does not go on; empty where its state says enough.")
    base = Id(help_text="Id of the model it begins from.", source="base_id")
    base_slug = text("Short name of the model it begins from.", source="base.slug")
    other = Id(help_text="Id of the second model of a merge, else null.", source="other_id", allow_null=True)
    preference_set = Id(
        help_text="Id of the preference set; null for a merge.", source="preference_set_id", allow_null=True
    )
    loop = Id(help_text="Id of the loop it belongs to; null for none.", source="loop_id", allow_null=True)
    node = text("Name of the node that trains.", source="node.name")
    gpus = whole("Graphics cards it takes; 0 is the processor alone.")
    preset = text("Name of the preset its settings began with; empty for none.")
    done = whole("Steps so far; while it is checked, pairs that were looked at.")
    total = whole("Steps in all; 0 where not known yet.")
    last_step = whole("The last step whose figures are there; null before one is.", allow_null=True)
    loss = maybe("Loss of that step; null where it was no finite number.", source="last_log.loss")
    finish_asked_at = moment("When somebody asked it to end early; null for nobody.", allow_null=True)
    created_by = Person(help_text="Who started it; null for the command line.", allow_null=True)
    created_at = moment("When it was started.")
    started_at = moment("When a worker took it up last; null before.", allow_null=True)
    finished_at = moment("When it ended; null before.", allow_null=True)


class TrainingLaw(Shown):
    """What became of the pairs of a split: came = out + parts."""

    split = text("Split of the preference set.")
    came = whole("Pairs that went in.")
    out = whole("Pairs that came out.")
    parts = serializers.DictField(child=serializers.IntegerField(), help_text="Pairs that were left out, by reason.")
    cut = whole("Those of the ones that came out whose texts were shortened.")


class WholeTraining(Training):
    """A training run: how far it is, its figures, what it was made of, and what came of it."""

    words = text("What it does now; empty while it does not run.", source="far.words")
    why = text("Why it does not go on, or what it waits for; empty where its state says enough.")
    step_seconds = maybe("Median seconds of its last `n` steps.", source="far.step_seconds")
    tokens_per_second = maybe("Median tokens a second of these steps.", source="far.tokens_per_second")
    n = whole("How many steps these medians are of.", source="far.n")
    seconds_left = maybe(
        "Seconds it may still take, computed from them; null where not known.", source="far.seconds_left"
    )
    dev_step = whole("Step of the last look at the dev set; 0 for none.", source="far.dev_step")
    dev = json("Figures of that look by name, means over `dev_pairs` pairs.", source="far.dev")
    dev_pairs = whole("Pairs that a look at the dev set reads; 0 where not known.")
    laws = TrainingLaw(many=True, help_text="What became of the pairs of each split.")
    problems = texts("Why its check forbids a start.")
    warnings = texts("What its check found worth knowing.")
    settings = json("Every setting by its name.")
    facts = serializers.DictField(
        child=serializers.CharField(), help_text="What it stands on: hardware, code, versions."
    )
    digests = serializers.DictField(child=serializers.CharField(), help_text="SHA-256 of what it read, by name.")
    command = text("The trainer's command; empty before it was started.")
    figures = json("The last figures the trainer wrote.")
    checkpoint = Id(help_text="Id of the checkpoint that came of it; null before.", allow_null=True)


class NewTraining(Said):
    """What is trained on what, where and how. A worker of the node checks it; then it waits for its launch."""

    kind = word("SFT or DPO.", tuple(KINDS))
    preset = word("Where the settings begin.", tuple(PRESETS))
    base = Id(
        help_text="Id of a model whose weights are known; or name another one in `typed`.",
        required=False,
        allow_null=True,
    )
    typed = text(
        "A hub id, or a path on the node, in place of `base`.", required=False, allow_blank=True, max_length=500
    )
    preference_set = Id(help_text="Id of a finished preference set.")
    node = Id(help_text="Id of the node that trains.")
    gpus = whole("Graphics cards; 0 trains on the processor.", min_value=0, max_value=MOST_CARDS)
    title = text(
        "Its title; left out, it is named after base and pairs.",
        required=False,
        allow_blank=True,
        max_length=LONGEST_TITLE,
    )
    settings = plain("Settings by name that are other than the preset's.")


class TrainingEstimate(Shown):
    """What a training run would take. Nothing is stored."""

    steps = whole("Steps.")
    rows = whole("Pairs that are trained on.")
    tokens = whole("Tokens of a pair, likely.")
    at_most = yes("True where rows or tokens may be fewer.")
    unknown = texts("What nobody knows yet.")
    parameters = whole("Parameters of the base; null where not known.", allow_null=True)
    memory_need = whole("Bytes of a card, or of the machine, that it needs; null where not known.", allow_null=True)
    memory_has = whole("Bytes there are; null where not known.", allow_null=True)
    disk_need = whole("Bytes of the disk that it needs; null where not known.", allow_null=True)
    disk_free = whole("Bytes that are free; null where not known.", allow_null=True)
    seconds = maybe("How long it takes; null where not known.")
    basis = text("Where the time comes from.")


class TrainingPointShown(Shown):
    """Something a trainer wrote at a step. A value that was no finite number is a text."""

    kind = word("log: a step; eval: the dev set; samples; machine; phase.", POINT_KINDS)
    name = text("Which phase; empty for the others.")
    step = whole("The step it is of, or after which it was written.")
    values = json("What was written, by name.")
    at = moment("When it was written last.")


class TrainingLog(Shown):
    """The end of a trainer's log."""

    lines = texts("Its last lines.")
    node = text("Name of the node that has all of it.")


def told(form_estimate: dict[str, Any]) -> dict[str, Any]:
    """What an estimate knows, null for the rest."""
    named = {"memory_need": "need", "memory_has": "has", "parameters": "parameters"}
    rest = {name: form_estimate.get(there) for name, there in named.items()}
    return (
        form_estimate
        | rest
        | {"basis": form_estimate["source"]}
        | {name: form_estimate.get(name) for name in ("disk_need", "disk_free")}
    )
