"""Whoever rates learns nothing of the model, judges, other people, right answers or labels, whatever they ask for."""

import json
import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from annotations.models import Assignment, Campaign, CampaignItem, Enrolment, Response, User
from annotations.queries import wellbeing
from annotations.services import campaign_items, slots
from tests import campaign_place
from tests.addresses import make_place, names
from tests.blind_world import GOLD, WORDS, Blind, leaks, make_blind, secrets_of, sent
from tests.factories import make_candidate, make_model, make_person, make_prompt
from tests.rating_desk import enrol, make_campaign, make_response, rate

pytestmark = pytest.mark.django_db
RATERS_PAGES = [name for name in names() if re.match(r"annotations:rate(-|$)", name)]
LEADS_PAGES = [
    name for name in names() if name.rpartition(":")[2] in campaign_place.NAMES - {"group-edit"} - {"rate"}
    if name not in RATERS_PAGES
]  # fmt: skip
GOOD = {"points": 4, "follows_config": "no", "broken_rules": ["r1"], "comment": "own comment"}


def browser(who: str) -> Client:
    client = Client(raise_request_exception=True)
    client.force_login(User.objects.get(username=who))
    return client


def addresses(blind: Blind) -> Iterator[str]:
    """Every address of a rater, of each of the slots they could ask for."""
    for name in RATERS_PAGES:
        if name.rpartition(":")[2] in campaign_place.OF_SLOT:
            for slot in blind[2:]:
                yield reverse(name, args=[blind.campaign.pk, slot.key])
        else:
            yield reverse(name, args=[] if name == "annotations:rate-list" else [blind.campaign.pk])


def post(client: Client, name: str, body: Any, *args: Any) -> HttpResponse:
    return client.post(reverse(f"annotations:rate{name}", args=args), json.dumps(body), content_type="application/json")


def talk(blind: Blind, client: Client) -> Iterator[HttpResponse]:
    """What a page's script asks for, rightly and wrongly, and what comes back."""
    pk, mine, theirs = blind.campaign.pk, blind.held.key, blind.foreign.key
    token = str(uuid4())
    yield from (post(client, "-next", {"ahead": ahead}, pk) for ahead in (False, True))
    yield post(client, "-beat", {"keys": [str(mine), str(theirs), str(blind.passed.key)]}, pk)
    yield from (post(client, "-back", {"before": before}, pk) for before in (None, str(theirs)))
    for key in (mine, theirs, blind.passed.key, uuid4()):
        yield post(client, "-draft", {"comment": "own draft"}, pk, key)
        yield post(client, "-flag", {"text": "own flag"}, pk, key)
        yield post(client, "-skip", {"reason": "nonsense"}, pk, key)
        yield post(client, "-submit", {**GOOD, "points": 9, "token": token}, pk, key)
    yield from (post(client, "-submit", {**GOOD, "token": str(uuid4())}, pk, key) for key in (theirs, blind.passed.key))
    yield from (post(client, "-submit", {**GOOD, "token": token, "next": True}, pk, mine) for _ in range(2))
    again = {**GOOD, "points": 1, "replaces": token, "token": str(uuid4())}
    yield post(client, "-submit", again, pk, mine)
    yield post(client, "-skip", {"reason": "distressing"}, pk, blind.ahead.key)
    yield from _to_the_end(blind, client)


def _to_the_end(blind: Blind, client: Client) -> Iterator[HttpResponse]:
    """Every item that is left, read and answered, until there is none; so the right answers come by as well."""
    for _ in range(20):
        yield (told := post(client, "-next", {}, blind.campaign.pk))
        if (item := told.json()["item"]) is None:
            return
        yield post(client, "-submit", {**GOOD, "token": str(uuid4())}, blind.campaign.pk, item["key"])


def forms(blind: Blind, client: Client) -> Iterator[HttpResponse]:
    """The same without a script."""
    pk = blind.campaign.pk
    yield client.post(reverse("annotations:rate-start", args=[pk]), {"declined": ["spells"]})
    yield client.post(reverse("annotations:rate-start", args=[pk]), {"declined": ["drugs"]})
    for key in (blind.held.key, blind.foreign.key, blind.done.key):
        yield client.post(reverse("annotations:rate-send", args=[pk, key]), {"points": "9"})
    name = wellbeing.outside_name(wellbeing.skips(blind.carol).get())
    yield client.post(reverse("annotations:rate-again", args=[pk]), {"skip": name}, follow=True)
    yield client.get("/")


def test_nothing_a_rater_asks_for_tells_what_they_must_not_know() -> None:
    blind = make_blind()
    carol, secrets = browser("carol"), secrets_of(blind)
    told = [*forms(blind, carol), *[carol.get(one) for one in addresses(blind)]]
    told += talk(blind, carol)
    told += [carol.get(one) for one in addresses(blind)] + [carol.post(one) for one in addresses(blind)]
    secrets |= secrets_of(blind)
    found = {(one.request["REQUEST_METHOD"], one.request["PATH_INFO"]): leaks(sent(one), secrets) for one in told}
    assert {asked: leaked for asked, leaked in found.items() if leaked} == {}
    assert {one.status_code for one in told} <= {200, 302, 400, 404, 405, 409, 422}
    assert CampaignItem.objects.filter(ratings__rater=blind.carol.rater).exclude(gold_follows=None).exists()


def test_the_walk_reads_whole_pages_and_would_find_every_secret() -> None:
    blind = make_blind()
    secrets = secrets_of(blind)
    page = sent(browser("carol").get(reverse("annotations:rate", args=[blind.campaign.pk])))
    assert "</html>" in page and leaks(page, secrets) == []
    told = (blind.held.item_id, blind.held.pk, blind.foreign.key, "Partial", *WORDS)
    assert [one for one in told if not leaks(page.replace("Rate", f"Rate {one}"), secrets)] == []


def test_a_leads_page_is_full_of_what_raters_must_not_know() -> None:
    blind = make_blind()
    text = sent(browser("lea").get(reverse("annotations:flag-list", args=[blind.campaign.pk])))
    assert {"word okapi", "word zebracorn"} <= set(leaks(text, secrets_of(blind)))


def bare(response: HttpResponse, campaign: Campaign) -> str:
    """What went out, without what differs between any two items: names for outside, times, the person's own number."""
    text = re.sub(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", "UUID", sent(response))
    text = re.sub(r'(csrfmiddlewaretoken" value="|X-CSRFToken&quot;: &quot;|X-CSRFToken": ")\w+', r"\1", text)
    text = re.sub(r"(sessionid|csrftoken|messages)=[^\n]*", r"\1", text)
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*(?:Z|[+-]\d\d:\d\d)", "TIME", text)
    text = re.sub(r"Content-Length': '\d+'|X-Request-ID': '\w+'|[\d.]+ s\b", "LENGTH", text)
    text = re.sub(r"\d{1,2} \w{3} \d{4}, \d\d:\d\d|held until \d\d:\d\d", "TIME", text)
    return re.sub(rf"rate/{campaign.pk}/|data-campaign=\"{campaign.pk}\"", "CAMPAIGN", text)


def one_item(kind: str, model: str, rater: str, **gold: Any) -> tuple[Campaign, Client]:
    """A campaign of one item, the same texts whatever else is known of it, and its rater."""
    campaign = make_campaign(0, title="Sieges")
    prompt = make_prompt("How does it end?", kind=kind, why=model, source=model, risks=["violence"])
    response = make_response("It ends well.", prompt=prompt, candidate=make_candidate(make_model(model)))
    lea = make_person("lea")
    campaign_items.add(campaign=campaign, responses=Response.objects.filter(pk=response.pk), actor=lea)
    if gold:
        campaign.items.update(**gold)
        campaign.assignments.all().delete()
    enrol(campaign, rater)
    return campaign, browser(rater)


def life(campaign: Campaign, client: Client) -> list[str]:
    """All that its rater is sent, from the start to the last answer."""
    pk = campaign.pk
    key = Assignment.objects.get(campaign=campaign).key
    told = [client.get(reverse(f"annotations:rate{name}", args=[pk])) for name in ("", "-start", "-mine")]
    told += [post(client, "-next", {}, pk), post(client, "-draft", {"comment": "x"}, pk, key)]
    told += [
        post(client, "-submit", {**GOOD, "token": str(uuid4()), "next": True}, pk, key),
        post(client, "-back", {}, pk),
    ]
    told += [client.get(reverse("annotations:rate-item", args=[pk, key]))]
    told += [client.get(reverse(f"annotations:rate{name}", args=[pk])) for name in ("", "-mine")]
    return [bare(one, campaign) for one in told]


def test_a_gold_item_is_sent_byte_for_byte_like_any_other() -> None:
    plain = life(*one_item("allowed", "echo", "carol"))
    gold = life(*one_item("disallowed", "parrot", "carol", **GOLD))
    assert "It ends well." in plain[0] and gold == plain


def test_keys_are_random_and_the_order_of_items_does_not_set_gold_apart() -> None:
    campaign = make_campaign(12, overlap=6, overlap_share=100)
    chosen = campaign.items.filter(pk__in=list(campaign.items.values_list("pk", flat=True))[:4])
    chosen.update(**GOLD)
    campaign.assignments.filter(item__in=chosen).delete()
    people = [enrol(campaign, f"rater{number}") for number in range(6)]
    orders = ["".join("g" if rate(one).item.is_gold else "." for _ in range(12)) for one in people]
    assert {order.count("g") for order in orders} == {4}
    assert len(set(orders)) > 3 and "gggg........" not in orders and "........gggg" not in orders
    assert {UUID(str(key)).version for key in campaign.assignments.values_list("key", flat=True)} == {4}


def test_an_item_that_comes_back_has_another_place_and_no_other_mark() -> None:
    campaign = make_campaign(2, overlap=2)
    carol, dan = enrol(campaign, "carol"), enrol(campaign, "dan")
    keys = {slots.turn(one).assignment.key for one in (carol, dan)}  # type: ignore[union-attr]
    assert len(keys) == 2


def test_who_rates_in_a_campaign_finds_none_of_its_other_pages() -> None:
    place, olga = make_place(), make_person("olga", role="lead")
    pages = [place.url(name) for name in LEADS_PAGES]
    client = browser("olga")
    campaign = Campaign.objects.get()
    assert client.get(reverse("annotations:campaign-wellbeing", args=[campaign.pk])).status_code == 200
    Enrolment.objects.create(campaign=campaign, rater=olga)
    got = {page: {client.get(page).status_code, client.post(page).status_code} for page in pages}
    assert {page: codes for page, codes in got.items() if codes not in ({404}, {404, 405})} == {}


def test_an_annotator_reaches_no_run_and_no_result() -> None:
    place = make_place()
    pages = ("run-list", "run-detail", "item-list", "item-detail", "model-list", "model-detail")
    addresses = [place.url(f"training:{name}") for name in pages]
    make_person("carol")
    carol = browser("carol")
    assert [carol.get(one).status_code for one in addresses] == [403] * len(pages)
