"""Every address of the project by its name, and how to reach it in a world of rows."""

from typing import Any, NamedTuple

from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from annotations.core.manifest import Number
from annotations.models import (
    AccessToken,
    Benchmark,
    Comment,
    ConfigVersion,
    FloorVersion,
    LanguageModel,
    PreferenceSet,
    PromptImport,
    SimilarityReport,
)
from annotations.services import people, releases
from tests import api_place, campaign_place, deployment_place, pairs, recipe_place
from tests.factories import (
    make_checkpoint,
    make_demonstration,
    make_judge,
    make_loop,
    make_model,
    make_node,
    make_organisation,
    make_person,
    make_token,
    make_training,
)
from tests.outcomes import finished_run
from training import attacks
from training.models import CapabilityRun, Checkpoint, EvaluationRun, JudgeTrial, TrainingLoop, TrainingRun

PREFERENCES = ("detail", "cancel", "export", "shapes", "archive", "card", "leaks", "check", "overrule", "file")
CHECKPOINTS = ("detail", "card", "export", "promote", "demote", "archive")


class Place(NamedTuple):
    """The rows a whole walk through the pages leads to."""

    run: EvaluationRun
    arguments: dict[str, list[Any]]

    def url(self, name: str) -> str:
        """The address of that name in this world."""
        short = name.rpartition(":")[2]
        if short in campaign_place.NAMES and short not in self.arguments:
            self.with_campaign()
        if recipe_place.is_here(short) and "recipe-detail" not in self.arguments:
            self.with_recipe()
        if name.startswith("api:"):
            self.with_api()
        return reverse(name, args=self.arguments.get(name, self.arguments.get(short, [])))

    def with_api(self) -> "Place":
        """This place, now with the addresses of the API."""
        if "campaign-detail" not in self.arguments:
            self.with_campaign()
        if "recipe-detail" not in self.arguments:
            self.with_recipe()
        if "api:configs-detail" not in self.arguments:
            version = self.run.items.order_by("position").first().version
            self.arguments.update(api_place.arguments(version, self.arguments))
        return self

    def with_recipe(self) -> "Place":
        """This place, now with the addresses of a recipe, its steps, and what it is made from."""
        self.arguments.update(recipe_place.arguments())
        return self

    def with_campaign(self) -> "Place":
        """This place, now with the addresses of a campaign over its run."""
        self.arguments.update(campaign_place.arguments(self.run))
        return self


def names() -> list[str]:
    """Every URL name, `app:noun-verb`."""
    return sorted(_names(get_resolver().url_patterns, ""))


def _names(patterns: list[URLPattern | URLResolver], prefix: str) -> list[str]:
    found = []
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            space = pattern.namespace
            found += _names(pattern.url_patterns, f"{prefix}{space}:" if space else prefix)
        else:
            assert pattern.name, f"the address {pattern.pattern} has no name"
            found.append(prefix + pattern.name)
    return found


def _people() -> dict[str, list[Any]]:
    """The addresses of Nina, an annotator whose password link is still unused, and of her organisation."""
    nina = make_person("nina", role="annotator")
    held = nina.memberships.get()
    named = ("detail", "edit", "link", "deactivate", "reactivate")
    return {
        **{f"person-{name}": [nina.pk] for name in named},
        "role-add": [nina.pk],
        "role-remove": [nina.pk, held.pk],
        "organisation-edit": [held.organisation_id],
        "password-set": [*people.link_parts(nina)],
    }


def _reviewed(version: ConfigVersion) -> dict[str, list[Any]]:
    """The addresses of a version, of a comment on it, and of the floor it stands on."""
    config, number = version.config_id, version.number
    remark = Comment.objects.create(version=version, author=make_person("bob"), text="Which weapons?")
    published = {"text": "Nobody is put at risk.", "state": "published", "published_at": timezone.now()}
    floor, _ = FloorVersion.objects.get_or_create(number=1, defaults=published)
    return {
        **{f"version-{name}": [config] for name in ("list", "compare")},
        "version-diff": [config, number, number],
        **{name: [config, number] for name in ("review-detail", "review-decide", "version-retire", "comment-add")},
        "comment-resolve": [config, number, remark.pk],
        "floor-detail": [floor.number],
    }


def _report(benchmark: Benchmark) -> SimilarityReport:
    """A report on the benchmark's similar prompts that nobody has begun yet."""
    return SimilarityReport.objects.get_or_create(benchmark=benchmark, organisation=benchmark.organisation)[0]


def _frozen(benchmark: Benchmark) -> list[Any]:
    """The arguments of the benchmark's release, which is frozen when there is none."""
    made = {"benchmark": benchmark, "number": Number(1, 0), "actor": make_person("lea")}
    release = benchmark.releases.first() or releases.freeze(**made)
    return [benchmark.pk, release.major, release.minor]


def _import(benchmark: Benchmark) -> PromptImport:
    """An import that waits for a person; its files are gone."""
    there = {"organisation": benchmark.organisation, "state": "waiting", "name": "rows.csv", "folder": "gone"}
    return PromptImport.objects.get_or_create(benchmark=benchmark, defaults=there)[0]


def _preferences() -> PreferenceSet:
    """A preference set with one pair."""
    return PreferenceSet.objects.first() or pairs.read(pairs.make_set())


def _trial() -> JudgeTrial:
    """The trial of a judge that is a prompt, which nobody has begun yet."""
    made = {"judge": make_judge("follows_config", make_model()), "organisation": make_organisation()}
    return JudgeTrial.objects.first() or JudgeTrial.objects.create(digest=attacks.digest(), total=1, **made)


def _capability(model: LanguageModel) -> CapabilityRun:
    """A run of the model on tasks of general capability that nobody has begun yet."""
    made = {"organisation": make_organisation(), "tasks": ["cosa_facts"]}
    return CapabilityRun.objects.get_or_create(model=model, defaults=made)[0]


def _training() -> TrainingRun:
    """A training run that nobody has checked yet."""
    return TrainingRun.objects.filter(log="It begins.").first() or make_training(log="It begins.")


def _checkpoint() -> Checkpoint:
    """A checkpoint whose files are not here."""
    return Checkpoint.objects.first() or make_checkpoint(files={"config.json": [2, "0" * 64]})


def _token() -> int:
    """The id of an access token of Ada."""
    token = AccessToken.objects.filter(user=make_person("ada")).first() or make_token()[0]
    return token.pk


def _loop() -> TrainingLoop:
    """A loop that nobody has begun yet."""
    return TrainingLoop.objects.first() or make_loop()


def make_place(run: EvaluationRun | None = None) -> Place:
    """Every address of a finished run of the organisation lantern, its first item, config, benchmark and model."""
    run = run or finished_run(4)
    item = run.items.order_by("position").first()
    config, benchmark, model = item.version.config, run.benchmark, run.candidate.model
    arguments = {
        "config-detail": [config.pk],
        "version-detail": [config.pk, item.version.number],
        **{f"config-{name}": [config.pk] for name in ("draft", "edit", "save", "preview")},
        **{f"version-{name}": [config.pk, item.version.number] for name in ("submit", "withdraw", "restore")},
        **_reviewed(item.version),
        "config-scores": [config.pk],
        "config-tokens": [config.pk],
        "demonstration-list": [config.pk],
        **{f"demonstration-{name}": [config.pk, make_demonstration(config).pk] for name in ("edit", "move", "remove")},
        **{name: [config.pk, item.version.number] for name in ("version-tests", "version-test-run")},
        "benchmark-detail": [benchmark.pk],
        **{f"prompt-{name}": [benchmark.pk] for name in ("new", "paste")},
        **{f"prompt-{name}": [benchmark.pk, item.prompt.uid] for name in ("detail", "edit", "take-out", "put-back")},
        **{f"benchmark-{name}": [benchmark.pk] for name in ("edit", "archive", "put-back")},
        **{name: [benchmark.pk] for name in ("coverage", "coverage-export")},
        **{name: [benchmark.pk] for name in ("benchmark-export", "prompt-export")},
        **{f"similar-{name}": [benchmark.pk] for name in ("list", "new")},
        **{f"similar-{name}": [benchmark.pk, _report(benchmark).pk] for name in ("detail", "cancel")},
        **{f"card-{name}": [benchmark.pk] for name in ("edit", "preview")},
        **{f"release-{name}": [benchmark.pk] for name in ("list", "new", "diff")},
        "release-detail": (frozen := _frozen(benchmark)),
        "release-download": [*frozen, "prompts.jsonl"],
        **{f"check-{name}": [benchmark.pk] for name in ("next", "label", "undo")},
        **{f"validation{name}": [benchmark.pk] for name in ("", "-download")},
        **{f"validation-{name}": [benchmark.pk, item.prompt.uid] for name in ("prompt", "decide", "reopen")},
        **{f"preference-{name}": [_preferences().pk] for name in PREFERENCES},
        "preference-pair": [_preferences().pk, 1],
        "preference-download": ["nobodys-link"],
        "checkpoint-file": [_checkpoint().pk, "config.json"],
        "checkpoint-download": ["nobodys-link"],
        "import-list": [benchmark.pk],
        **{f"import-{name}": [_import(benchmark).pk] for name in ("detail", "check", "load", "cancel", "problems")},
        **{name: [model.pk] for name in ("model-detail", "model-edit", "model-test", "capability-new")},
        **{f"capability-{name}": [model.pk, _capability(model).pk] for name in ("detail", "cancel")},
        **{name: [run.pk] for name in ("run-detail", "run-cancel", "run-resume", "run-budget", "item-list")},
        **{name: [run.pk] for name in ("run-derive", "run-prompts")},
        **{name: [run.pk] for name in ("run-correction", "run-sample")},
        **{f"trial-{name}": [_trial().pk] for name in ("detail", "cancel")},
        **{f"training-{name}": [_training().pk] for name in ("launch", "resume", "finish", "cancel", "archive")},
        **{f"training-{name}": [_training().pk] for name in ("detail", "log", "metrics")},
        **{f"checkpoint-{name}": [_checkpoint().pk] for name in CHECKPOINTS},
        "node-forget": [make_node().pk],
        "token-revoke": [_token()],
        **deployment_place.arguments(item.version),
        **{f"loop-{name}": [_loop().pk] for name in ("detail", "cancel", "resume", "archive")},
        **{name: [_trial().judge_id] for name in ("judge-detail", "trial-new")},
        "item-detail": [run.pk, item.pk],
        "run-changed": [item.prompt_id],
        "docs-page": ["method"],
        "docs-picture": ["lead_run.png"],
        **_people(),
    }
    return Place(run, arguments)
