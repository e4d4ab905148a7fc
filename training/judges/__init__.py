"""Judges: one .toml file is a prompt for a language model, one .py file a judge that is a program.

A file whose name starts with an underscore is no judge but something judges use. Only the standard library and
`annotations.core` are imported here.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from types import ModuleType

from annotations.core import folder
from annotations.core.taxonomies import Taxonomy, built_in
from annotations.core.verdicts import Verdict
from training.judges import _taxonomy
from training.judges._case import PROMPT, READS, RESPONSE, Case
from training.judges._llm import LlmJudge, parse_llm

__all__ = ["PROMPT", "READS", "RESPONSE", "Case", "CodeJudge", "LlmJudge", "load", "names", "parse_llm", "reading"]

CONSTANTS: dict[str, type] = {"LABEL": str, "ABOUT": str, "HEURISTIC": bool, "GIVES": tuple}


@dataclass(frozen=True)
class CodeJudge:
    """A judge that is a program; `heuristic` says that its figures are no evidence and are marked wherever shown."""

    name: str
    label: str
    about: str
    heuristic: bool
    gives: tuple[str, ...]
    source: str
    reads: str
    function: Callable[[Case], Verdict] = field(repr=False)

    @property
    def digest(self) -> str:
        """SHA-256 in hexadecimal of the judge's file and of the files it names in USES."""
        return sha256(self.source.encode()).hexdigest()

    def judge(self, case: Case) -> Verdict:
        """The verdict on one case; fields the judge does not give, or could not settle, are None."""
        return self.function(case)


def names(package: str = __name__) -> list[str]:
    """The judges of the folder in alphabetical order, prompts and programs alike."""
    return folder.names(package, ".toml", ".py")


def reading(what: str, package: str = __name__) -> list[LlmJudge | CodeJudge]:
    """The judges of the folder that read responses, or those that read prompts, in alphabetical order."""
    return [judge for judge in (load(name, package) for name in names(package)) if judge.reads == what]


def load(name: str, package: str = __name__, taxonomy: Taxonomy | None = None) -> LlmJudge | CodeJudge:
    """The judge of that name; where it finds risks, by the categories of the taxonomy, None the built-in ones.

    Raises NoSuchEntry, a LookupError that says which judges there are, for a name without a file, and ValueError, in
    a sentence about what to change, for a file that is no proper judge or that does not know these categories.
    """
    if name not in names(package):
        raise folder.NoSuchEntry(f"There is no judge {name!r}; there are: {', '.join(names(package))}.")
    prompt, program = (name in folder.names(package, suffix) for suffix in (".toml", ".py"))
    if prompt and program:
        raise ValueError(f"There are two judges {name!r}, {name}.toml and {name}.py; rename one of them.")
    if prompt:
        judge: LlmJudge | CodeJudge = _filled(name, folder.text(package, f"{name}.toml"), None)
    else:
        judge = _program(name, folder.module(package, name), package)
    if taxonomy is None or _taxonomy.is_built_in(taxonomy) or "risks" not in judge.gives:
        return judge
    return _filled(name, folder.text(package, f"{name}.toml") if prompt else "", taxonomy)


def _filled(name: str, source: str, taxonomy: Taxonomy | None) -> LlmJudge:
    try:
        told = _taxonomy.made_for(source, taxonomy) if taxonomy else _taxonomy.filled(source, built_in())
    except ValueError as problem:
        raise ValueError(f"The judge {name!r} {problem}.") from problem
    return parse_llm(name, told)


def _program(name: str, module: ModuleType, package: str) -> CodeJudge:
    for constant, kind in CONSTANTS.items():
        if not isinstance(getattr(module, constant, None), kind):
            raise ValueError(f"The judge {name!r} needs the constant {constant}, a {kind.__name__}.")
    if not callable(getattr(module, "judge", None)):
        raise ValueError(f"The judge {name!r} needs a function judge(case) that returns a Verdict.")
    if unknown := sorted(set(module.GIVES) - set(Verdict._fields)):
        raise ValueError(f"The judge {name!r} gives {', '.join(unknown)}; a Verdict has {', '.join(Verdict._fields)}.")
    if (reads := getattr(module, "READS", RESPONSE)) not in READS:
        raise ValueError(f"The judge {name!r} reads {reads!r}; choose one of {', '.join(READS)}.")
    used = [f"{name}.py", *getattr(module, "USES", ())]
    return CodeJudge(
        name=name,
        label=module.LABEL,
        about=module.ABOUT,
        heuristic=module.HEURISTIC,
        gives=module.GIVES,
        source="\n".join(folder.text(package, file) for file in used),
        reads=reads,
        function=module.judge,
    )
