"""A config with dozens of versions and comments: its pages ask the database as often as for two."""

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotations.models import ConfigVersion
from tests.factories import make_config, make_person
from tests.review_desk import decide, say, waits
from tests.version_runs import make_prompts, run_of

pytestmark = pytest.mark.django_db
MOST = 26
LONG = "\n".join(f"Line {number} opens السلام 🎓 nothing." for number in range(100))


def desk():
    """A config with three versions, the last of them number 60, waiting for a review with two threads on it."""
    config = make_config()
    waits(config, state="approved", number=1, policy=LONG)
    older(config, 2, 2)
    version = waits(config, number=60, base=config.versions.get(number=1), policy=f"More.\n{LONG}")
    make_prompts(config)
    run_of(version)
    talk(version, 4)
    return version


def older(config, first, last):
    """Versions numbered from first to last, each begun from the one before and decided about by Bob."""
    for number in range(first, last + 1):
        base = config.versions.get(number=number - 1)
        version = waits(config, number=number, base=base, policy=LONG, created_by=make_person("lea"))
        decide(version, "return")


def talk(version, comments):
    for number in range(0, comments, 2):
        thread = say(version, f"Which, {number}?", anchor=f"p{number + 1}")
        say(version, "All of them.", "ada", parent=thread)


def url(name, version, *more):
    return reverse(name, args=[version.config_id, *more])


PAGES = {
    "config-detail": lambda version: url("annotations:config-detail", version),
    "version-list": lambda version: url("annotations:version-list", version),
    "version-diff": lambda version: url("annotations:version-diff", version, 1, version.number),
    "version-diff-side": lambda version: url("annotations:version-diff", version, 1, version.number) + "?view=side",
    "review-detail": lambda version: url("training:review-detail", version, version.number),
    "home": lambda version: reverse("home"),
    "review-list": lambda version: reverse("training:review-list"),
}
GOES_ON = {"version-list", "review-list"}


def asked(client, address):
    cache.clear()
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return len(queries)


@pytest.mark.parametrize("person", ["ada", "bob"])
def test_sixty_versions_and_sixty_comments_ask_as_often_as_three_and_four(as_person, person):
    client, version = as_person(person), desk()
    few = {name: asked(client, page(version)) for name, page in PAGES.items()}
    ConfigVersion.objects.filter(pk=version.pk).update(state="set_aside")
    older(version.config, 3, 59)
    ConfigVersion.objects.filter(pk=version.pk).update(state="submitted")
    talk(version, 56)
    assert version.config.versions.count() == 60 and version.comments.count() == 60
    # a list that goes on is counted, by one query more
    more = {name: few[name] + (name in GOES_ON) for name in PAGES}
    assert {name: asked(client, page(version)) for name, page in PAGES.items()} == more
    assert max(few.values()) <= MOST
