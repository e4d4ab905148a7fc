"""The editor of configs: beginning, saving with and without JavaScript, handing in, and who may."""

import pytest
from django.test import Client
from django.urls import reverse

from annotations.models import ConfigVersion
from annotations.services import configs
from tests.editing import make_draft, rule_of, save, url
from tests.factories import make_config, make_person, make_prompt, make_version
from tests.markup import elements, inline, text, undirected

pytestmark = pytest.mark.django_db
NEW = reverse("annotations:config-new")
HOSTILE = """<script>alert(1)</script><img src=x onerror=alert(2)>" onfocus="alert(3)" ' </textarea> {{ x }}"""


@pytest.fixture
def ada(as_person):
    return as_person("ada")


def open_editor(client, config):
    return client.get(url("config-edit", config.pk)).content.decode()


# Opening


def test_opening_makes_nothing_and_leads_to_the_version(ada):
    config = make_version().config
    assert ada.get(url("config-edit", config.pk)).url == url("config-detail", config.pk)
    assert config.versions.count() == 1


@pytest.mark.parametrize(("frozen_at", "said"), [(None, False), ("2026-01-01T00:00Z", True)])
def test_a_tested_draft_says_that_the_next_edit_is_the_next_version(ada, frozen_at, said):
    draft = make_draft(frozen_at=frozen_at)
    assert ("Your next edit goes on as the next version." in open_editor(ada, draft.config)) is said


def test_the_button_makes_the_draft_and_opens_it(ada):
    config = make_version(policy="The newest.").config
    response = ada.post(url("config-draft", config.pk), follow=True)
    assert text(response.content.decode(), "badge") == "◇v2 draft" and "The newest." in response.content.decode()


def test_every_category_stands_there_with_its_definition_and_other_never_opens(ada):
    html = open_editor(ada, make_draft(allowed=["violence"]).config)
    boxes = {
        one.attributes["value"]: one.attributes
        for one in elements(html, "input")
        if one.attributes.get("name") == "allowed"
    }
    assert len(boxes) == 8 and "disabled" in boxes["other"] and "checked" in boxes["violence"]
    assert "Deliberate bodily harm" in html and "never opens" in html


def test_the_hints_stand_beside_the_text_and_say_why(ada):
    html = open_editor(ada, make_draft(make_config(audience=""), policy="Be appropriate, etc.").config)
    lines = [one for one in elements(html, "a") if "data-go-line" in one.attributes]
    assert lines and "why?" in text(html, "hints")


def test_the_next_number_is_above_all_that_were_used(ada):
    draft = make_draft()
    make_prompt(config=draft.config, rule="r9")
    assert 'data-next="10"' in open_editor(ada, draft.config)


# Saving as one types


def test_a_save_answers_with_where_the_draft_is_now(ada):
    draft = make_draft()
    answer = save(ada, draft, policy="More.").json()
    draft.refresh_from_db()
    assert (draft.policy, draft.revision) == ("More.", 1)
    assert (answer["number"], answer["revision"], answer["digest"]) == (1, 1, draft.digest)
    assert "v1 draft" in answer["parts"]["editor-badge"] and "<body" not in answer["parts"]["editor-panel"]


def test_rules_are_saved_in_their_order_with_their_numbers(ada):
    draft = make_draft()
    rules = [{"id": f"r{n}", "kind": "allow", "text": f"Rule {n}", "example": ""} for n in (7, 2)]
    save(ada, draft, rules=[*rules, {"id": "r9", "kind": "allow", "text": " ", "example": ""}])
    draft.refresh_from_db()
    assert draft.rules == rules


def test_the_number_follows_when_a_tested_draft_is_edited(ada):
    draft = make_draft(frozen_at="2026-01-01T00:00Z")
    answer = save(ada, draft, policy="More.").json()
    assert (answer["number"], answer["revision"]) == (2, 0) and answer["submit"].endswith("/v2/submit/")
    assert "v2 draft" in answer["parts"]["editor-badge"]


def test_two_windows_are_told_of_each_other(ada, as_person):
    draft = make_draft()
    save(as_person("lea"), draft, policy="Lea's.")
    response = save(ada, draft, policy="Ada's.")
    assert response.status_code == 409 and "saved this draft meanwhile" in response.json()["problems"][0]
    assert response.json()["now"]["revision"] == 1 and ConfigVersion.objects.get().policy == "Lea's."


def test_after_the_warning_one_can_keep_the_own_text(ada, as_person):
    draft = make_draft()
    save(as_person("lea"), draft, policy="Lea's.")
    now = save(ada, draft, policy="Ada's.").json()["now"]
    assert save(ada, draft, policy="Ada's.", number=now["number"], revision=now["revision"]).status_code == 200
    assert ConfigVersion.objects.get().policy == "Ada's."


def test_what_was_submitted_meanwhile_goes_on_as_the_next_version(ada):
    draft = make_draft()
    configs.submit(draft=draft, note="", actor=make_person())
    now = save(ada, draft, policy="Ada's.").json()["now"]
    assert now["number"] is None
    assert save(ada, draft, policy="Ada's.", number="", revision="").json()["number"] == 2


@pytest.mark.parametrize(
    ("fields", "where", "sentence"),
    [
        ({"title": ""}, "title", "This field is required."),
        ({"language": "klingon!"}, "language", "Give the language as a tag"),
        ({"policy": "a" * 100_001}, "policy", "at most 100,000 characters"),
        ({"allowed": ["other"]}, None, "No config can open"),
        ({"rule-kind": ["nonsense"]}, None, "Choose for r1 one of"),
        ({"rule-id": []}, None, "The rules did not arrive whole"),
        ({"number": 99}, None, "There is no v99"),
        ({"number": "x"}, "number", "Enter a whole number"),
    ],
)
def test_what_is_refused_says_why_in_place(ada, fields, where, sentence):
    response = save(ada, make_draft(), **fields)
    found = response.json()["errors"].get(where, []) if where else response.json()["problems"]
    assert response.status_code in {409, 422} and sentence in " ".join(found)
    assert ConfigVersion.objects.get().revision == 0


def test_a_lost_session_is_a_redirect_the_page_can_see(ada):
    assert "login" in save(Client(), make_draft()).url


# Without JavaScript


def test_without_javascript_a_save_comes_back_to_the_editor(ada):
    draft = make_draft()
    response = save(ada, draft, headers=None, policy="More.")
    assert response.url == url("config-edit", draft.config_id) and ConfigVersion.objects.get().policy == "More."


def test_without_javascript_a_refused_form_keeps_everything(ada):
    response = save(
        ada, make_draft(), headers=None, title="", policy="Typed policy", rules=[rule_of("r5", "Typed rule")]
    )
    html = response.content.decode()
    assert response.status_code == 422 and "Typed policy" in html and "Typed rule" in html and 'id="rule-r5"' in html
    assert "data-unsaved" in html and text(html, "saved") == "not saved"


def test_without_javascript_a_conflict_says_what_saving_does_now(ada, as_person):
    draft = make_draft()
    save(as_person("lea"), draft, policy="Lea's.")
    html = save(ada, draft, headers=None, policy="Ada's.").content.decode()
    revision = next(one for one in elements(html, "input") if one.attributes.get("name") == "revision")
    assert "over what is saved there" in html and "Ada&#x27;s." in html and revision.attributes["value"] == "1"


@pytest.mark.parametrize(
    ("action", "left"),
    [
        ("up r2", ["r2", "r1", "r3"]),
        ("down r2", ["r1", "r3", "r2"]),
        ("up r1", ["r1", "r2", "r3"]),
        ("down r3", ["r1", "r2", "r3"]),
        ("remove r2", ["r1", "r3"]),
        ("remove r99", ["r1", "r2", "r3"]),
    ],
)
def test_without_javascript_rules_are_moved_and_removed(ada, action, left):
    draft = make_draft(rules=[rule_of(id, id) for id in ("r1", "r2", "r3")])
    assert save(ada, draft, headers=None, do=action).status_code == 302
    assert [rule["id"] for rule in ConfigVersion.objects.get().rules] == left


def test_without_javascript_a_rule_is_added_with_the_next_number(ada):
    draft = make_draft()
    response = save(ada, draft, headers=None, do="add")
    html = ada.get(response.url).content.decode()
    ids = [one.attributes["value"] for one in elements(html, "input") if one.attributes.get("name") == "rule-id"]
    assert ids == ["r1", "r2", "r0"], "the last one is the model for new rows"


# Preview


def test_the_preview_is_a_fragment_that_can_do_nothing(ada):
    config = make_draft().config
    html = ada.post(url("config-preview", config.pk), {"policy": f"# Title\n\n{HOSTILE}"}).content.decode()
    assert [one.text for one in elements(html, "h3")] == ["Title"] and "<body" not in html and inline(html) == []


# Hostile and Arabic texts


def hostile_draft(words):
    config = make_config(title=words[:300], use_case=words, audience=words)
    return make_draft(config, policy=words, rules=[rule_of("r1", words) | {"example": words}])


def test_a_hostile_text_stays_text_in_every_field(ada):
    html = open_editor(ada, hostile_draft(HOSTILE).config)
    assert inline(html) == [] and "<img src=x" not in html
    fields = {one.attributes.get("name"): one.text.strip() for one in elements(html, "textarea") if one.text.strip()}
    assert {fields[name] for name in ("use_case", "audience", "policy", "rule-text", "rule-example")} == {HOSTILE}


def test_a_hostile_text_stays_text_in_the_answer_to_a_save(ada):
    draft = hostile_draft("calm")
    parts = save(ada, draft, policy=f"{HOSTILE} etc.", rules=[rule_of("r1", HOSTILE)]).json()["parts"]
    assert inline("".join(parts.values())) == [] and "<img" not in "".join(parts.values())


def test_a_hostile_form_that_is_refused_stays_text(ada):
    html = save(
        ada, make_draft(), headers=None, title="", policy=HOSTILE, rules=[rule_of(HOSTILE, HOSTILE)]
    ).content.decode()
    assert inline(html) == [] and "<img src=x" not in html


def test_an_arabic_text_runs_its_own_way(ada):
    html = open_editor(ada, hostile_draft("اكتب مشهداً").config)
    assert undirected(html, "اكتب") == []


def test_no_two_elements_of_the_editor_share_an_id(ada):
    ids = [one.attributes["id"] for one in elements(open_editor(ada, make_draft().config)) if "id" in one.attributes]
    assert sorted(ids) == sorted(set(ids))
