"""The tasks and ways of general capability: each file is complete, and what the harness leaves behind is read right."""

import json
import os
import signal
import subprocess
import sys
from importlib.util import find_spec

import pytest

from annotations.core.folder import NoSuchEntry
from tests import fake_harness
from tests.stub_server import StubServer
from training import capability
from training.capability import Target, _harness
from training.services import children

TARGET = Target("http://127.0.0.1:9/v1/", "m", 4, 10.2)
OURS = [task.name for task in capability.offered()]
PYTHON = os.environ.get("COSA_CAPABILITY_PYTHON") or (sys.executable if find_spec("lm_eval") else "")


def test_there_are_two_tasks_of_twelve_items_each():
    assert [(task.name, task.items) for task in capability.offered()] == [("cosa_arithmetic", 12), ("cosa_facts", 12)]


@pytest.mark.parametrize("stem", ["arithmetic", "facts"])
def test_every_item_has_a_question_and_an_answer_of_its_own(stem):
    rows = [json.loads(line) for line in (capability.TASKS / f"{stem}.jsonl").read_text("utf-8").splitlines()]
    assert len({row["question"] for row in rows}) == len(rows) and all(row["answer"].strip() for row in rows)


def test_no_letter_is_right_more_often_than_another():
    rows = [json.loads(line) for line in (capability.TASKS / "facts.jsonl").read_text("utf-8").splitlines()]
    assert sorted(row["answer"] for row in rows) == sorted("ABCD" * 3)
    assert {len(set(row["choices"])) for row in rows} == {4}


@pytest.mark.parametrize("way", capability.ways())
def test_every_way_says_what_it_is_and_names_the_model(way):
    call = capability.call(way, TARGET, ["one", "two"], None)
    assert call["tasks"] == ["one", "two"] and call["include_path"] == str(capability.TASKS) and "limit" not in call
    assert call["model_args"]["model"] == "m" and "http://127.0.0.1:9/v1/" in call["model_args"]["base_url"]


def test_a_way_without_a_file_is_refused():
    with pytest.raises(NoSuchEntry):
        capability.call("telepathy", TARGET, ["one"], None)


def test_a_limit_is_passed_on():
    assert capability.call("chat", TARGET, ["one"], 3)["limit"] == 3


def test_of_a_line_that_was_written_over_the_last_state_is_read(tmp_path):
    (tmp_path / "log").write_bytes(b"one\n\rRequesting API:  10%|# | 1/9\rRequesting API:  90%|#| 8/9 [x]\r\nlast\0")
    log = _harness.read_log(tmp_path / "log")
    assert log == "one\nRequesting API:  90%|#| 8/9 [x]\nlast" and _harness.progress(log) == (8, 9)


def test_a_log_that_is_cut_begins_with_a_whole_line(tmp_path, monkeypatch):
    monkeypatch.setattr(_harness, "_READ", 12)
    (tmp_path / "log").write_text("Bearer sk-secret\nplain", encoding="utf-8")
    assert _harness.read_log(tmp_path / "log") == "plain"


def test_every_item_counts_from_the_first_group_of_requests_on(tmp_path):
    bars = ["100%|##| 12/12 [00:00]", "100%|##| 8/8 [00:00]", "Requesting API: 100%|##| 12/12 [00:09]"]
    (tmp_path / "log").write_text("\n".join([*bars, "Requesting API:  25%|# | 2/8 [00:01]"]), encoding="utf-8")
    assert _harness.progress(_harness.read_log(tmp_path / "log")) == (14, 20)


def test_what_a_request_showed_for_a_key_is_not_read(tmp_path):
    (tmp_path / "log").write_text("{'Authorization': 'Bearer sk-of-whom-ever', 'Accept': '*'}", encoding="utf-8")
    assert _harness.read_log(tmp_path / "log") == "{'Authorization': 'Bearer …', 'Accept': '*'}"


def test_without_a_request_there_is_no_progress(tmp_path):
    assert _harness.progress(_harness.read_log(tmp_path / "none")) is None


@pytest.mark.parametrize(
    ("log", "words"),
    [
        ("ValueError: Tasks not found: x", "does not know one of the tasks"),
        ("ConnectionError: Couldn't reach 'openai/gsm8k' on the Hub (OfflineModeIsEnabled)", "Hugging Face hub"),
        ("NotImplementedError: Loglikelihood is not supported for chat completions.", "likelihood of given answers"),
        ("ERROR Exception:ClientConnectorError(ConnectionKey())", "cannot be reached from the worker"),
        ("WARNING API request failed! Status code: 429, Response text", "status 429"),
        ("Traceback\nKeyError: 'x'\nlater", "ended with code 7: KeyError: 'x'. Its log"),
        ("", "it says nothing about why"),
    ],
)
def test_why_it_ended_is_said_in_words(log, words):
    assert words in _harness.why(log, 7)


def test_results_hold_each_metric_and_no_text_or_infinity(tmp_path):
    row = {"alias": "t", "acc,none": 0.25, "acc_stderr,none": "N/A", "note,none": "x", "bad,none": float("inf")}
    (tmp_path / "results_1.json").write_text(json.dumps({"results": {"t": row | {"sample_len": 8}}}), encoding="utf-8")
    metric = {"metric": "acc", "filter": "", "value": 0.25, "stderr": None, "higher_is_better": None}
    assert _harness.read_results(tmp_path) == {"t": {"n": 8, "version": "", "metrics": [metric]}}


def test_the_harness_ends_with_the_process_that_started_it(tmp_path):
    python, guard = fake_harness.install(tmp_path), children.GUARD
    (tmp_path / "call.json").write_text(json.dumps({"output_path": str(tmp_path), "tasks": ["stuck"]}))
    command = [python, str(guard), "PARENT", "lm_eval", "run", "--config", str(tmp_path / "call.json")]
    starts = (
        f"import os, subprocess; command = {command!r}; command[2] = str(os.getpid());"
        "subprocess.Popen(command, start_new_session=True, stderr=subprocess.DEVNULL).wait()"
    )
    path = tmp_path / "lm_eval" / "pids"
    environment = os.environ | {"OPENAI_API_KEY": "none"}
    with subprocess.Popen([sys.executable, "-S", "-c", starts], env=environment) as parent:
        while not (path.exists() and path.read_text().count(" ")):
            assert parent.poll() is None
        parent.send_signal(signal.SIGKILL)
    assert fake_harness.gone([int(pid) for pid in path.read_text().split()])


@pytest.mark.skipif(not PYTHON, reason="lm-evaluation-harness is not installed: docs/models.md says how")
def test_the_real_harness_runs_our_tasks(tmp_path):
    with StubServer() as stub:
        call = capability.call("chat", Target(stub.base_url, "echo", 4, 10), OURS, None)
        (tmp_path / "call.json").write_text(json.dumps(call | {"output_path": str(tmp_path)}), encoding="utf-8")
        command = [PYTHON, "-m", "lm_eval", "run", "--config", str(tmp_path / "call.json")]
        environment = os.environ | {"HF_HUB_OFFLINE": "1", "OPENAI_API_KEY": "none"}
        subprocess.run(command, cwd=capability.TASKS, env=environment, check=True, capture_output=True, timeout=300)
        assert stub.calls("echo") == 24
    results = _harness.read_results(tmp_path)
    # The echo repeats the question: its last figure is never the result, its last letter is the D of the choices.
    assert {name: (found["n"], found["metrics"][0]["value"]) for name, found in results.items()} == {
        "cosa_arithmetic": (12, 0.0),
        "cosa_facts": (12, 0.25),
    }
