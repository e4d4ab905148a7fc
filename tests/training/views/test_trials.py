"""The pages of trials: start, watch, read what turned, stop."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.factories import make_judge, make_model, make_organisation, make_person
from tests.markup import elements
from training import attacks
from training.models import JudgeTrial
from training.services import judging, trials

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def text(response):
    """What the whole page says, its white space as a browser shows it."""
    return " ".join(elements(response.content.decode(), "html")[0].text.split())


@pytest.fixture
def judge():
    make_organisation()
    return make_judge("follows_config", make_model())


def page_of(trial):
    return reverse("training:trial-detail", args=[trial.pk])


def row(name, outcome, follows=False, **fields):
    verdict = None if outcome in ("unscored", "failed") else {"follows_config": follows, "reasons": "Because."}
    family = "" if outcome == "base" else "family of " + name
    given = {"name": name, "family": family, "outcome": outcome, "verdict": verdict, "raw": "raw", "tokens": 5}
    return given | {"error": ""} | fields


@pytest.fixture
def finished(judge):
    """A trial of four attacks: one turned, one held, one unscored, one failed."""
    rows = [
        row("", "base"),
        row("mark_at_end", "held", raw="<script>alert(1)</script>"),
        row("arabic_order", "turned", follows=True),
        row("far_away", "failed", error="The prompt is too long for this model."),
        row("split", "unscored"),
    ]
    trial = trials.start(judge=judge, actor=None)
    JudgeTrial.objects.filter(pk=trial.pk).update(results=rows, total=4, done=4, state="finished")
    trial.refresh_from_db()
    return trial


def test_a_start_leads_to_the_trial_and_a_second_one_says_that_it_goes_on(as_person, judge):
    client, new = as_person("ada"), reverse("training:trial-new", args=[judge.pk])
    assert client.post(new).url == page_of(JudgeTrial.objects.get())
    answer = client.post(new, follow=True)
    assert "being tried already" in text(answer) and JudgeTrial.objects.count() == 1


def test_a_trial_under_way_asks_for_itself_and_a_finished_one_does_not(as_person, judge, finished):
    opened = trials.start(judge=judge, actor=None)
    client = as_person("ada")
    assert 'hx-trigger="every 2s"' in client.get(page_of(opened)).content.decode()
    assert "every 2s" not in client.get(page_of(finished)).content.decode()
    part = client.get(page_of(opened), headers=HTMX).content.decode()
    assert "<body" not in part and 'id="trial-live"' in part


def test_the_state_that_moved_comes_with_its_actions(as_person, finished):
    part = as_person("ada").get(page_of(finished) + "?known=running", headers=HTMX).content.decode()
    assert 'hx-swap-oob="true"' in part and "1 of 4 attacks turned" in part


def test_what_turned_comes_first_and_the_rest_is_counted_apart(as_person, finished):
    answer = as_person("bob").get(page_of(finished))
    shown = text(answer)
    assert "1 of 4 turned" in shown and "2 with a verdict, 1 unscored, 1 failed" in shown
    assert "4 attacks = 1 turned + 1 held + 1 unscored + 1 failed" in shown
    places = [shown.index(name) for name in ("arabic order", "split", "far away", "mark at end")]
    # once in the table of families each; the last place is that of its own row
    assert places and shown.rindex("arabic order") < shown.rindex("mark at end")
    assert "The prompt is too long for this model." in shown


def test_texts_of_attacks_and_replies_are_shown_as_text(as_person, finished):
    page = as_person("ada").get(page_of(finished)).content.decode()
    assert "<script>alert(1)</script>" not in page and "&lt;script&gt;alert(1)" in page
    assert "تمت مراجعة" in page and 'dir="auto"' in page


def test_texts_of_another_set_of_attacks_are_not_put_beside_old_replies(as_person, finished):
    JudgeTrial.objects.filter(pk=finished.pk).update(digest="0" * 64)
    assert "The set of attacks has changed since." in text(as_person("ada").get(page_of(finished)))


def test_a_trial_is_stopped_once_and_the_second_person_reads_that_somebody_was_faster(as_person, judge):
    trial = trials.start(judge=judge, actor=None)
    cancel = reverse("training:trial-cancel", args=[trial.pk])
    assert "cancelled" in text(as_person("ada").post(cancel, follow=True))
    assert "Somebody was faster" in text(as_person("lea").post(cancel, follow=True))


def test_somebody_of_another_organisation_reads_a_trial_and_does_not_stop_it(as_person, judge):
    trial = trials.start(judge=judge, actor=None)
    client = as_person("mallory")
    assert client.get(page_of(trial)).status_code == 200
    assert client.post(reverse("training:trial-cancel", args=[trial.pk])).status_code == 403
    trial.refresh_from_db()
    assert trial.state == "queued"


def test_the_page_asks_the_same_number_of_queries_for_four_and_for_all_attacks(
    as_person, finished, django_assert_num_queries
):
    client = as_person("ada")
    client.get(page_of(finished))
    with CaptureQueriesContext(connection) as counted:
        client.get(page_of(finished))
    made = attacks.attacks(judging.judge_of(finished.judge))
    rows = [row("", "base"), *(row(attack.name, "held") for attack in made)]
    JudgeTrial.objects.filter(pk=finished.pk).update(results=rows, total=len(made))
    with django_assert_num_queries(len(counted)):
        client.get(page_of(finished))


def test_strangers_read_a_trial_without_the_name_of_who_made_it(as_person, judge):
    ada = make_person("ada")
    trial = trials.start(judge=judge, actor=ada)
    pages = (page_of(trial), reverse("training:judge-detail", args=[judge.pk]))
    for name, named in (("ada", True), ("mallory", False), ("grace", True)):
        said = [
            " ".join(elements(as_person(name).get(page).content.decode(), "main")[0].text.split()) for page in pages
        ]
        assert [str(ada) in one for one in said] == [named] * 2
        assert named or all("by somebody of another organisation" in one for one in said)
