"""Trials of judges: a judge reads a plain answer that earns the bad verdict, then every attack wrapped round it."""

import asyncio
import threading
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any, NamedTuple

from django.db import transaction
from django.utils.translation import gettext

from annotations.core import panel
from annotations.core.verdicts import Verdict
from annotations.models import LanguageModel, Organisation, User
from annotations.models.people import ADMIN, EXPERT, LEAD
from annotations.models.work import FINISHED, OPEN_STATES
from annotations.services import audit
from annotations.services.chores import LOOK_SECONDS, ChoreProblem, Hold, come
from training import attacks
from training.attacks import Attack
from training.engines import Engine, EngineError
from training.judges import PROMPT, Case, LlmJudge, parse_llm
from training.models import Judge, JudgeTrial
from training.models.trials import ROUTES
from training.services import fetching, places, registry
from training.services.answering import ASKS, judge_sampling
from training.services.judging import JudgeProblem, judge_of

BASE, TURNED, HELD, UNSCORED, TRIAL_FAILED = OUTCOMES = ("base", "turned", "held", "unscored", "failed")
"""What a row of a trial's results is: the plain answer, or what came of an attack."""
NO_VERDICT = "The judge gave no verdict on the plain answer, so nobody can tell whether an attack turns it."
NOTHING_TO_TURN = (
    "The judge finds nothing wrong with the plain answer, which earns the bad verdict by what it says, so there is no "
    "verdict to turn. Try the judge with another model before you trust it with answers."
)


Row = dict[str, Any]


class TrialProblem(ValueError):
    """Why a judge was not tried, and what to do about it."""


class Heard(NamedTuple):
    """What came back for one case: the verdict if there was one, the last reply as it came, and the tokens spent."""

    verdict: Verdict | None
    raw: str
    tokens: int


NOTHING = Heard(None, "", 0)


def _attackable(judge: Judge, prompt: object) -> LlmJudge:
    if not isinstance(prompt, LlmJudge):
        said = gettext("“%(judge)s” is a program: it reads no instructions, so nothing can talk it round.")
        raise TrialProblem(said % {"judge": judge.label})
    if prompt.reads == PROMPT:
        said = gettext("“%(judge)s” reads prompts, and the attacks are responses: there is nothing to try.")
        raise TrialProblem(said % {"judge": judge.label})
    if prompt.taxonomy:
        raise TrialProblem(gettext("The attacks feign verdicts on the built-in categories. Try this judge with those."))
    return prompt


@transaction.atomic
def start(*, judge: Judge, actor: User | None) -> JudgeTrial:
    """The queued trial of the judge with the set of attacks as it is now.

    Raises TrialProblem for a judge that is a program, and while the judge is being tried already.
    """
    Judge.objects.select_for_update().get(pk=judge.pk)
    try:
        prompt = judge_of(judge)
    except (JudgeProblem, LookupError) as problem:
        raise TrialProblem(str(problem)) from problem
    attacked = _attackable(judge, prompt)
    if JudgeTrial.objects.filter(judge=judge, state__in=OPEN_STATES).exists():
        raise TrialProblem(gettext("This judge is being tried already; the trial is in the list below."))
    trial = JudgeTrial.objects.create(
        judge=judge,
        digest=attacks.digest(),
        total=len(attacks.attacks(attacked)),
        organisation=_home(actor),
        created_by=actor,
    )
    audit.record(actor=actor, action="start", obj=trial, after={"judge": str(judge), "attacks": trial.total})
    return trial


def _queues(pks: Iterable[int]) -> dict[int, str]:
    asked = JudgeTrial.objects.filter(pk__in=list(pks), judge__model__isnull=False).select_related("judge__model")
    return places.queues_of({trial.pk: [trial.judge.model] for trial in asked if trial.judge.model})


ROUTES.append(_queues)


def _home(actor: User | None) -> Organisation:
    """The organisation a person works for, the first one there is for a script and for an admin without any."""
    mine = Organisation.objects.filter(memberships__user=actor, memberships__role__in=(EXPERT, LEAD, ADMIN))
    home = (mine.order_by("pk").first() if actor else None) or Organisation.objects.order_by("pk").first()
    if home is None:
        raise TrialProblem(gettext("There is no organisation yet. Make one first."))
    return home


def job(hold: Hold) -> str:
    """The state the trial ends in. Each result is kept as it comes; a trial taken up again asks only what is missing.

    Raises ChoreProblem when the judge cannot be asked, or its verdict on the plain answer leaves nothing to turn.
    """
    trial = hold.row
    if not isinstance(trial, JudgeTrial):
        raise TypeError(f"This is no trial: {trial!r}")
    session = _Session(*_asked(trial), tried=frozenset(row["name"] for row in trial.results if row["name"]))
    fetching.known(session.model)
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="trial") as pool:
        asking = pool.submit(lambda: asyncio.run(session.run()))
        try:
            _keep(hold, trial, session, asking)
        finally:
            session.stop.set()
    return FINISHED


def _asked(trial: JudgeTrial) -> tuple[LlmJudge, LanguageModel]:
    """The judge in its stored wording, and the model it asks."""
    if trial.digest != attacks.digest():
        raise ChoreProblem(gettext("The set of attacks has changed since this trial was started. Start a new one."))
    row = Judge.objects.select_related("model").get(pk=trial.judge_id)
    if row.model is None:
        raise ChoreProblem(gettext("This judge asks no model."))
    return parse_llm(row.name, row.source), row.model


def _keep(hold: Hold, trial: JudgeTrial, session: "_Session", asking: "Future[None]") -> None:
    """Nothing; what the session finds is saved until it ends. The database stays in this thread."""
    rows = [row for row in trial.results if row["outcome"] != BASE]
    while not asking.done() or not session.found.empty():
        if more := come(session.found):
            rows = sorted([*rows, *more], key=lambda row: bool(row["name"]))
            tokens = sum(row["tokens"] for row in rows)
            hold.save(results=rows, tokens=tokens, done=_tried(rows))
        hold.beat(_tried(rows))
    asking.result()


def _tried(rows: list[Row]) -> int:
    return sum(row["outcome"] != BASE for row in rows)


@dataclass
class _Session:
    """The calls of one trial, made on an event loop of their own."""

    judge: LlmJudge
    model: LanguageModel
    tried: frozenset[str]
    stop: threading.Event = field(default_factory=threading.Event)
    found: "SimpleQueue[Row]" = field(default_factory=SimpleQueue)

    async def run(self) -> None:
        """Nothing; every result goes to `found`. Raises ChoreProblem."""
        try:
            engine = registry.engine(self.model)
        except EngineError as problem:
            raise ChoreProblem(problem.message) from problem
        try:
            base = await self._base(engine)
            await self._all(engine, base)
        finally:
            await engine.close()

    async def _base(self, engine: Engine) -> Verdict:
        """The verdict on the plain answer, which every attack has to turn."""
        try:
            heard = await self._ask(engine, attacks.clean(self.judge))
        except EngineError as problem:
            raise ChoreProblem(
                gettext("The judge could not be asked: %(message)s") % {"message": problem.message}
            ) from problem
        self.found.put(_row("", "", BASE, heard))
        if heard.verdict is None:
            raise ChoreProblem(NO_VERDICT)
        if not attacks.can_turn(self.judge.gives[0], heard.verdict):
            raise ChoreProblem(NOTHING_TO_TURN)
        return heard.verdict

    async def _all(self, engine: Engine, base: Verdict) -> None:
        wanted = [attack for attack in attacks.attacks(self.judge) if attack.name not in self.tried]
        open_ones = {asyncio.create_task(self._try(engine, base, attack)) for attack in wanted}
        while open_ones:
            done, open_ones = await asyncio.wait(open_ones, timeout=LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                self.found.put(task.result())
            if self.stop.is_set():
                engine.give_up()
                for task in open_ones:
                    task.cancel()
                break
        await asyncio.gather(*open_ones, return_exceptions=True)

    async def _try(self, engine: Engine, base: Verdict, attack: Attack) -> Row:
        try:
            heard = await self._ask(engine, attack.case)
        except EngineError as problem:
            return _row(attack.name, attack.family, TRIAL_FAILED, error=problem.message)
        if heard.verdict is None:
            return _row(attack.name, attack.family, UNSCORED, heard)
        has_turned = attacks.turned(self.judge.gives[0], base, heard.verdict)
        return _row(attack.name, attack.family, TURNED if has_turned else HELD, heard)

    async def _ask(self, engine: Engine, case: Case) -> Heard:
        """What the judge says of a case, asked again as a run does when it gives no verdict. Raises EngineError."""
        sampling = judge_sampling(self.judge, samples=1, number=0)
        messages, heard, asked = self.judge.messages(case), NOTHING, 0
        while heard.verdict is None and asked < ASKS:
            reply = await engine.chat(messages, sampling, self.judge.schema)
            spent = heard.tokens + (reply.tokens_in or 0) + (reply.tokens_out or 0)
            heard, asked = Heard(self.judge.read(reply.text, case.allowed), reply.text, spent), asked + 1
            messages = self.judge.repair(messages, reply.text)
        return heard


def _row(name: str, family: str, outcome: str, heard: Heard = NOTHING, error: str = "") -> Row:
    return {
        "name": name,
        "family": family,
        "outcome": outcome,
        "verdict": panel.as_row(heard.verdict) if heard.verdict else None,
        "raw": heard.raw,
        "tokens": heard.tokens,
        "error": error,
    }
