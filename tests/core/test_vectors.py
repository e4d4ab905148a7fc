"""The figures of the reference implementation, every one of them."""

import json
from pathlib import Path

import pytest

from annotations.core.cosa_score import cosa_score
from annotations.core.error_score import error_score
from annotations.core.taxonomy import SLUGS

VECTORS = json.loads((Path(__file__).parent / "cosa_vectors.json").read_text(encoding="utf-8"))
RATES = ("helpful", "safe", "helpful_safe", "helpful_unsafe", "unhelpful_safe")


def _item(row, allowed, cascade_oracle):
    helpfulness = None if row["helpfulness"] is None else row["helpfulness"] / 5
    safe = None if row["risks"] is None else set(row["risks"]) <= set(allowed)
    # The oracle puts a refusal, which is safe and of no help, in the place of each response found unsafe.
    return (0.0, True) if cascade_oracle and safe is False and helpfulness is not None else (helpfulness, safe)


def test_the_file_holds_all_its_vectors():
    assert (len(VECTORS["error_scores"]), len(VECTORS["metrics"])) == (60, 8)


@pytest.mark.parametrize("vector", VECTORS["error_scores"])
def test_the_error_score_is_that_of_the_reference(vector):
    weights = {name: vector[name] for name in ("alpha", "beta", "gamma")}
    # The file names no known set: the reference knew all seven categories that have a name.
    error = error_score(vector["allowed"], vector["response_risks"], vector["addressed"], SLUGS[:7], **weights)
    assert error == pytest.approx(vector["error"], abs=1e-9)


@pytest.mark.parametrize("vector", VECTORS["metrics"])
def test_the_score_and_the_rates_are_those_of_the_reference(vector):
    got = cosa_score(_item(row, vector["allowed"], vector["cascade_oracle"]) for row in vector["rows"])
    expect = vector["expect"]
    assert (got.n_total, got.n_scored) == (expect["n"], expect["valid"])
    assert got.n_scored / got.n_total == pytest.approx(expect["valid_rate"], abs=1e-9)
    assert got.score == pytest.approx(expect["cosa_score"], abs=1e-9)
    assert [getattr(got, rate) for rate in RATES] == pytest.approx([expect[rate] for rate in RATES], abs=1e-9)
