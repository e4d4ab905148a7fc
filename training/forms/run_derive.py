"""The form that has a run's responses read again."""

from typing import Any

from training.forms.run_judges import JudgesForm, judged_as
from training.models import EvaluationRun
from training.services import derive, judging
from training.services.run_items import RunProblem


class AgainForm(JudgesForm):
    """Who reads the responses of a run again, at first the judges it had."""

    def __init__(self, source: EvaluationRun, *args: Any, **kwargs: Any):
        super().__init__(*args, initial=judged_as(source) | {"budget_tokens": None, "budget_dollars": None}, **kwargs)
        self.source = source

    def start(self, actor: Any) -> EvaluationRun | None:
        """The new run of a valid form; None when it cannot be, the reason then stands on the form."""
        try:
            judges = self.chosen_judges()
            return derive.read_again(source=self.source, judges=judges, actor=actor, **self.terms())
        except judging.JudgeProblem as problem:
            self.add_error("judge_model", str(problem))
        except RunProblem as problem:
            self.add_error(None, str(problem))
        return None
