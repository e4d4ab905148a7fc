"""Runs of general capability: the harness as a child process of a worker, watched, stopped, and read when it ends."""

import json
import os
import subprocess
import sys
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple, cast

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext

from annotations.models import LanguageModel, Organisation, User
from annotations.models.people import ADMIN
from annotations.models.work import FINISHED, OPEN_STATES
from annotations.services import audit
from annotations.services.chores import ChoreProblem, Hold
from training import capability, engines
from training.capability import MISSING, Target
from training.capability._harness import progress, read_log, read_results, tail, why
from training.engines import EngineError
from training.models import CapabilityRun
from training.services import children, reaching, registry

WAY = "chat"
ENGINES = ("openai_http", "embedded", "vllm", "transformers")
"""The engines of models that have an address other programs can ask, or may have one."""
SILENT_SECONDS = 900.0
PROBE_SECONDS = 120
_PROBE = (
    "import sys, importlib.util as u, importlib.metadata as m\n"
    "sys.exit(3) if u.find_spec('lm_eval') is None else print(m.version('lm_eval'))"
)


SERVED_BY_US = (
    "The harness asks a server by its address, and this model's is started and ended by workers. Serve its weights by "
    "hand, and register that address as a model."
)


class CapabilityProblem(ValueError):
    """Why a run of capability was not started, and what to do about it."""


def python() -> str:
    """The Python that has the harness: COSA_CAPABILITY_PYTHON, or the one this process runs on."""
    return str(settings.CAPABILITY_PYTHON) or sys.executable


def missing() -> str:
    """Why no run of capability can be started here, in words; empty when it can."""
    there = os.access(python(), os.X_OK) if settings.CAPABILITY_PYTHON else find_spec("lm_eval") is not None
    return "" if there else MISSING.format(python=python())


def unreachable(model: LanguageModel) -> str:
    """Why the harness cannot ask this model, in words; empty when it can."""
    if model.engine in ENGINES:
        return SERVED_BY_US if model.weights and not model.base_url else ""
    with suppress(LookupError):
        return f"The harness asks a server by its address, and “{engines.label(model.engine)}” has none."
    return f"The harness asks a server by its address, and the engine {model.engine!r} is gone."


@transaction.atomic
def start(*, model: LanguageModel, tasks: list[str], limit: int | None, actor: User) -> CapabilityRun:
    """A queued run of the model on these tasks, at most `limit` items of each (None: all). Raises CapabilityProblem."""
    if problem := unreachable(model) or missing() or _wrong(tasks, limit):
        raise CapabilityProblem(problem)
    wanted = list(dict.fromkeys(tasks))
    if CapabilityRun.objects.filter(model=model, tasks=wanted, limit=limit, state__in=OPEN_STATES).exists():
        raise CapabilityProblem(gettext("This run is being made already; its line is below."))
    run = CapabilityRun.objects.create(
        model=model, organisation=_home(actor), tasks=wanted, limit=limit, created_by=actor
    )
    audit.record(actor=actor, action="start", obj=run, after={"model": model.slug, "tasks": wanted, "limit": limit})
    return run


def _wrong(tasks: list[str], limit: int | None) -> str:
    if not tasks:
        return "Choose at least one task."
    odd = [name for name in tasks if not capability.may_be_named(name)]
    if odd:
        return f"{odd[0]!r} is no name of a task: letters, digits, _ and - only."
    return "" if limit is None or limit >= 1 else "Ask at least one item of each task."


def _home(actor: User) -> Organisation:
    """The organisation the person runs models for."""
    own = actor.memberships.select_related("organisation")
    first = own.filter(role=ADMIN).order_by("pk").first() or own.order_by("pk").first()
    home = first.organisation if first else Organisation.objects.order_by("pk").first()
    if home is None:
        raise CapabilityProblem(gettext("There is no organisation yet. Make one first."))
    return home


class Place(NamedTuple):
    """Where the harness works: its folder, and the key that must not stay in what it writes."""

    folder: Path
    key: str

    @property
    def log(self) -> str:
        """What it has written so far, without the key."""
        text = read_log(self.folder / "log")
        return text.replace(self.key, "…") if self.key else text


def job(hold: Hold) -> str:
    """Do the run, from its beginning whoever had it before; gives back the state it ends in.

    Raises ChoreProblem with the reason why there are no results, Stopped when it was cancelled.
    """
    run = cast(CapabilityRun, hold.row)
    target, key = _target(run.model)
    call = capability.call(WAY, target, run.tasks, run.limit)
    told = call | {"way": WAY, "harness": _version(), "offline": os.environ.get("HF_HUB_OFFLINE", "0")}
    hold.save(settings=told, results={}, log="", done=0, total=0)
    with TemporaryDirectory(prefix="cosa-capability-") as folder:
        place = Place(Path(folder), key)
        (place.folder / "call.json").write_text(json.dumps(call | {"output_path": folder}), encoding="utf-8")
        code = children.run(hold, _program(place), _bounds(target), lambda: _far(hold, place))
        return _ended(hold, place, code)


def _program(place: Place) -> children.Program:
    """The harness; what it gets to know is nothing of ours but the one key it needs."""
    module = ("lm_eval", "run", "--config", str(place.folder / "call.json"))
    return children.Program(python(), module, place.folder, capability.TASKS, {"OPENAI_API_KEY": place.key or "none"})


def _bounds(target: Target) -> children.Bounds:
    return children.Bounds("The harness", max(SILENT_SECONDS, 4 * target.timeout))


def _far(hold: Hold, place: Place) -> tuple[int, int]:
    """How far it is; the end of its log is kept."""
    log = place.log
    hold.save(log=tail(log))
    return progress(log) or (0, 0)


def _ended(hold: Hold, place: Place, code: int) -> str:
    log = place.log
    done, total = progress(log) or (0, 0)
    hold.save(log=tail(log), done=done, total=total)
    if code:
        raise ChoreProblem(why(log, code))
    try:
        hold.save(results=read_results(place.folder))
    except (ValueError, KeyError) as problem:
        raise ChoreProblem(str(problem)) from problem
    return FINISHED


def _target(model: LanguageModel) -> tuple[Target, str]:
    try:
        reached = registry.endpoint(model)
    except EngineError as problem:
        raise ChoreProblem(problem.message) from problem
    if not reached.base_url:
        raise ChoreProblem(
            gettext(
                "The small model has no address here. Start `python -m training.engines.embedded --port 8081`, set "
                "COSA_EMBEDDED_URL to its address for the workers, and start this once more."
            )
        )
    if reached.reach and (wrong := reaching.looked_up(reached.base_url)):
        raise ChoreProblem(wrong)
    return Target(reached.base_url, reached.model, reached.max_concurrency, reached.timeout), reached.api_key.strip()


def _version() -> str:
    """The harness's version. Raises ChoreProblem when this worker has none."""
    try:
        asked = subprocess.run([python(), "-c", _PROBE], capture_output=True, text=True, timeout=PROBE_SECONDS)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise ChoreProblem(MISSING.format(python=python())) from problem
    if asked.returncode:
        raise ChoreProblem(MISSING.format(python=python()))
    return asked.stdout.strip()
