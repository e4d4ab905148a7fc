"""The tables of machines."""

from training.models.judges import Judge
from training.models.runs import Call, EvaluationRun, Judgement, Lease, RunDemonstrations, RunItem
from training.models.trials import CapabilityRun, JudgeTrial

__all__ = [
    "Call",
    "CapabilityRun",
    "EvaluationRun",
    "Judge",
    "JudgeTrial",
    "Judgement",
    "Lease",
    "RunDemonstrations",
    "RunItem",
]
