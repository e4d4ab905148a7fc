"""Checkpoints: the list, one with its card and all it came from, and what admins decide about it."""

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from annotations.access import WORKERS
from annotations.api.endpoint import Endpoint, changes, lists, reads, route
from annotations.api.fields import json, moment, whole, yes
from annotations.api.fields import text as words_
from annotations.api.filters import choice, number, text
from annotations.api.shapes import Id, Person, Said, Shown
from annotations.services import links
from training import access
from training import checkpoint_queries as queries
from training.api.typed import refuse, typed
from training.forms.checkpoints import PromoteForm
from training.models import Checkpoint
from training.services import checkpoints
from training.services.checkpoints import LONGEST_WHY, CheckpointChanged, CheckpointProblem
from training.services.trainer import card, kept
from training.views.checkpoints import WHAT


class CheckpointShown(Shown):
    """A model that came of a training run. It never changes; it is promoted or archived."""

    id = Id(help_text="Id of the checkpoint.", source="pk")
    model = Id(help_text="Id of the model it is in the registry.", source="model_id")
    slug = words_("Short name of that model.", source="model.slug")
    plumbing = yes("True for a model too small to mean anything: no evidence.", source="model.plumbing")
    training = Id(help_text="Id of the training run it came of.", source="run_id")
    step = whole("The step after which it was written.")
    base = Id(help_text="Id of the model the training began from.", source="run.base_id")
    preference_set = Id(
        help_text="Id of the preference set; null for a merge.", source="run.preference_set_id", allow_null=True
    )
    node = words_("Name of the node its files lie on.", source="run.node.name")
    size = whole("Bytes of all its files.")
    sha256 = words_("SHA-256 of all its files together.")
    created_at = moment("When it was registered.")
    archived_at = moment("When it was put away; null before.", source="model.archived_at", allow_null=True)
    promoted_at = moment("When it was promoted; null while it is not.", allow_null=True)
    promoted_by = Person(help_text="Who promoted it; null while it is not.", allow_null=True)
    promoted_why = words_("Why it was promoted; empty while it is not.")


class WholeCheckpoint(CheckpointShown):
    """A checkpoint with its card and all it came from."""

    card = words_("Its model card in Markdown.")
    files = json("Bytes and SHA-256 of each file by its name.")
    folder = words_("Its folder, below the folder of runs on its node.")
    lineage = json("Base, ancestors, preference set, settings, code, versions, hardware and figures as they were.")


class FileLink(Shown):
    """A file, and where to fetch it."""

    name = words_("Its name.")
    size = whole("Its bytes.")
    sha256 = words_("Its SHA-256: compare what you fetched with it.")
    link = words_("Where it is fetched, by whoever has this link; follow where it leads on to.")


class FileLinks(Shown):
    """The files of a checkpoint."""

    until = moment("Until when the links hold.")
    files = FileLink(many=True, help_text="Every file of it.")


class Promotion(Said):
    """Why this one."""

    why = words_("What it does better, and by which evaluation; it stays with the checkpoint.", max_length=LONGEST_WHY)
    sure = yes("For a plumbing model: that you know its figures are no evidence.", default=False)


class Checkpoints(Endpoint):
    """The checkpoints."""

    resource, roles = "training", WORKERS

    @lists(
        CheckpointShown,
        number("base", "Checkpoints that came of the model of this id."),
        number("preference_set", "Checkpoints trained on the preference set of this id."),
        number("training", "Checkpoints of the training run of this id.", lookup="run"),
        choice("state", "Promoted ones, archived ones, or all; without it all but archived ones.", queries.STATES),
        text("text", "Checkpoints with these words in their name, run or promotion, or of this SHA-256."),
    )
    def get(self) -> QuerySet[Checkpoint]:
        """The checkpoints you may read, newest first."""
        named = {"base": "base", "set": "preference_set", "state": "state", "q": "text"}
        wanted = {name: str(self.asked[said] or "") for name, said in named.items()}
        return queries.listed(access.checkpoints(self.user), wanted)


class _OneCheckpoint(Endpoint):
    """One checkpoint, and what admins decide about it."""

    resource, roles = "training", WORKERS
    refusals, conflicts = (CheckpointProblem,), (CheckpointChanged,)
    words = {"pk": "Id of the checkpoint."}


def _whole(endpoint: Endpoint, pk: int) -> Checkpoint:
    found: Any = access.checkpoint_for_reader(endpoint.user, pk)
    found.card = card.markdown(found.model.slug, found.lineage)
    return found  # type: ignore[no-any-return]


class OneCheckpoint(_OneCheckpoint):
    """One checkpoint."""

    @reads(WholeCheckpoint)
    def get(self, pk: int) -> Checkpoint:
        """The checkpoint, its card, its files, and all it came from."""
        return _whole(self, pk)


class CheckpointsFiles(_OneCheckpoint):
    """Fetching a checkpoint."""

    @reads(FileLinks)
    def get(self, pk: int) -> dict[str, Any]:
        """A link at each file of it, for you, which holds for ten minutes and needs no token."""
        checkpoint = access.checkpoint_for_reader(self.user, pk)
        found = [one._asdict() | {"link": self._link(pk, one.name)} for one in kept.files(checkpoint)]
        return {"until": links.until(), "files": found}

    def _link(self, pk: int, name: str) -> str:
        text = links.made(person=self.user, what=WHAT, pk=pk, name=name)
        return self.request.build_absolute_uri(reverse("training:checkpoint-download", args=[text]))


class CheckpointsPromote(_OneCheckpoint):
    """Promoting a checkpoint."""

    @changes(Promotion, WholeCheckpoint)
    def post(self, pk: int) -> Checkpoint:
        """Say that this is the one to use, for a reason in words."""
        checkpoint = access.checkpoint_for_operator(self.user, pk)
        form = PromoteForm(checkpoint, typed(self.said))
        if not form.is_valid():
            raise refuse(form)
        checkpoints.promote(checkpoint=checkpoint, why=form.cleaned_data["why"], actor=self.user)
        return _whole(self, pk)


class CheckpointsDemote(_OneCheckpoint):
    """Taking a promotion back."""

    @changes(None, WholeCheckpoint)
    def post(self, pk: int) -> Checkpoint:
        """Take the promotion back."""
        checkpoints.demote(checkpoint=access.checkpoint_for_operator(self.user, pk), actor=self.user)
        return _whole(self, pk)


class CheckpointsArchive(_OneCheckpoint):
    """Putting a checkpoint away."""

    @changes(None, WholeCheckpoint)
    def post(self, pk: int) -> Checkpoint:
        """Its model is offered no more; its files stay."""
        checkpoints.archive(checkpoint=access.checkpoint_for_operator(self.user, pk), actor=self.user)
        return _whole(self, pk)


ROUTES = [
    route("checkpoints/", Checkpoints, "checkpoints-list"),
    route("checkpoints/<int:pk>/", OneCheckpoint, "checkpoints-detail"),
    route("checkpoints/<int:pk>/files/", CheckpointsFiles, "checkpoints-files"),
    route("checkpoints/<int:pk>/promote/", CheckpointsPromote, "checkpoints-promote"),
    route("checkpoints/<int:pk>/demote/", CheckpointsDemote, "checkpoints-demote"),
    route("checkpoints/<int:pk>/archive/", CheckpointsArchive, "checkpoints-archive"),
]
