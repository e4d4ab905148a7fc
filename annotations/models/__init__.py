"""The tables of people and data."""

from annotations.models.artifacts import Artifact
from annotations.models.audit import AuditEvent
from annotations.models.benchmarks import Benchmark, Prompt, PromptCheck, PromptRuling
from annotations.models.campaigns import Campaign, CampaignItem, Enrolment, Guideline, RaterGroup
from annotations.models.configs import ConfigVersion, RiskCategory, SafetyConfig
from annotations.models.demonstrations import Demonstration
from annotations.models.floor import FloorVersion
from annotations.models.imports import PromptImport
from annotations.models.people import Membership, Organisation, User
from annotations.models.preferences import PreferenceSet
from annotations.models.ratings import Adjudication, Assignment, Draft, Flag, Rating, Skip
from annotations.models.releases import BenchmarkRelease
from annotations.models.responses import Candidate, LanguageModel, Response, SystemPrompt
from annotations.models.reviews import Comment, Review
from annotations.models.similarity import SimilarityReport, TextVector
from annotations.models.taxonomies import RiskLabel, Taxonomy, TaxonomyVersion
from annotations.models.tokens import AccessToken, RepeatedRequest

__all__ = [
    "AccessToken",
    "Adjudication",
    "Artifact",
    "Assignment",
    "AuditEvent",
    "Benchmark",
    "BenchmarkRelease",
    "Campaign",
    "CampaignItem",
    "Candidate",
    "Comment",
    "ConfigVersion",
    "Demonstration",
    "Draft",
    "Enrolment",
    "Flag",
    "FloorVersion",
    "Guideline",
    "LanguageModel",
    "Membership",
    "Organisation",
    "PreferenceSet",
    "Prompt",
    "PromptCheck",
    "PromptImport",
    "PromptRuling",
    "RaterGroup",
    "Rating",
    "RepeatedRequest",
    "Response",
    "Review",
    "RiskCategory",
    "RiskLabel",
    "SafetyConfig",
    "SimilarityReport",
    "Skip",
    "SystemPrompt",
    "Taxonomy",
    "TaxonomyVersion",
    "TextVector",
    "User",
]
