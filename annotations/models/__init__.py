"""The tables of people and data."""

from annotations.models.audit import AuditEvent
from annotations.models.benchmarks import Benchmark, Prompt
from annotations.models.configs import ConfigVersion, RiskCategory, SafetyConfig
from annotations.models.people import Membership, Organisation, User
from annotations.models.responses import Candidate, LanguageModel, Response, SystemPrompt

__all__ = [
    "AuditEvent",
    "Benchmark",
    "Candidate",
    "ConfigVersion",
    "LanguageModel",
    "Membership",
    "Organisation",
    "Prompt",
    "Response",
    "RiskCategory",
    "SafetyConfig",
    "SystemPrompt",
    "User",
]
