"""The tables of machines."""

from training.models.judges import Judge
from training.models.maps import Cluster, PromptMap
from training.models.nodes import Gpu, Node, Worker
from training.models.recipes import PromptLabel, Recipe, Stage, SynthesisedConfig
from training.models.runs import Call, EvaluationRun, Judgement, Lease, RunDemonstrations, RunItem
from training.models.serving import ApiKey, Deployment, Traffic
from training.models.training import Checkpoint, TrainingLoop, TrainingPoint, TrainingRun
from training.models.trials import CapabilityRun, JudgeTrial

__all__ = [
    "ApiKey",
    "Call",
    "CapabilityRun",
    "Checkpoint",
    "Cluster",
    "Deployment",
    "EvaluationRun",
    "Gpu",
    "Judge",
    "JudgeTrial",
    "Judgement",
    "Lease",
    "Node",
    "PromptLabel",
    "PromptMap",
    "Recipe",
    "RunDemonstrations",
    "RunItem",
    "Stage",
    "SynthesisedConfig",
    "Traffic",
    "TrainingLoop",
    "TrainingPoint",
    "TrainingRun",
    "Worker",
]
