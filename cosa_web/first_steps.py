"""What an empty installation lacks until its first score: steps that are done when what they make is there."""

from typing import Any, NamedTuple

from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest

from annotations import access
from annotations.access import AUTHORS
from annotations.models import ConfigVersion, Membership, Organisation, Prompt, User
from annotations.models.configs import APPROVED, DRAFT
from annotations.models.people import ADMIN, REVIEWER
from training import access as machines
from training.forms.run_judges import callable_models
from training.services import first_models

OF_ADMINS = ("organisation", "people", "model", "config", "benchmark", "run")
OF_AUTHORS = ("config", "submit", "benchmark", "run")
NEEDS = {
    "people": {"organisation"},
    "config": {"organisation"},
    "submit": {"config"},
    "benchmark": {"config"},
    "run": {"model", "benchmark"},
}
WALKING = "first_steps"
"""In the session while somebody goes through the steps: every page then leads back to them."""
SHOWN = 4


class Step(NamedTuple):
    """One step: whether it is done, and whether what it needs is there."""

    name: str
    done: bool
    ready: bool


class FirstSteps(NamedTuple):
    """The steps of one person, and what is there already."""

    steps: list[Step]
    there: frozenset[str]

    @property
    def done(self) -> int:
        """How many are done."""
        return sum(step.done for step in self.steps)

    @property
    def finished(self) -> bool:
        """True when nothing is left."""
        return self.done == len(self.steps)

    @property
    def next(self) -> str:
        """The name of the first step that is not done; "" when nothing is left."""
        return next((step.name for step in self.steps if not step.done), "")


def of(user: User) -> FirstSteps:
    """The steps of the person, told by the rows there are; none for those who make nothing. One query."""
    held = access.roles(user)
    names = OF_ADMINS if ADMIN in held else OF_AUTHORS if held & AUTHORS else ()
    if not names:
        return FirstSteps([], frozenset())
    there = _there(user)
    return FirstSteps([Step(name, name in there, there >= NEEDS.get(name, set())) for name in names], there)


def _there(user: User) -> frozenset[str]:
    rows = _rows(user)
    asked = User.objects.filter(pk=user.pk).values_list(*(Exists(found.order_by()) for found in rows.values()))
    there = {name for name, is_there in zip(rows, asked.get(), strict=True) if is_there}
    return frozenset(there | ({"people"} if there >= {"author", "reviewer"} else set()))


def _rows(user: User) -> dict[str, QuerySet[Any]]:
    """What makes each step done, by its name."""
    active = Membership.objects.filter(user__is_active=True)
    configs, benchmarks = access.configs(user), access.benchmarks(user)
    return {
        "organisation": Organisation.objects.all(),
        "author": active.filter(role__in=AUTHORS),
        "reviewer": active.filter(role=REVIEWER),
        "model": callable_models(),
        "config": configs,
        "submit": ConfigVersion.objects.filter(config__in=configs).exclude(submitted_at=None),
        "benchmark": Prompt.objects.current().filter(benchmark__in=benchmarks),
        "run": machines.runs(user),
    }


def beside(user: User, steps: FirstSteps) -> dict[str, Any]:
    """What the buttons of the steps that are left lead to; a few queries, fewer with every step."""
    left = {step.name for step in steps.steps if step.ready and not step.done}
    told: dict[str, Any] = {"may_write": access.organisations_to_write_in(user).exists()}
    if left & {"people", "config"}:
        told["first_organisation"] = Organisation.objects.order_by("pk").first()
        authors = User.objects.filter(is_active=True, memberships__role__in=AUTHORS)
        told["authors"] = list(authors.distinct().order_by("first_name", "username")[:SHOWN])
    if "model" in left:
        told["no_packaged"] = first_models.missing()
    if "submit" in left:
        mine = ConfigVersion.objects.filter(config__in=access.configs(user), state=DRAFT)
        told["draft"] = mine.order_by("pk").first()
    if "benchmark" in left:
        told["empty_benchmark"] = access.benchmarks_to_write_in(user).order_by("pk").first()
    if "run" in left:
        told["tested"] = _tested(user)
    return told


def _tested(user: User) -> ConfigVersion | None:
    """The version that a first run would test: the newest of a config with prompts, an approved one before others."""
    asked = Prompt.objects.current().filter(
        benchmark__in=access.benchmarks_to_write_in(user), config=OuterRef("config")
    )
    versions = ConfigVersion.objects.filter(Exists(asked)).order_by("-pk")
    return versions.filter(state=APPROVED).first() or versions.first()


def remember(request: HttpRequest, steps: FirstSteps) -> None:
    """Nothing; from now on every page leads back to the steps, until none is left or Home is opened."""
    if steps.finished:
        forget(request)
    else:
        request.session[WALKING] = True


def forget(request: HttpRequest) -> None:
    """Nothing; pages do not lead back to the steps any more."""
    request.session.pop(WALKING, None)
