"""Comments on a version: on a line of its policy, on a rule, or on all of it."""

from django.db.models import QuerySet
from rest_framework import serializers

from annotations import access, dossier
from annotations.access import AUTHORS, WORKERS
from annotations.api.endpoint import Endpoint, changes, creates, lists, route
from annotations.api.filters import flag
from annotations.api.shapes import Id, Person, Said, Shown
from annotations.api.versions import WORDS
from annotations.models import Comment
from annotations.models.people import REVIEWER
from annotations.services import reviews
from annotations.services.reviews import LONGEST_COMMENT
from training import access as run_access

SPEAKERS = AUTHORS | {REVIEWER}
THREAD = WORDS | {"comment": "Id of the comment that began the thread."}
PLACE = "What it is about: a line of the policy such as p12, a rule such as r3, or empty for all of the version."


class Remark(Shown):
    """A comment, or an answer to one."""

    id = Id(source="pk", help_text="Id of the comment.")
    parent = Id(  # type: ignore[assignment]
        source="parent_id", allow_null=True, help_text="The comment it answers, null for one that begins."
    )
    anchor = serializers.CharField(help_text=PLACE)
    quote = serializers.CharField(help_text="The words it was about.")
    author = Person(help_text="Who wrote it.")
    text = serializers.CharField(help_text="What it says.")
    created_at = serializers.DateTimeField(help_text="When it was written.")
    resolved_at = serializers.DateTimeField(
        allow_null=True, help_text="When its thread was resolved, null if it is open."
    )
    resolved_by = Person(allow_null=True, help_text="Who resolved it.")


class NewRemark(Said):
    """A new comment, or an answer."""

    text = serializers.CharField(max_length=LONGEST_COMMENT, help_text="What you say.")
    anchor = serializers.RegexField(r"^[pr][0-9]{1,6}\Z", required=False, help_text=PLACE)
    parent = Id(  # type: ignore[assignment]
        required=False, help_text="The comment it answers: it then stands where that one stands."
    )


class Comments(Endpoint):
    """What is said about a version."""

    resource, roles, words = "reviews", WORKERS, WORDS
    refusals = (reviews.ReviewProblem,)

    @lists(Remark, flag("open", "true: only threads that nobody resolved; false: only resolved ones."), order=("pk",))
    def get(self, pk: int, number: int) -> QuerySet[Comment]:
        """The comments on a version with their answers, in the order they were written."""
        comments = access.version_for_reader(self.user, pk, number).comments.all()
        if (wanted := self.asked["open"]) is not None:
            comments = comments.filter(parent=None, resolved_at__isnull=wanted)
        return comments.select_related("author", "resolved_by")

    @creates(NewRemark, Remark, roles=SPEAKERS)
    def post(self, pk: int, number: int) -> Comment:
        """A comment, or an answer to one. For reviewers, and for who writes in the config."""
        version = run_access.version_to_discuss(self.user, pk, number)
        parent = None
        if "parent" in self.said:
            parent = access.one_or_404(version.comments.select_related("parent"), pk=self.said["parent"])
        anchor, quote = dossier.place_of(version, self.said.get("anchor", ""))
        said = {"text": self.said["text"], "anchor": anchor, "quote": quote, "parent": parent}
        return reviews.comment(version=version, author=self.user, **said)


class _Thread(Endpoint):
    """A thread of comments."""

    resource, roles, words = "reviews", SPEAKERS, THREAD

    def thread(self, pk: int, number: int, comment: int) -> Comment:
        """The comment that began it, or 404; 403 without the right to speak there."""
        version = run_access.version_to_discuss(self.user, pk, number)
        threads = version.comments.filter(parent=None).select_related("author", "resolved_by")
        found: Comment = access.one_or_404(threads, pk=comment)
        return found


class Resolve(_Thread):
    """Done with."""

    @changes(None, Remark)
    def post(self, pk: int, number: int, comment: int) -> Comment:
        """Resolves a thread; one that is resolved already stays as it is."""
        reviews.resolve(comment=self.thread(pk, number, comment), actor=self.user)
        return self.thread(pk, number, comment)


class Reopen(_Thread):
    """Not done with."""

    @changes(None, Remark)
    def post(self, pk: int, number: int, comment: int) -> Comment:
        """Opens a resolved thread again; one that is open stays as it is."""
        reviews.reopen(comment=self.thread(pk, number, comment))
        return self.thread(pk, number, comment)


ROUTES = [
    route("configs/<int:pk>/versions/<int:number>/comments/", Comments, "reviews-comments"),
    route(
        "configs/<int:pk>/versions/<int:number>/comments/<int:comment>/resolve/", Resolve, "reviews-comments-resolve"
    ),
    route("configs/<int:pk>/versions/<int:number>/comments/<int:comment>/reopen/", Reopen, "reviews-comments-reopen"),
]
