"""The tutorial for authors of programs: a key, calls by curl and Python, a token, the API. Its code is really run."""

import os
import re
import subprocess
import sys
import tempfile

from tests.pictures import document
from tests.pictures.walk import Tutorial, Walk

TUTORIAL = Tutorial("program")
RUN_SECONDS = 180


@TUTORIAL.step("Make a key")
def key(walk: Walk) -> None:
    walk.is_("lea")
    walk.button("Log in")
    walk.rail("Deployments")
    walk.link("childrens_books")
    walk.link("New key")
    walk.fill("Name", "my first program")
    walk.button("Make the key")
    shown = walk.page.get_by_text(re.compile(r"^cosa-[\w-]{40,}$"))
    walk.kept["GATEWAY_API_KEY"] = shown.inner_text()
    walk.shorten(shown, len("cosa-"))
    walk.picture("program_key")


@TUTORIAL.step("Find the address and the name")
def address(walk: Walk) -> None:
    walk.rail("Deployments")
    walk.link("childrens_books")
    walk.reads("Call it")
    walk.picture("program_call", top=walk.section("Call it"))


@TUTORIAL.step("Call it with curl")
def curl(walk: Walk) -> None:
    said = run_all(walk, 3)
    assert '"role":"assistant"' in said.replace(" ", ""), said


@TUTORIAL.step("Call it from Python")
def python(walk: Walk) -> None:
    assert len(run_all(walk, 4).strip()) > 3


@TUTORIAL.step("Take the answer as it is written")
def stream(walk: Walk) -> None:
    assert len(run_all(walk, 5).strip()) > 3


@TUTORIAL.step("Be ready for errors")
def errors(walk: Walk) -> None:
    said = run_all(walk, 6)
    assert "invalid_api_key" in said and "model_not_found" in said, said


@TUTORIAL.step("Look at the traffic")
def traffic(walk: Walk) -> None:
    walk.page.wait_for_timeout(2500)
    walk.page.reload()
    walk.reads(re.compile("calls|requests"), walk.section("Traffic"))
    walk.picture("program_traffic", bottom=walk.page.get_by_text("a rule of thumb, no verdict"))


@TUTORIAL.step("Make an access token")
def token(walk: Walk) -> None:
    walk.is_("ada")
    walk.button("Log in")
    walk.page.get_by_label(re.compile("^Person: ")).click()
    walk.link("Access tokens")
    walk.link(re.compile("token", re.I), walk.page.locator("main").locator(".button.primary").locator(".."))
    walk.fill("Name", "my first script")
    walk.page.get_by_role("checkbox", name="configs:read").check()
    walk.page.get_by_role("checkbox", name="configs:write").check()
    walk.picture("program_token")
    walk.button("Make the token")
    shown = walk.page.get_by_text(re.compile(r"^pat-[\w-]{20,}$"))
    walk.kept["COSA_TOKEN"] = shown.inner_text()


@TUTORIAL.step("Read over the API")
def read(walk: Walk) -> None:
    said = run_all(walk, 9)
    assert "Ada" in said or "ada" in said, said
    assert "Cold Furrow writing room" in said, said


@TUTORIAL.step("Write over the API")
def write(walk: Walk) -> None:
    assert "1 draft" in run_all(walk, 10)
    walk.rail("Configs")
    walk.reads("A game for adults")


def run_all(walk: Walk, number: int) -> str:
    """What the step's blocks of code print, run one after the other, each in a place of its own."""
    step = document.steps("program")[number - 1]
    return "".join(run(walk, language, code) for language in ("sh", "python") for code in step.code(language))


def run(walk: Walk, language: str, code: str) -> str:
    """What one block prints. Raises AssertionError with all it said where it ends with an error."""
    here = code.replace(document.SITE, walk.place.site).replace(document.GATEWAY, walk.place.gateway)
    program = ["bash", "-euo", "pipefail", "-c"] if language == "sh" else [sys.executable, "-c"]
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [*program, here],
            cwd=folder,
            env=os.environ | walk.kept,
            capture_output=True,
            text=True,
            timeout=RUN_SECONDS,
        )
    assert done.returncode == 0, f"{here}\n{done.stdout}\n{done.stderr}"
    return done.stdout
