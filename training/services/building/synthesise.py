"""The step that makes up configs: for each kept prompt those that pairs are ranked under, and each candidate's own."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any, NamedTuple, cast

from annotations.core import config_text, training_templates
from annotations.core.recipe import RecipeSettings
from annotations.core.synthesis import PLAIN, lost_its_point, sample_allowed
from annotations.core.taxonomies import Taxonomy
from annotations.models import SystemPrompt
from annotations.models.work import FINISHED
from annotations.services.chores import ChoreProblem, Hold
from training.models import PromptLabel, Stage, SynthesisedConfig
from training.models.recipes import LABEL, RANKING
from training.services.building import chain

AT_ONCE = 500
"""Prompts whose configs are made and written together."""
NOTHING_KEPT = (
    "No prompt was kept when the prompts were labelled, so there is nothing to make configs for. Look at why they were "
    "dropped, change the labelling of the recipe, and start from there."
)


class Wants(NamedTuple):
    """So many configs of one mode: what pairs are ranked under (source RANKING), or what a candidate answers under."""

    source: int
    mode: str
    draws: int
    categories: tuple[str, ...]


class Drawn(NamedTuple):
    """One config for a prompt, before it has a row."""

    allowed: tuple[str, ...]
    template: str
    text: str


@dataclass
class Tally:
    """What has been made so far."""

    prompts: int = 0
    configs: Counter[str] = field(default_factory=Counter)
    modes: dict[str, Counter[str]] = field(default_factory=dict)
    allowed: dict[str, Counter[int]] = field(default_factory=dict)
    templates: Counter[str] = field(default_factory=Counter)
    lost: int = 0

    def note(self, one: Wants, drawn: Drawn, lost: bool) -> None:
        """Nothing; the config is counted."""
        source = str(one.source)
        self.configs[source] += 1
        self.modes.setdefault(source, Counter())[one.mode] += 1
        self.allowed.setdefault(source, Counter())[len(drawn.allowed)] += 1
        self.templates[drawn.template] += 1
        self.lost += lost

    def figures(self, texts: int) -> dict[str, Any]:
        """As the step keeps them: the law of its prompts, and configs by source, mode, open categories, template."""
        return {
            "in": self.prompts,
            "out": self.prompts,
            "dropped": {},
            "failed": {},
            "configs": self.configs,
            "modes": self.modes,
            "allowed": {source: {str(size): n for size, n in sizes.items()} for source, sizes in self.allowed.items()},
            "templates": self.templates,
            "lost": self.lost,
            "texts": texts,
        }


def job(hold: Hold) -> str:
    """Finished, when every kept prompt has its configs. Done again from the start it finds and leaves the same rows.

    Raises ChoreProblem where no prompt was kept, Stopped.
    """
    stage = cast(Stage, hold.row)
    labels = chain.before(stage, LABEL).labels.exclude(split="").select_related("prompt")
    total = labels.count()
    if not total:
        raise ChoreProblem(NOTHING_KEPT)
    maker, tally = Maker(stage), Tally()
    hold.beat(0, total, now=True)
    for group in in_groups(labels):
        maker.make(group, tally)
        hold.beat(tally.prompts, total)
    texts = stage.synthesised.order_by().values("system_prompt").distinct().count()
    hold.save(done=total, total=total, figures=tally.figures(texts))
    return FINISHED


def in_groups(labels: Any) -> Iterator[list[PromptLabel]]:
    """The labels in order, some at a time, so that they never lie in memory together."""
    last = 0
    while group := list(labels.filter(pk__gt=last).order_by("pk")[:AT_ONCE]):
        yield group
        last = group[-1].pk


def wanted(settings: RecipeSettings, taxonomy: Taxonomy, trained: tuple[str, ...]) -> list[Wants]:
    """Which configs each prompt gets: one of each mode for ranking, and each candidate's draws."""
    ranking = [Wants(RANKING, mode, 1, trained) for mode in settings.modes]
    every = tuple(each.slug for each in taxonomy.open)
    answers = [
        Wants(number, mode, draws, every if source.wide else trained)
        for number, source in enumerate(settings.sources, start=1)
        for mode, draws in source.draws.items()
        if draws
    ]
    return ranking + answers


class Maker:
    """What configs are made with: the settings of one step, read once."""

    def __init__(self, stage: Stage) -> None:
        settings = chain.settings(stage)
        self.stage, self.seed = stage, settings.seed
        self.taxonomy = chain.taxonomy(stage.taxonomy)
        self.wanted = wanted(settings, self.taxonomy, chain.trained(stage))
        self.templates = settings.templates or tuple(training_templates.names())

    def make(self, labels: Iterable[PromptLabel], tally: Tally) -> None:
        """Nothing; these prompts have their configs, each in the words of its template, and are counted."""
        rows, texts = [], {}
        for label in labels:
            tally.prompts += 1
            for one in self.wanted:
                for number in range(one.draws):
                    drawn = self.draw(label, one, number)
                    digest = config_text.digest(drawn.text)
                    texts[digest] = drawn.text
                    rows.append(self._row(label, one, number, drawn, digest))
                    tally.note(one, drawn, lost_its_point(label.risks or (), one.mode))
        kept = (SystemPrompt(digest=digest, text=text) for digest, text in texts.items())
        SystemPrompt.objects.bulk_create(kept, ignore_conflicts=True)
        SynthesisedConfig.objects.bulk_create(rows, ignore_conflicts=True)

    def draw(self, label: PromptLabel, one: Wants, number: int) -> Drawn:
        """The config: it depends on the seed, the prompt's text, source, mode and number, and on nothing else."""
        rng = Random(f"{self.seed}:{label.prompt.digest}:{one.source}:{one.mode}:{number}")  # noqa: S311
        allowed = sample_allowed(label.risks or (), one.categories, one.mode, rng)
        template = PLAIN if one.mode == PLAIN else training_templates.choose(rng, self.templates)
        return Drawn(allowed, template, training_templates.render(template, allowed, self.taxonomy))

    def _row(self, label: PromptLabel, one: Wants, number: int, drawn: Drawn, digest: str) -> SynthesisedConfig:
        return SynthesisedConfig(
            stage=self.stage,
            prompt_id=label.prompt_id,
            source=one.source,
            mode=one.mode,
            number=number,
            allowed=list(drawn.allowed),
            template=drawn.template,
            system_prompt_id=digest,
        )
