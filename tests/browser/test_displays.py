"""Pages on other displays: zoomed in to 200 %, 320 pixels wide, without motion, in the colours that a system forces."""

import pytest

from annotations.models import User
from tests.browser.measured import wrong
from tests.factories import make_config, make_person, make_prompt, make_run, make_version
from tests.rating_desk import enrol, make_campaign
from tests.review_desk import waits

pytestmark = pytest.mark.django_db(transaction=True)
MOVES = """() => [...document.querySelectorAll("*")].flatMap((node) => {
  const look = getComputedStyle(node);
  const times = [...look.transitionDuration.split(","), ...look.animationDuration.split(",")].map(parseFloat);
  return Math.max(...times) > 0 || look.scrollBehavior === "smooth" ? [node.outerHTML.slice(0, 60)] : [];
})"""
FORCED = """() => {
  const line = (node) => {
    const { borderTopStyle, outlineStyle } = getComputedStyle(node);
    return borderTopStyle === "none" && outlineStyle === "none" ? [node.outerHTML.slice(0, 80)] : [];
  };
  const every = (names) => [...document.querySelectorAll(names)].filter((node) => node.checkVisibility());
  const same = every(".tabs a").map((node) => getComputedStyle(node).borderBottomColor);
  return {
    bare: every(".button, .badge, .chip, .kind, .card, .progress-bar, .veil").flatMap(line),
    tabs: new Set(same).size,
    read: every("details.veil:not([open]) > :not(summary)").length,
  };
}"""


@pytest.fixture
def pages(window, worker, ada: User) -> list[str]:
    """The pages on which the main jobs are done, with something on them."""
    config = make_config()
    make_version(config)
    version = waits(config)
    make_prompt("Unbroken" * 30, config=config)
    run = make_run(3, actor=ada)
    worker.finish(run.pk)
    base = f"/configs/{config.pk}/"
    paths = [
        "/",
        "/configs/",
        "/configs/new/",
        base,
        f"{base}v{version.number}/review/",
        f"{base}versions/",
        "/runs/new/",
    ]
    return [
        *paths,
        "/runs/",
        f"/runs/{run.pk}/",
        f"/runs/{run.pk}/items/",
        f"/runs/{run.pk}/items/{run.items.first().pk}/",
    ]


def test_nothing_scrolls_sideways_or_hides_at_320_pixels_and_at_200_percent(window, ada: User, pages):
    page = window.open(pages[0], ada, width=320, height=640)
    found = {}
    for path in pages:
        page.goto(path)
        for width, height in ((320, 640), (720, 450)):
            page.set_viewport_size({"width": width, "height": height})
            found[path, width] = wrong(page, touch=0, text=0)
    assert {place: faults for place, faults in found.items() if faults} == {}


def test_an_annotator_reads_and_answers_at_200_percent(window):
    campaign = make_campaign(1)
    enrol(campaign, "carol")
    page = window.open(f"/rate/{campaign.pk}/", make_person("carol"), width=720, height=450, device_scale_factor=2)
    page.wait_for_function("() => Rate.ready()")
    assert wrong(page, touch=0, text=0) == []
    page.set_viewport_size({"width": 320, "height": 640})
    assert wrong(page, touch=0, text=0) == []


def test_nothing_moves_for_people_who_do_not_want_motion(window, ada: User, pages):
    page = window.open(pages[0], ada, reduced_motion="reduce")
    assert page.evaluate(MOVES) == []
    page.emulate_media(reduced_motion="no-preference")
    assert page.evaluate(MOVES) != []


def test_meaning_survives_the_colours_that_a_system_forces(window, ada: User, pages):
    page = window.open(pages[8], ada, forced_colors="active")
    page.keyboard.press("Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    found = page.evaluate(FORCED)
    assert found["bare"] == [] and found["read"] == 0
    page.goto(pages[-1])
    assert page.evaluate(FORCED)["bare"] == []
    page.goto("/deployments/")
    assert page.evaluate(FORCED)["tabs"] == 2


def test_on_a_tablet_the_rail_shows_icons_until_a_person_wants_words(window, ada: User):
    page = window.open("/configs/", ada, width=1100, height=800)
    wide = "document.querySelector('.rail').getBoundingClientRect().width"
    assert page.evaluate(wide) < 60
    page.get_by_role("button", name="Icons only").click()
    page.goto("/runs/")
    assert page.evaluate(wide) > 200
