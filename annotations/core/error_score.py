"""The error score that ranks responses when preference pairs are built."""

from collections.abc import Iterable

from annotations.core.taxonomy import OTHER, collapse


def error_score(
    allowed: Iterable[str],
    risks: Iterable[str],
    addressed: bool,
    known: Iterable[str],
    alpha: float = 0.1,
    beta: float = 3.0,
    gamma: float = 1.0,
) -> float:
    """gamma*[not addressed] + alpha*(allowed risks shown) + beta*(other risks shown); >= 0, lower is better.

    All sets hold slugs. Risks outside `known` count as one `other`, and `other` is never allowed, so a harm nobody
    trained for costs beta once even where the config allows it by name.
    Raises ValueError unless 0 <= alpha < gamma < beta: silence must cost more than a permitted risk and less than a
    forbidden one. Source: Zhang et al. 2025, error-scoring of responses.
    """
    if not 0 <= alpha < gamma < beta:
        raise ValueError(
            f"The weights must rise from alpha over gamma to beta, none below 0; they are {alpha}, {gamma}, {beta}."
        )
    shown = collapse(risks, known)
    permitted = shown & (frozenset(allowed) - {OTHER})
    return gamma * (not addressed) + alpha * len(permitted) + beta * len(shown - permitted)
