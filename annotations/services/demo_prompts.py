"""The demo's training prompts: two hundred harmless ones, and Ada's own labels of some of them."""

import tomllib
from typing import Any

from django.db import transaction

from annotations.core import config_text, folder
from annotations.models import Benchmark, Organisation, Prompt, RiskLabel, User
from annotations.models.benchmarks import TRAINING
from annotations.services import benchmarks, training_prompts

EVERY = 5
"""Ada has labelled every fifth prompt herself."""


@transaction.atomic
def load(organisation: Organisation) -> Benchmark:
    """The demo's set of training prompts. One that is there stays as it is."""
    data = tomllib.loads(folder.text("annotations.data.training_prompts", "demo.toml"))
    words = {name: data[name] for name in ("title", "about", "licence")}
    there = Benchmark.objects.filter(purpose=TRAINING, organisation=organisation, title=words["title"]).first()
    if there is not None:
        return there
    ada = User.objects.get(username="ada")
    made = benchmarks.create(organisation=organisation, actor=ada, purpose=TRAINING, **words)
    _prompts(made, data["groups"], ada)
    return made


def _prompts(benchmark: Benchmark, groups: list[dict[str, Any]], ada: User) -> None:
    place = training_prompts.place(benchmark.organisation)
    rows = [(group["risks"], text) for group in groups for text in group["prompts"]]
    prompts = [
        Prompt(
            benchmark=benchmark,
            config=place,
            position=position,
            text=text,
            digest=config_text.digest(text),
            source="CoSA Web demo",
            created_by=ada,
        )
        for position, (_, text) in enumerate(rows, start=1)
    ]
    Prompt.objects.bulk_create(prompts)
    RiskLabel.objects.bulk_create(
        RiskLabel(prompt=prompt, rater=ada, risks=risks)
        for prompt, (risks, _) in list(zip(prompts, rows, strict=True))[::EVERY]
    )
