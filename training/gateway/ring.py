"""Keys, known for as long as they live: looked up once, read again all together every 0.4 s, forgotten when unused."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from logging import getLogger
from types import MappingProxyType

from annotations.core.secret import digest
from training.gateway.bearer import unauthorized
from training.gateway.database import Away, Database
from training.gateway.refused import Refused
from training.services.deploy import grants, tries
from training.services.deploy.grants import Grant, Limits

log = getLogger(__name__)

WATCH_SECONDS = 0.4
TRUST_SECONDS = 1.0
"""How long what was read counts without being read again."""
IDLE_SECONDS = 60.0
GRANTED_SECONDS = 30.0
"""For how long a key that was just granted keeps its place: its call is yet to begin, when its body has arrived."""
MOST_KEYS = 2000
"""Keys that are kept, as long as no more of them are in use."""
MOST_WAITING = 512
"""Look-ups that wait at the same time; those beyond are told to come again."""
TOGETHER = 128
READ_SECONDS = 2.0
TRY_LIMITS = Limits(requests_per_minute=20)

OVER = "This key was revoked, or it expired, while the call went on."
NO_MORE = "You may no longer use this deployment; that changed while the call went on."
GONE = "The deployment “{slug}” was taken out of service while the call went on."
AWAY = "Keys cannot be looked up at the moment. Try again in a few seconds."
CROWDED = "Too many keys are being looked up at the moment. Try again in a second."


@dataclass(frozen=True)
class Try(Grant):
    """What a page's token opens: one deployment, for a person, counted for that person alone and never metered."""

    person_id: int = 0


@dataclass(slots=True)
class _Entry:
    grant: Grant
    confirmed: float
    used: float


@dataclass(eq=False, slots=True)
class _Use:
    """A call that goes on."""

    slug: str
    deployment: int
    person: int
    task: "asyncio.Task[object]"
    refusal: Refused | None = None

    def end(self, refusal: Refused) -> None:
        if self.refusal is None:
            self.refusal = refusal
            self.task.cancel()


def counted_as(grant: Grant) -> int | str:
    """What `Limits.reserve` counts the calls of a grant under: its key, or the person who tries a deployment."""
    return f"try-{grant.person_id}" if isinstance(grant, Try) else grant.key_id


class KeyRing:
    """The keys in use and the calls that go on with them; `open` before the first call, `close` after the last."""

    def __init__(self) -> None:
        self._looking, self._watching = Database(2), Database()
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._names: dict[int, str] = {}
        self._asked: dict[str, asyncio.Future[Grant | None]] = {}
        self._uses: dict[int, set[_Use]] = {}
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._away = False

    async def open(self) -> None:
        """Nothing; from now on keys are looked up and watched."""
        self._tasks = [asyncio.create_task(self._look_up()), asyncio.create_task(self._watch())]

    async def close(self) -> None:
        """Nothing; no thread of it asks the database any more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(self._looking.close(), self._watching.close())

    async def grant(self, secret: str) -> Grant:
        """What the secret opens. Raises Refused 401, or 503 when the database that knows is away."""
        if secret.startswith(tries.PREFIX):
            return await self._try(secret)
        name, now = digest(secret), time.monotonic()
        entry = self._entries.get(name)
        if entry is not None and now - entry.confirmed <= TRUST_SECONDS:
            entry.used = now
            self._entries.move_to_end(name)
            grant: Grant | None = entry.grant
        else:
            grant = await self._ask(name)
        if grant is None or not grant.living():
            raise unauthorized()
        return grant

    @asynccontextmanager
    async def using(self, grant: Grant, slug: str) -> AsyncIterator[None]:
        """A context for a call of this task. Raises Refused inside it, by cancelling what is awaited, when the key
        (401) or the deployment (404) dies meanwhile."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("A call is watched inside a task.")
        person = grant.person_id if isinstance(grant, Try) else 0
        use, before = _Use(slug, grant.served[slug].deployment_id, person, task), task.cancelling()
        self._check(grant.key_id, use)
        self._uses.setdefault(grant.key_id, set()).add(use)
        try:
            yield
        except asyncio.CancelledError:
            if use.refusal is None or task.uncancel() > before:
                raise
            raise use.refusal from None
        finally:
            self._uses[grant.key_id].discard(use)
            if not self._uses[grant.key_id]:
                del self._uses[grant.key_id]

    def _check(self, key: int, use: _Use) -> None:
        # it may have died since it was granted, and then nobody watches it any more
        entry = self._entries.get(self._names.get(key, ""))
        if key and entry is None:
            raise unauthorized(OVER)
        if entry is not None and use.deployment not in _deployments(entry.grant):
            raise _gone(use.slug)

    async def _try(self, token: str) -> Try:
        named = tries.read(token)
        if named is None:
            raise unauthorized()
        deployment, person = named
        try:
            async with asyncio.timeout(READ_SECONDS):
                served = await self._looking.ask(grants.of_try, deployment, person)
        except Away as problem:
            raise _away() from problem
        if served is None:
            raise unauthorized()
        opened = MappingProxyType({served.slug: served})
        return Try(0, served.organisation_id, TRY_LIMITS, None, opened, person_id=person)

    async def _ask(self, name: str) -> Grant | None:
        if name not in self._asked:
            if len(self._asked) >= MOST_WAITING:
                raise Refused(503, CROWDED, code="keys_unavailable", headers={"Retry-After": "1"})
            self._asked[name] = asyncio.get_running_loop().create_future()
            self._wake.set()
        try:
            async with asyncio.timeout(READ_SECONDS):
                return await asyncio.shield(self._asked[name])
        except Away as problem:
            raise _away() from problem

    async def _look_up(self) -> None:
        """Look up all that is asked for, together: an unknown key costs as much as a known one, and one read each."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while names := list(self._asked)[:TOGETHER]:
                await self._answer(names)

    async def _answer(self, names: list[str]) -> None:
        began = time.monotonic()
        found: Mapping[str, Grant] = {}
        problem: Exception | None = None
        try:
            found = await self._looking.ask(grants.read, names)
        except Exception as trouble:
            problem = trouble if isinstance(trouble, Away) else TimeoutError(str(trouble))
            self._note_away(trouble)
        for name in names:
            answer = self._asked.pop(name)
            if name in found:
                self._keep(name, _Entry(found[name], began, time.monotonic()))
            if problem is not None:
                answer.set_exception(problem)
                answer.exception()  # whoever asked may have left
            else:
                answer.set_result(found.get(name))

    def _keep(self, name: str, entry: _Entry) -> None:
        self._entries[name] = entry
        self._entries.move_to_end(name)
        self._names[entry.grant.key_id] = name
        while len(self._entries) > MOST_KEYS and (unused := self._longest_unused(name)):
            self._forget(unused)

    def _longest_unused(self, newest: str) -> str | None:
        before = time.monotonic() - GRANTED_SECONDS
        for name, entry in self._entries.items():
            if entry.used > before or name == newest:
                return None
            if entry.grant.key_id not in self._uses:
                return name
        return None

    def _forget(self, name: str) -> _Entry:
        entry = self._entries.pop(name)
        del self._names[entry.grant.key_id]
        return entry

    async def _watch(self) -> None:
        while True:
            began = time.monotonic()
            try:
                await self._read_again(began)
                self._note_away(None)
            except Exception as problem:
                self._note_away(problem)
            await asyncio.sleep(max(0.05, began + WATCH_SECONDS - time.monotonic()))

    async def _read_again(self, began: float) -> None:
        self._forget_idle(began)
        if names := list(self._entries):
            found = await self._watching.ask(grants.read, names)
            for name in names:
                self._confirm(name, found.get(name), began)
        for use in list(self._uses.get(0, ())):
            await self._read_try(use)

    async def _read_try(self, use: _Use) -> None:
        if await self._watching.ask(grants.of_try, use.deployment, use.person) is None:
            served = await self._watching.ask(grants.of_deployment, use.deployment)
            use.end(unauthorized(NO_MORE) if served else _gone(use.slug))

    def _forget_idle(self, now: float) -> None:
        for name, entry in list(self._entries.items()):
            if now - entry.used > IDLE_SECONDS and entry.grant.key_id not in self._uses:
                self._forget(name)

    def _confirm(self, name: str, grant: Grant | None, began: float) -> None:
        entry = self._entries.get(name)
        if entry is None or entry.confirmed > began:
            return
        if grant is None:
            self._forget(name)
            for use in list(self._uses.get(entry.grant.key_id, ())):
                use.end(unauthorized(OVER))
            return
        entry.grant, entry.confirmed = grant, began
        for gone in {use.deployment for use in self._uses.get(grant.key_id, ())} - _deployments(grant):
            self._end(grant.key_id, gone)

    def _end(self, key: int, deployment: int) -> None:
        for use in list(self._uses.get(key, ())):
            if use.deployment == deployment:
                use.end(_gone(use.slug))

    def _note_away(self, problem: Exception | None) -> None:
        if bool(problem) != self._away:
            self._away = bool(problem)
            log.warning("The database of keys %s", f"is away: {type(problem).__name__}" if problem else "is back")


def _away() -> Refused:
    return Refused(503, AWAY, code="keys_unavailable", headers={"Retry-After": "2"})


def _gone(slug: str) -> Refused:
    return Refused(404, GONE.format(slug=slug), code="model_not_found", param="model")


def _deployments(grant: Grant) -> set[int]:
    return {one.deployment_id for one in grant.served.values()}
