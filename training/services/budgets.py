"""A stopped run's budget, set anew by a person before it goes on."""

from django.db import transaction
from django.utils.translation import gettext

from annotations.models import User
from annotations.services import audit
from training.models import EvaluationRun
from training.models.runs import CANCELLED, PAUSED
from training.services import run_terms
from training.services.desk import models_of
from training.services.run_items import RunChanged, RunProblem
from training.services.run_terms import Terms
from training.services.runs import SOMEBODY_WAS_FASTER


@transaction.atomic
def change(*, run: EvaluationRun, actor: User | None, tokens: int | None, micros: int | None) -> None:
    """Nothing; the stopped run may spend so much in all, None is no limit. Resuming it is another step.

    Raises RunProblem when it is not stopped, when that much is spent already, and for a limit in money where a model
    has no price.
    """
    run_terms.fields(Terms(run.samples, run.use_cache, tokens, micros), [] if micros is None else models_of(run.pk))
    before = EvaluationRun.every.filter(pk=run.pk).values("budget_tokens", "budget_micros").get()
    stopped = EvaluationRun.every.filter(pk=run.pk, state__in=(PAUSED, CANCELLED))
    after = {"budget_tokens": tokens, "budget_micros": micros}
    moved = stopped.update(**after)
    run.refresh_from_db()
    if not moved:
        raise RunChanged(SOMEBODY_WAS_FASTER.format(state=run.state))
    if (tokens or run.spent_tokens) < run.spent_tokens or (micros or run.spent_micros) < run.spent_micros:
        raise RunProblem(gettext("The run has spent more than that already. Enter a larger budget, or none."))
    audit.record(actor=actor, action="set_budget", obj=run, before=dict(before), after=after)
