"""What every page's frame shows: the rail for the person's roles, and the organisation."""

from functools import partial
from typing import Any, NamedTuple, cast

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy as _

from annotations import access, campaign_access
from annotations.models import User
from annotations.models.people import ADMIN, EXPERT, LEAD, REVIEWER
from annotations.queries import waiting
from annotations.queries.numbers import numbers, up_to
from cosa_web import first_steps

AUDIT = "annotations:audit-list"
RAIL = (
    (_("Home"), "home", "home", None),
    (_("Configs"), "annotations:config-list", "configs", access.WORKERS),
    (_("Benchmarks"), "annotations:benchmark-list", "benchmarks", access.WORKERS),
    (_("Label"), "annotations:check-list", "checks", access.RATERS),
    (_("Rate"), "annotations:rate-list", "rate", access.RATERS),
    (_("Playground"), "training:playground", "playground", access.WORKERS),
    (_("Reviews"), "training:review-list", "reviews", access.WORKERS),
    (_("Campaigns"), "annotations:campaign-list", "campaigns", access.WATCHERS | {LEAD}),
    (_("Runs"), "training:run-list", "runs", access.WORKERS),
    (_("Training"), "training:recipe-list", "training", access.WORKERS),
    (_("Models"), "training:model-list", "models", access.WORKERS),
    (_("Deployments"), "training:deployment-list", "deployments", access.WORKERS),
    (_("Admin"), "annotations:person-list", "admin", frozenset({ADMIN})),
    (_("Audit"), AUDIT, "admin", frozenset({REVIEWER})),
)
# An admin finds these under one entry, as tabs.
ADMIN_PAGES = ("/people/", "/organisations/", "/audit/", "/floor/", "/setup/")
BENCHMARK_PAGES = ("/benchmarks/", "/imports/", "/test-sets/")
CAMPAIGN_PAGES = ("/campaigns/", "/rater-groups/")
MODEL_PAGES = ("/models/", "/judges/")
DEPLOYMENT_PAGES = ("/deployments/", "/keys/")
TRAINING_PAGES = (
    *("/recipes/", "/preferences/", "/training-prompts/", "/taxonomies/", "/maps/"),
    *("/trainings/", "/loops/", "/checkpoints/", "/merges/", "/nodes/", "/workers/"),
)
BELOW = {
    "annotations:person-list": ADMIN_PAGES,
    "annotations:benchmark-list": BENCHMARK_PAGES,
    "annotations:campaign-list": CAMPAIGN_PAGES,
    "training:deployment-list": DEPLOYMENT_PAGES,
    "training:model-list": MODEL_PAGES,
    "training:recipe-list": TRAINING_PAGES,
}
# A version's review lies below its config, and belongs to the reviews.
REVIEW_PAGES = frozenset({"review-detail", "review-decide", "version-retire", "comment-add", "comment-resolve"})


class Place(NamedTuple):
    """One entry of the rail; `count` is how much waits there for the person, "" for nothing."""

    label: str
    url: str
    icon: str
    active: bool
    count: str = ""


def frame(request: HttpRequest) -> dict[str, Any]:
    """`nav`, `organisation`, `may_start` (a run), `to_first_steps` for somebody logged in; nothing for a stranger."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {}
    person = cast(User, user)
    held = access.roles(person)
    first = person.memberships.select_related("organisation").order_by("pk").first()
    may_start = bool(held & {EXPERT, LEAD, ADMIN})
    return {
        "nav": SimpleLazyObject(partial(_rail, request, person)),
        "organisation": first.organisation.name if first else "",
        "may_start": may_start,
        "search_url": reverse("search"),
        "searching": request.path == reverse("search"),
        "to_first_steps": first_steps.WALKING in getattr(request, "session", {}) and request.path != reverse("setup"),
    }


def _rail(request: HttpRequest, person: User) -> list[Place]:
    """The entries for the person's roles; asked for where the rail is shown, so that parts of pages count nothing."""
    held, counts = access.roles(person), _counts(person)
    return [
        Place(str(label), reverse(name), icon, _is_here(request, name), _number(counts.get(f"of_{icon}", 0)))
        for label, name, icon, needed in RAIL
        if needed is None or (held & needed and (name != AUDIT or ADMIN not in held))
    ]


def _counts(person: User) -> dict[str, int]:
    """How many reviews wait for a reviewer, and how many flags for a lead; one query, none for everybody else."""
    held, asked = access.roles(person), {}
    if REVIEWER in held:
        asked["of_reviews"] = waiting.to_review(person, access.configs(person))
    if LEAD in held:
        led = campaign_access.organisations_led(person)
        asked["of_campaigns"] = waiting.flags_to_answer(campaign_access.campaigns(person).filter(organisation__in=led))
    return numbers(person, **asked)


def _is_here(request: HttpRequest, name: str) -> bool:
    """Whether the page lies below the entry that leads to the address of that name."""
    if request.resolver_match and request.resolver_match.url_name in REVIEW_PAGES:
        return name == "training:review-list"
    url = reverse(name)
    return request.path == url if url == "/" else request.path.startswith(BELOW.get(name, (url,)))


def _number(count: int) -> str:
    return up_to(count) if count else ""
