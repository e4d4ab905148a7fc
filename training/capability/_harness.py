"""What the harness leaves behind: its results, how far it is, and why it ended, in the words of this application."""

import json
import math
import re
from pathlib import Path
from typing import Any

LOG_CHARACTERS = 8_000
_READ = 200_000
_FAR = re.compile(r"Requesting API: +\d+%\|[^|]*\| *(\d+)/(\d+)")
_READY = re.compile(r"^100%\|[^|]*\| *(\d+)/\1 ", re.MULTILINE)
_BEARER = re.compile(r"(Bearer )[^'\"\s]+")
_ANSWERED = re.compile(r"API request failed! Status code: (\d+)")
_WHY = re.compile(r"^[\w.]*(?:Error|Exception|Interrupt|Exit)\b.*$", re.MULTILINE)
_KNOWN = (
    (
        r"Loglikelihood is not supported|loglikelihood.*chat",
        "A task compares the likelihood of given answers, which chat completions do not give. Choose tasks in which "
        "the model writes its answer.",
    ),
    (
        r"Tasks not found|No tasks (?:specified|found)|No matching tasks",
        "The harness does not know one of the tasks. `python -m lm_eval ls tasks` lists those it has.",
    ),
    (
        r"ClientConnectorError|Cannot connect to host",
        "The model's server cannot be reached from the worker. Is it running, and is its address right?",
    ),
    (
        r"OfflineModeIsEnabled|Couldn't reach|LocalEntryNotFound|Cannot reach .*huggingface",
        "A task needs data of the Hugging Face hub, and it is neither stored on the worker's machine nor may it be "
        "fetched. Load it there first, or choose tasks that come with this application.",
    ),
)


def read_log(path: Path) -> str:
    """The end of a log as a person would have seen it: of a line that was written over, what stood there last."""
    size = path.stat().st_size if path.exists() else 0
    if not size:
        return ""
    with path.open("rb") as log:
        log.seek(max(0, size - _READ))
        text = log.read().decode("utf-8", "replace").replace("\0", "")
    lines = text.split("\n")[1 if size > _READ else 0 :]  # half a line could hold half a key, which nobody would find
    shown = "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in lines)
    return _BEARER.sub(r"\1…", shown)


def tail(log: str) -> str:
    """The end of a log that is worth keeping."""
    return log[-LOG_CHARACTERS:]


def progress(log: str) -> tuple[int, int] | None:
    """How many requests were answered, and of how many; None before the first one.

    The harness has a bar for each group of requests with equal settings, and before them one for the items of each
    task.
    """
    found = _FAR.findall(log)
    if not found:
        return None
    done, begun = (sum(int(pair[place]) for pair in found) for place in (0, 1))
    items = sum(map(int, _READY.findall(log.partition("Requesting API:")[0])))
    return done, max(begun, items)


def why(log: str, code: int) -> str:
    """Why the harness ended without results, in a sentence."""
    known = next((words for pattern, words in _KNOWN if re.search(pattern, log)), None)
    if known:
        return known
    if refused := _ANSWERED.findall(log):
        return f"The model's server answered with status {refused[-1]} once too often. The log below says more."
    lines = _WHY.findall(log)
    last = lines[-1].strip(" .")[:300] if lines else "it says nothing about why"
    return f"The harness ended with code {code}: {last}. Its log is below."


def read_results(folder: Path) -> dict[str, Any]:
    """What the harness reported, by task: `n` items and `metrics`, each with its value and standard error.

    A standard error it could not tell is None. Raises ValueError when there is no file or one that cannot be read.
    """
    files = sorted(folder.rglob("results*.json"))
    if not files:
        raise ValueError("The harness ended without a file of results. Its log is below.")
    told = json.loads(files[-1].read_text(encoding="utf-8"))
    return {name: _task(name, row, told) for name, row in told["results"].items()}


def _task(name: str, row: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    n = told.get("n-samples", {}).get(name, {}).get("effective", row.get("sample_len"))
    better = told.get("higher_is_better", {}).get(name, {})
    metrics = [_metric(key, value, row, better) for key, value in sorted(row.items()) if _is_metric(key, value)]
    return {"n": n, "version": str(told.get("versions", {}).get(name, "")), "metrics": metrics}


def _is_metric(key: str, value: Any) -> bool:
    return "," in key and not key.partition(",")[0].endswith("_stderr") and _number(value) is not None


def _metric(key: str, value: Any, row: dict[str, Any], better: dict[str, Any]) -> dict[str, Any]:
    metric, _, way = key.partition(",")
    return {
        "metric": metric,
        "filter": "" if way == "none" else way,
        "value": _number(value),
        "stderr": _number(row.get(f"{metric}_stderr,{way}")),
        "higher_is_better": better.get(metric),
    }


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)
