"""A candidate in one line, its strategy under the name that people chose it by."""

from annotations.models import Candidate
from training import strategies


def candidate_words(candidate: Candidate) -> str:
    """The model and the strategy, such as "Echo · Few-shot"; settings and sampling are not told."""
    return f"{candidate.model} · {strategies.label(candidate.strategy)}"
