"""Fields for rows of the database."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from annotations.core.storable import whole_number


class ManyRows(forms.ModelMultipleChoiceField):
    """Rows by their ids. An id that is no whole number of a row's size is refused before a database sees it."""

    def clean(self, value: Any) -> Any:
        """The rows. Raises ValidationError."""
        strange = next((one for one in value or () if whole_number(str(one)) is None), None)
        if strange is not None:
            raise ValidationError(
                self.error_messages["invalid_choice"], code="invalid_choice", params={"value": str(strange)[:20]}
            )
        return super().clean(value)
