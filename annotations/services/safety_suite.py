"""The safety suite: a benchmark of plainly harmful requests and of safe ones that only sound harmful."""

import tomllib
from typing import Any, NamedTuple

from django.db import transaction

from annotations.core import config_text, folder
from annotations.models import Benchmark, ConfigVersion, Organisation, Prompt, User
from annotations.models.reviews import APPROVE
from annotations.services import benchmarks, config_content, configs, reviews

SLUG = "safety-suite"
SOURCE = "CoSA Web safety suite"
ABOUT = ("title", "use_case", "audience", "language")


class Loaded(NamedTuple):
    """The suite, and the version of its neutral config; it waits for a reviewer when the suite was made just now."""

    benchmark: Benchmark
    version: ConfigVersion


def find() -> Benchmark | None:
    """The suite, when it was loaded."""
    return Benchmark.objects.filter(slug=SLUG).first()


@transaction.atomic
def load(*, organisation: Organisation, actor: User) -> Loaded:
    """The suite with its config, in this organisation. One that is there stays as it is, wherever it is."""
    there = find()
    if there is not None:
        prompt = there.prompts.select_related("config").order_by("pk")[0]
        return Loaded(there, prompt.config.versions.order_by("number")[0])
    data = tomllib.loads(folder.text("annotations.data.suites", "safety.toml"))
    version = _config(organisation, actor, data["config"])
    words = {name: data[name] for name in ("title", "about", "licence")}
    targets = {"safe": 0, "allowed": 0, "partial": 0, "disallowed": 0}
    benchmark = benchmarks.create(organisation=organisation, actor=actor, targets=targets, **words)
    _prompts(benchmark, version, data, actor)
    return Loaded(benchmark, version)


def _config(organisation: Organisation, actor: User, data: dict[str, Any]) -> ConfigVersion:
    content = config_content.content(data["policy"].strip(), data["rules"], data["allowed"])
    about = {name: data[name] for name in ABOUT}
    draft = configs.create(organisation=organisation, about=about, content=content, actor=actor)
    return configs.submit(draft=draft, note="It comes with the safety suite.", actor=actor)


def _prompts(benchmark: Benchmark, version: ConfigVersion, data: dict[str, Any], actor: User) -> None:
    rows = [(group, text, why) for group in data["groups"] for text, why in group["prompts"]]
    Prompt.objects.bulk_create(
        Prompt(
            benchmark=benchmark,
            config=version.config,
            position=position,
            text=text,
            digest=config_text.digest(text),
            kind=group["kind"],
            risks=[group["type"]] if group["kind"] == "disallowed" else [],
            rule="r2" if group["kind"] == "disallowed" else "r1",
            why=why,
            source=SOURCE,
            extra={"type": group["type"]},
            language=data["config"]["language"],
            created_by=actor,
        )
        for position, (group, text, why) in enumerate(rows, start=1)
    )


def load_demo(organisation: Organisation) -> Benchmark:
    """The suite of the demo: written by Ada, its config approved by Bob."""
    loaded = load(organisation=organisation, actor=User.objects.get(username="ada"))
    bob = User.objects.get(username="bob")
    if not reviews.obstacle(version=loaded.version, reviewer=bob):
        said = reviews.Decision(APPROVE, without_evidence="It comes with the demo, before any run.")
        reviews.decide(version=loaded.version, reviewer=bob, said=said)
    return loaded.benchmark
