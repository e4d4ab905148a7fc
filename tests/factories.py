"""Rows for tests, a default for everything. Ada writes, Bob reviews, Carol rates, Grace runs, Mallory has no rights."""

from itertools import count
from typing import Any

from django.utils import timezone

from annotations.core.secret import new_secret
from annotations.models import (
    AccessToken,
    Benchmark,
    BenchmarkRelease,
    Candidate,
    ConfigVersion,
    Demonstration,
    LanguageModel,
    Membership,
    Organisation,
    PreferenceSet,
    Prompt,
    PromptCheck,
    PromptRuling,
    SafetyConfig,
    User,
)
from annotations.services.configs import version_digest
from training.models import (
    ApiKey,
    Checkpoint,
    Deployment,
    EvaluationRun,
    Gpu,
    Judge,
    Node,
    Recipe,
    Stage,
    TrainingLoop,
    TrainingRun,
)
from training.models.recipes import FREEZE, STAGES
from training.recipes.settings import PRESETS, plain
from training.services import judging, runs
from training.services.deploy import keys

ROLES = {"ada": "expert", "bob": "reviewer", "carol": "annotator", "grace": "admin", "lea": "lead", "mallory": "expert"}
_numbers = count(1)


def make_organisation(slug: str = "lantern", **fields: Any) -> Organisation:
    return Organisation.objects.get_or_create(slug=slug, defaults={"name": slug.title()} | fields)[0]


def make_person(username: str = "ada", role: str | None = None, organisation: Organisation | None = None) -> User:
    """The person of that name with the usual role; Mallory belongs to another organisation."""
    user, made = User.objects.get_or_create(username=username, defaults={"first_name": username.title()})
    if made:
        home = organisation or make_organisation("elsewhere" if username == "mallory" else "lantern")
        Membership.objects.create(user=user, organisation=home, role=role or ROLES[username])
    return user


def with_password(person: User, password: str) -> User:
    """The person, who can log in with that password."""
    person.set_password(password)
    person.save(update_fields=["password"])
    return person


def make_config(slug: str = "game", organisation: Organisation | None = None, **fields: Any) -> SafetyConfig:
    known = {"organisation": organisation} if organisation else {"organisation__slug": "lantern"}
    return SafetyConfig.objects.filter(slug=slug, **known).first() or SafetyConfig.objects.create(
        organisation=organisation or make_organisation(), slug=slug, **{"title": f"Config {slug}"} | fields
    )


def make_version(config: SafetyConfig | None = None, state: str = "approved", **fields: Any) -> ConfigVersion:
    config = config or make_config()
    values: dict[str, Any] = {
        "policy": "We write games for adults. Be helpful.",
        "rules": [{"id": "r1", "kind": "disallow", "text": "No real people.", "example": ""}],
        "allowed": ["violence"],
        "number": config.versions.count() + 1,
    } | fields
    return ConfigVersion.objects.create(
        config=config,
        state=state,
        submitted_at=None if state == "draft" else timezone.now(),
        digest=version_digest(values["policy"], values["rules"], values["allowed"]),
        **values,
    )


def make_benchmark(slug: str = "bench", organisation: Organisation | None = None, **fields: Any) -> Benchmark:
    return Benchmark.objects.filter(slug=slug).first() or Benchmark.objects.create(
        slug=slug, organisation=organisation or make_organisation(), **{"title": f"Benchmark {slug}"} | fields
    )


def make_prompt(
    text: str | None = None, *, benchmark: Benchmark | None = None, config: SafetyConfig | None = None, **fields: Any
) -> Prompt:
    number = next(_numbers)
    text = text or f"How does a siege feel for the people inside, part {number}?"
    values = {"kind": "safe", "position": number, "digest": f"{number:064d}"} | fields
    return Prompt.objects.create(
        benchmark=benchmark or make_benchmark(), config=config or make_config(), text=text, **values
    )


def make_check(prompt: Prompt | None = None, rater: User | None = None, **fields: Any) -> PromptCheck:
    """Carol's label of a prompt."""
    values = {"prompt": prompt or make_prompt(), "rater": rater or make_person("carol"), "kind": "safe"} | fields
    return PromptCheck.objects.create(**values)


def make_ruling(prompt: Prompt | None = None, **fields: Any) -> PromptRuling:
    """Lea's decision on a prompt."""
    values = {"kind": "safe", "reason": "The labels missed the joke.", "created_by": None} | fields
    values["created_by"] = values["created_by"] or make_person("lea")
    return PromptRuling.objects.create(prompt=prompt or make_prompt(), **values)


def make_release(benchmark: Benchmark | None = None, **fields: Any) -> BenchmarkRelease:
    """The row of a release, without prompts; `services.releases.freeze` makes a real one."""
    texts = {"data": b"", "sha256": "0" * 64, "manifest": {}, "card": "# Card"}
    numbers = {"major": 1, "minor": 0, "prompt_count": 1, "validated_count": 0}
    made = {"created_by": make_person("lea"), "created_at": timezone.now()}
    return BenchmarkRelease.objects.create(benchmark=benchmark or make_benchmark(), **texts | numbers | made | fields)


def make_demonstration(config: SafetyConfig | None = None, **fields: Any) -> Demonstration:
    """The last demonstration of the config."""
    number = next(_numbers)
    texts = {"prompt": f"How high is a wall, part {number}?", "response": "As high as it must be."}
    values: dict[str, Any] = {"config": config or make_config(), "kind": "safe", "position": number} | texts | fields
    return Demonstration.objects.create(**values)


def make_model(slug: str = "echo", **fields: Any) -> LanguageModel:
    values = {"name": slug.title(), "engine": "echo", "base_url": "echo://", "model": slug, "plumbing": True} | fields
    return LanguageModel.objects.get_or_create(slug=slug, defaults=values)[0]


def make_candidate(model: LanguageModel | None = None, **fields: Any) -> Candidate:
    values = {"strategy": "plain", "temperature": 0.0, "max_tokens": 64, "seed": 0} | fields
    return runs.candidate(model=model or make_model(), **values)


def make_judge(name: str = "heuristic", model: LanguageModel | None = None) -> Judge:
    return judging.choose(name=name, model=model)


def make_run(prompts: int = 4, *, judges: list[Judge] | None = None, **fields: Any) -> EvaluationRun:
    """A queued run over so many prompts of a config with one approved version (prompts=0 keeps what is there)."""
    config = make_config()
    if not config.versions.exists():
        make_version(config)
    benchmark = fields.pop("benchmark", None) or make_benchmark()
    kinds = ["safe", "allowed", "partial", "disallowed"]
    for number in range(prompts):
        make_prompt(benchmark=benchmark, config=config, kind=kinds[number % 4])
    values: dict[str, Any] = {"candidate": make_candidate(), "actor": make_person("ada")} | fields
    return runs.start(benchmark=benchmark, judges=judges or [make_judge()], **values)


def make_training_prompts(*texts: str, organisation: Organisation | None = None) -> Benchmark:
    """A set of training prompts of these texts, each once."""
    home = organisation or make_organisation()
    made = make_benchmark("training-prompts", home, purpose="training", title="Training prompts")
    place = make_config("training-prompts", home, categorical=True, archived_at=timezone.now())
    for text in texts:
        make_prompt(text, benchmark=made, config=place, kind="")
    return made


def make_recipe(**fields: Any) -> Recipe:
    """A recipe over the training prompts, built-in taxonomy, every setting as it comes."""
    home = fields.pop("organisation", None) or make_organisation()
    prompts = fields.pop("benchmark", None) or make_training_prompts(organisation=home)
    return Recipe.objects.create(organisation=home, benchmark=prompts, **{"title": "Pairs for games"} | fields)


def make_stage(kind: str = "label", recipe: Recipe | None = None, **fields: Any) -> Stage:
    """A queued stage; the stages before it are there and finished as far as the database asks."""
    recipe = recipe or make_recipe()
    place = STAGES.index(kind)
    after = fields.pop("after", None)
    if after is None and place:
        before = STAGES[place - 1]
        done = {"sha256": "0" * 64} if before == "pair" else {}
        after = make_stage(before, recipe, state="finished", **done)
    values = {"settings": recipe.settings, "goal": FREEZE, "taxonomy": recipe.taxonomy} | fields
    return Stage.objects.create(organisation=recipe.organisation, recipe=recipe, kind=kind, after=after, **values)


def make_preference_set(**fields: Any) -> PreferenceSet:
    """A finished set of four pairs whose prompts stand in no benchmark; its file is not there."""
    done = {"state": "finished", "sha256": "0" * 64, "rows": 4, "splits": {"train": 3, "dev": 1}}
    values = {"title": "Pairs of the lantern", "leaks": {"state": "done"}} | done | fields
    return PreferenceSet.objects.create(organisation=values.pop("organisation", None) or make_organisation(), **values)


def make_node(name: str = "forge", gpus: int = 0, **fields: Any) -> Node:
    """A node that can train, with so many cards of 80 GB."""
    values = {"cores": 2, "memory_bytes": 24 << 30, "free_bytes": 100 << 30, "training": {"trl": "1.16.0"}} | fields
    node, made = Node.objects.get_or_create(name=name, defaults=values)
    for number in range(gpus if made else 0):
        Gpu.objects.create(node=node, number=number, name="A100", memory_bytes=80 << 30)
    return node


def make_training(kind: str = "dpo", **fields: Any) -> TrainingRun:
    """A queued training run on the tiny preset, a check as yet."""
    needs = {"other": make_model("other")} if kind == "merge" else {"preference_set": None}
    values = {"title": f"{kind} of the lantern", "base": make_model("base", weights="/models/base"), **needs} | fields
    if kind != "merge" and values["preference_set"] is None:
        values["preference_set"] = make_preference_set()
    values.setdefault("node", make_node())
    settings = {} if kind == "merge" else plain(PRESETS["tiny_cpu"].of(kind))
    return TrainingRun.objects.create(
        organisation=values.pop("organisation", None) or make_organisation(),
        kind=kind,
        settings=values.pop("settings", settings),
        **values,
    )


def make_checkpoint(run: TrainingRun | None = None, step: int = 10, **fields: Any) -> Checkpoint:
    """A checkpoint of a finished run; its files are not there."""
    run = run or make_training(state="finished", phase="train")
    slug = f"run-{run.pk}-step-{step}"
    facts = {"folder": f"{run.pk}/model", "files": {}, "sha256": "0" * 64, "size": 8, "lineage": {}} | fields
    return Checkpoint.objects.create(
        model=facts.pop("model", None) or make_model(slug, weights=f"/runs/{run.pk}"), run=run, step=step, **facts
    )


def make_loop(**fields: Any) -> TrainingLoop:
    """A queued loop on the tiny preset."""
    values = {"title": "Loop of the lantern", "base": make_model("base", weights="/models/base")} | fields
    tiny = PRESETS["tiny_cpu"]
    asked = {"strategy": "plain", "temperature": 0.0, "max_tokens": 64, "seed": 0, "samples": 1, "use_cache": True}
    values.setdefault("settings", {"sft": plain(tiny.sft), "dpo": plain(tiny.dpo), "evaluation": asked})
    for name, make in (("preference_set", make_preference_set), ("node", make_node), ("benchmark", make_benchmark)):
        values[name] = values.get(name) or make()
    return TrainingLoop.objects.create(organisation=values.pop("organisation", None) or make_organisation(), **values)


def make_deployment(slug: str = "game", version: ConfigVersion | None = None, **fields: Any) -> Deployment:
    version = version or make_version()
    fields.setdefault("candidate_id", make_candidate(fields.pop("model", None)).pk)
    return Deployment.objects.create(slug=slug, version=version, organisation=version.config.organisation, **fields)


def make_key(deployment: Deployment | None = None, **fields: Any) -> tuple[ApiKey, str]:
    """A key and its secret; without a deployment it opens all of its organisation."""
    secret, prefix, digest = new_secret(keys.PREFIX)
    owner = deployment.organisation if deployment else fields.pop("organisation", None) or make_organisation()
    values = {"name": "front desk", "prefix": prefix, "digest": digest} | fields
    return ApiKey.objects.create(organisation=owner, deployment=deployment, **values), secret


def make_token(user: User | None = None, *scopes: str, **fields: Any) -> tuple[AccessToken, str]:
    """An access token of the API and its secret."""
    secret, prefix, digest = new_secret(keys.PREFIX)
    values = {"name": "script", "prefix": prefix, "digest": digest, "scopes": list(scopes)} | fields
    return AccessToken.objects.create(user=user or make_person(), **values), secret
