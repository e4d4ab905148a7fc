"""The review of a version: what one reads, the decision and its refusals, retiring."""

import pytest
from django.urls import reverse

from annotations.models import ConfigVersion, Review
from annotations.models.configs import VERSION_STATES
from annotations.services import configs
from tests.factories import make_config, make_organisation, make_person, make_version
from tests.markup import elements, inline, text
from tests.outcomes import finished_run
from tests.review_desk import ENDLESS, HOSTILE, UPSIDE_DOWN, address, another_reviewer, decide, say, waits
from tests.version_runs import make_prompts, run_of
from training import evidence_queries

pytestmark = pytest.mark.django_db
LIST = reverse("training:review-list")
WHY = "A typing error only."


def page(client, version, **query):
    response = client.get(address("training:review-detail", version), query)
    assert response.status_code == 200
    return response.content.decode()


def press(client, version, decision="approve", **typed):
    read = {"decision": decision, "seen": evidence_queries.stand(version).word}
    return client.post(address("training:review-decide", version), read | typed)


def forms(html, name, version):
    return [form for form in elements(html, "form") if form.attributes.get("action") == address(name, version)]


def decided_by_form(html, version):
    return forms(html, "training:review-decide", version) != []


def field(html, name):
    return next(one for one in elements(html, "textarea") if one.attributes.get("name") == name)


def boxes(html):
    found = [one for one in elements(html, "input") if one.attributes.get("name") == "checklist"]
    return [one.attributes["value"] for one in found if "checked" in one.attributes]


def state(version):
    return ConfigVersion.objects.get(pk=version.pk).state


def alert(html):
    return " ".join(text(html, "error").split())


@pytest.mark.parametrize("name", ["training:review-detail", "training:review-decide", "training:version-retire"])
@pytest.mark.parametrize("person", ["mallory", "bob"])
def test_a_version_that_is_not_there_for_somebody_is_404(as_person, name, person):
    version = waits()
    place = version if person == "mallory" else ConfigVersion(config=version.config, number=2)
    method = "get" if name.endswith("detail") else "post"
    assert getattr(as_person(person), method)(address(name, place)).status_code == 404


@pytest.mark.parametrize("person", ["ada", "lea", "grace", "carol"])
def test_nobody_but_a_reviewer_decides(as_person, person):
    version = waits(author="bob")
    assert press(as_person(person), version, without_evidence=WHY).status_code == 403
    assert (state(version), Review.objects.count()) == ("submitted", 0)


@pytest.mark.parametrize("person", ["ada", "lea", "grace", "carol"])
def test_nobody_but_a_reviewer_retires(as_person, person):
    version = make_version()
    response = as_person(person).post(address("training:version-retire", version), {"reasons": "Old."})
    assert (response.status_code, state(version)) == (403, "approved")


def test_a_reader_without_the_right_reads_and_has_no_form(as_person):
    version = waits()
    html = page(as_person("ada"), version)
    assert not decided_by_form(html, version) and "A reviewer who did not write in it decides." in html


def test_an_author_is_told_instead_of_getting_a_form(as_person):
    version = waits()
    version.authors.add(make_person("bob"))
    html = page(as_person("bob"), version)
    assert not decided_by_form(html, version) and "somebody else has to decide about it" in html


def test_an_author_who_sends_the_form_anyway_is_refused(as_person):
    version = waits()
    version.authors.add(make_person("bob"))
    response = press(as_person("bob"), version, without_evidence=WHY)
    assert (response.status_code, state(version)) == (422, "submitted")
    assert "You wrote in this version" in alert(response.content.decode())


def test_a_reviewer_gets_the_form_with_every_question(as_person):
    version = waits()
    html = page(as_person("bob"), version)
    assert decided_by_form(html, version) and len(elements(html, css="checks")[0].text.split(".")) > 6
    assert [one.text for one in elements(html, "button", "primary") if one.text == "Approve"] == ["Approve"]


def test_an_approval_leads_back_to_a_page_that_shows_it(as_person):
    version, bob = waits(), as_person("bob")
    response = press(bob, version, reasons="Short and clear.", without_evidence=WHY, checklist=["floor", "purpose"])
    assert (response.status_code, response.url) == (302, address("training:review-detail", version))
    html = page(bob, version)
    assert "v1 is approved." in html and "Short and clear." in html and WHY in html
    assert Review.objects.get().checklist == ["purpose", "floor"]


def test_an_approval_shows_the_runs_it_rests_on(as_person):
    version, bob = waits(), as_person("bob")
    make_prompts(version.config)
    run = run_of(version, [(1.0, True), (1.0, True), (1.0, False), (0.0, True)])  # (1 + 1 - 1 + 0) / 4 = 0.25
    assert "without_evidence" not in page(bob, version)
    press(bob, version)
    html = page(bob, version)
    evidence = next(one for one in elements(html, "p") if one.text.startswith("on the evidence of"))
    assert evidence.text.startswith(f"on the evidence of run {run.pk} (0.25)")
    assert Review.objects.get().without_evidence == ""


def test_a_run_of_another_version_is_no_evidence(as_person):
    run = finished_run(4)
    version = waits(run.items.first().version.config)
    response = press(as_person("bob"), version)
    assert response.status_code == 422 and "No run has evaluated exactly this version" in response.content.decode()


def test_approving_without_evidence_asks_why_and_keeps_what_was_typed(as_person):
    version = waits()
    response = press(as_person("bob"), version, reasons=f"Fine. {HOSTILE}", checklist=["floor", "clauses", "<b>"])
    html = response.content.decode()
    assert (response.status_code, state(version)) == (422, "submitted")
    assert "say why it is approved without them" in alert(html)
    assert (field(html, "reasons").text, boxes(html)) == (f"Fine. {HOSTILE}", ["clauses", "floor"])


@pytest.mark.parametrize("decision", ["return", "reject"])
def test_sending_back_without_reasons_keeps_what_was_typed(as_person, decision):
    version = waits()
    html = press(as_person("bob"), version, decision, without_evidence=WHY, checklist=["purpose"]).content.decode()
    assert f"before you {decision} it" in alert(html) and state(version) == "submitted"
    assert (field(html, "without_evidence").text, boxes(html)) == (WHY, ["purpose"])


@pytest.mark.parametrize("decision", ["", "maybe", "approve\x00", "\ud83d"])
def test_what_is_no_decision_is_refused(as_person, decision):
    version = waits()
    assert press(as_person("bob"), version, decision.encode("utf-8", "replace").decode()).status_code == 422


@pytest.mark.parametrize(("decision", "after"), [("return", "returned"), ("reject", "rejected")])
def test_a_version_is_sent_back_with_reasons(as_person, decision, after):
    version, bob = waits(), as_person("bob")
    press(bob, version, decision, reasons="Which weapons?")
    html = page(bob, version)
    assert state(version) == after and f"v1 is {after}." in html and "Which weapons?" in html


def test_the_first_of_two_approvals_is_counted(as_person):
    make_organisation(approvals_needed=2)
    version, bob = waits(), as_person("bob")
    assert "0 of 2 approvals" in page(bob, version)
    press(bob, version, without_evidence=WHY)
    html = page(bob, version)
    assert "1 of 2 approvals" in html and "v1 has your approval; 1 more is needed." in html
    assert not decided_by_form(html, version) and "You have decided about this version already." in html


def test_the_second_of_two_approvals_approves(as_person):
    make_organisation(approvals_needed=2)
    version = waits()
    decide(version, reviewer=another_reviewer())
    assert "1 of 2" in as_person("bob").get(LIST).content.decode()
    press(as_person("bob"), version, without_evidence=WHY)
    assert state(version) == "approved"


def test_somebody_who_was_slower_sees_who_decided_and_keeps_the_words(as_person):
    version, bob = waits(), as_person("bob")
    assert decided_by_form(page(bob, version), version)
    decide(version, "return", another_reviewer(), reasons="The audience is missing.")
    response = press(bob, version, reasons="Fine for me.", without_evidence=WHY)
    html = response.content.decode()
    assert response.status_code == 422 and "Rita decided meanwhile: v1 is returned." in alert(html)
    assert "The audience is missing." in html and "Fine for me." in alert(html) and WHY in alert(html)
    assert not decided_by_form(html, version) and Review.objects.count() == 1


def test_a_decision_that_falls_between_two_looks_is_told_too(as_person, monkeypatch):
    version, rita = waits(), another_reviewer()

    def meanwhile(unused):
        decide(version, "return", rita, reasons="The audience is missing.")
        return []

    monkeypatch.setattr(evidence_queries, "evidence", meanwhile)
    response = press(as_person("bob"), version, reasons="Fine for me.", without_evidence=WHY)
    html = response.content.decode()
    assert response.status_code == 422 and "Rita decided meanwhile" in alert(html) and "Fine for me." in alert(html)
    assert not decided_by_form(html, version) and text(html, "badge").endswith("v1 returned")


@pytest.mark.parametrize("name", VERSION_STATES)
def test_every_state_has_a_page(as_person, name):
    version = make_version(state=name)
    html = page(as_person("bob"), version)
    assert decided_by_form(html, version) == (name == "submitted")
    assert (forms(html, "training:version-retire", version) != []) == (name == "approved")


def test_an_approved_version_is_retired_with_a_reason(as_person):
    version, bob = make_version(), as_person("bob")
    response = bob.post(address("training:version-retire", version), {"reasons": "The film is finished."})
    assert (response.status_code, state(version)) == (302, "retired")


@pytest.mark.parametrize(("before", "reasons"), [("approved", " "), ("retired", "The film is finished.")])
def test_a_retirement_that_is_refused_says_why_and_keeps_the_words(as_person, before, reasons):
    version = make_version(state=before)
    response = as_person("bob").post(address("training:version-retire", version), {"reasons": reasons})
    html = response.content.decode()
    assert (response.status_code, state(version)) == (422, before)
    assert alert(html).startswith(("Say why", "v1 is retired: only an approved version")) and reasons.strip() in html


def test_the_page_compares_with_the_version_that_is_asked_for(as_person):
    config = make_version(policy="One.").config
    make_version(config, "returned", policy="Two.")
    version, bob = waits(config, policy="Three."), as_person("bob")
    heads = [text_of(page(bob, version, **query)) for query in ({}, {"against": "2"}, {"against": "9" * 30})]
    assert heads == ["v1 → v3", "v2 → v3", "v1 → v3"]


def test_without_one_to_compare_with_all_of_it_is_shown(as_person):
    config = make_version(state="set_aside").config
    html = page(as_person("bob"), waits(config))
    shown = [one.text for one in elements(html, "option") if "selected" in one.attributes]
    assert (text_of(html), shown) == ("All of v2", ["nothing"])


def text_of(html):
    return next(one.text for one in elements(html, "h2") if one.attributes.get("id") == "changes-title")


def test_a_policy_line_can_be_named_in_a_link(as_person):
    version = waits()
    ids = [one.attributes.get("id") for one in elements(page(as_person("bob"), version), css="lined-row")]
    assert ids == ["p1", "p2", "p3", "p4", "r1"]


def test_what_the_author_tells_the_reviewers_is_there(as_person):
    draft = make_version(state="draft")
    configs.submit(draft=draft, note="Only r1 changed.", actor=make_person("ada"))
    assert "Only r1 changed." in page(as_person("bob"), draft)


@pytest.mark.parametrize("words", [HOSTILE, UPSIDE_DOWN, ENDLESS], ids=["html", "right-to-left", "endless"])
def test_a_text_of_any_kind_stays_text(as_person, words):
    rule = {"id": "r1", "kind": "conditional", "text": words, "example": words}
    config = make_config(title=words[:300], use_case=words, audience=words, language="ar")
    make_version(config, policy=f"{words}\nend", rules=[rule | {"text": f"{words} old"}])
    version = waits(config, policy=f"start\n{words}", rules=[rule], note=words)
    thread = say(version, words, anchor="p2")
    say(version, words, "ada", parent=thread)
    decide(version, "return", another_reviewer(), reasons=words)
    html = page(as_person("bob"), version)
    assert inline(html) == [] and "<img src=x" not in html
    assert words in [one.text for one in elements(html, css="text")]


def test_the_name_of_somebody_faster_stays_text(as_person):
    version, rita = waits(), another_reviewer()
    rita.first_name = "<img src=x>"
    rita.save()
    decide(version, "return", rita)
    html = press(as_person("bob"), version, without_evidence=WHY).content.decode()
    assert "<img src=x" not in html and "<img src=x> decided meanwhile" in alert(html)


def test_a_text_that_turns_the_line_around_stays_in_its_own_box(as_person):
    rule = {"id": "r1", "kind": "allow", "text": UPSIDE_DOWN, "example": UPSIDE_DOWN}
    config = make_config(title=UPSIDE_DOWN, use_case=UPSIDE_DOWN, audience=UPSIDE_DOWN)
    version = waits(config, policy=UPSIDE_DOWN, rules=[rule], note=UPSIDE_DOWN)
    say(version, UPSIDE_DOWN, anchor="p1")
    decide(version, "return", another_reviewer(), reasons=UPSIDE_DOWN)
    html = page(as_person("bob"), version) + as_person("bob").get(LIST).content.decode()
    free = {"title", "textarea", "option"}
    shown = [one for one in elements(html) if "\u202e" in "".join(one.own) and one.tag not in free]
    loose = [one for one in shown if not any(each.isolates for each in (one, *one.parents))]
    assert shown and [one.tag for one in loose] == []
