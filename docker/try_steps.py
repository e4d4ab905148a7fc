"""`python3 docker/try_steps.py ROOT web gateway …`: the COPY and RUN steps of these targets, done below ROOT.

For machines without Docker: ROOT is a fresh root of the base image's Debian, such as debootstrap makes, and every stage
works in that one folder, so a COPY --from has nothing to do. Needs root. A step that fails ends it with its line.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

PROJECT = Path(__file__).resolve().parent.parent
FLAGS = re.compile(r"^(--\S+\s+)+")
LEAVE_OUT = shutil.ignore_patterns("__pycache__", "*.pyc")


class Step(NamedTuple):
    """One instruction of a Dockerfile: its stage, its word, and the rest of it on one line."""

    stage: str
    word: str
    rest: str


def steps(dockerfile: str) -> Iterator[Step]:
    """The instructions in order; those before the first FROM have no stage."""
    stage = ""
    lines = "\n".join(line for line in dockerfile.splitlines() if not line.lstrip().startswith("#"))
    for line in lines.replace("\\\n", " ").splitlines():
        word, _, rest = line.strip().partition(" ")
        if word == "FROM":
            stage = rest.split()[-1]
        if word:
            yield Step(stage, word, " ".join(rest.split()))


def needed(all_steps: list[Step], target: str) -> list[str]:
    """The stages that the target is made of, those below first. Raises KeyError for a target that is none."""
    below = {step.stage: step.rest.split()[0] for step in all_steps if step.word == "FROM"}
    taken = {stage: _taken(all_steps, stage) for stage in below}
    found: list[str] = []
    for stage in [*([below[target]] if below[target] in below else []), *taken[target]]:
        found += [one for one in needed(all_steps, stage) if one not in found]
    return [*found, target]


def _taken(all_steps: list[Step], stage: str) -> list[str]:
    copies = [step.rest for step in all_steps if step.stage == stage and step.word == "COPY"]
    return [found[1] for rest in copies if (found := re.match(r"--from=(\S+)", rest))]


def do(step: Step, root: Path, environment: dict[str, str], place: str) -> None:
    """Nothing; the step is done in the root. Raises CalledProcessError when its command fails."""
    if step.word == "COPY" and not step.rest.startswith("--from"):
        *sources, target = FLAGS.sub("", step.rest).split()
        for source in sources:
            _copy(PROJECT / source, root / target.lstrip("/"), into=target.endswith("/"))
    if step.word == "RUN":
        script = f"cd {place} && {FLAGS.sub('', step.rest)}"
        subprocess.run(["chroot", str(root), "/bin/sh", "-ec", script], env=environment, check=True)  # noqa: S603,S607


def _copy(source: Path, target: Path, *, into: bool) -> None:
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True, ignore=LEAVE_OUT)
    else:
        place = target / source.name if into else target
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, place)


def environment_of(found: list[Step]) -> dict[str, str]:
    """What the ENV instructions of these steps set."""
    pairs = (pair.partition("=") for step in found if step.word == "ENV" for pair in step.rest.split())
    return {name: value for name, _, value in pairs}


def main() -> None:
    """Do the steps that the targets need, each stage once."""
    root, targets = Path(sys.argv[1]), sys.argv[2:]
    every = list(steps((PROJECT / "docker" / "Dockerfile").read_text(encoding="utf-8")))
    stages = list(dict.fromkeys(stage for target in targets for stage in needed(every, target)))
    known = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root"}
    # How this machine gets packages, for the try alone; nothing of it is written into the root.
    known |= {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_CERT_", "HTTP"))}
    for stage in stages:
        mine = [step for step in every if step.stage == stage]
        place = next((step.rest for step in mine if step.word == "WORKDIR"), "/")
        (root / place.lstrip("/")).mkdir(parents=True, exist_ok=True)
        for step in mine:
            sys.stdout.write(f"[{stage}] {step.word} {step.rest[:100]}\n")
            sys.stdout.flush()
            do(step, root, known | environment_of(mine[: mine.index(step)]), place)


if __name__ == "__main__":
    main()
