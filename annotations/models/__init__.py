"""The tables of people and data."""

from annotations.models.audit import AuditEvent
from annotations.models.benchmarks import Benchmark, Prompt
from annotations.models.configs import ConfigVersion, RiskCategory, SafetyConfig
from annotations.models.floor import FloorVersion
from annotations.models.people import Membership, Organisation, User
from annotations.models.responses import Candidate, LanguageModel, Response, SystemPrompt
from annotations.models.reviews import Comment, Review

__all__ = [
    "AuditEvent",
    "Benchmark",
    "Candidate",
    "Comment",
    "ConfigVersion",
    "FloorVersion",
    "LanguageModel",
    "Membership",
    "Organisation",
    "Prompt",
    "Response",
    "Review",
    "RiskCategory",
    "SafetyConfig",
    "SystemPrompt",
    "User",
]
