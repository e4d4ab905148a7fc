"""The editor in a real browser: what is typed is saved, and what cannot be saved is said and never lost."""

import re

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from annotations.models import ConfigVersion
from annotations.services import configs
from tests.factories import make_config, make_person, make_version

PASSWORD = "a-long-enough-secret"
NASTY = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(2)>',
    "</textarea><svg onload=alert(3)>",
    "[x](javascript:alert(4)) ![y](https://x.invalid/y.png)",
    "' onfocus='alert(5)' autofocus='",
    "{{ 7|add:7 }} {% csrf_token %} ${alert(6)}",
    "\u202edetrevni\u202c \u200b\ufeff Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘!͖̬̰̙̗̿̋ͥͥ̂ͣ̐́́͜͞",
    "Unbroken" * 60,
    "اكتب مشهداً 🏳️‍🌈👩‍👩‍👧‍👦",
)


@pytest.fixture
def draft(ada) -> ConfigVersion:
    """A draft of Ada's, with one rule."""
    return make_version(make_config(title="Game studio"), state="draft", policy="Be helpful.")


@pytest.fixture
def edit(window, ada, draft):
    """Opens the editor, in a window of its own each time."""

    def opened(user=ada, **options) -> Page:
        return window.open(f"/configs/{draft.config_id}/edit/", user, **options)

    return opened


@pytest.fixture
def forgiven(window, monkeypatch):
    """From now on the browser may complain of what a test brings about on purpose."""

    def forgive(pattern: str) -> None:
        heard = window._heard
        monkeypatch.setattr(window, "_heard", lambda kind, text: re.search(pattern, text) or heard(kind, text))

    return forgive


CHOSEN = "area => area.value.slice(area.selectionStart, area.selectionEnd)"
OFFLINE = r"ERR_INTERNET_DISCONNECTED|htmx:(afterRequest|sendError)"
LOST = r"ERR_FAILED|the server responded with a status of 409"


def saved(page: Page) -> None:
    expect(page.locator("#sign[data-state=saved]")).to_have_text(re.compile(r"^saved \d\d:\d\d:\d\d$"))


def write(page: Page, text: str) -> None:
    page.locator("#id_policy").press("Control+End")
    page.keyboard.type(text)


def now(draft: ConfigVersion) -> ConfigVersion:
    return ConfigVersion.objects.filter(config=draft.config_id).latest("number")


def texts(page: Page) -> list[str]:
    return page.locator("[name=rule-text]").evaluate_all("all => all.map((one) => one.value)")


def test_what_is_typed_is_saved_and_the_sign_says_when(edit, draft):
    page = edit()
    write(page, " More.")
    expect(page.locator("#sign")).to_have_text("saving …")
    saved(page)
    assert (now(draft).policy, now(draft).revision) == ("Be helpful. More.", 1)


def test_saving_at_once_by_a_key(edit, draft):
    page = edit()
    write(page, " Now.")
    with page.expect_response("**/save/"):
        page.keyboard.press("Control+s")
    saved(page)
    assert now(draft).policy == "Be helpful. Now."


def test_rules_are_added_moved_removed_and_brought_back(edit, draft):
    page = edit()
    page.keyboard.press("Alt+r")
    page.keyboard.type("Second.")
    page.keyboard.press("Alt+r")
    page.keyboard.type("Third.")
    page.get_by_role("button", name="Move r3 up").click()
    page.get_by_role("button", name="Take out r1").click()
    expect(page.locator(".rule-gone")).to_contain_text("r1 is removed")
    saved(page)
    assert [rule["id"] for rule in now(draft).rules] == ["r3", "r2"]
    page.get_by_role("button", name="Undo").click()
    page.keyboard.press("Control+s")
    saved(page)
    assert [rule["id"] for rule in now(draft).rules] == ["r1", "r3", "r2"]
    assert configs.next_rule(draft.config) == 4


def test_a_hint_leads_to_its_rule_and_its_line(edit):
    page = edit()
    write(page, "\nBe appropriate, etc.")
    saved(page)
    page.locator("[data-go-line='2']").first.click()
    assert page.locator("#id_policy").evaluate(CHOSEN) == "Be appropriate, etc."
    page.locator("[data-go-rule=r1]").first.click()
    expect(page.locator("#rule-r1 [name=rule-text]")).to_be_focused()


def test_the_policy_can_be_read_as_it_will_look(edit):
    page = edit()
    write(page, "\n\n# Title\n\n*yes*")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("#policy-preview h3")).to_have_text("Title")
    expect(page.locator("#id_policy")).to_be_hidden()
    page.get_by_role("button", name="Write", exact=True).click()
    expect(page.locator("#id_policy")).to_be_visible()
    saved(page)


def test_what_is_refused_is_said_in_place_and_saved_once_it_is_mended(edit, draft):
    page = edit()
    page.locator("#id_language").fill("klingon!")
    expect(page.locator("#sign")).to_contain_text("not saved: Give the language as a tag")
    expect(page.locator("#id_language_error")).to_be_visible()
    page.locator("#id_language").fill("ar")
    saved(page)
    expect(page.locator("#id_language_error")).to_have_count(0)
    assert now(draft).config.language == "ar"


def test_a_lost_network_is_said_and_saving_goes_on_by_itself(edit, draft, forgiven):
    forgiven(OFFLINE)
    page = edit()
    page.context.set_offline(True)
    write(page, " Offline.")
    expect(page.locator("#sign")).to_have_text(re.compile(r"not saved, trying again in \d+ s"))
    write(page, " Still.")
    page.context.set_offline(False)
    saved(page)
    assert now(draft).policy == "Be helpful. Offline. Still."


def test_a_network_that_is_back_is_used_at_once(edit, draft, forgiven):
    forgiven(OFFLINE)
    page = edit()
    page.context.set_offline(True)
    write(page, " Offline.")
    expect(page.locator("#sign")).to_contain_text("trying again")
    page.evaluate("for (let timer = 0; timer < 10000; timer++) clearInterval(timer)")
    page.context.set_offline(False)
    saved(page)


def test_what_was_typed_without_a_network_is_there_after_the_tab_died(edit, draft, forgiven):
    forgiven(OFFLINE)
    page = edit()
    page.context.set_offline(True)
    write(page, " Typed in the tunnel.")
    page.close()
    page.context.set_offline(False)
    again = page.context.new_page()
    again.goto(f"/configs/{draft.config_id}/edit/")
    expect(again.locator("#kept")).to_contain_text(re.compile(r"what you typed at \d\d:\d\d:\d\d"))
    expect(again.locator("#id_policy")).to_have_value("Be helpful.")
    again.get_by_role("button", name="Restore what you typed").click()
    expect(again.locator("#id_policy")).to_have_value("Be helpful. Typed in the tunnel.")
    saved(again)
    assert now(draft).policy == "Be helpful. Typed in the tunnel."
    again.reload()
    expect(again.locator("#kept")).to_be_hidden()


def test_a_kept_text_can_be_discarded(edit, draft, forgiven):
    forgiven(OFFLINE)
    page = edit()
    page.context.set_offline(True)
    write(page, " Nonsense.")
    page.close()
    page.context.set_offline(False)
    again = page.context.new_page()
    again.goto(f"/configs/{draft.config_id}/edit/")
    again.get_by_role("button", name="Discard it").click()
    again.reload()
    expect(again.locator("#kept")).to_be_hidden()
    assert now(draft).policy == "Be helpful."


def test_an_answer_that_never_came_is_no_conflict_with_oneself(edit, draft, forgiven):
    forgiven(LOST)
    page = edit()
    lose = iter([True])

    def once(route):
        if next(lose, False):
            route.fetch()
            route.abort()
        else:
            route.continue_()

    page.route("**/save/", once)
    write(page, " One.")
    expect(page.locator("#sign")).to_contain_text("trying again")
    write(page, " Two.")
    saved(page)
    assert (now(draft).policy, now(draft).revision) == ("Be helpful. One. Two.", 2)


def test_two_windows_are_told_of_each_other_and_the_person_decides(edit, draft, forgiven):
    forgiven(LOST)
    mine, theirs = edit(), edit(make_person("lea"))
    write(theirs, " Lea's.")
    saved(theirs)
    write(mine, " Ada's.")
    expect(mine.locator("#conflict")).to_contain_text("saved this draft meanwhile")
    expect(mine.locator("#sign")).to_have_text("not saved: somebody else saved this draft")
    assert now(draft).policy == "Be helpful. Lea's."
    mine.get_by_role("button", name="Keep mine").click()
    saved(mine)
    assert now(draft).policy == "Be helpful. Ada's."
    write(theirs, " Again.")
    theirs.get_by_role("button", name="Take theirs").click()
    expect(theirs.locator("#id_policy")).to_have_value("Be helpful. Ada's.")
    expect(theirs.locator("#kept")).to_contain_text("never reached the server")


def test_what_was_submitted_meanwhile_goes_on_as_the_next_version(edit, draft, forgiven):
    forgiven(LOST)
    page = edit()
    configs.submit(draft=draft, note="", actor=make_person("lea"))
    write(page, " Later.")
    page.get_by_role("button", name="Keep mine").click()
    saved(page)
    expect(page.locator("#editor-badge")).to_contain_text("v2 draft")
    assert (now(draft).number, now(draft).policy) == (2, "Be helpful. Later.")


def test_the_page_follows_when_a_tested_draft_goes_on_as_the_next_version(edit, draft):
    page = edit()
    ConfigVersion.objects.filter(pk=draft.pk).update(frozen_at=timezone.now())
    write(page, " More.")
    expect(page.locator("#editor-badge")).to_contain_text("v2 draft")
    write(page, " And more.")
    saved(page)
    assert (now(draft).number, now(draft).policy) == (2, "Be helpful. More. And more.")


def test_a_log_out_in_between_is_said_and_saving_goes_on_after_the_log_in(edit, draft, ada):
    ada.set_password(PASSWORD)
    ada.save()
    page = edit()
    tab = page.context.new_page()
    tab.goto("/login/")
    log_in(tab)
    tab.locator("summary[aria-label^=Person]").click()
    tab.get_by_role("button", name="Log out").click()
    write(page, " Logged out.")
    expect(page.locator("#sign")).to_contain_text("not saved: you are logged out.")
    expect(page.get_by_role("link", name="Log in in a new tab")).to_be_visible()
    log_in(tab)
    saved(page)
    assert now(draft).policy == "Be helpful. Logged out."


def log_in(tab: Page) -> None:
    if not tab.get_by_label("User name").count():
        return
    tab.get_by_label("User name").fill("ada")
    tab.get_by_label("Password").fill(PASSWORD)
    tab.get_by_role("button", name="Log in").click()
    tab.wait_for_url(re.compile(r"^(?!.*/login/)"))


def test_only_what_is_saved_is_handed_in(edit, draft, forgiven):
    forgiven(OFFLINE)
    page = edit()
    write(page, " Last words.")
    page.get_by_role("button", name="Submit for review").click()
    page.get_by_label("Note to the reviewers").fill("Mind r1.")
    page.context.set_offline(True)
    page.get_by_role("button", name="Submit v1").click()
    expect(page.locator("#submit-refused")).to_contain_text("Only what is saved can be submitted")
    page.context.set_offline(False)
    saved(page)
    page.get_by_role("button", name="Submit v1").click()
    expect(page.locator(".head .badge")).to_have_text("◆v1 submitted")
    expect(page.locator(".toast")).to_contain_text("v1 is submitted")
    assert (now(draft).policy, now(draft).note) == ("Be helpful. Last words.", "Mind r1.")


def test_nasty_texts_in_every_field_are_only_texts(edit, draft):
    page = edit()
    nasty = "\n\n".join(NASTY)
    page.locator("#id_title").fill(" ".join(NASTY)[:300])
    for name in ("#id_use_case", "#id_audience", "#id_policy", "[name=rule-text]", "[name=rule-example]"):
        page.locator(name).first.fill(nasty)
    saved(page)
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("#policy-preview")).to_contain_text("alert(1)")
    page.reload()
    expect(page.locator("#id_policy")).to_have_value(nasty)
    assert texts(page) == [nasty]
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        for path in (f"/configs/{draft.config_id}/edit/", f"/configs/{draft.config_id}/", "/configs/new/"):
            page.goto(path)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path} at {width}"


def test_the_editor_works_without_javascript(edit, draft):
    page = edit(scripts=False)
    page.locator("#id_policy").fill("By hand.")
    page.get_by_role("button", name="Add a rule").click()
    page.locator("[name=rule-text]").nth(1).fill("A second rule.")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".toast")).to_contain_text("v1 is saved")
    assert now(draft).policy == "By hand." and [rule["id"] for rule in now(draft).rules] == ["r1", "r2"]
