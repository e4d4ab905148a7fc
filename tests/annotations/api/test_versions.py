"""Versions of a config through the API."""

import pytest

from annotations.models import ConfigVersion
from tests.factories import make_config, make_person, make_version
from tests.programs import Program

pytestmark = pytest.mark.django_db
RULE = {"id": "r1", "kind": "allow", "text": "Sieges.", "example": ""}


def place(version, *rest):
    return "/".join(["configs", str(version.config_id), "versions", str(version.number), *rest, ""])


def state(version):
    version.refresh_from_db()
    return version.state


def test_a_draft_is_begun_from_the_newest_version():
    version = make_version()
    told = Program().send(f"configs/{version.config_id}/versions/", {"allowed": []})
    assert (told.status_code, told.json()["number"], told.json()["based_on"]) == (201, 2, 1)
    assert (told.json()["policy"], told.json()["allowed"]) == (version.policy, [])


def test_there_is_one_draft_at_a_time():
    version = make_version(state="draft")
    assert Program().send(f"configs/{version.config_id}/versions/").status_code == 409


def test_a_draft_is_saved_and_keeps_what_was_not_sent():
    draft = make_version(state="draft")
    told = Program().send(place(draft), {"revision": 0, "rules": [RULE], "title": "Siege"}, method="patch").json()
    assert (told["revision"], told["rules"], told["policy"]) == (1, [RULE], draft.policy)
    draft.config.refresh_from_db()
    assert draft.config.title == "Siege"


def test_a_draft_somebody_saved_meanwhile_is_not_written_over():
    draft = make_version(state="draft")
    said = {"revision": 0, "policy": "One."}
    assert Program().send(place(draft), said, method="patch").status_code == 200
    assert Program("lea").send(place(draft), said | {"policy": "Two."}, method="patch").status_code == 409
    draft.refresh_from_db()
    assert draft.policy == "One."


def test_a_change_without_its_revision_is_refused():
    answer = Program().send(place(make_version(state="draft")), {"policy": "One."}, method="patch")
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["revision"])


def test_a_rule_the_service_refuses_is_named():
    answer = Program().send(place(make_version(state="draft")), {"revision": 0, "rules": [RULE, RULE]}, method="patch")
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["rules"])


def test_a_draft_is_submitted_and_withdrawn():
    draft = make_version(state="draft")
    told = Program().send(place(draft, "submit"), {"note": "Read r1.", "revision": 0}).json()
    assert (told["state"], told["note"], told["submitted_by"]["name"]) == ("submitted", "Read r1.", "Ada")
    assert Program().send(place(draft, "submit")).status_code == 409
    assert Program("lea").send(place(draft, "withdraw")).json()["state"] == "set_aside"
    assert Program().send(place(draft, "withdraw")).status_code == 409


def test_an_empty_draft_is_not_submitted():
    draft = make_version(state="draft", policy="", rules=[])
    assert Program().send(place(draft, "submit")).status_code == 422
    assert state(draft) == "draft"


def test_an_older_version_comes_back_as_a_draft():
    version = make_version(policy="Old.")
    draft = make_version(version.config, state="draft")
    told = Program().send(place(version, "restore"))
    assert (told.status_code, told.json()["number"], told.json()["policy"]) == (201, 3, "Old.")
    assert state(draft) == "set_aside"


@pytest.mark.parametrize("action", ["submit", "withdraw", "restore"])
@pytest.mark.parametrize(("person", "status"), [("bob", 403), ("grace", 403), ("carol", 403), ("mallory", 404)])
def test_only_who_writes_in_the_config_moves_a_version(action, person, status):
    draft = make_version(state="draft")
    assert Program(person).send(place(draft, action)).status_code == status
    assert state(draft) == "draft"


def test_a_list_asks_as_much_for_ten_versions_as_for_one(django_assert_max_num_queries):
    config, program, asked = make_config(), Program(), []
    program.get("configs/")
    for number in (1, 9):
        for _ in range(number):
            make_version(config, submitted_by=make_person("ada"), base=ConfigVersion.objects.first())
        with django_assert_max_num_queries(10) as seen:
            assert program.get(f"configs/{config.pk}/versions/").status_code == 200
        asked.append(len(seen))
    assert asked[0] == asked[1]
