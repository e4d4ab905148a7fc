"""Weights of checkpoints that were made on another node: brought here from the store before they are served here."""

import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from threading import Lock
from time import monotonic

from django.conf import settings

from annotations.models import LanguageModel
from annotations.services.artifacts import ArtifactDamaged, ArtifactMissing, ArtifactProblem
from annotations.services.chores import Stopped
from training.engines import NoWeights
from training.models import Checkpoint
from training.services.trainer import kept

log = logging.getLogger(__name__)
TROUBLE_SECONDS = 600.0
NOT_KEPT = (
    "The weights of {model} lie on {node} and are not whole in the store of artifacts: only a worker of that node can "
    "ask it. “manage.py verify_checkpoints --keep” there puts them into the store."
)
NOT_HAD = "The weights of {model} cannot be fetched to {node}. {why}"
ENDED = "The weights of {model} were being fetched when this process was told to end."
_troubles: dict[str, float] = {}
_lock = Lock()


class Weights:
    """The weights of a checkpoint's model on a machine that need not have them; engines.Files. `path` is where."""

    def __init__(self, model: LanguageModel, checkpoint: Checkpoint, *, beside: bool) -> None:
        self._model, self._checkpoint, self._beside = model, checkpoint, beside
        self.path = str(Path(settings.TRAINING_DIR) / _name(checkpoint, beside))

    def are_here(self) -> bool:
        """True when nothing has to be fetched."""
        return kept.is_served_here(self._checkpoint, beside=self._beside)

    def bring(self, stopped: Callable[[], bool]) -> None:
        """Nothing; they lie at the path, whole. Raises NoWeights: permanent when another try would meet the same."""
        told = {"model": self._model, "node": settings.NODE}
        try:
            (kept.bring_beside if self._beside else kept.bring)(self._checkpoint, stopped)
        except Stopped:
            raise NoWeights("passing", ENDED.format(**told)) from None
        except ArtifactMissing as problem:
            self._failed(problem)
            raise NoWeights("permanent", NOT_KEPT.format(model=self._model, node=self._model.node)) from problem
        except ArtifactProblem as problem:
            self._failed(problem)
            kind = "permanent" if isinstance(problem, ArtifactDamaged) else "passing"
            raise NoWeights(kind, NOT_HAD.format(**told, why=problem)) from problem
        with _lock:
            _troubles.pop(self.path, None)

    def _failed(self, problem: ArtifactProblem) -> None:
        log.warning("the weights of model %s cannot be fetched: %s", self._model.pk, problem)
        with _lock:
            _troubles[self.path] = monotonic()


def troubles() -> int:
    """How many models' weights this process could not fetch within the last minutes, and not since."""
    now = monotonic()
    with _lock:
        return sum(now - at < TROUBLE_SECONDS for at in _troubles.values())


def of(model: LanguageModel) -> Weights | None:
    """What this machine brings before it serves the model, and where; None when the weights are not a checkpoint's,

    or lie here where the registry says. Whether the store has them is another question: `kept`.
    """
    if not model.node or (model.node == settings.NODE and Path(model.weights).exists()):
        return None
    checkpoint = _checkpoint(model)
    return Weights(model, checkpoint, beside=_is_beside(model, checkpoint)) if checkpoint else None


def known(*models: LanguageModel) -> None:
    """Nothing; what `of` asks the database about these is known, so that an event loop, which must not, may ask it."""
    for model in models:
        if model.node:
            getattr(model, "checkpoint", None)


def kept_of(models: Iterable[LanguageModel]) -> set[int]:
    """The ids of those whose weights the store has, so that no node is the only one to serve them. Two queries at most.

    Models whose checkpoint is loaded already cost the second one alone.
    """
    found = {model.pk: checkpoint for model in models if (checkpoint := _checkpoint(model))}
    there = kept.which(found.values())
    return {pk for pk, checkpoint in found.items() if checkpoint.pk in there}


def _checkpoint(model: LanguageModel) -> Checkpoint | None:
    """The checkpoint whose very files the model names; None for weights that somebody named since, and for adapters."""
    checkpoint: Checkpoint | None = getattr(model, "checkpoint", None)
    if checkpoint is None or model.serving.get("base"):
        return None
    names = [_name(checkpoint, beside) for beside in (True, False)]
    return checkpoint if any(name and _ends(model.weights, name) for name in names) else None


def _is_beside(model: LanguageModel, checkpoint: Checkpoint) -> bool:
    return bool(checkpoint.gguf) and _ends(model.weights, checkpoint.gguf)


def _name(checkpoint: Checkpoint, beside: bool) -> str:
    return checkpoint.gguf if beside else checkpoint.folder


def _ends(weights: str, name: str) -> bool:
    parts = Path(name).parts
    return Path(weights).parts[-len(parts) :] == parts
