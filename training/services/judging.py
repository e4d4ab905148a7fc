"""Judges by name: the row a run keeps, and the judge that row means."""

from django.utils.translation import gettext

from annotations.core.taxonomies import Taxonomy
from annotations.models import LanguageModel
from training import judges
from training.judges import CodeJudge, LlmJudge
from training.models import Judge


class JudgeProblem(ValueError):
    """A judge that cannot be used as asked; the message says what to do."""


def choose(*, name: str, model: LanguageModel | None, taxonomy: Taxonomy | None = None) -> Judge:
    """The row for the judge file `name` as it is now, with `model` asked for its verdicts.

    A judge that finds risks finds those of the taxonomy, None the built-in one; its row holds their definitions.
    A judge asked of a plumbing model is marked heuristic: its figures prove the path and are no evidence.
    Raises JudgeProblem when the file needs a model and none is given, it does not know the taxonomy's categories, or
    there is no such file.
    """
    try:
        judge = judges.load(name, taxonomy=taxonomy)
    except (LookupError, ValueError) as problem:
        raise JudgeProblem(str(problem)) from problem
    if isinstance(judge, CodeJudge):
        model = None
    elif model is None:
        raise JudgeProblem(
            gettext("The judge “%(label)s” asks a model. Choose a judge model.") % {"label": judge.label}
        )
    row, _ = Judge.objects.get_or_create(
        name=name,
        digest=judge.digest,
        model=model,
        defaults={
            "label": _label(judge),
            "source": judge.source,
            "heuristic": judge.heuristic or bool(model and model.plumbing),
        },
    )
    return row


def _label(judge: LlmJudge | CodeJudge) -> str:
    of = judge.taxonomy if isinstance(judge, LlmJudge) else ""
    return f"{judge.label} · {of}"[:200] if of else judge.label


def judge_of(row: Judge) -> LlmJudge | CodeJudge:
    """The judge a row means, in the wording it was chosen in.

    Raises JudgeProblem for a programmatic judge whose file has changed since: its old code cannot be run again.
    """
    if row.model_id is not None:
        return judges.parse_llm(row.name, row.source)
    judge = judges.load(row.name)
    if judge.digest != row.digest:
        raise JudgeProblem(
            gettext("The judge “%(label)s” has changed since this run was made. Start a new run.")
            % {"label": row.label}
        )
    return judge
