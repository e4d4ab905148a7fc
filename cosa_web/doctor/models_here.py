"""The models one can call: their keys can be had, and with `--models` they answer."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from django.db import connections

from annotations.models import LanguageModel
from cosa_web.doctor import BROKEN, CARE, OK, Finding
from training.engines import EngineError
from training.services import model_keys, places, registry

AT_ONCE, SECONDS = 4, 15
PROMPT = "Answer with the word yes."


def keys() -> Iterator[Finding]:
    """Every active model has its key: the variable is set here, or the kept one opens."""
    rows = list(LanguageModel.objects.filter(archived_at=None))
    broken = 0
    for model in rows:
        try:
            model_keys.of(model)
        except EngineError as problem:
            broken += 1
            yield Finding(BROKEN, f"key of {model.slug}", problem.message)
    if not broken:
        yield Finding(OK, "keys of models", f"{len(rows)} models, every key can be had")


def answers() -> Iterator[Finding]:
    """Each active model is asked once, a few at a time; those whose weights lie on another node are passed over."""
    here = [model for model in LanguageModel.objects.filter(archived_at=None) if not places.lies_elsewhere(model)]
    with ThreadPoolExecutor(AT_ONCE) as threads:
        yield from threads.map(_asked, here)


def _asked(model: LanguageModel) -> Finding:
    try:
        trial = registry.try_model(model, PROMPT, patience=SECONDS)
    finally:
        connections.close_all()
    if trial.error:
        return Finding(CARE, f"model {model.slug}", trial.error)
    return Finding(OK, f"model {model.slug}", f"answered after {trial.seconds:.1f} s")
