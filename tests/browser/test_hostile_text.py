"""Every field says the worst it can: nothing of it runs, and no page is wider than a telephone."""

from typing import Any

import pytest
from playwright.sync_api import Page

from annotations.models import ConfigVersion, Organisation, User
from annotations.services import audit, configs, floor, reviews
from annotations.services.configs import Content
from annotations.services.prompts import add_prompt
from tests import campaign_place
from tests.addresses import make_place
from tests.factories import make_benchmark, make_model, make_organisation, make_person
from tests.outcomes import answer, finish
from tests.review_desk import HOSTILE, UPSIDE_DOWN, decide
from tests.test_pages import PAGES, READ
from tests.version_runs import run_of

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
WORST = f"{HOSTILE} $config <!-- [now](javascript:alert(4)) <svg/onload=alert(5)> {UPSIDE_DOWN}"
LONG = f"{'w' * 20_000} {WORST}"
RULE = {"id": "r1", "kind": "conditional", "text": f"{WORST} {'w' * 2000}", "example": WORST}
ABOUT_IT = {"title": f"{WORST[:150]}{'w' * 150}", "use_case": LONG[-3900:], "audience": WORST, "language": "ar"}
UNSAFE = "script:not([src]), img[onerror], svg[onload], [onfocus], [onerror], a[href^='javascript']"


def worst_people() -> None:
    for person in User.objects.all():
        person.first_name, person.last_name, person.email = WORST[:150], "w" * 150, f"{'w' * 60}@example.org"
        person.save()
    Organisation.objects.update(name=f"{WORST[:100]}{'w' * 100}", about=LONG)


def written() -> ConfigVersion:
    """A version that waits, and the one before, with everything said about them that can be."""
    ada, bob = make_person("ada"), make_person("bob")
    content = Content(f"# {WORST}\n\n{LONG}\n- {WORST}\n", [RULE], ["violence"])
    made = {"organisation": make_organisation(), "about": ABOUT_IT, "actor": ada}
    first = configs.create(content=content, **made)
    prompt = {"benchmark": make_benchmark(title=WORST[:200]), "config": first.config, "rule": "r1", "language": "ar"}
    add_prompt(text=LONG[-19_000:], kind="safe", risks=[], why=WORST, actor=ada, **prompt)
    run = run_of(first, [], end=False)
    answer(run.items.get(), text=LONG)
    finish(run)
    thread = reviews.comment(version=first, author=bob, text=LONG[-9_000:], anchor="r1", quote=WORST)
    reviews.comment(version=first, author=ada, text=WORST, parent=thread)
    decide(configs.submit(draft=first, note=WORST, actor=ada), "return", reasons=LONG[-9_000:])
    draft = configs.draft_of(config=first.config, actor=ada)
    said = content._replace(policy=f"{LONG}\n{WORST} And more.")
    configs.save(draft=draft, revision=0, about=ABOUT_IT, content=said, actor=ada)
    return draft


@pytest.fixture
def place(transactional_db: None) -> Any:
    """All addresses, those of configs leading to the worst one."""
    make_model("echo", name=WORST[:200])
    draft, grace = written(), make_person("grace")
    floor.publish(draft=floor.save(text=LONG[-19_000:], note=WORST, revision=None, actor=grace), actor=grace)
    audit.record(actor=grace, action="edit", obj=draft.config, before={WORST[:60]: WORST}, after={"title": LONG})
    place = make_place(draft.config.versions.get(number=1).test_runs.get())
    place.arguments["version-diff"] = [draft.config_id, 1, draft.number]
    place.with_campaign()
    campaign_place.say(LONG[-4_900:], f"{WORST[:90]}{'w' * 100}")
    worst_people()
    return place


def wrong(page: Page) -> list[str]:
    """What of the texts became part of the page, and whether the page is too wide."""
    found = page.evaluate(f"[...document.querySelectorAll({UNSAFE!r})].map((one) => one.outerHTML.slice(0, 80))")
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return [*found, *([f"{wide} px too wide"] if wide > 0 else [])]


NO_PAGES = {"training:map-points", "training:checkpoint-card"}
WHO = ("ada", "lea", "grace", "carol")
"""Each page is opened by the first of them who may: who writes sees more of it than who reads."""


def first_who_may() -> dict[str, str]:
    """Who opens which page."""
    found = {row.name: next((who for who in WHO if row.answers[who] == "200"), "") for row in READ if row.name in PAGES}
    return {name: who for name, who in found.items() if who and name not in NO_PAGES}


def test_on_no_page_does_a_text_run_or_push_the_page_aside(window, place):
    pages = {who: window.open("/", make_person(who), width=390) for who in WHO}
    told, asked = {}, first_who_may()
    for name, who in asked.items():
        answer = pages[who].goto(place.url(name))
        problems = [*wrong(pages[who]), *([] if answer.ok else [f"answered {answer.status}"])]
        told |= {f"{name} as {who}": problems} if problems else {}
    assert told == {} and set(asked.values()) == set(WHO)
