"""Everything a server can do wrong, in one run: each item ends in words, the rest is unharmed, nothing is lost."""

import time
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories import make_benchmark, make_config, make_judge, make_prompt, make_version
from tests.stage import Stage, play, staged
from training import queries

pytestmark = pytest.mark.django_db(transaction=True)

HURRIED = {"timeout": 0.9, "patience": 4, "max_concurrency": 40}

ANSWERED = {
    "ok": "hello",
    "echo": "mode:echo",
    "empty": "",
    "none": "",
    "cut": "the first half of",
    "refusal": "I will not help with that.",
    "reasoning": "thought only",
    "unstorable": "a\ufffdb\ufffdc",
    "e500-once": "hello",
    "e503-twice": "hello",
    "e408-once": "hello",
    "e429": "hello",
    "e429-ms": "hello",
}
FAILED = {
    "e400": ("permanent", "refused the call with status 400. It says: temperature must be at most 2"),
    "e403": ("permanent", "has no right to this model"),
    "e422": ("permanent", "refused the call with status 422"),
    "too-long": ("permanent", "longer than the model's context"),
    "filtered": ("permanent", "content filter withheld the answer. This is no refusal of the model."),
    "finish-filter": ("permanent", "content filter withheld the answer. This is no refusal of the model."),
    "refusal-filtered": ("permanent", "content filter withheld the answer. This is no refusal of the model."),
    "tool-call": ("permanent", "called a tool instead of answering"),
    "thought-cut": ("permanent", "used up its tokens with thinking"),
    "html": ("permanent", "not as an OpenAI-compatible server"),
    "other-json": ("permanent", "not as an OpenAI-compatible server"),
    "nested": ("permanent", "not as an OpenAI-compatible server"),
    "in-pieces": ("permanent", "answers in pieces"),
    "repeats": ("permanent", "refused the call with status 400"),
    "redirect": ("permanent", "sends callers elsewhere"),
    "long": ("permanent", "larger than 2 MB"),
    "garbage": ("passing", "broke off"),
    "nothing": ("passing", "sent nothing at all"),
    "no-choices": ("passing", "without any choice"),
    "inside-500": ("passing", "failed with status 500"),
    "inside-choice": ("passing", "failed with status 502. It says: no upstream"),
    "e500": ("passing", "failed with status 500. It says: boom"),
    "black-hole": ("passing", "did not answer in time (0.9 s)"),
}


def test_every_failure_ends_in_words_on_its_item_and_harms_no_other() -> None:
    benchmark, config = make_benchmark(), make_config()
    make_version(config)
    for mode in [*ANSWERED, *FAILED]:
        make_prompt(f"Which lamp is it? mode:{mode}", benchmark=benchmark, config=config)
    with Stage() as stage:
        run = play(staged(stage, "by-prompt", prompts=0, **HURRIED))
    items = {item.prompt.text.partition("mode:")[2]: item for item in run.items.select_related("prompt", "response")}
    answered = {mode: items[mode].response.text for mode in ANSWERED if items[mode].state == "done"}
    assert {mode: answered.get(mode, "").find(text) >= 0 for mode, text in ANSWERED.items()} == dict.fromkeys(
        ANSWERED, True
    )
    said = {
        mode: (items[mode].state, items[mode].error_kind, words in items[mode].error)
        for mode, (_, words) in FAILED.items()
    }
    assert said == {mode: ("failed", kind, True) for mode, (kind, _) in FAILED.items()}
    now = queries.progress(run)
    assert (run.state, now.total) == ("finished", now.done + now.failed)
    assert (now.done, now.failed, now.queued) == (len(ANSWERED), len(FAILED), 0)
    assert not any("Which lamp" in item.error for item in items.values())
    assert items["refusal"].response.finish == "refusal"
    assert run.items.filter(judgements=None).count() == len(FAILED)
    assert run.items.filter(state="failed").exclude(response=None).count() == 0


def test_a_server_that_answers_nothing_pauses_the_run_and_its_page_says_why(as_person: Callable[[str], Client]) -> None:
    began = time.monotonic()
    with Stage() as stage:
        run = play(staged(stage, "black-hole", [make_judge()], 40, timeout=0.2, patience=0.4, max_concurrency=8))
    reason = "did not answer in time (0.2 s). Tried as often as the 0.4 s set for one call allow."
    assert (run.state, reason in run.reason, "20 times in a row" in run.reason) == ("paused", True, True)
    assert time.monotonic() - began < 10  # one patience and the writing; for the usual 120 s that is below 5 minutes
    assert stage.calls("black-hole") < 30
    page = as_person("ada").get(reverse("training:run-detail", args=[run.pk]))
    assert reason in page.text
    assert run.items.filter(state="queued").exists()
