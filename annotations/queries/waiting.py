"""What waits for one person."""

from typing import NamedTuple

from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet, Subquery

from annotations.models import Campaign, Comment, ConfigVersion, Flag, SafetyConfig, User
from annotations.models.configs import DRAFT, REJECTED, RETURNED, SUBMITTED
from annotations.queries.configs import TEXT, versions_in_review


class Remarks(NamedTuple):
    """The open threads of one version that its authors have not answered: how many, and the newest remark of all."""

    version: ConfigVersion
    threads: int
    last: Comment


class Waiting(NamedTuple):
    """What waits for one person: versions to review, own versions that came back, remarks to answer, own drafts.

    `others` are the versions that wait for somebody else's decision.
    """

    reviews: list[ConfigVersion]
    returned: list[ConfigVersion]
    remarks: list[Remarks]
    drafts: list[ConfigVersion]
    others: list[ConfigVersion]

    @property
    def something(self) -> bool:
        """True when anything waits for the person."""
        return bool(self.reviews or self.returned or self.remarks or self.drafts)


def waiting(user: User, configs: QuerySet[SafetyConfig], *, reviews: bool) -> Waiting:
    """What waits for the person; `reviews` says whether reviewing is theirs to do. At most ten of each.

    A version waits for a reviewer who neither wrote in it nor has decided about it; a returned or rejected one waits
    for its authors until they begin the next; a thread waits for the authors until somebody of them answers last, or a
    later version is submitted.
    """
    written = ConfigVersion.objects.filter(config__in=configs, authors=user)
    mine = written.select_related("config__organisation").defer(*TEXT)
    newer = ConfigVersion.objects.filter(config=OuterRef("config"), number__gt=OuterRef("number"))
    to_review = _decidable(versions_in_review(configs), user)
    in_review = versions_in_review(configs)
    return Waiting(
        reviews=list(to_review[:10]) if reviews else [],
        returned=list(mine.filter(~Exists(newer), state__in=(RETURNED, REJECTED)).order_by("-decided_at")[:10]),
        remarks=_unanswered(written.filter(~Exists(newer.exclude(submitted_at=None)))),
        drafts=list(mine.filter(state=DRAFT).order_by("-updated_at")[:10]),
        others=list((in_review.exclude(pk__in=to_review.order_by().values("pk")) if reviews else in_review)[:10]),
    )


def to_review(user: User, configs: QuerySet[SafetyConfig]) -> QuerySet[ConfigVersion]:
    """The versions that wait for this reviewer's decision, without what a list would say of them."""
    return _decidable(ConfigVersion.objects.filter(config__in=configs, state=SUBMITTED), user)


def _decidable(versions: QuerySet[ConfigVersion], user: User) -> QuerySet[ConfigVersion]:
    return versions.exclude(authors=user).exclude(submitted_by=user).exclude(reviews__reviewer=user)


def flags_to_answer(campaigns: QuerySet[Campaign]) -> QuerySet[Flag]:
    """The raters' flags in these campaigns that no lead has answered."""
    return Flag.objects.filter(item__campaign__in=campaigns, answered_at=None)


def _unanswered(versions: QuerySet[ConfigVersion]) -> list[Remarks]:
    """The versions with an open thread in which no author of the version had the last word, newest remark first."""
    wrote = ConfigVersion.authors.through.objects.filter(configversion=OuterRef("version"), user=OuterRef("author"))
    said = Comment.objects.filter(Q(pk=OuterRef("pk")) | Q(parent=OuterRef("pk"))).order_by("-pk")
    threads = Comment.objects.filter(version__in=versions.values("pk"), parent=None, resolved_at=None).order_by()
    last = threads.annotate(last=Subquery(said.values("pk")[:1])).values("last")
    open_ones = Comment.objects.filter(pk__in=last).exclude(Exists(wrote)).order_by()
    counted = open_ones.values("version").annotate(threads=Count("pk"), newest=Max("pk")).order_by("-newest")
    numbers = {row["newest"]: row["threads"] for row in counted[:10]}
    newest = Comment.objects.filter(pk__in=numbers).select_related("version__config", "author").order_by("-pk")
    return [Remarks(one.version, numbers[one.pk], one) for one in newest.defer(*(f"version__{name}" for name in TEXT))]
