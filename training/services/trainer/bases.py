"""The models a training run may begin from: those of the registry whose weights are known, and ones typed in."""

import re
from pathlib import PurePosixPath

from django.db.models import Q, QuerySet
from django.utils.text import slugify

from annotations.models import LanguageModel, User
from annotations.services import audit
from training.models import Node

LONGEST, LONGEST_SLUG = 500, 50
NEITHER = (
    "Give the name of a model on the hub, such as HuggingFaceTB/SmolLM2-135M-Instruct, or the whole path of a folder "
    "or GGUF file on the node, such as /models/llama."
)
NOTE = "Registered for a training run; its weights are “{weights}” on {node}."
_HUB = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,95}/[A-Za-z0-9][A-Za-z0-9_.-]{0,95}")


class BadBase(ValueError):
    """Why what was typed names no base, in words."""


def offered() -> QuerySet[LanguageModel]:
    """The models of the registry whose weights are known, archived ones left out."""
    known = ~Q(weights="") | Q(engine="embedded") | Q(checkpoint__isnull=False)
    return LanguageModel.objects.filter(known, archived_at=None).order_by("name", "pk")


def read(typed: str) -> str:
    """What was typed as the registry keeps it: a hub id, or an absolute path. Raises BadBase."""
    said = typed.strip()
    path = PurePosixPath(said)
    if len(said) > LONGEST or ".." in said or any(not sign.isprintable() for sign in said):
        raise BadBase(NEITHER)
    if path.is_absolute() and len(path.parts) > 1:
        return str(path)
    if _HUB.fullmatch(said):
        return said
    raise BadBase(NEITHER)


def named(*, typed: str, node: Node, gpus: int, actor: User | None) -> LanguageModel:
    """The model with these weights on the node; it is registered where there is none. Raises BadBase.

    Its server is vLLM where the node has it and the run has cards, else that of transformers.
    """
    weights = read(typed)
    known = offered().filter(Q(node=node.name) | Q(node=""), weights=weights).first()
    if known:
        return known
    slug = _free_slug(weights)
    model = LanguageModel.objects.create(
        slug=slug,
        name=PurePosixPath(weights).name[:200],
        engine=_engine(weights, node, gpus),
        model=slug,
        weights=weights,
        node=node.name,
        note=NOTE.format(weights=weights, node=node.name),
        max_concurrency=1,
        timeout=600,
        patience=600,
    )
    audit.record(actor=actor, action="create", obj=model, after={"weights": weights, "node": node.name})
    return model


def _engine(weights: str, node: Node, gpus: int) -> str:
    if weights.endswith(".gguf"):
        return "embedded"
    return "vllm" if gpus and node.serving.get("vllm") else "transformers"


def _free_slug(weights: str) -> str:
    """A short name made of the last two parts of the weights' name that no model has."""
    stem = slugify("-".join(PurePosixPath(weights).parts[-2:]).replace("/", "").replace(".", "-")) or "base"
    taken = set(LanguageModel.objects.filter(slug__startswith=stem[: LONGEST_SLUG - 4]).values_list("slug", flat=True))
    names = [stem[:LONGEST_SLUG], *(f"{stem[: LONGEST_SLUG - 4]}-{number}" for number in range(2, 1000))]
    return next(name for name in names if name not in taken)
