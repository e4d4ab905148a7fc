"""A stand-in for lm-evaluation-harness: a real program under its name, whose tasks say what it does.

`fine` answers four items; `stuck` starts a program of its own and waits for ever; `broken` ends in an error that shows
the key, as the real one's do; `odd` ends well and leaves nothing; `bare` has no standard error.
"""

import sys
from pathlib import Path
from time import monotonic, sleep

VERSION = "0.4.99"
KEY = "sk-very-secret"
PROGRAM = """
import json, os, subprocess, sys, time
from pathlib import Path
call = json.loads(Path(sys.argv[sys.argv.index("--config") + 1]).read_text())
out, tasks = Path(call["output_path"]), call["tasks"]
key = os.environ["OPENAI_API_KEY"]
(Path(__file__).parent / "seen.json").write_text(json.dumps({"call": call, "environment": dict(os.environ)}))
print("\\rRequesting API:  50%|##  | 2/4 [00:00<00:00]", end="", file=sys.stderr)
if "broken" in tasks:
    print("headers: 'Authorization': 'Bearer " + key + "'")
    raise RuntimeError("the server is away, " + key)
if "stuck" in tasks:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    (Path(__file__).parent / "pids").write_text(f"{os.getpid()} {child.pid}")
    time.sleep(600)
print("\\rRequesting API: 100%|####| 4/4 [00:00<00:00]", file=sys.stderr)
row = {"alias": "x", "sample_len": 4, "exact_match,last": 0.5}
if "bare" not in tasks:
    row["exact_match_stderr,last"] = 0.29
told = {"results": {name: row for name in tasks}, "n-samples": {name: {"effective": 4} for name in tasks}}
told |= {"versions": {name: 1 for name in tasks}, "higher_is_better": {name: {"exact_match": True} for name in tasks}}
if "odd" not in tasks:
    (out / "model").mkdir()
    (out / "model" / "results_1.json").write_text(json.dumps(told))
"""


def install(folder: Path) -> str:
    """The path of a Python that has the stand-in, made in the folder."""
    package, info = folder / "lm_eval", folder / f"lm_eval-{VERSION}.dist-info"
    for made in (package, info):
        made.mkdir()
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(PROGRAM, encoding="utf-8")
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: lm_eval\nVersion: {VERSION}\n", encoding="utf-8")
    return bare(folder, "python")


def bare(folder: Path, name: str = "bare") -> str:
    """The path of a Python that has what lies in the folder, and nothing else that was ever installed."""
    program = folder / name
    program.write_text(f'#!/bin/sh\nPYTHONPATH={folder} exec {sys.executable} -S "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    return str(program)


def gone(pids: list[int]) -> bool:
    """True once none of the processes runs; False when one still does after two seconds."""
    end = monotonic() + 2
    while (left := any(alive(pid) for pid in pids)) and monotonic() < end:
        sleep(0.01)
    return not left


def alive(pid: int) -> bool:
    """True while the process runs; one that ended and waits for its parent does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"
