"""What people under load do, and what must hold afterwards: nobody gets what another one has, nothing is lost."""

import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import uuid4

from django.urls import reverse

from annotations.models import Campaign
from cosa_web.stress import Browser, People, Person, Reply, Server
from cosa_web.stress_world import Stored, make_campaign

LIMIT_SECONDS = 600.0
LOCKED = "database is locked"


@dataclass
class Tally:
    """What came of it so far.

    `doubles` counts slots that two people got, `left` slots nobody got though somebody was sent away, `refused` answers
    to another one's slot, `acknowledged` has the tokens of the answers that were answered with 200.
    """

    handed: int = 0
    doubles: int = 0
    left: int = 0
    refused: int = 0
    acknowledged: list[str] = field(default_factory=list)
    campaigns: list[Campaign] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)
    ends: float = field(default_factory=lambda: time.monotonic() + LIMIT_SECONDS)

    def wrong(self, what: str, reply: Reply) -> None:
        """Nothing; the answer counts as an error."""
        self.errors[f"{what}: {reply.status} {reply.body.get('error', '')}".strip()] += 1


def claim_all(people: People, responses: Sequence[int], rounds: int, overlap: int, tally: Tally) -> None:
    """Nothing; so many rounds of `claim`, each in a campaign of its own over these responses."""
    raters = [one.rater for one in people.all]
    campaigns = [make_campaign(responses, raters, overlap) for _ in range(rounds)]
    for campaign in campaigns:
        tally.campaigns.append(campaign)
        claim(people, campaign, len(responses) * overlap, tally)


def claim(people: People, campaign: Campaign, slots: int, tally: Tally) -> None:
    """Nothing; everybody asks at once, then everybody answers at once: what they got, or else another one's slot.

    What was stored is sent once more with the same token.
    """
    replies = people.at_once(lambda one: one.next(campaign))
    for reply in replies:
        if reply.status != 200:
            tally.wrong("next", reply)
    keys = [(reply.body.get("item") or {}).get("key", "") for reply in replies]
    got = [key for key in keys if key]
    tally.handed += len(got)
    tally.doubles += len(got) - len(set(got))
    tally.left += max(0, min(slots, len(keys)) - len(got))
    if got:
        mine = {id(one): key for one, key in zip(people.all, keys, strict=True)}
        people.at_once(lambda one: _answer(one, campaign, mine[id(one)], got[0], tally))


def _answer(one: Person, campaign: Campaign, key: str, of_another: str, tally: Tally) -> None:
    token = str(uuid4())
    reply = one.submit(campaign, key or of_another, token)
    if not key:
        tally.refused += reply.status == 409
        if reply.status != 409:
            tally.wrong("an answer to another one's item", reply)
    elif reply.status != 200:
        tally.wrong("submit", reply)
    else:
        tally.acknowledged.append(token)
        again = one.submit(campaign, key, token)
        if again.status != 200 or again.body != reply.body | {"again": True}:
            tally.wrong("the same sending again", again)


def submit_all(people: People, campaign: Campaign, each: int, tally: Tally, server: Server, kills: int = 0) -> None:
    """Nothing; everybody takes and answers so many items, one after the other; the server is killed so often meanwhile.

    Who gets no answer asks the same again, with the same token, until one comes.
    """
    tally.campaigns.append(campaign)
    before, total = len(tally.acknowledged), each * len(people.all)
    jobs = people.begin(lambda one: _work(one, campaign, each, tally))
    for number in range(1, kills + 1):
        enough = before + total * number // (kills + 1)
        while len(tally.acknowledged) < enough and not all(job.done() for job in jobs):
            time.sleep(0.005)
        server.kill()
        server.start()
    for job in jobs:
        job.result()


def _work(one: Person, campaign: Campaign, each: int, tally: Tally) -> None:
    for _ in range(each):
        if time.monotonic() > tally.ends or one.ending.is_set():
            tally.errors["ended before all was answered"] += 1
            return
        turn = one.surely(lambda: one.next(campaign))
        if turn.status != 200 or not turn.body["item"]:
            tally.wrong("next", turn)
            continue
        tally.handed += 1
        key, token = turn.body["item"]["key"], str(uuid4())
        reply = one.surely(lambda key=key, token=token: one.submit(campaign, key, token))  # type: ignore[misc]
        if reply.status == 200:
            tally.acknowledged.append(token)
        else:
            tally.wrong("submit", reply)


def exported(browser: Browser, tally: Tally) -> Counter[str]:
    """How often each answer stands in the files that a lead takes away, by its token."""
    found = Counter[str]()
    for campaign in tally.campaigns:
        page = browser.get(reverse("annotations:rating-export", args=[campaign.pk]) + "?format=jsonl")
        if page.status != 200:
            tally.wrong("export", page)
            continue
        found.update(json.loads(line)["comment"] for line in page.body["text"].splitlines())
    return found


def faults(tally: Tally, stored: Stored, taken: Counter[str], log: str) -> dict[str, int]:
    """Everything that is wrong, by what it is; empty when all is well."""
    said = Counter(tally.acknowledged)
    found = {
        "slots that two people got": tally.doubles,
        "slots nobody got though somebody was sent away": tally.left,
        "answers acknowledged and not stored": len(said.keys() - stored.tokens.keys()),
        "answers stored and not acknowledged": len(stored.tokens.keys() - said.keys()),
        "answers stored twice": sum(count > 1 for count in stored.tokens.values()),
        "answers acknowledged and not in the export": len(said.keys() - taken.keys()),
        "answers twice in the export": sum(count > 1 for count in taken.values()),
        "items with more answers or slots than they need": stored.over,
        "people with two answers on one item": stored.twice,
        "slots neither answered nor free": stored.neither,
        f"“{LOCKED}” in the log": log.count(LOCKED),
        **tally.errors,
    }
    return {what: count for what, count in found.items() if count}
