"""The tables of machines."""

from training.models.judges import Judge
from training.models.runs import Call, EvaluationRun, Judgement, Lease, RunDemonstrations, RunItem

__all__ = [
    "Call",
    "EvaluationRun",
    "Judge",
    "Judgement",
    "Lease",
    "RunDemonstrations",
    "RunItem",
]
