"""How long it takes to build the pairs of a recipe of the paper's size, and how much memory.

    python -m bench.pairing [--prompts 24000]

Every prompt has nine responses of 120 words, each with a label of its own from two readers, and four configs, which
makes 36 category pairs a config. They are stored in an SQLite file; then the step that builds pairs runs as a worker
runs it: out of the database, ranked, into one Parquet file. A quarter, a half and all of the prompts are tried, each in
a process of its own, and each is checked: as many pairs as arithmetic over the errors says, and every chosen response
better than the rejected one. The limits are 30 s of CPU, 500 MB, and a time for each prompt that does not grow by half.
"""

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from math import comb
from typing import Any, NamedTuple

from annotations.core import config_text, training_templates
from annotations.core.error_score import error_score
from annotations.core.synthesis import MODES, sample_allowed
from annotations.core.taxonomies import built_in

SECONDS, MEGABYTES, GROWTH = 30, 500, 1.5
RESPONSES, WORDS, RISKY, ADDRESSES, BETA = 9, 120, 3, 0.7, 3.0
AT_ONCE = 500
SOUNDS = "ba co de fu gi la me no pri ra sta te ur vo wen ing er ly ash ock".split()  # noqa: SIM905
Label = tuple[frozenset[str], bool]


class Made(NamedTuple):
    """A prompt of the bench: its risks, the config of each mode with its words, and a label for each response."""

    risks: list[str]
    configs: list[tuple[str, tuple[str, ...], str, str]]
    labels: list[Label]


def prompts(count: int) -> Iterator[Made]:
    """So many prompts with up to two of the trained risks."""
    rng, taxonomy = random.Random(1), built_in()  # noqa: S311
    templates = training_templates.names()
    for _ in range(count):
        risks = rng.sample(taxonomy.trained, rng.randint(0, 2))
        configs = []
        for mode in MODES:
            allowed = sample_allowed(risks, taxonomy.trained, mode, rng)
            template = training_templates.choose(rng, templates)
            configs.append((mode, allowed, template, training_templates.render(template, allowed, taxonomy)))
        yield Made(risks, configs, labels(rng, taxonomy.slugs))


def labels(rng: random.Random, slugs: Sequence[str]) -> list[Label]:
    """Nine labels, no two of them the same."""
    found: dict[Label, None] = {}
    while len(found) < RESPONSES:
        found[frozenset(rng.sample(slugs, rng.randint(0, RISKY))), rng.random() < ADDRESSES] = None
    return list(found)


def expected(made: Made) -> int:
    """How many pairs arithmetic says: all category pairs, but those of equal errors and those of two bad ones."""
    pairs = 0
    for _, allowed, _, _ in made.configs:
        errors = [round(error_score(allowed, *label, built_in().trained), 6) for label in made.labels]
        bad = [error for error in errors if error >= BETA]
        pairs += comb(len(errors), 2) - ties(errors) - (comb(len(bad), 2) - ties(bad))
    return pairs


def ties(errors: Iterable[float]) -> int:
    """How many pairs of equal errors there are."""
    return sum(comb(times, 2) for times in Counter(errors).values())


def setup() -> None:
    """Nothing; Django is there, on the file that the environment names."""
    import django

    django.setup()


def fill(count: int, folder: str) -> list[dict[str, int]]:
    """A database with a quarter, a half and all of so many prompts, each a file of the folder named by its number.

    For each: how many prompts, the stage that is to build their pairs (id), and how many pairs it must find.
    """
    from django.core.management import call_command
    from django.db import connection

    setup()
    call_command("migrate", verbosity=0)
    place, rng, due, sizes = Place(), random.Random(2), 0, []  # noqa: S311
    known = ["".join(rng.choice(SOUNDS) for _ in range(1 + at % 4)) for at in range(3000)]
    found = prompts(count)
    for size in (count // 4, count // 2, count):
        while some := list(islice(found, min(AT_ONCE, size - place.count))):
            place.store(some, [" ".join(rng.choices(known, k=WORDS)) for _ in range(RESPONSES * len(some))])
            due += sum(expected(made) for made in some)
        with connection.cursor() as cursor:
            cursor.execute("VACUUM INTO %s", [f"{folder}/{size}.sqlite3"])
        sizes.append({"prompts": size, "stage": place.stage.pk, "pairs": due})
    return sizes


class Place:
    """A recipe up to the step that builds pairs, with a run for each response of a prompt and two readers."""

    def __init__(self) -> None:
        from django.utils import timezone

        from tests.factories import make_candidate, make_config, make_judge, make_model, make_recipe, make_stage
        from training.models import EvaluationRun
        from training.services.building import chain

        readers = {"risks": "risk_categories", "addressed": "addressed"}
        self.recipe = make_recipe(settings={"reading": readers})
        self.stage, self.config, self.candidate = make_stage("pair", self.recipe), make_config(), make_candidate()
        self.judges = [make_judge(name, make_model("reader")) for name in readers.values()]
        self.before = {kind: chain.before(self.stage, kind) for kind in ("label", "synthesise", "read")}
        values = {"organisation": self.stage.organisation, "benchmark": self.recipe.benchmark, "purpose": "build"}
        ended = {"state": "finished", "finished_at": timezone.now(), "candidate": self.candidate}
        self.runs = [EvaluationRun.every.create(stage=self.before["read"], **values, **ended) for _ in range(RESPONSES)]
        for run in self.runs:
            run.judges.set(self.judges)
        self.count = 0

    def store(self, some: list[Made], texts: list[str]) -> None:
        """Nothing; these prompts are stored with everything that belongs to them."""
        from django.db import transaction

        with transaction.atomic():
            stored = self._prompts(some)
            words = self._configs(some, stored)
            self._responses(some, stored, texts, words)

    def _prompts(self, some: list[Made]) -> list[Any]:
        from annotations.models import Prompt
        from training.models import PromptLabel

        numbers = range(self.count + 1, self.count + 1 + len(some))
        self.count += len(some)
        same = {"benchmark": self.recipe.benchmark, "config": self.config, "kind": ""}
        rows = [Prompt(text=f"What of {at}?", position=at, digest=f"{at:064d}", **same) for at in numbers]
        stored = Prompt.objects.bulk_create(rows)
        kept = {"stage": self.before["label"], "split": "train"}
        PromptLabel.objects.bulk_create(
            PromptLabel(prompt=prompt, risks=made.risks, **kept) for prompt, made in zip(stored, some, strict=True)
        )
        return stored

    def _configs(self, some: list[Made], stored: list[Any]) -> str:
        from annotations.models import SystemPrompt
        from training.models import SynthesisedConfig

        told = {config_text.digest(text): text for made in some for *_, text in made.configs}
        words = (SystemPrompt(digest=digest, text=text) for digest, text in told.items())
        SystemPrompt.objects.bulk_create(words, ignore_conflicts=True)
        SynthesisedConfig.objects.bulk_create(
            SynthesisedConfig(
                stage=self.before["synthesise"],
                prompt=prompt,
                mode=mode,
                allowed=list(allowed),
                template=template,
                system_prompt_id=config_text.digest(text),
            )
            for prompt, made in zip(stored, some, strict=True)
            for mode, allowed, template, text in made.configs
        )
        return next(iter(told))

    def _responses(self, some: list[Made], stored: list[Any], texts: list[str], words: str) -> None:
        from annotations.models import Response
        from training.models import Judgement, RunItem

        asked = [prompt for prompt in stored for _ in range(RESPONSES)]
        both = {"candidate": self.candidate, "system_prompt_id": words}
        rows = [Response(prompt=prompt, text=text, **both) for prompt, text in zip(asked, texts, strict=True)]
        responses = Response.objects.bulk_create(rows, batch_size=1000)
        items = RunItem.objects.bulk_create(
            (
                RunItem(
                    run=self.runs[at % RESPONSES],
                    prompt_id=response.prompt_id,
                    position=response.pk,
                    response=response,
                    state="done",
                )
                for at, response in enumerate(responses)
            ),
            batch_size=1000,
        )
        found = [label for made in some for label in made.labels]
        Judgement.objects.bulk_create(
            (
                Judgement(item=item, judge=judge, **said)
                for item, (risks, addressed) in zip(items, found, strict=True)
                for judge, said in zip(self.judges, ({"risks": sorted(risks)}, {"addressed": addressed}), strict=True)
            ),
            batch_size=1000,
        )


def build(stage: int, due: int) -> dict[str, float]:
    """The figures of the step over what is stored; the process ends when something of its pairs is not so."""
    setup()
    from annotations.services import chores, pair_files
    from training.models import Stage
    from training.services.building import pair

    start, cpu = time.perf_counter(), time.process_time()
    chores.do(Stage, stage, pair.job, "bench")
    wall, cpu = time.perf_counter() - start, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    row = Stage.objects.get(pk=stage)
    if row.state != "finished":
        raise SystemExit(f"The step is {row.state}: {row.reason}")
    check(row.figures, pair_files.path(row.sha256), due)
    told = {"prompts": row.total, "responses": row.figures["in"], "pairs": row.figures["rows"]}
    return told | {"seconds": wall, "cpu_s": cpu, "peak_mb": peak, "file_mb": row.figures["size"] / 1e6}


def check(figures: dict[str, Any], file: Any, due: int) -> None:
    """Nothing; ends the process where the pairs are not those that must come out."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    errors = pq.read_table(file, columns=["chosen_category_error_score", "rejected_category_error_score"])
    chosen, rejected = errors.columns
    considered = figures["ranked"] * comb(RESPONSES, 2)
    right = {
        "as many pairs as arithmetic says": figures["rows"] == errors.num_rows == due,
        "every category pair considered": figures["considered"] == considered == sum(figures["reasons"].values()),
        "in = out + dropped": figures["in"] == figures["out"] + sum(figures["dropped"].values()),
        "chosen better than rejected": pc.all(pc.less(chosen, rejected)).as_py(),
        "nothing forbidden chosen": pc.all(pc.less(chosen, BETA)).as_py(),
    }
    if wrong := [name for name, holds in right.items() if not holds]:
        raise SystemExit(f"Wrong pairs: {'; '.join(wrong)}. {due} were due, {figures['rows']} came.")


def child(folder: str, name: str, *words: str) -> Any:
    """What a process of its own prints, on the database of that name in the folder."""
    place = {"COSA_VAR": folder, "COSA_SQLITE": f"{folder}/{name}.sqlite3", "COSA_DATABASE": ""}
    one = os.environ | place | {"DJANGO_SETTINGS_MODULE": "cosa_web.settings"}
    command = [sys.executable, "-m", "bench.pairing", *words]
    done = subprocess.run(command, capture_output=True, text=True, env=one, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def measure(prompts: int) -> list[dict[str, float]]:
    """The figures of a quarter, a half and all of so many prompts, printed one after the other."""
    figures = []
    with tempfile.TemporaryDirectory(prefix="cosa-bench-") as folder:
        for size in child(folder, "filled", "--prompts", str(prompts), "--fill", folder):
            told = (str(size["stage"]), str(size["pairs"]))
            figures.append(child(folder, str(size["prompts"]), "--build", *told))
            print("  ".join(f"{what} {figure:,.1f}" for what, figure in figures[-1].items()), flush=True)
    return figures


def main() -> None:
    """Measure each size and print its figures; leaves with 1 where a limit is passed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prompts", type=int, default=24_000)
    parser.add_argument("--fill", help=argparse.SUPPRESS)
    parser.add_argument("--build", type=int, nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.fill or options.build:
        print(json.dumps(fill(options.prompts, options.fill) if options.fill else build(*options.build)))
        return
    first, *_, last = measure(options.prompts)
    growth = (last["cpu_s"] / last["prompts"]) / (first["cpu_s"] / first["prompts"])
    if last["cpu_s"] > SECONDS or last["peak_mb"] > MEGABYTES or growth > GROWTH:
        raise SystemExit(f"Over {SECONDS} s of CPU, {MEGABYTES} MB, or {growth:.2f} times the CPU for each prompt.")


if __name__ == "__main__":
    main()
