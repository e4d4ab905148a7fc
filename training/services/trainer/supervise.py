"""The supervisor of a training run: it starts the trainer or finds it alive, watches it, and keeps what came of it.

    queued ─ lease cards ─ start ─┬─ watch ─ ended ─┬─ finished: register it
                 adopt ───────────┘    │            ├─ failed: say why
                                       │            └─ died: start again from the last whole checkpoint
              told to end: leave it alive, another one adopts it
              cancelled:   end it, give the cards back

The trainer is a process of its own that outlives whoever watches it; the row and the folder say all one needs to know.
"""

import logging
import subprocess
from time import sleep
from typing import Any, cast

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.db.models import F
from django.utils import timezone

from annotations.models.work import FINISHED, OPEN_STATES, QUEUED
from annotations.services.chores import ChoreProblem, Hold, Stopped
from training.models import TrainingRun
from training.models.training import CHECK
from training.recipes import checkpoints, run_dir
from training.recipes.run_dir import BadRunDir, Result
from training.services.trainer import check, failures, follow, gpus, launcher, nodes, processes, registry
from training.services.trainer.watch import Watch, held
from training.services.work import STOP

log = logging.getLogger(__name__)
LOOK_SECONDS, AGAIN_SECONDS, AWAY_SECONDS = 0.1, 1.0, 1.0
STARTS_KEPT = 100
DIED, STOPPED_ITSELF, GIVEN_UP, ENDED = "died", "stopped", "given up", "ended"
DATABASE_AWAY = (OperationalError, InterfaceError)
ALIVE = "A process of this run does not end, whatever it is sent. See to it on {node}, then resume."


def job(hold: Hold) -> str:
    """The state the run is in afterwards. Raises ChoreProblem with the reason why it failed, Stopped when it is left:
    cancelled, waiting for cards, or because this worker ends.
    """
    run = cast(TrainingRun, hold.row)
    if run.node.name != settings.NODE:  # only there lies what it needs; its own worker hears of it at the next sweep
        _leave(hold, run.reason)
    if run.phase == CHECK:
        return check.job(hold)
    return _Supervisor(hold, run).work()


def _leave(hold: Hold, reason: str = "", **more: Any) -> None:
    """Nothing; the run is free for another worker. Raises Stopped."""
    hold.save(state=QUEUED, until=None, reason=reason, **more)
    raise Stopped


class _Supervisor:
    """One supervisor's time at one run."""

    def __init__(self, hold: Hold, run: TrainingRun):
        self.hold, self.run = hold, run
        self.folder = launcher.folder_of(run)
        self.watch = Watch(hold, run, self.folder, self._cards())
        self.child: subprocess.Popen[bytes] | None = None
        self.left = False

    def work(self) -> str:
        """The state the run is in afterwards; its trainer is dead then, unless another supervisor is to adopt it."""
        try:
            return self._work()
        except Stopped:
            self._end_when_cancelled()
            raise
        except DATABASE_AWAY as problem:
            log.exception("training run %s: another supervisor goes on when the hold has run out", self.run.pk)
            raise Stopped from problem
        except (OSError, BadRunDir) as problem:  # the folder was taken away, or the disk is full
            log.exception("training run %s", self.run.pk)
            with held(self.hold):
                self._put_away()
            raise ChoreProblem(failures.words_of_system(problem, self.run.node.name)) from problem
        except Exception:
            with held(self.hold):
                self._put_away()
            raise

    def _work(self) -> str:
        with held(self.hold):  # its base may have to come from the store first
            launcher.prepare(self.run)
        if process := self._alive():
            self._keep(process=process._asdict(), reason="")
            self.watch.begin(process)
            self._follow()
        else:
            self.watch.show()  # what was written while nobody looked
        while (result := self._result()) is None:
            self._start()
            self._follow()
        return self._finished(result)

    def _alive(self) -> processes.Process | None:
        """The run's trainer as the row knows it, or as whoever started it had no time to tell; None when it is dead."""
        kept = processes.read(self.run.process)
        return kept if kept and processes.is_alive(kept) else processes.found(self.folder)

    def _cards(self) -> list[int]:
        return list(self.run.gpus_held.order_by("number").values_list("number", flat=True))

    def _result(self) -> Result | None:
        """What came of the trainer that has ended; None when one has to be started, for the first time or again.

        Raises ChoreProblem when it failed, or died too often. A run without a process had its end looked at before.
        """
        result = self._read_result()
        if result and result.state == run_dir.FINISHED and (self.run.process or self._is_whole(result)):
            return result
        if self.run.process not in ({}, gpus.ABOUT_TO_START):
            self._judge(result)
        return None

    def _read_result(self) -> Result | None:
        """What the trainer wrote at its end; one that cannot be read fails the run, and holds up no resume."""
        try:
            return run_dir.read_result(self.folder)
        except BadRunDir as broken:
            if self.run.process in ({}, gpus.ABOUT_TO_START):
                return None
            raise ChoreProblem(failures.BROKEN_RESULT.format(why=broken)) from broken

    def _is_whole(self, result: Result) -> bool:
        """True when the model is what its trainer told of; where it is not, it is written again."""
        model = self.folder / run_dir.MODEL
        finished = checkpoints.read(model)
        with held(self.hold):  # reading a large model takes longer than a lease
            return bool(finished and finished.sha256 == result.sha256 and not checkpoints.wrong(model))

    def _judge(self, result: Result | None) -> None:
        """Nothing when the trainer may be started again. Raises ChoreProblem."""
        if result and result.state == run_dir.FAILED:
            self._note_end(run_dir.FAILED)
            raise ChoreProblem(failures.words(result))
        times = self._note_end(STOPPED_ITSELF if result else DIED)
        if times >= failures.SAME_DEATHS:
            self._note_end(GIVEN_UP)
            code = self.child.returncode if self.child else None
            said = failures.words(result) if result else ""
            raise ChoreProblem(said or failures.words_of_death(code, follow.tail(self.folder), times))

    def _note_end(self, how: str) -> int:
        """How many of the last starts ended without a new checkpoint, this one with them; 0 where it made one."""
        starts = list(self.run.record.get("starts", ()))
        if not starts:
            return 0
        starts[-1] = starts[-1] | {"end": how}
        self._keep(record=self.run.record | {"starts": starts})
        last = launcher.step_of_last(self.folder)
        same = [one["from"] == last and one["end"] in (DIED, STOPPED_ITSELF) for one in starts]
        return next((at for at, alike in enumerate(reversed(same)) if not alike), len(same))

    def _start(self) -> None:
        if STOP.is_set():
            self.left = True
            _leave(self.hold, process={})
        self._take_cards()
        if self.run.starts:
            sleep(AGAIN_SECONDS)
        launcher.clean(self.folder)
        again = {"at": timezone.now().isoformat(timespec="seconds"), "from": launcher.step_of_last(self.folder)}
        starts = [*self.run.record.get("starts", ()), again | {"end": ""}][-STARTS_KEPT:]
        record = launcher.record(self.run, self.folder, self.watch.cards) | {"starts": starts}
        self._keep(process=gpus.ABOUT_TO_START, record=record, reason="")
        self.hold.save(starts=F("starts") + 1)
        self.run.starts += 1
        try:
            self.child = launcher.start(self.run, self.folder, self.watch.cards)
        except OSError as problem:
            raise ChoreProblem(failures.NOT_STARTED.format(why=problem.strerror or problem)) from problem
        self._tell_process(self.child)

    def _tell_process(self, child: "subprocess.Popen[bytes]") -> None:
        process = processes.of(child.pid) or processes.Process(child.pid, 0, "")  # it may be over by now
        try:
            self._keep(process=process._asdict())
        except Stopped:  # the run went to somebody else meanwhile, who knows nothing of this one
            child.kill()
            child.wait()
            raise
        self.watch.begin(process)

    def _take_cards(self) -> None:
        """Nothing; the cards the run wants are its own. Raises ChoreProblem, and Stopped when it has to wait."""
        if never := gpus.why_never(self.run):
            raise ChoreProblem(never)
        cards = gpus.lease(self.run)
        if cards is None:
            _leave(self.hold, gpus.why_waiting(self.run), process={})
        self.watch.cards = cards or []

    def _follow(self) -> None:
        """Nothing; the trainer has ended, and nothing of it lives. Raises Stopped, ChoreProblem."""
        while self._lives():
            if STOP.is_set():
                self.left = True
                _leave(self.hold)
            try:
                self.watch.look()
            except DATABASE_AWAY:
                log.exception("training run %s goes on, and is shown when the database is back", self.run.pk)
                connection.close()
                sleep(AWAY_SECONDS)
            sleep(LOOK_SECONDS)
        self.watch.show()
        with held(self.hold):
            if not processes.end(self.folder, self.watch.process):
                raise ChoreProblem(ALIVE.format(node=self.run.node.name))
        self.run.process = self.watch.process._asdict() if self.watch.process else {}

    def _lives(self) -> bool:
        if self.child:
            return self.child.poll() is None
        return bool(self.watch.process) and processes.is_alive(cast(processes.Process, self.watch.process))

    def _finished(self, result: Result) -> str:
        """Finished, once the model is in the registry. Raises ChoreProblem, Stopped."""
        kept = ("versions", "hardware", "rows", "sha256", "tokens", "seconds", "best_step", "step")
        self._note_end(ENDED)
        self._keep(
            record=self.run.record | {name: getattr(result, name) for name in kept},
            figures=self.watch.progress.figures | result.metrics,
            done=result.step,
            total=result.steps or result.step,
        )
        self._put_away()
        with held(self.hold):
            registry.register(self.run, self.folder, result)
        return FINISHED

    def _keep(self, **fields: Any) -> None:
        """Nothing; the row and what we have of it say so. Raises Stopped."""
        self.hold.save(**fields)
        for name, value in fields.items():
            setattr(self.run, name, value)

    def _put_away(self) -> None:
        """Nothing; the trainer is ended and its cards are free, as far as the run is still ours."""
        if not self.hold.mine().exists():  # another trainer of this folder may be at work by now
            return
        gone = processes.end(self.folder, self.watch.process or processes.read(self.run.process))
        if gone and self.hold.mine().update(process={}):
            gpus.give_back(self.run)

    def _end_when_cancelled(self) -> None:
        """Nothing; a run that is over has no trainer any more. One that another worker holds is left to it."""
        if self.left:
            return
        row = TrainingRun.objects.filter(pk=self.run.pk, fence=self.hold.fence).exclude(state__in=OPEN_STATES).first()
        if row:
            nodes.end_trainer(row)
        if self.child:
            self.child.poll()
