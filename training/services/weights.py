"""Where the weights of a model lie, for whoever trains on them or serves them."""

from pathlib import Path

from django.conf import settings

from annotations.models import LanguageModel
from training.engines import EngineError
from training.engines._child import model_file
from training.services.trainer import kept

EMBEDDED = "embedded"


def of(model: LanguageModel) -> str:
    """The folder of safetensors, GGUF file or hub id of the model's weights; "" when they are not at hand here.

    A checkpoint's are its folder and not the smaller file made of it to serve. The embedded model that names no
    weights is the packaged one.
    """
    if model.node and model.node != settings.NODE:
        return ""
    if folder := _of_checkpoint(model):
        return folder if Path(folder).is_dir() else ""
    if model.weights:
        return model.weights if is_hub_id(model.weights) or Path(model.weights).exists() else ""
    return _packaged() if model.engine == EMBEDDED else ""


def fetched(model: LanguageModel) -> str:
    """The same, where a checkpoint that lies on another node is fetched from the store of artifacts first.

    That takes as long as writing it to the disk. Raises ArtifactProblem.
    """
    if found := of(model):
        return found
    checkpoint = getattr(model, "checkpoint", None)
    return str(kept.bring(checkpoint)) if checkpoint and kept.is_kept(checkpoint) else ""


def is_bound(model: LanguageModel, node: str) -> bool:
    """True when the model's weights lie on another node than this one and nowhere else."""
    if model.node in ("", node):
        return False
    checkpoint = getattr(model, "checkpoint", None)
    return not (checkpoint and kept.is_kept(checkpoint))


def is_hub_id(weights: str) -> bool:
    """True for a name on the hub, such as `someone/model`; False for a path."""
    path = Path(weights)
    return not path.is_absolute() and not path.exists() and path.suffix != ".gguf" and len(path.parts) <= 2


def _of_checkpoint(model: LanguageModel) -> str:
    checkpoint = getattr(model, "checkpoint", None)
    return str(settings.TRAINING_DIR / checkpoint.folder) if checkpoint else ""


def _packaged() -> str:
    try:
        return str(model_file())
    except EngineError:
        return ""
