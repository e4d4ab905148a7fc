"""A world that is thrown away: an empty database of this process, a campaign in it, people who rate, what they left.

For `manage.py stress_claim`, the bench and tests. People get their sessions directly, nobody logs in.
"""

import os
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryDirectory
from typing import NamedTuple
from urllib.parse import quote, urlsplit
from uuid import uuid4

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection, connections
from django.db.models import Count, F, Q
from django.utils import timezone

from annotations.models import (
    Assignment,
    Benchmark,
    Campaign,
    CampaignItem,
    ConfigVersion,
    Enrolment,
    Guideline,
    Membership,
    Organisation,
    Prompt,
    Rating,
    Response,
    SafetyConfig,
    User,
)
from annotations.models.people import ANNOTATOR, LEAD
from annotations.models.ratings import DONE
from annotations.services import campaign_items
from annotations.services.configs import version_digest

HOME, BATCH = "stress", 1_000
WORDS = (
    "a about adult answer ask audience before castle character city clear crowd danger detail drama editor every "
    "evening explain fair fear film garden guard harbour honest letter library light market matter medical moment "
    "museum never night novel old open page people player policy quiet reader refuse river safe scene school short "
    "siege stage story street student table teacher theatre tower train under village visit voice winter without"
)


class Row(NamedTuple):
    """A prompt and the response to it."""

    prompt: str
    response: str


class Rater(NamedTuple):
    """A person, and the cookie of a browser in which they are logged in."""

    user: User
    session: str


class Stored(NamedTuple):
    """What is in the database: answers by their tokens, and how often a rule about them is broken.

    `over` are items with more answers, or more slots in use, than they need; `twice` pairs of a rater and an item with
    two answers that count; `neither` slots that are done without exactly one answer, or have one and are not done.
    """

    tokens: Counter[str]
    over: int
    twice: int
    neither: int


@contextmanager
def throwaway() -> Iterator[Path]:
    """A temporary folder; this process's database is an empty one of its own meanwhile, and is gone afterwards.

    On SQLite it is a file in the folder, on PostgreSQL a database beside the one of COSA_DATABASE, whose role must be
    allowed to make databases.
    """
    theirs = connection.settings_dict["NAME"]
    with TemporaryDirectory(prefix="cosa-stress-") as name:
        own = f"{name}/cosa.sqlite3" if connection.vendor == "sqlite" else f"cosa_stress_{token_hex(6)}"
        connection.settings_dict["TEST"]["NAME"] = own
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        try:
            yield Path(name)
        finally:
            connections.close_all()
            connection.creation.destroy_test_db(str(theirs), verbosity=0)


def this_database() -> dict[str, str]:
    """The variables by which another process finds the database of this one."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        return {"COSA_SQLITE": name, "COSA_DATABASE": ""}
    return {"COSA_DATABASE": urlsplit(os.environ["COSA_DATABASE"])._replace(path=f"/{quote(name)}").geturl()}


def some_rows(count: int) -> list[Row]:
    """So many different prompts of 30 words with responses of 120, the same ones each time."""
    rng = random.Random(7)  # noqa: S311
    return [Row(f"{_text(rng, 30)} {number}.", f"{_text(rng, 120)}.") for number in range(count)]


def policy() -> str:
    """The text of the one config: 60 words."""
    return _text(random.Random(6), 60)  # noqa: S311


def _text(rng: random.Random, words: int) -> str:
    return " ".join(rng.choices(WORDS.split(), k=words))


def make_responses(rows: Sequence[Row]) -> list[int]:
    """The ids of responses with these texts, under one approved config."""
    version = _version()
    benchmark = Benchmark.objects.create(organisation=_home(), slug=HOME, title="Stress")
    fixed = {"benchmark": benchmark, "config": version.config, "kind": "safe"}
    prompts = Prompt.objects.bulk_create(
        (Prompt(text=row.prompt, position=n, digest=f"{n:064d}", **fixed) for n, row in enumerate(rows)),
        batch_size=BATCH,
    )
    both = zip(prompts, rows, strict=True)
    made = Response.objects.bulk_create(
        (Response(prompt=prompt, version=version, text=row.response) for prompt, row in both), batch_size=BATCH
    )
    return [response.pk for response in made]


def _version() -> ConfigVersion:
    config = SafetyConfig.objects.create(organisation=_home(), slug=HOME, title="Stress")
    text, rules = policy(), [{"id": "r1", "kind": "disallow", "text": "No real people.", "example": ""}]
    return ConfigVersion.objects.create(
        config=config,
        number=1,
        policy=text,
        rules=rules,
        allowed=[],
        state="approved",
        submitted_at=timezone.now(),
        digest=version_digest(text, rules, []),
    )


def _home() -> Organisation:
    return Organisation.objects.get_or_create(slug=HOME, defaults={"name": "Stress"})[0]


def make_lead() -> Rater:
    """The lead of all campaigns here."""
    user = User.objects.get_or_create(username="lead", defaults={"password": "!"})[0]
    Membership.objects.get_or_create(user=user, organisation=_home(), role=LEAD)
    return Rater(user, _session(user))


def make_raters(count: int) -> list[Rater]:
    """So many annotators, all logged in."""
    users = User.objects.bulk_create(User(username=f"rater-{number}", password="!") for number in range(count))  # noqa: S106
    home = _home()
    Membership.objects.bulk_create(Membership(user=user, organisation=home, role=ANNOTATOR) for user in users)
    return [Rater(user, _session(user)) for user in users]


def _session(user: User) -> str:
    store = SessionStore()
    store[SESSION_KEY] = str(user.pk)
    store[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store.save()
    return str(store.session_key)


def make_campaign(responses: Sequence[int], raters: Sequence[Rater], overlap: int = 1) -> Campaign:
    """An open campaign over these responses without bounds, in which the raters have begun."""
    lead = make_lead().user
    campaign = Campaign.objects.create(
        organisation=_home(),
        title="Stress",
        state="open",
        opened_at=timezone.now(),
        seed=7,
        overlap=overlap,
        created_by=lead,
    )
    Guideline.objects.create(campaign=campaign, number=1, text="Read twice.", created_by=lead)
    chosen = Response.objects.filter(pk__gte=min(responses), pk__lte=max(responses))
    campaign_items.add(campaign=campaign, responses=chosen, actor=lead)
    now = timezone.now()
    Enrolment.objects.bulk_create(Enrolment(campaign=campaign, rater=one.user, accepted_at=now) for one in raters)
    return campaign


def answer_all(campaign: Campaign, raters: Sequence[Rater]) -> int:
    """How many answers were stored at one go: one in each slot of the campaign, by the raters in turn."""
    now, guideline = timezone.now(), campaign.guidelines.get()
    slots = list(campaign.assignments.order_by("pk"))
    for number, slot in enumerate(slots):
        slot.state, slot.rater, slot.held_at, slot.done_at = DONE, raters[number % len(raters)].user, now, now
    Assignment.objects.bulk_update(slots, ["state", "rater", "held_at", "done_at"], batch_size=BATCH)
    fixed = {"guideline": guideline, "follows_config": True, "seconds": 12.0, "created_at": now}
    said = (
        Rating(assignment=slot, item_id=slot.item_id, rater=slot.rater, token=uuid4(), points=number % 6, **fixed)
        for number, slot in enumerate(slots)
    )
    return len(Rating.objects.bulk_create(said, batch_size=BATCH))


def look() -> Stored:
    """What the database of this process holds now."""
    counts = Q(ratings__withdrawn_at=None)
    items = CampaignItem.objects.annotate(answers=Count("ratings", filter=counts))
    used = CampaignItem.objects.annotate(used=Count("assignments", filter=Q(assignments__rater__isnull=False)))
    slots = Assignment.objects.annotate(answers=Count("ratings", filter=counts))
    pairs = Rating.objects.filter(withdrawn_at=None).order_by().values("item", "rater").annotate(answers=Count("pk"))
    return Stored(
        tokens=Counter(str(token) for token in Rating.objects.values_list("token", flat=True)),
        over=items.filter(answers__gt=F("needed")).count() + used.filter(used__gt=F("needed")).count(),
        twice=pairs.filter(answers__gt=1).count(),
        neither=slots.filter((Q(state=DONE) & ~Q(answers=1)) | (~Q(state=DONE) & Q(answers__gt=0))).count(),
    )
