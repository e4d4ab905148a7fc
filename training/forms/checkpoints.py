"""The form that promotes a checkpoint: the reason in words, and for plumbing that the person means it."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from annotations.models import User
from training.models import Checkpoint
from training.services import checkpoints
from training.services.checkpoints import LONGEST_WHY, CheckpointProblem


class PromoteForm(forms.Form):
    """Why this one. Whoever asks later reads it on its page and in the record of decisions."""

    why = forms.CharField(
        label=_("Why this one"),
        max_length=LONGEST_WHY,
        widget=forms.Textarea(attrs={"rows": 3, "dir": "auto"}),
        help_text=_("What it does better, and by which evaluation. It stays with the checkpoint and in the record."),
    )
    sure = forms.BooleanField(
        label=_("I know that it is a plumbing model, and that its figures are no evidence"),
        error_messages={"required": _("Tick the box: this model proves the path and nothing else.")},
    )

    def __init__(self, checkpoint: Checkpoint, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.checkpoint = checkpoint
        if not checkpoint.model.plumbing:
            del self.fields["sure"]

    def promote(self, actor: User) -> bool:
        """True when the checkpoint of a valid form is promoted; else the reason stands on the form."""
        try:
            checkpoints.promote(checkpoint=self.checkpoint, why=self.cleaned_data["why"], actor=actor)
        except CheckpointProblem as problem:
            self.add_error("why" if str(problem) == checkpoints.SHORT else None, str(problem))
            return False
        return True
