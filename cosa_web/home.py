"""What stands on a person's home: what waits for them, with numbers, what runs, and the newest scores."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from django.urls import reverse
from django.utils.translation import ngettext_lazy

from annotations import access as people_access
from annotations import campaign_access
from annotations.charts import ticks
from annotations.models import User
from annotations.models.people import ADMIN, LEAD, REVIEWER
from annotations.models.work import WAITING
from annotations.queries import campaigns as campaign_queries
from annotations.queries import rate_list
from annotations.queries import waiting as people_queries
from annotations.queries.checks import Told, told
from annotations.queries.numbers import up_to
from annotations.templatetags.look import count
from training import access, home_queries, queries
from training.charts import config_rows

LISTED = 10
STOPPED, RUNNING = 5, 5
SOMETHING = (
    "to_rate",
    "checks",
    "slow_checks",
    "checks_later",
    "checks_waited",
    "led",
    "stopped",
    "decisions",
    "troubles",
)
SORTS = {
    "reviews": ngettext_lazy("review", "reviews"),
    "flags": ngettext_lazy("flag", "flags"),
    "differences": ngettext_lazy("difference", "differences"),
    "to_rate": ngettext_lazy("response to rate", "responses to rate"),
    "to_label": ngettext_lazy("prompt to label", "prompts to label"),
    "returned": ngettext_lazy("returned version", "returned versions"),
    "comments": ngettext_lazy("open comment", "open comments"),
    "drafts": ngettext_lazy("draft", "drafts"),
    "stopped": ngettext_lazy("stopped run", "stopped runs"),
    "decisions": ngettext_lazy("decision", "decisions"),
    "deployments": ngettext_lazy("deployment stopped", "deployments stopped"),
    "keys": ngettext_lazy("key ends about now", "keys end about now"),
    "workers": ngettext_lazy("worker is silent", "workers are silent"),
    "nodes": ngettext_lazy("node is silent", "nodes are silent"),
}
"""What follows a number of things of one sort that wait."""


class Ask(NamedTuple):
    """A number of things of one sort that wait, in words, and where they are."""

    number: str
    words: str
    url: str


def shown(user: User, *, wait: bool) -> dict[str, Any]:
    """All of the page, as its template names it; a person who only rates is not asked for runs and scores.

    Without `wait` it leaves out what takes seconds, and says so.
    """
    waits = _of_raters(user, wait=wait)
    if not people_access.roles(user) & people_access.WORKERS:
        return waits | {"works": False, "asks": list(_asks(waits)), "something_waits": _any(waits)}
    waits |= _of_workers(user)
    runs = access.runs(user)
    return waits | {
        "works": True,
        "asks": list(_asks(waits)),
        "something_waits": _any(waits) or waits["waiting"].something,
        "unfinished": queries.with_counts(queries.unfinished(runs))[:RUNNING],
        "recent": queries.with_counts(runs).order_by("-pk")[:8],
        "rows": config_rows(runs, people_access.configs(user)),
        "ticks": ticks(),
        "run_new": reverse("training:run-new"),
    }


def _any(waits: dict[str, Any]) -> bool:
    return any(waits.get(name) for name in SOMETHING)


def _of_raters(user: User, *, wait: bool) -> dict[str, Any]:
    """Responses to rate and prompts to label, of those who do that."""
    rates = bool(people_access.roles(user) & people_access.RATERS)
    places = rate_list.places(campaign_access.enrolments(user)) if rates else []
    checks = told(user, people_access.benchmarks_to_check(user), wait=wait) if rates else Told([], [], later=False)
    return {
        "to_rate": [place for place in places if place.waiting or place.answers],
        "checks": [one for one in checks.soon if one.waiting],
        "slow_checks": [one for one in checks.slow if one.waiting],
        "checks_later": checks.later,
        "checks_waited": wait,
    }


def _of_workers(user: User) -> dict[str, Any]:
    """Reviews, remarks, drafts, campaigns to lead, work that waits for a decision, and what is in trouble."""
    roles = people_access.roles(user)
    mine = campaign_access.campaigns(user).filter(organisation__in=campaign_access.organisations_led(user))
    work = home_queries.at_work(user)
    decides = bool(roles & {*people_access.AUTHORS, ADMIN})
    may = [one for one in work if one.state == WAITING and decides and (ADMIN in roles or not one.of_admins)]
    return {
        "waiting": people_queries.waiting(user, people_access.configs(user), reviews=REVIEWER in roles),
        "led": campaign_queries.waiting(mine) if LEAD in roles else [],
        "stopped": queries.with_counts(access.runs(user).filter(state="paused"))[: STOPPED + 1] if decides else [],
        "decisions": may,
        "at_work": [one for one in work if one.state != WAITING][:RUNNING],
        "troubles": list(_troubles(home_queries.troubles(user))),
    }


def _troubles(found: dict[str, int]) -> Iterator[Ask]:
    """What an admin or lead has to look after, each with where that is done."""
    places = {
        "deployments": f"{reverse('training:deployment-list')}?state=stopped",
        "keys": f"{reverse('training:key-list')}?state=all",
        "workers": reverse("training:worker-list"),
        "nodes": reverse("training:node-list"),
    }
    for name, url in places.items():
        if number := found.get(name, 0):
            yield Ask(up_to(number), SORTS[name] % number, url)


def _asks(waits: dict[str, Any]) -> Iterator[Ask]:
    """The numbers of all that waits, the most pressing first; of nothing there is no number."""
    waiting = waits.get("waiting")
    if waiting:
        yield from _ask(len(waiting.reviews), "reviews", reverse("training:review-list"), most=LISTED)
    led = waits.get("led", ())
    yield from _ask(sum(one.flags for one in led), "flags", reverse("annotations:campaign-list"))
    yield from _ask(sum(one.differences for one in led), "differences", reverse("annotations:campaign-list"))
    rate, check = waits["to_rate"], waits["checks"] + waits["slow_checks"]
    yield from _ask(sum(place.waiting for place in rate), "to_rate", reverse("annotations:rate-list"))
    number = sum(one.waiting for one in check)
    most = number if any(one.plus for one in check) else 0
    yield from _ask(number, "to_label", reverse("annotations:check-list"), most=most)
    if waiting:
        yield from _ask(len(waiting.returned), "returned", "#waits", most=LISTED)
        yield from _ask(sum(talk.threads for talk in waiting.remarks), "comments", "#waits")
        yield from _ask(len(waiting.drafts), "drafts", "#waits", most=LISTED)
    stopped: Sequence[Any] = waits.get("stopped", ())
    yield from _ask(len(stopped), "stopped", f"{reverse('training:run-list')}?state=paused", most=STOPPED + 1)
    yield from _ask(len(waits.get("decisions", ())), "decisions", "#waits")
    yield from waits.get("troubles", ())


def _ask(number: int, sort: str, url: str, most: int = 0) -> Iterator[Ask]:
    if number:
        plus = "+" if most and number >= most else ""
        yield Ask(f"{count(number)}{plus}", SORTS[sort] % number, url)
