"""What the database refuses about trials of judges and of models."""

import pytest

from tests.factories import make_judge, make_model, make_organisation
from tests.refusals import refused
from training.models import CapabilityRun, JudgeTrial

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def try_a_judge(**fields: object) -> None:
    JudgeTrial.objects.create(organisation=make_organisation(), judge=make_judge(), **fields)


def try_a_model(**fields: object) -> None:
    CapabilityRun.objects.create(organisation=make_organisation(), model=make_model(), **fields)


def test_a_trial_in_an_unknown_state_is_refused():
    with refused("judgetrial_state_known"):
        try_a_judge(state="lost")


def test_a_trial_that_failed_for_no_reason_is_refused():
    with refused("judgetrial_failed_says_why"):
        try_a_judge(state="failed")


def test_a_capability_run_in_an_unknown_state_is_refused():
    with refused("capabilityrun_state_known"):
        try_a_model(state="lost")


def test_a_capability_run_that_failed_for_no_reason_is_refused():
    with refused("capabilityrun_failed_says_why"):
        try_a_model(state="failed")
