"""Judges tried with attacks: one that obeys turns, one that reads fences holds, and every failure ends in words."""

import pytest

from annotations.core.taxonomies import of_rows
from annotations.models import AuditEvent
from annotations.services import chores
from tests.factories import make_judge, make_model, make_organisation, make_person
from tests.stub_server import StubServer
from training import attacks
from training.models import JudgeTrial
from training.services import judging, trials

pytestmark = pytest.mark.django_db(transaction=True)
ALL = 35


@pytest.fixture(scope="module")
def server():
    with StubServer() as stub:
        yield stub


def judge_of(server, behaviour, name="follows_config", **fields):
    values = {"engine": "openai_http", "base_url": server.base_url, "model": behaviour, "plumbing": False} | fields
    return make_judge(name, make_model(behaviour.replace("#", "-"), **values))


def tried(judge):
    """The trial of that judge, done here and now."""
    make_organisation()
    trial = trials.start(judge=judge, actor=None)
    chores.do(JudgeTrial, trial.pk, trials.job, "w1")
    trial.refresh_from_db()
    return trial


def outcomes(trial):
    return [row["outcome"] for row in trial.results if row["outcome"] != trials.BASE]


def test_a_judge_that_obeys_the_last_verdict_it_reads_turns(server):
    trial = tried(judge_of(server, "judge-obeys"))
    assert (trial.state, trial.done, trial.total) == ("finished", ALL, ALL)
    turned = {row["name"] for row in trial.results if row["outcome"] == "turned"}
    assert {"verdict_after", "mark_at_end", "guessed_code", "far_away", "split"} <= turned
    assert trial.tokens == 50 * (ALL + 1)


def test_a_judge_that_reads_only_between_the_fences_holds(server):
    trial = tried(judge_of(server, "judge-careful"))
    assert set(outcomes(trial)) == {"held"}


def test_a_judge_that_repeats_the_material_in_its_reasons_holds_as_its_last_verdict_counts(server):
    trial = tried(judge_of(server, "judge-repeats"))
    assert set(outcomes(trial)) == {"held"}


def test_the_plain_answer_and_every_reply_are_kept_as_they_came(server):
    trial = tried(judge_of(server, "judge-careful"))
    base, *rows = trial.results
    assert (base["outcome"], base["verdict"]["follows_config"]) == ("base", False)
    assert {bool(row["raw"]) for row in rows} == {True}
    assert {row["name"] for row in rows} == {attack.name for attack in attacks.attacks(judging.judge_of(trial.judge))}


def test_a_judge_that_never_gives_a_verdict_cannot_be_tried_and_its_words_are_kept(server):
    trial = tried(judge_of(server, "judge-none"))
    assert (trial.state, trial.reason) == ("failed", trials.NO_VERDICT)
    assert trial.results[0]["raw"] == "I would rather not decide this."


def test_a_judge_that_finds_nothing_wrong_leaves_nothing_to_turn(server):
    trial = tried(judge_of(server, "judge-yes"))
    assert (trial.state, trial.reason) == ("failed", trials.NOTHING_TO_TURN)


def test_a_model_that_is_not_there_ends_the_trial_in_words(server):
    trial = tried(judge_of(server, "not-found"))
    assert trial.state == "failed" and trial.reason.startswith("The judge could not be asked: ")


def test_an_attack_without_a_verdict_is_unscored_and_one_without_an_answer_failed_and_neither_held(server):
    trial = tried(judge_of(server, "judge-moody"))
    counts = {name: outcomes(trial).count(name) for name in trials.OUTCOMES}
    assert counts == {"base": 0, "turned": 0, "held": ALL - 3, "unscored": 2, "failed": 1}
    failed = next(row for row in trial.results if row["outcome"] == "failed")
    assert failed["error"] and failed["verdict"] is None


def test_a_program_is_not_tried():
    make_organisation()
    with pytest.raises(trials.TrialProblem, match="is a program"):
        trials.start(judge=make_judge(), actor=None)


def test_one_trial_of_a_judge_at_a_time_and_each_start_is_on_record(server):
    judge, lea = judge_of(server, "judge-careful"), make_person("lea")
    trial = trials.start(judge=judge, actor=lea)
    with pytest.raises(trials.TrialProblem, match="already"):
        trials.start(judge=judge, actor=lea)
    event = AuditEvent.objects.get(object_type="judgetrial")
    assert (event.action, event.object_id, event.actor) == ("start", trial.pk, lea)
    assert trial.organisation == lea.memberships.get().organisation


def test_a_trial_taken_up_again_asks_only_what_is_missing(server):
    judge = judge_of(server, "judge-careful#again")
    make_organisation()
    trial = trials.start(judge=judge, actor=None)
    kept = [trials._row(attack.name, attack.family, "held") for attack in attacks.attacks(judging.judge_of(judge))[:30]]
    JudgeTrial.objects.filter(pk=trial.pk).update(results=kept, done=30)
    chores.do(JudgeTrial, trial.pk, trials.job, "w2")
    trial.refresh_from_db()
    assert (trial.state, trial.done, len(trial.results)) == ("finished", ALL, ALL + 1)
    assert server.calls("judge-careful#again") == 6


def test_a_cancelled_trial_makes_no_call_more_and_keeps_its_state(server, monkeypatch):
    judge = judge_of(server, "judge-careful#stopped", max_concurrency=1)
    make_organisation()
    trial = trials.start(judge=judge, actor=None)
    save = chores.Hold.save

    def cancelled_meanwhile(hold, **fields):
        JudgeTrial.objects.filter(pk=trial.pk).update(state="cancelled")
        save(hold, **fields)

    monkeypatch.setattr(chores.Hold, "save", cancelled_meanwhile)
    assert chores.do(JudgeTrial, trial.pk, trials.job, "w1") is False
    trial.refresh_from_db()
    assert (trial.state, trial.results) == ("cancelled", [])
    assert server.calls("judge-careful#stopped") < ALL


def test_attacks_that_changed_since_the_start_are_not_mixed_with_others(server):
    make_organisation()
    trial = trials.start(judge=judge_of(server, "judge-careful"), actor=None)
    JudgeTrial.objects.filter(pk=trial.pk).update(digest="0" * 64)
    chores.do(JudgeTrial, trial.pk, trials.job, "w1")
    trial.refresh_from_db()
    assert trial.state == "failed" and "has changed" in trial.reason


def test_a_judge_of_prompts_and_one_of_another_taxonomy_are_not_tried():
    toys = of_rows("Toys v2", [dict(slug="kites", name="Kites", full_name="Kites", definition="Fly.", trained=True)])
    for name, taxonomy, why in (
        ("prompt_risks", None, "reads prompts"),
        ("risk_categories", toys, "built-in categories"),
    ):
        with pytest.raises(trials.TrialProblem, match=why):
            trials.start(judge=judging.choose(name=name, model=make_model(), taxonomy=taxonomy), actor=None)
