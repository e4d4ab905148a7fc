"""What pairs are built from: kept prompts with the configs they are ranked under and their labelled responses."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from django.db.models import F

from annotations.core import pairing
from annotations.core.pairing import Candidate, Pairing, Sorted
from annotations.services.chores import ChoreProblem
from training.models import EvaluationRun, Judge, Judgement, PromptLabel, RunItem, Stage, SynthesisedConfig
from training.models.recipes import LABEL, RANKING, READ, SYNTHESISE
from training.services.building import chain

MOST_PROMPTS, MOST_RESPONSES, MOST_IDS = 500, 3000, 5000
"""How many prompts are in memory at once, about how many responses, and how many ids one query names."""
NOT_READ = "The responses are not all read yet. Wait for that step to end, or start it again."
NO_READER = "The step that read the responses had no judge “{name}”, which its settings name. Read them again first."


class Ranking(NamedTuple):
    """A config that the pairs of a prompt are ranked under: its row, what it opens (slugs, in order) and its words."""

    id: int
    mode: str
    allowed: tuple[str, ...]
    template: str
    system_prompt: str


class Asked(NamedTuple):
    """A kept prompt (its id) with its risks, the configs it is ranked under, and its responses, ordered by id."""

    id: int
    text: str
    split: str
    risks: frozenset[str]
    configs: tuple[Ranking, ...]
    candidates: tuple[Candidate, ...]


class Material:
    """Everything the pairs of a read or pair stage come from, under the settings of that stage.

    `known` are the risks its configs were drawn from. Raises ChoreProblem when the runs that read the responses had
    not the judges that the settings name.
    """

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.settings, self.taxonomy = chain.settings(stage), chain.taxonomy(stage.taxonomy)
        self.synthesised, self.read = chain.before(stage, SYNTHESISE), chain.before(stage, READ)
        self.known = frozenset(chain.trained(self.synthesised))
        self.runs = list(EvaluationRun.every.filter(stage=self.read).order_by("pk").values_list("pk", flat=True))
        reading = chain.settings(self.read).reading
        self.risks_judges, self.addressed_judges = (self._judges(name) for name in (reading.risks, reading.addressed))

    def _judges(self, name: str) -> frozenset[int]:
        found = frozenset(Judge.objects.filter(runs__in=self.runs, name=name).values_list("pk", flat=True))
        if not found:
            raise ChoreProblem(NO_READER.format(name=name))
        return found

    @property
    def labels(self) -> Any:
        """The kept prompts' labels, not yet asked for."""
        return PromptLabel.objects.filter(stage=chain.before(self.stage, LABEL)).exclude(split="")

    def prompts(self) -> int:
        """How many prompts there are."""
        return int(self.labels.count())

    def batches(self) -> Iterator[list[Asked]]:
        """Every kept prompt in the order of ids, so many at a time that about MOST_RESPONSES are in memory."""
        responses = RunItem.objects.filter(run__in=self.runs, response__isnull=False).count()
        each = max(1, responses // max(1, self.prompts()))
        at_once = max(1, min(MOST_PROMPTS, MOST_RESPONSES // each))
        last = 0
        while found := list(self.labels.filter(prompt__gt=last).order_by("prompt_id")[:at_once].values_list(*LABELLED)):
            yield self._asked(found)
            last = found[-1][0]

    def some(self, prompts: Sequence[int]) -> list[Asked]:
        """These prompts (ids), as far as they are kept, in the order of ids."""
        return self._asked(list(self.labels.filter(prompt__in=prompts).order_by("prompt_id").values_list(*LABELLED)))

    def pairing(self, asked: Asked, config: Ranking, found: Sorted | None = None) -> Pairing:
        """What becomes of the prompt's responses under one of its configs; `found` are they, sorted out before."""
        weights, seed = self.settings.weights, pairing.seed_for(self.settings.seed, asked.text, config.mode)
        found = found or pairing.sort_out(asked.candidates)
        used = {"alpha": weights.alpha, "beta": weights.beta, "gamma": weights.gamma}
        return pairing.explain(found, config.allowed, self.known, seed=seed, **used)

    def _asked(self, labels: list[tuple[int, str, str, list[str]]]) -> list[Asked]:
        ids = [prompt for prompt, *_ in labels]
        configs, candidates = self._configs(ids), self._candidates(ids)
        return [
            Asked(prompt, text, split, frozenset(risks), tuple(configs[prompt]), tuple(candidates[prompt]))
            for prompt, text, split, risks in labels
        ]

    def _configs(self, prompts: list[int]) -> dict[int, list[Ranking]]:
        rows = SynthesisedConfig.objects.alias(of=BY_PROMPT["stage"]).filter(of=self.synthesised.pk, prompt__in=prompts)
        rows = rows.filter(source=RANKING, mode__in=self.settings.modes)
        found: dict[int, list[Ranking]] = {prompt: [] for prompt in prompts}
        asked = ("prompt", "pk", "mode", "allowed", "template", "system_prompt__text")
        for prompt, pk, mode, allowed, template, text in rows.order_by("pk").values_list(*asked):
            found[prompt].append(Ranking(pk, mode, tuple(allowed), template, text))
        place = self.settings.modes.index
        return {prompt: sorted(some, key=lambda one: place(one.mode)) for prompt, some in found.items()}

    def _candidates(self, prompts: list[int]) -> dict[int, list[Candidate]]:
        items = RunItem.objects.alias(of=BY_PROMPT["run"]).filter(of__in=self.runs, prompt__in=prompts)
        items = items.filter(response__isnull=False).order_by()
        rows = list(items.values_list("pk", "prompt", "response", "response__text"))
        risks, addressed = self._verdicts([pk for pk, *_ in rows])
        found: dict[int, list[Candidate]] = {prompt: [] for prompt in prompts}
        for pk, prompt, response, text in sorted(rows, key=lambda row: row[2]):
            found[prompt].append(Candidate(response, text, risks.get(pk), addressed.get(pk)))
        return found

    def _verdicts(self, items: list[int]) -> tuple[dict[int, frozenset[str]], dict[int, bool]]:
        """Risks and whether the prompt is addressed by item; an item without a verdict is not there."""
        risks: dict[int, frozenset[str]] = {}
        addressed: dict[int, bool] = {}
        for some in _slices(items):
            said = Judgement.objects.filter(item__in=some, judge__in=self.risks_judges | self.addressed_judges)
            for item, judge, shown, does in said.order_by().values_list("item", "judge", "risks", "addressed"):
                if judge in self.risks_judges and shown is not None:
                    risks[item] = frozenset(shown)
                if judge in self.addressed_judges and does is not None:
                    addressed[item] = does
        return risks, addressed


LABELLED = ("prompt", "prompt__text", "split", "risks")
BY_PROMPT = {name: F(f"{name}_id") + 0 for name in ("run", "stage")}
"""A sum has no index: so a database looks rows up by their prompts, and not through all rows of a run or stage."""


def _slices(ids: list[int]) -> Iterable[list[int]]:
    return (ids[at : at + MOST_IDS] for at in range(0, len(ids), MOST_IDS))
