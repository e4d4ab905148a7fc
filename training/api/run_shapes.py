"""What the API shows of evaluation runs, and what it takes to start one."""

from typing import Any

from rest_framework import serializers

from annotations.api.fields import json, moment, real, text, whole, word, yes
from annotations.api.shapes import Id, Person, Said, Shown
from training import compare_queries, judges, strategies
from training.api.fields import ids, maybe, plain
from training.forms.runs import LARGEST_SEED, MOST_RUNS
from training.judges import RESPONSE
from training.models import EvaluationRun
from training.models.runs import RUN_STATES
from training.services.run_terms import MOST_BUDGET, MOST_SAMPLES

MOST_DOLLARS = 99_999_999


class RunJudge(Shown):
    """A judge of a run."""

    id = Id(help_text="Id of the judge.")
    name = text("Name of the judge.")
    title = text("What the pages call it, with its model.", source="__str__")
    model = Id(
        help_text="Id of the model it asks, null for a judge that is a program.", source="model_id", allow_null=True
    )
    heuristic = yes("True for a program: its figures are no evidence.")


class RunRows(serializers.ListSerializer[Any]):
    """Runs, each with the counts of its items."""

    def to_representation(self, data: Any) -> list[Any]:
        """The runs as JSON; one query for all counts."""
        return super().to_representation(with_tallies(list(data)))


def with_tallies(runs: list[EvaluationRun]) -> list[EvaluationRun]:
    """The runs, each with the `tally` of its items."""
    seen = compare_queries.tallies(runs)
    for run in runs:
        run.tally = seen.get(run.pk, compare_queries.Tally())  # type: ignore[attr-defined]
    return runs


class Run(Shown):
    """An evaluation run: a candidate answers the prompts of a benchmark, and judges read the answers."""

    class Meta:
        list_serializer_class = RunRows

    id = Id(help_text="Id of the run.", source="pk")
    state = word("Where it stands.", RUN_STATES)
    reason = text("Why it does not go on; empty where its state says enough.")
    benchmark = Id(help_text="Id of the benchmark whose prompts are answered.", source="benchmark_id")
    release = text(
        "The release its prompts are of, as v1.0; null for those of the moment.", source="release.name", allow_null=True
    )
    config = Id(
        help_text="Id of the config that is tested alone, else null.", source="version.config_id", allow_null=True
    )
    version = whole("Number of the version that is tested alone, else null.", source="version.number", allow_null=True)
    model = Id(help_text="Id of the model that answers.", source="candidate.model_id")
    model_slug = text("Short name of the model that answers.", source="candidate.model.slug")
    plumbing = yes("True for a model too small to mean anything: no evidence.", source="candidate.model.plumbing")
    strategy = text("How it answers.", source="candidate.strategy")
    settings = json("Settings of the strategy by name.", source="candidate.settings")
    temperature = real("Temperature of the answers.", source="candidate.temperature")
    max_tokens = whole("The longest answer, in tokens.", source="candidate.max_tokens")
    seed = whole("Seed of the answers.", source="candidate.seed")
    samples = whole("How often each judge that is a model is asked for one response.")
    use_cache = yes("Whether calls that were made before are taken from there.")
    budget_tokens = whole("The most tokens it may spend; null for no limit.", allow_null=True)
    budget_micros = whole("The most it may cost, in millionths of a US dollar; null for no limit.", allow_null=True)
    floor = whole(
        "Number of the provider's floor above its configs; null without one.", source="floor.number", allow_null=True
    )
    responses_of = Id(
        help_text="Id of the run whose responses it reads again; null for its own.", source="source_id", allow_null=True
    )
    total = whole("All its items: done, failed and those still to do.", source="tally.total")
    done = whole("Items that are answered and read by the judges.", source="tally.done")
    failed = whole("Items that failed for good.", source="tally.failed")
    unscored = whole("Those of the done ones that lack a value: no score counts them.", source="tally.unscored")
    calls = whole("Calls that were made to models, judges among them.")
    reused_calls = whole("Calls that were taken from earlier ones and cost nothing.")
    unpriced_calls = whole("Calls to a model without a known price.")
    spent_tokens = whole("Tokens read and written so far.")
    spent_micros = whole("What it cost so far, in millionths of a US dollar; calls without a price count nothing.")
    created_by = Person(help_text="Who started it; null for the command line.", allow_null=True)
    created_at = moment("When it was started.")
    started_at = moment("When its first item was taken; null before.", allow_null=True)
    finished_at = moment("When its last item ended; null before.", allow_null=True)


class RunDetail(Run):
    """An evaluation run with its judges."""

    judges = RunJudge(many=True, help_text="Who reads the answers.", source="judges.all")


class StartedRuns(Shown):
    """The runs that were started together."""

    runs = Run(many=True, help_text="A run for each model with each seed.")


class RunTrouble(Shown):
    """One error in words, and how many items ended with it."""

    kind = text("Its class: passing, rate_limited, permanent, budget or unparsed.")
    message = text("What happened, in words.")
    items = whole("How many items failed with it.")


class RunProgress(Shown):
    """How far a run is, from committed rows alone: total = done + failed + queued."""

    state = word("Where the run stands.", RUN_STATES)
    reason = text("Why it does not go on; empty where its state says enough.")
    total = whole("All its items: what went in.")
    done = whole("Items that are answered and read: what came out, unscored and withheld ones too.")
    failed = whole("Items that failed for good.")
    queued = whole("Items still to do, those in flight among them.")
    unscored = whole("Those of the done ones that lack a value.")
    withheld = whole("Those of the done ones in whose place a filter put a refusal.")
    workers = whole("Workers at it now.")
    in_flight = whole("Items that are being answered now.")
    waiting = whole("Those in flight that wait to be tried again.")
    trouble = text("What they wait for, in words; empty without trouble.")
    alone = text("Why no worker comes, in words; empty when one may.")
    rate = maybe("Items ended per second over the last minute; null before there is anything to tell.")
    seconds_left = maybe("Seconds until the end at this rate; null where it is not known.")
    seconds = maybe("Seconds since the first item was taken; null before.")
    calls = whole("Calls to models, reused ones too.")
    reused = whole("Calls that were taken from earlier ones.")
    tokens = whole("Tokens spent so far.")
    micros = whole("Cost so far in millionths of a US dollar.")
    unpriced = whole("Calls to a model without a known price.")
    troubles = RunTrouble(many=True, help_text="Errors of failed items, the most frequent first, at most twenty.")


class RunBudget(Said):
    """What a stopped run may spend in all; null or left out is no limit."""

    budget_tokens = whole("Tokens.", required=False, allow_null=True, min_value=1, max_value=MOST_BUDGET)
    budget_dollars = real(
        "US dollars, to four places; needs the prices of every model that is called.",
        required=False,
        allow_null=True,
        min_value=0.0001,
        max_value=MOST_DOLLARS,
    )


class NewRuns(RunBudget):
    """What to evaluate, how it answers, and who judges: a run for each model with each seed, all of them or none."""

    benchmark = Id(help_text="Id of a benchmark whose prompts you write.")
    release = Id(
        help_text="Id of one of its releases; null for the prompts of the moment.", required=False, allow_null=True
    )
    configs = ids("Ids of configs; left out or empty for all that the benchmark has prompts for.", required=False)
    per_kind = whole(
        "The most prompts of each kind and config; null for all.",
        required=False,
        allow_null=True,
        min_value=1,
        max_value=1_000_000,
    )
    models = ids("Ids of the models that answer, each in runs of its own.", allow_empty=False)
    strategy = word("How they answer.", strategies.names(), default="plain")
    settings = plain("Settings of the strategy by name; its defaults for those left out.")
    temperature = real("Temperature of the answers.", default=0.0, min_value=0, max_value=2)
    max_tokens = whole(
        "The longest answer in tokens; null for the model's own setting.",
        required=False,
        allow_null=True,
        min_value=1,
        max_value=32768,
    )
    seeds = serializers.ListField(
        child=serializers.IntegerField(min_value=0, max_value=LARGEST_SEED),
        default=[0],
        allow_empty=False,
        max_length=MOST_RUNS,
        help_text="Seeds, each with a run of its own.",
    )
    judges = serializers.ListField(
        child=serializers.ChoiceField([one.name for one in judges.reading(RESPONSE)]),
        allow_empty=False,
        max_length=20,
        help_text="Names of judges; each reads every response.",
    )
    judge_models = ids(
        "Ids of the models that judges which are prompts ask; with several, each judge asks each.", required=False
    )
    samples = whole(
        "How often each judge that is a model is asked for one response.",
        default=1,
        min_value=1,
        max_value=MOST_SAMPLES,
    )
    use_cache = yes(
        "Whether calls that were made before, with the same texts and settings, are taken from there.", default=True
    )


class EstimatePart(Shown):
    """What one model is asked for: answers, or one judge's verdicts."""

    what = text("What it is asked for.")
    model = Id(help_text="Id of the model.", source="model.pk")
    calls = whole("Calls, likely.")
    calls_most = whole("Calls, at most.")
    tokens = whole("Tokens read and written, likely.")
    tokens_most = whole("Tokens read and written, at most.")
    dollars = maybe("Money in US dollars, likely; null where a price is not known.")
    dollars_most = maybe("Money in US dollars, at most; null where a price is not known.")
    basis = text("Where these numbers come from.")


class RunEstimate(Shown):
    """What the runs would take together. Nothing is stored."""

    runs = whole("Runs: one for each model with each seed.")
    items = whole("Prompts of each run.")
    cached = whole("Answers that are likely there already.")
    calls = whole("Calls to models, likely.")
    calls_most = whole("Calls to models, at most.")
    tokens = whole("Tokens read and written, likely.")
    tokens_most = whole("Tokens read and written, at most.")
    dollars = maybe("Money in US dollars, likely; null where a price is not known.")
    dollars_most = maybe("Money in US dollars, at most; null where a price is not known.")
    parts = EstimatePart(many=True, help_text="By model and what it is asked for.")
