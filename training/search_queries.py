"""What machines do, found by words: runs, models, deployments and checkpoints."""

from django.db.models import QuerySet

from annotations.core.storable import whole_number
from annotations.models import LanguageModel
from annotations.queries.search import begins, with_words
from training.models import Checkpoint, Deployment, EvaluationRun

ABOUT = ("candidate__model__name", "candidate__model__slug", "benchmark__title", "version__config__title")


def run_number(typed: str) -> int | None:
    """The number in `17`, `#17`, `run 17` or `run #17`; None for anything else."""
    last = typed.casefold().strip().removeprefix("run").strip().removeprefix("#")
    return whole_number(last)


def runs(mine: QuerySet[EvaluationRun], words: tuple[str, ...]) -> QuerySet[EvaluationRun]:
    """Those whose model, benchmark or config has the words in its name, newest first; or the run of that number."""
    if (number := run_number(" ".join(words))) is not None:
        return mine.filter(pk=number)
    return with_words(mine, words, *ABOUT).order_by("-pk")


def models(mine: QuerySet[LanguageModel], words: tuple[str, ...]) -> QuerySet[LanguageModel]:
    """Those with the words in a name of theirs."""
    return with_words(mine, words, "name", "slug", "model").order_by("name", "pk")


def deployments(mine: QuerySet[Deployment], words: tuple[str, ...]) -> QuerySet[Deployment]:
    """Those not retired with the words in their own name, or in that of their config or model."""
    fields = ("slug", "version__config__title", "candidate__model__name")
    return with_words(mine.filter(retired_at=None), words, *fields).order_by("slug", "pk")


def checkpoints_called(mine: QuerySet[Checkpoint], digest: str) -> QuerySet[Checkpoint]:
    """Those whose SHA-256 begins so."""
    return mine.filter(**begins("sha256", digest)).order_by("-pk")
