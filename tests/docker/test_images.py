"""The Dockerfile: what it copies and installs is there, small images stay small, and nothing secret gets in."""

import os
import re
import stat
import subprocess
from fnmatch import fnmatch
from pathlib import Path

import pytest

from cosa_web import env, env_guard
from docker import healthy
from docker.try_steps import environment_of, needed, steps
from tests.stub_server import StubServer
from training.models.nodes import Worker

ROOT = Path(__file__).parents[2]
FILE = list(steps((ROOT / "docker" / "Dockerfile").read_text(encoding="utf-8")))
LISTS = sorted({name for step in FILE for name in re.findall(r"/build/(\w+\.txt)", step.rest)})


def packages(name: str) -> set[str]:
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z0-9._-]+)(?:\[.*\])?==", text, re.MULTILINE | re.IGNORECASE))


def test_every_list_that_is_installed_is_copied_before():
    copied = {
        Path(part).name for step in FILE if step.word == "COPY" for part in step.rest.split() if "requirements/" in part
    }
    assert LISTS and copied == set(LISTS)


def test_everything_that_is_copied_is_there():
    own = [step.rest for step in FILE if step.word == "COPY" and not step.rest.startswith("--from")]
    missing = [part for rest in own for part in rest.split()[:-1] if not (ROOT / part).exists()]
    assert own and missing == []


@pytest.mark.parametrize("name", sorted(set(LISTS) - {"torch.txt"}))
def test_packages_are_pinned_with_hashes(name):
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    installed = [step.rest for step in FILE if step.word == "RUN" and f"/build/{name}" in step.rest]
    assert packages(name) and text.count("--hash=sha256:") >= len(packages(name))
    assert all(re.search(rf"--require-hashes [^&]*/build/{name}", rest) for rest in installed)


@pytest.mark.parametrize("name", ["base", "models", "training", "vllm"])
def test_lists_hold_what_was_asked_for(name):
    asked = (ROOT / "requirements" / f"{name}.in").read_text(encoding="utf-8")
    pins = set(re.findall(r"^([a-z0-9-]+)(?:\[.*\])?(==\S+)", asked, re.MULTILINE))
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    assert (
        pins
        and [pin for pin in pins if not re.search(rf"^{pin[0]}(\[.*\])?{re.escape(pin[1])} ", text, re.MULTILINE)] == []
    )


@pytest.mark.parametrize("target", ["web", "gateway", "worker-cpu"])
def test_small_images_have_no_torch(target):
    stages = needed(FILE, target)
    lists = {name for step in FILE if step.stage in stages for name in re.findall(r"/build/(\w+\.txt)", step.rest)}
    assert lists == {"base.txt", "models.txt"}
    assert {"torch", "vllm"} & set().union(*(packages(name) for name in lists)) == set()


def test_the_card_image_names_the_environments_that_it_has():
    told = environment_of([step for step in FILE if step.stage == "worker-gpu"])
    folders = {step.rest.split()[-1] for step in FILE if step.stage == "worker-gpu" and step.word == "COPY"}
    assert {told["COSA_TRAINING_PYTHON"], told["COSA_VLLM_PYTHON"]} == {f"{one}/bin/python" for one in folders}


def test_only_what_is_named_gets_into_an_image():
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    kept = [rule[1:] for rule in rules if rule.startswith("!")]
    sources = {part for step in FILE if step.word == "COPY" for part in step.rest.split()[:-1] if "--from" not in part}
    ours = {part for part in sources if not part.startswith("/")}
    assert rules[0] == "*" and [one for one in ours if not any(fnmatch(one, part) for part in kept)] == []
    assert not [
        part
        for part in kept
        for hidden in ("docker/secrets/x", ".env", "docker/.env", "var/x")
        if fnmatch(hidden, part)
    ]


def test_secrets_are_made_once_and_kept(tmp_path):
    def prepare() -> dict[str, str]:
        subprocess.run(["sh", ROOT / "docker" / "prepare.sh", tmp_path], check=True)
        return {str(path.relative_to(tmp_path)): path.read_text() for path in tmp_path.rglob("*") if path.is_file()}

    first = prepare()
    assert prepare() == first and len(first) == 6
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("secret_key", lambda name: env.secret(name, Path("/nowhere"))),
        ("fernet_keys", lambda name: env_guard.fernet_keys(name, None)),
        ("database", lambda name: env.postgresql(name, {})["PASSWORD"]),
    ],
)
def test_the_settings_take_the_secrets_that_are_made(tmp_path, monkeypatch, name, read):
    subprocess.run(["sh", ROOT / "docker" / "prepare.sh", tmp_path], check=True)
    monkeypatch.setenv("COSA_X_FILE", str(tmp_path / "secrets" / name))
    assert read("COSA_X")


def test_a_server_is_healthy_when_it_answers(monkeypatch):
    monkeypatch.setenv("COSA_HOSTS", "cosa.example.org,web")
    with StubServer() as server:
        port = int(server.base_url.split(":")[2].split("/")[0])
        assert healthy.answers(port, "/v1/models") and not healthy.answers(port, "/nowhere")


@pytest.mark.parametrize(("age", "ticking"), [(0, True), (2 * healthy.BEAT_SECONDS, False)])
def test_the_clock_is_healthy_while_it_writes(tmp_path, age, ticking):
    file = tmp_path / "beat"
    file.touch()
    os.utime(file, (file.stat().st_atime - age, file.stat().st_mtime - age))
    assert healthy.ticks(tmp_path) is ticking


def test_a_clock_that_never_wrote_is_not_healthy(tmp_path):
    assert not healthy.ticks(tmp_path)


def test_a_worker_is_looked_for_in_the_table_of_workers():
    columns = {field.column for field in Worker._meta.fields}
    asked = set(re.findall(r"(\w+) (?:LIKE|IS|>)", healthy.ALIVE))
    assert f"FROM {Worker._meta.db_table} " in healthy.ALIVE and asked == {"name", "ended_at", "seen_at"} <= columns
