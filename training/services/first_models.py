"""Models that need no address and no key: one button registers them, so that an empty installation can try a run."""

from django.db import transaction

from annotations.models import LanguageModel, User
from annotations.services import audit
from training.engines import EngineError
from training.engines._child import model_file
from training.services.demo import MODELS

NAMES = tuple(model["slug"] for model in MODELS)


def missing() -> str:
    """Why the packaged small model cannot answer on this machine, and what to do; "" when it can."""
    try:
        model_file()
    except EngineError as problem:
        return problem.message
    return ""


@transaction.atomic
def register(name: str, *, actor: User) -> LanguageModel:
    """The model of that name (one of NAMES), registered now or before."""
    fields = next(model for model in MODELS if model["slug"] == name)
    model, made = LanguageModel.objects.get_or_create(slug=name, defaults=fields)
    if made:
        audit.record(actor=actor, action="create", obj=model, after={"name": model.name, "engine": model.engine})
    return model
