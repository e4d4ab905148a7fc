"""The tables of machines."""

from training.models.judges import Judge
from training.models.maps import Cluster, PromptMap
from training.models.recipes import PromptLabel, Recipe, Stage, SynthesisedConfig
from training.models.runs import Call, EvaluationRun, Judgement, Lease, RunDemonstrations, RunItem
from training.models.trials import CapabilityRun, JudgeTrial

__all__ = [
    "Call",
    "CapabilityRun",
    "Cluster",
    "EvaluationRun",
    "Judge",
    "JudgeTrial",
    "Judgement",
    "Lease",
    "PromptLabel",
    "PromptMap",
    "Recipe",
    "RunDemonstrations",
    "RunItem",
    "Stage",
    "SynthesisedConfig",
]
