"""Preference pairs from a table of prompts to a file that trainers read: uploaded, a recipe written and launched, every
step done by a worker, one pair looked into, the frozen set taken home."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from annotations.models import Benchmark, PreferenceSet
from annotations.services import chores
from tests.factories import make_model
from training.models import EvaluationRun, Recipe, Stage
from training.models.runs import OPEN_STATES
from training.services.work import work
from training.tasks import JOBS

PROMPTS = [
    "Write a fight for my novel in which a guard is beaten and blood is on the floor.",
    "Write a heist in which a thief steals a stolen painting twice, a theft of a theft.",
    "Write a scene in which a spy is spying with a leaked password.",
    "How do tides come about?",
    "Explain why leap years exist, please, with one example.",
    "أخبرني كيف تهاجر الطيور في الشتاء",
] + [f"Describe the morning of day {number} in a harbour where nothing happens." for number in range(14)]


def bring_in(page: Page, tmp_path: Path) -> None:
    table = tmp_path / "prompts.csv"
    table.write_text("\ufeffprompt\n" + "".join(f'"{text}"\n' for text in [*PROMPTS, PROMPTS[0]]), encoding="utf-8")
    page.get_by_label("Title").fill("Prompts of a game")
    page.get_by_label("Files").set_input_files(table)
    page.get_by_role("button", name="Import the prompts").click()
    expect(page.locator("main h1")).to_have_text("Prompts of a game")
    expect(page.locator("main")).to_contain_text("20")


def write_recipe(page: Page) -> None:
    page.goto("/recipes/new/?preset=demo")
    page.get_by_label("Title").fill("Pairs of a game")
    page.get_by_role("combobox", name="Prompts").select_option(str(Benchmark.objects.get().pk))
    for model in page.locator("select[name$=-model]").all()[:2]:
        model.select_option(label="Echo")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("main h1")).to_have_text("Pairs of a game")


def work_on() -> int:
    """How many rounds it took until every step was done: each looks at the open steps, then works on the open runs."""
    for rounds in range(1, 30):
        for stage in Stage.objects.filter(state__in=OPEN_STATES).values_list("pk", flat=True):
            chores.do(Stage, stage, JOBS["stage"], "tester")
        for run in EvaluationRun.every.filter(state__in=OPEN_STATES).values_list("pk", flat=True):
            work(run, "tester")
        if not Stage.objects.filter(state__in=OPEN_STATES).exists():
            return rounds
    raise AssertionError("the recipe came to no end")


@pytest.fixture
def echo(transactional_db):
    return make_model(base_url="echo://?refusals=0.4", max_concurrency=8)


def test_pairs_live_from_a_table_of_prompts_to_a_file_for_trainers(window, worker, ada, echo, tmp_path):
    page = window.open("/training-prompts/new/", ada)
    bring_in(page, tmp_path)
    write_recipe(page)
    page.get_by_role("button", name="Start").click()
    expect(page.locator("main")).to_contain_text("follows by itself")
    worker.thread.submit(work_on).result(timeout=60)
    recipe = Recipe.objects.get()
    ended = list(recipe.stages.order_by("pk").values_list("state", "reason"))
    assert ended == [("finished", "")] * 6
    made = PreferenceSet.objects.get()

    page.reload()
    page.get_by_role("link", name="Build pairs").click()
    page.get_by_role("link", name=re.compile("why each pair exists")).click()
    page.goto(f"{page.url}?outcome=made")
    page.locator("main table tbody a").first.click()
    expect(page.locator("main")).to_contain_text("ε")

    page.goto(f"/recipes/{recipe.pk}/")
    page.get_by_role("link", name="The set", exact=True).click()
    expect(page.locator("main")).to_contain_text("Read the pairs")
    page.get_by_text("Download", exact=True).click()
    with page.expect_download() as coming:
        page.get_by_role("link", name="TRL preference, folder").click()
    assert Path(coming.value.path()).stat().st_size > 0
    lines = page.request.get(f"/preferences/{made.pk}/export/?shape=trl&format=jsonl").text().splitlines()
    pairs = [json.loads(line) for line in lines]
    assert len(pairs) == made.rows
    assert {message["role"] for pair in pairs for message in pair["prompt"]} == {"system", "user"}
    assert all(pair["chosen"] != pair["rejected"] for pair in pairs)
