"""An admin lets somebody in and out again; the record of it is filtered while one looks."""

from playwright.sync_api import expect

from annotations.services import people
from tests.factories import make_organisation, make_person

PASSWORD = "a-long-lantern-9"


def test_a_person_is_let_in_with_a_link_and_put_out_at_once(window, transactional_db):
    make_organisation()
    admin = window.open("/people/new/", make_person("grace"))
    admin.get_by_label("User name").fill("nina")
    admin.get_by_label("First name").fill("Nina")
    admin.get_by_label("Organisation").select_option(label="Lantern")
    admin.get_by_role("button", name="Add and make the link").click()
    link = admin.locator("#password-link").inner_text()
    nina = window.open(link)
    nina.get_by_label("New password", exact=True).fill(PASSWORD)
    nina.get_by_label("The new password again").fill(PASSWORD)
    nina.get_by_role("button", name="Set the password").click()
    nina.get_by_label("User name").fill("nina")
    nina.get_by_label("Password").fill(PASSWORD)
    nina.get_by_role("button", name="Log in").click()
    expect(nina).to_have_url(f"{window.address}/")
    admin.get_by_text("Deactivate", exact=True).first.click()
    admin.get_by_role("button", name="Deactivate").click()
    expect(admin.locator(".badge").first).to_contain_text("deactivated")
    nina.reload()
    expect(nina).to_have_url(f"{window.address}/login/?next=/")


def test_the_record_is_filtered_without_leaving_the_page(window, transactional_db, stays):
    grace, nina = make_person("grace"), make_person("nina", role="annotator")
    people.give_role(person=nina, organisation=make_organisation("harbour"), role="lead", actor=grace)
    people.deactivate(person=nina, actor=grace)
    page = window.open("/audit/", grace)
    same_page = stays(page)
    expect(page.locator("#audit-rows tbody > tr:has(time)")).to_have_count(2)
    page.get_by_label("Action").select_option(label="gave a role")
    expect(page.locator("#audit-rows tbody > tr:has(time)")).to_have_count(1)
    expect(page.locator("#audit-rows")).to_contain_text("lead at Harbour")
    assert same_page()
