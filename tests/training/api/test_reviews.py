"""Reviews and comments through the API."""

import pytest

from annotations.models import Comment, Review
from annotations.services import reviews
from tests.asked import asked
from tests.factories import make_config, make_organisation, make_person, make_version
from tests.programs import Program
from tests.version_runs import make_prompts, run_of
from training import evidence_queries
from training.models import EvaluationRun

pytestmark = pytest.mark.django_db


@pytest.fixture
def waiting():
    version = make_version(state="submitted", submitted_by=make_person("ada"))
    version.authors.add(make_person("ada"))
    return version


def place(version, *rest):
    return "/".join(["configs", str(version.config_id), "versions", str(version.number), *rest, ""])


def test_what_waits_is_listed_with_who_submitted_it(waiting):
    (row,) = Program("bob").get("reviews/").json()["results"]
    assert (row["title"], row["submitted_by"]["name"], row["approvals"]) == ("Config game", "Ada", 0)


def test_what_there_is_to_read_has_text_findings_and_what_stands_in_the_way(waiting):
    told = Program("ada").get(place(waiting, "review")).json()
    assert (told["version"]["policy"], told["evidence"], told["seen"]) == (waiting.policy, [], "")
    assert told["obstacle"].startswith("You wrote in this version")
    assert Program("bob").get(place(waiting, "review")).json()["obstacle"] == ""


def test_a_reviewer_approves_with_a_word_why_there_is_no_evidence(waiting):
    said = {"decision": "approve", "checklist": ["purpose"], "without_evidence": "A first trial."}
    told = Program("bob").send(place(waiting, "review"), said)
    assert (told.status_code, told.json()["reviewer"]["name"], told.json()["checklist"]) == (201, "Bob", ["purpose"])
    waiting.refresh_from_db()
    assert waiting.state == "approved"
    assert Program("bob").get("reviews/decisions/").json()["results"] == [told.json()]


def test_an_approval_of_other_evidence_than_was_read_is_refused(waiting):
    said = {"decision": "approve", "without_evidence": "A first trial.", "seen": "7@1.0"}
    assert Program("bob").send(place(waiting, "review"), said).status_code == 422
    assert Review.objects.count() == 0


def test_to_return_takes_reasons(waiting):
    assert Program("bob").send(place(waiting, "review"), {"decision": "return"}).status_code == 422
    told = Program("bob").send(place(waiting, "review"), {"decision": "return", "reasons": "Bound r1."})
    assert told.status_code == 201


def test_who_comes_second_reads_that_somebody_was_faster(waiting):
    said = {"decision": "return", "reasons": "Bound r1."}
    Program("bob").send(place(waiting, "review"), said)
    told = Program("bob").send(place(waiting, "review"), said)
    assert told.status_code == 409 and "Somebody was faster" in told.json()["detail"]


@pytest.mark.parametrize(("person", "status"), [("ada", 403), ("grace", 403), ("carol", 403), ("mallory", 403)])
def test_only_reviewers_decide(waiting, person, status):
    said = {"decision": "reject", "reasons": "No."}
    assert Program(person).send(place(waiting, "review"), said).status_code == status
    assert Program(person).send(place(waiting, "retire"), {"reasons": "No."}).status_code == status


def test_an_approved_version_is_retired():
    version = make_version()
    assert Program("bob").send(place(version, "retire"), {"reasons": "Old."}).json()["state"] == "retired"
    assert Program("bob").send(place(version, "retire"), {"reasons": " "}).status_code == 422
    late = Program("bob").send(place(version, "retire"), {"reasons": "Old."})
    assert (late.status_code, "only an approved version" in late.json()["detail"]) == (409, True)


def two_runs(version):
    """A run the authors read, and one of another organisation that they do not."""
    make_prompts(version.config)
    own, foreign = run_of(version), run_of(version)
    EvaluationRun.objects.filter(pk=foreign.pk).update(organisation=make_organisation("provider"))
    return own, foreign


def test_evidence_leaves_out_the_runs_one_may_not_read(waiting):
    own, foreign = two_runs(waiting)
    assert Program("ada").get(f"runs/{foreign.pk}/").status_code == 404
    told = {who: Program(who).get(place(waiting, "review")).json() for who in ("ada", "bob")}
    assert [row["run"] for row in told["ada"]["evidence"]] == [own.pk]
    assert [row["run"] for row in told["bob"]["evidence"]] == [foreign.pk, own.pk]
    assert (told["ada"]["seen"], told["bob"]["seen"].count("@")) == ("", 2)


def test_a_decision_tells_of_a_run_one_may_not_read_its_score_and_marks_alone(waiting):
    own, foreign = two_runs(waiting)
    seen = Program("bob").get(place(waiting, "review")).json()["seen"]
    made = Program("bob").send(place(waiting, "review"), {"decision": "approve", "seen": seen})
    assert (made.status_code, len(made.json()["evidence"][0])) == (201, len(Review.objects.get().evidence[0]))
    assert "benchmark" in Review.objects.get().evidence[0]
    listed = Program("ada").get("reviews/decisions/").json()["results"]
    for rows in (listed, Program("ada").get(place(waiting, "review")).json()["decisions"]):
        hidden, shown = rows[0]["evidence"]
        assert (set(hidden), hidden["run"]) == ({"run", "cosa_score", "heuristic", "plumbing"}, foreign.pk)
        assert (shown["run"], "benchmark" in shown) == (own.pk, True)


def test_decisions_ask_as_much_for_many_as_for_one():
    found = []
    for number in range(1, 6):
        version = make_version(make_config(f"c{number}"), state="submitted")
        make_prompts(version.config)
        run_of(version)
        said = reviews.Decision("approve", evidence=evidence_queries.evidence(version))
        reviews.decide(version=version, reviewer=make_person("bob"), said=said)
        found.append(asked(Program("ada"), "reviews/decisions/"))
    assert [rows for rows, _ in found] == [1, 2, 3, 4, 5] and len({queries for _, queries in found[1:]}) == 1


def test_a_comment_stands_at_its_rule_and_is_answered_resolved_and_opened_again(waiting):
    bob, ada = Program("bob"), Program("ada")
    remark = bob.send(place(waiting, "comments"), {"text": "Which ones?", "anchor": "r1"}).json()
    assert (remark["anchor"], remark["quote"]) == ("r1", "No real people.")
    answer = ada.send(place(waiting, "comments"), {"text": "All.", "parent": remark["id"]}).json()
    assert (answer["anchor"], answer["parent"]) == ("r1", remark["id"])
    thread = place(waiting, "comments", str(remark["id"]))
    assert ada.send(f"{thread}resolve/").json()["resolved_by"]["name"] == "Ada"
    assert [row["id"] for row in bob.get(place(waiting, "comments"), open="false").json()["results"]] == [remark["id"]]
    assert bob.send(f"{thread}reopen/").json()["resolved_at"] is None
    assert len(bob.get(place(waiting, "comments")).json()["results"]) == 2


@pytest.mark.parametrize(("person", "status"), [("grace", 403), ("carol", 403), ("mallory", 404)])
def test_who_neither_reviews_nor_writes_says_nothing(waiting, person, status):
    assert Program(person).send(place(waiting, "comments"), {"text": "Me too."}).status_code == status
    assert Comment.objects.count() == 0


def test_a_comment_of_another_version_cannot_be_answered(waiting):
    other = make_version(make_config("film"))
    strange = Comment.objects.create(version=other, author=make_person("bob"), text="Why?")
    said = {"text": "So.", "parent": strange.pk}
    assert Program("bob").send(place(waiting, "comments"), said).status_code == 404
