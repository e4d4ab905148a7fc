from training import deployment_words
from training.gateway import failures
from training.gateway.failures import FILTERED, TIMED_OUT, Asked, Broken


def test_a_filter_of_the_provider_is_a_failure_and_no_success() -> None:
    refused = failures.told(Broken(FILTERED, "status 400"), Asked("r", False))
    assert failures.outcome(refused) == "upstream"
    assert "filter" in deployment_words.CAUSES["upstream"].what


def test_what_failed_is_told_with_all_that_is_counted_so() -> None:
    said = {name: f"{one.what} {one.todo}" for name, one in deployment_words.CAUSES.items()}
    assert "revoked" in said["invalid"] and "retired" in said["invalid"]
    assert "Redis" in said["broken"] and "started again" in said["broken"]
    assert failures.outcome(failures.told(Broken(TIMED_OUT, ""), Asked("r", False))) == "timed_out"
