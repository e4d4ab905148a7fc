"""What everything else stands on: organisations, people, configs, benchmarks with prompts, models, judges."""

from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

from annotations.core import config_text
from annotations.core.taxonomy import KINDS
from annotations.models import (
    Benchmark,
    Candidate,
    ConfigVersion,
    LanguageModel,
    Membership,
    Organisation,
    Prompt,
    PromptCheck,
    SafetyConfig,
    SystemPrompt,
    User,
)
from annotations.models.people import ADMIN, ANNOTATOR, EXPERT, LEAD, REVIEWER
from annotations.services.configs import version_digest
from cosa_web.scale.plan import Plan, Texts, draw, failed, moment
from cosa_web.scale.store import first_free, put
from training.models import Judge
from training.services import judging, runs

SLUG = "scale"
VERSIONS, BENCHMARKS, RATERS = 5, 8, 40
STAFF = ((EXPERT, 4), (REVIEWER, 2), (LEAD, 1), (ADMIN, 1), (ANNOTATOR, RATERS))
JUDGES = ("helpfulness", "follows_config", "refusal", "risk_categories")
RISKS: tuple[list[str], ...] = ([], ["violence"], ["drugs"], ["violence", "weapons"])


class Place(NamedTuple):
    """A benchmark and who it belongs to, with the ids of its prompts, in order, and the version each stands under."""

    organisation: int
    benchmark: int
    prompts: range
    versions: list[int]


class Ground(NamedTuple):
    """Who and what there is: people by organisation and role, benchmarks (the first is the big one), versions."""

    organisations: list[Organisation]
    people: dict[tuple[int, str], list[int]]
    places: list[Place]
    versions: list[ConfigVersion]
    prompts_of: dict[int, str]
    candidates: list[Candidate]
    judges: list[Judge]


def lay(plan: Plan) -> Ground:
    """Everything a run needs, stored."""
    homes = [
        Organisation.objects.create(slug=f"{SLUG}-{number}", name=f"Organisation {number}")
        for number in range(1, plan.organisations + 1)
    ]
    people = _people(homes)
    versions = _versions(plan, homes, people)
    texts = _system_prompts(versions)
    live = [version for version in versions if version.number == VERSIONS]
    places = _benchmarks(plan, homes, people, live)
    _checks(places, people)
    return Ground(homes, people, places, versions, texts, _candidates(), _judges(plan))


def _people(homes: list[Organisation]) -> dict[tuple[int, str], list[int]]:
    found: dict[tuple[int, str], list[int]] = {}
    user, holds = first_free(User), []
    for home in homes:
        for role, count in STAFF:
            found[home.pk, role] = list(range(user, user + count))
            holds += [(pk, home.pk, role) for pk in found[home.pk, role]]
            user += count
    put(User, ("id", "username", "password", "first_name"), ((pk, f"{r}-{pk}", "!", f"P{pk}") for pk, _, r in holds))
    put(Membership, ("user_id", "organisation_id", "role"), holds)
    return found


def _versions(plan: Plan, homes: list[Organisation], people: dict[tuple[int, str], list[int]]) -> list[ConfigVersion]:
    said, made = Texts(60, 1), []
    for home in homes:
        for number in range(plan.configs):
            title = f"Config {number + 1} of {home.name}"
            author = people[home.pk, EXPERT][number % 4]
            config = SafetyConfig.objects.create(
                organisation=home, slug=f"config-{number}", title=title, created_by_id=author
            )
            made += [_version(config, said.text(config.pk * 10 + step), step) for step in range(1, VERSIONS + 1)]
    return ConfigVersion.objects.bulk_create(made)


def _version(config: SafetyConfig, policy: str, number: int) -> ConfigVersion:
    rules = [{"id": f"r{n}", "kind": "disallow", "text": f"No real people {n}.", "example": ""} for n in (1, 2, 3)]
    allowed = ["violence"] if number % 2 else []
    return ConfigVersion(
        config=config,
        number=number,
        state="approved" if number == VERSIONS else "retired",
        policy=policy,
        rules=rules,
        allowed=allowed,
        digest=version_digest(policy, rules, allowed),
        created_by_id=config.created_by_id,
        submitted_at=config.created_at,
        decided_at=config.created_at,
    )


def _system_prompts(versions: list[ConfigVersion]) -> dict[int, str]:
    """The digest of each version's system prompt, which is stored."""
    texts = {version.pk: config_text.system_prompt(version.text, "") for version in versions}
    digests = {pk: sha256(text.encode()).hexdigest() for pk, text in texts.items()}
    kept = {digests[pk]: text for pk, text in texts.items()}
    put(SystemPrompt, ("digest", "text"), kept.items())
    return digests


def _benchmarks(
    plan: Plan, homes: list[Organisation], people: dict[tuple[int, str], list[int]], live: list[ConfigVersion]
) -> list[Place]:
    places = []
    for number in range(BENCHMARKS * len(homes)):
        home = homes[number % len(homes)]
        size = plan.in_run if number else plan.in_big_run
        benchmark = Benchmark.objects.create(
            organisation=home,
            slug=f"{SLUG}-{number}",
            title=f"Benchmark {number + 1}",
            created_by_id=people[home.pk, EXPERT][0],
        )
        own = [version for version in live if version.config.organisation_id == home.pk]
        places.append(_prompts(benchmark, size + failed(size), own))
    return places


def _prompts(benchmark: Benchmark, count: int, own: list[ConfigVersion]) -> Place:
    said, first = Texts(25, 2), first_free(Prompt)
    names = ("id", "benchmark_id", "config_id", "uid", "text", "digest", "kind", "risks", "position", "created_at")

    def row(n: int) -> tuple[object, ...]:
        text, version = said.text(first + n), own[n % len(own)]
        digest = sha256(text.encode()).hexdigest()
        fixed = (first + n, benchmark.pk, version.config_id, UUID(digest[:32]), text, digest)
        kind = KINDS[n // len(own) % len(KINDS)]
        return (*fixed, kind, RISKS[draw(n) % 4] if kind != "safe" else [], n, moment(0, 1))

    put(Prompt, names, map(row, range(count)))
    versions = [own[n % len(own)].pk for n in range(count)]
    return Place(benchmark.organisation_id, benchmark.pk, range(first, first + count), versions)


def _checks(places: list[Place], people: dict[tuple[int, str], list[int]]) -> None:
    """Two labels of each prompt of every fourth benchmark; one in twenty says something else."""
    rows = (
        (prompt, people[place.organisation, EXPERT][1 + n], version, _label(place, prompt, n))
        for place in places[::4]
        for prompt, version in zip(place.prompts, place.versions, strict=True)
        for n in (0, 1)
    )
    put(PromptCheck, ("prompt_id", "rater_id", "version_id", "kind"), rows)


def _label(place: Place, prompt: int, n: int) -> str:
    configs = len(set(place.versions))
    right = (prompt - place.prompts.start) // configs
    return KINDS[(right + (draw(prompt, n) % 20 == 0)) % len(KINDS)]


def _candidates() -> list[Candidate]:
    fixed = {"engine": "echo", "base_url": "echo://", "plumbing": False}
    models = [
        LanguageModel.objects.create(slug=f"{SLUG}-{n}", name=f"Model {n}", model=f"model-{n}", **fixed)
        for n in range(1, 13)
    ]
    return [
        runs.candidate(model=model, strategy=strategy, seed=seed, temperature=0.0, max_tokens=512)
        for model in models
        for strategy in ("plain", "no_config")
        for seed in (0, 1)
    ]


def _judges(plan: Plan) -> list[Judge]:
    if plan.judges == 1:
        return [judging.choose(name="heuristic", model=None)]
    reader = LanguageModel.objects.get(slug=f"{SLUG}-12")
    return [judging.choose(name=name, model=reader) for name in JUDGES[: plan.judges]]
