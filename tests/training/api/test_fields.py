"""Fields of the API's shapes for numbers and settings of others."""

import pytest
from rest_framework.exceptions import ValidationError

from training.api.fields import Known, Plain


@pytest.mark.parametrize("strange", [float("nan"), float("inf"), "NaN", True, None, [1]])
def test_what_is_no_finite_number_is_told_as_null(strange):
    assert Known().to_representation(strange) is None


@pytest.mark.parametrize("strange", [float("inf"), None, [1], {"a": 1}])
def test_a_setting_is_a_text_a_number_or_a_truth(strange):
    with pytest.raises(ValidationError):
        Plain().to_internal_value(strange)
    assert [Plain().to_internal_value(one) for one in ("a", 1, 0.5, False)] == ["a", 1, 0.5, False]
