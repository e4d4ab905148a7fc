"""Ways to answer a prompt under a config: one file each, with `LABEL`, `ABOUT`, `CALLS` and an async `answer`.

Only the standard library, `annotations.core`, `training.engines` and `training.judges` are imported here.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from types import MappingProxyType
from typing import Any, NamedTuple

from annotations.core import folder
from training import judges
from training.engines import Reply

Messages = list[dict[str, str]]
Ask = Callable[[Messages], Awaitable[Reply]]
Settings = Mapping[str, Any]

WITHHELD = "withheld"
"""What stands in `finish` of a reply in whose place a filter put a refusal."""
REFUSAL = "I cannot help with that here."
"""What a filter says instead of an answer it withholds."""


class Demonstration(NamedTuple):
    """A prompt with the answer it should get; `kind` is that of the prompt under the config."""

    kind: str
    prompt: str
    response: str


class Question(NamedTuple):
    """What a strategy answers: the rendered system prompt, the config text inside it, and the user's prompt.

    `settings` are the candidate's, one for each Setting of the strategy; `seed` is the candidate's too.
    `demonstrations` are those kept for the config, in order.
    """

    system: str
    config: str
    prompt: str
    demonstrations: tuple[Demonstration, ...] = ()
    settings: Settings = MappingProxyType({})
    seed: int = 0


class Setting(NamedTuple):
    """One choice a strategy leaves open: a whole number from `least` to `most`, or one of `choices` (value, words).

    `zero` is what a number of 0 stands for, in words.
    """

    name: str
    label: str
    default: int | str
    help: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    least: int = 0
    most: int = 0
    zero: str = ""

    def said(self, value: Any) -> str:
        """A value as a person reads it."""
        return self.zero if value == 0 and self.zero else dict(self.choices).get(str(value), str(value))

    def read(self, value: Any) -> int | str:
        """The value as it is kept. Raises ValueError, in words, for one that is not on offer."""
        if self.choices:
            if value not in dict(self.choices):
                raise ValueError(f"“{self.label}” is one of: {', '.join(dict(self.choices))}; not {value!r}.")
            return str(value)
        if not str(value).isascii() or not str(value).isdigit() or not self.least <= int(value) <= self.most:
            raise ValueError(f"“{self.label}” is a whole number from {self.least} to {self.most}; not {value!r}.")
        return int(value)


@dataclass(frozen=True)
class Strategy:
    """A file of this folder. `calls` is the most calls to the candidate's model that one prompt takes.

    `shows` is True when it wants demonstrations. `filters` is True when it withholds what the judges of the run find
    to break the config: such a strategy can be computed from a run that is judged already, without any call.
    `system` is False when it sends no system prompt, so that a response of it has none.
    `digest` is the SHA-256 of its file and of the judges it uses, in hexadecimal.
    """

    name: str
    label: str
    about: str
    calls: int
    settings: tuple[Setting, ...]
    shows: bool
    filters: bool
    digest: str
    function: Callable[[Ask, Question], Awaitable[Reply]] = field(repr=False)
    system: bool = True

    def read_settings(self, given: Settings) -> dict[str, int | str]:
        """The settings as a candidate keeps them, its defaults for those not given. Raises ValueError in words."""
        if unknown := sorted(given.keys() - {setting.name for setting in self.settings}):
            raise ValueError(f"The strategy “{self.label}” has no setting {', '.join(unknown)}.")
        return {setting.name: setting.read(given.get(setting.name, setting.default)) for setting in self.settings}

    async def answer(self, ask: Ask, question: Question) -> Reply:
        """The reply that counts as the response; `finish` is WITHHELD when it is a filter's refusal.

        Raises EngineError when a call it needs fails for good.
        """
        return await self.function(ask, question)


def names() -> list[str]:
    """The strategies there are, in alphabetical order."""
    return folder.names(__name__)


def controls() -> list[str]:
    """The strategies nobody can be served with: those that filter by the judges' verdicts, or never say the config.

    Runs of them are read beside others. They say nothing of how a config or a model would do.
    """
    without = [name for name in names() if not getattr(folder.module(__name__, name), "SYSTEM", True)]
    return sorted({*filtering(), *without})


def filtering() -> list[str]:
    """The strategies that withhold what the judges of a run found, in alphabetical order."""
    return [name for name in names() if getattr(folder.module(__name__, name), "FILTERS", False)]


def label(name: str) -> str:
    """What people read for the strategy of that name; the name itself when its file is gone."""
    return _labels().get(name, name)


def said(name: str, settings: Settings) -> list[tuple[str, str]]:
    """Kept settings of the strategy as a person reads them, (label, value); those it no longer has by their name."""
    known = _settings(name) if name in _labels() else {}
    return [
        (known[one].label, known[one].said(value)) if one in known else (one.replace("_", " ").capitalize(), str(value))
        for one, value in sorted(settings.items())
    ]


@cache
def _settings(name: str) -> dict[str, Setting]:
    return {setting.name: setting for setting in getattr(folder.module(__name__, name), "SETTINGS", ())}


@cache
def _labels() -> dict[str, str]:
    return {name: str(folder.module(__name__, name).LABEL) for name in names()}


def load(name: str) -> Strategy:
    """The strategy of that name. Raises NoSuchEntry."""
    module = folder.module(__name__, name)
    sources = [folder.text(__name__, f"{name}.py"), *(judges.load(one).digest for one in getattr(module, "JUDGES", ()))]
    return Strategy(
        name=name,
        label=module.LABEL,
        about=module.ABOUT,
        calls=module.CALLS,
        settings=getattr(module, "SETTINGS", ()),
        shows=getattr(module, "SHOWS", False),
        filters=getattr(module, "FILTERS", False),
        digest=sha256("\n".join(sources).encode()).hexdigest(),
        function=module.answer,
        system=getattr(module, "SYSTEM", True),
    )
