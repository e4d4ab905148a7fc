"""A trainer that trains nothing: `python tests/fake_trainer.py RUN_DIR`. Its plan.json says what each start does.

One entry per start, the last for all later ones: `steps` in all, `pause` seconds between two, `save` every so many,
`die_at` a step with `code` (negative: that signal), `hang_at` a step, `fail` with a cause, `deaf` to STOP and SIGTERM,
`ranks` children in sessions of their own, `orphans` children that outlive it.
"""

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from training.recipes import checkpoints, run_dir

FOLDER = Path(sys.argv[1])
SLEEPER = "import signal, time; {deaf}; time.sleep(120)"


def say(kind: str, step: int, steps: int, values: dict[str, object], name: str = "") -> None:
    """One line of figures."""
    line = {"t": time.time(), "kind": kind, "name": name, "step": step, "steps": steps, "values": values}
    with (FOLDER / run_dir.METRICS).open("a") as out:
        out.write(json.dumps(line) + "\n")


def end(state: str, step: int, steps: int, **more: object) -> None:
    """The result is there, and the program over."""
    (FOLDER / run_dir.MODEL).mkdir(exist_ok=True)
    run_dir.write(FOLDER / run_dir.RESULT, run_dir.Result(state, step=step, steps=steps, **more))
    sys.exit(0)


def asked() -> str:
    """`stop`, `finish`, or "" when nobody asks for anything."""
    with suppress(FileNotFoundError):
        return (FOLDER / run_dir.STOP).read_text() or "stop"
    return ""


def main() -> None:
    """Train nothing, as planned."""
    lock = (FOLDER / run_dir.LOCK).open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        (FOLDER / "SECOND").touch()
        sys.exit("a second trainer")
    plans = json.loads((FOLDER / "plan.json").read_text())
    starts = len(list(FOLDER.glob("start-*")))
    (FOLDER / f"start-{starts}").write_text(json.dumps(dict(os.environ)))
    plan = {"steps": 4, "pause": 0.01, "save": 0} | plans[min(starts, len(plans) - 1)]
    deaf = "signal.signal(signal.SIGTERM, signal.SIG_IGN)" if plan.get("deaf") else "0"
    if plan.get("deaf"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    for _ in range(plan.get("ranks", 0)):
        subprocess.Popen([sys.executable, "-S", "-c", SLEEPER.format(deaf=deaf)], start_new_session=True)
    print("fake trainer at work", flush=True)  # noqa: T201  it is its log
    last = checkpoints.last_whole(FOLDER)
    for step in range((checkpoints.read(last).step if last else 0) + 1, plan["steps"] + 1):
        time.sleep(plan["pause"])
        one_step(step, plan)
    end(run_dir.FINISHED, plan["steps"], plan["steps"], metrics={"loss": 0.5}, sha256="0" * 64, versions={"trl": "0"})


def one_step(step: int, plan: dict) -> None:
    """One step of the plan."""
    steps = plan["steps"]
    say("log", step, steps, {"loss": 1 / step, "step_seconds": plan["pause"]})
    if plan["save"] and step % plan["save"] == 0:
        place = checkpoints.at(FOLDER, step)
        place.mkdir(parents=True, exist_ok=True)
        (place / "weights").write_text(str(step))
        checkpoints.mark(place, step)
    if step == plan.get("fail_at"):
        end(run_dir.FAILED, step, steps, cause=plan["fail"], message="Something went wrong")
    if step == plan.get("die_at"):
        print("last words of the fake trainer", flush=True)  # noqa: T201
        sys.exit(plan["code"]) if plan["code"] > 0 else os.kill(os.getpid(), -plan["code"])
    if step == plan.get("hang_at"):
        time.sleep(120)
    if (wish := asked()) and not plan.get("deaf"):
        end(run_dir.FINISHED if wish == run_dir.FINISH else run_dir.STOPPED, step, steps)


if __name__ == "__main__":
    main()
