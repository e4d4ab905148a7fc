"""Asking people about a random sample: what is drawn, what is written down, and what is refused."""

import pytest

from annotations.models import AuditEvent, Campaign
from tests.factories import make_person
from tests.outcomes import finish
from tests.sampled import by_hand, draw, make_two
from training.models import EvaluationRun, RunItem
from training.services import correction
from training.services.correction import SampleProblem

pytestmark = pytest.mark.django_db


@pytest.fixture
def run():
    return make_two()


def sample(run, **fields):
    values = {"per_config": 3, "seed": 5, "actor": make_person("lea")} | fields
    return correction.sample(run=run, **values)


def configs(campaign):
    return sorted(campaign.items.values_list("response__version__config__slug", flat=True))


def responses(campaign):
    return set(campaign.items.values_list("response", flat=True))


def test_as_many_of_each_config_are_in_a_draft_with_one_rating_each(run):
    made = sample(run)
    assert (made.items, made.campaign.state, configs(made.campaign)) == (6, "draft", ["film"] * 3 + ["game"] * 3)
    assert set(made.campaign.items.values_list("needed", flat=True)) == {1}


def test_the_seed_draws_the_same_sample_again_and_another_one_another(run):
    first = correction.draw(run, per_config=3, seed=5, actor=make_person("lea"))
    assert first == correction.draw(run, per_config=3, seed=5, actor=make_person("lea"))
    assert first != correction.draw(run, per_config=3, seed=6, actor=make_person("lea"))


def test_the_draw_is_written_down(run):
    made = sample(run)
    event = AuditEvent.objects.get(action="sample")
    assert event.object_id == made.campaign.pk
    assert event.after == {"runs": [run.pk], "kind": "", "per_config": 3, "seed": 5, "added": 6}


def test_what_raters_read_of_it_does_not_say_whose_responses_they_are(run):
    campaign = sample(run).campaign
    said = f"{campaign.title} {campaign.about}"
    assert str(run.pk) not in said.replace(campaign.title, "") and "Echo" not in said and "Run" not in said


def test_a_second_sample_adds_to_the_first(run):
    first, second = draw(run, 3), sample(run, per_config=5, seed=9).campaign
    assert configs(second) == ["film"] * 2 + ["game"] * 2
    assert not responses(first) & responses(second)


def test_of_two_at_the_button_the_second_reads_that_somebody_was_faster(run):
    sample(run)
    with pytest.raises(SampleProblem, match="Somebody was faster"):
        sample(run)
    assert Campaign.objects.count() == 1


def test_what_was_chosen_by_hand_may_be_drawn_again(run):
    by_hand(run, 16)
    assert sample(run).items == 6


def test_a_config_with_fewer_responses_gives_all(run):
    RunItem.objects.filter(pk__in=run.items.filter(version__config__slug="film")[:6].values("pk")).update(
        withheld=True, helpfulness=0, follows_config=True
    )
    assert configs(sample(run, per_config=4).campaign) == ["film"] * 2 + ["game"] * 4


def test_a_run_that_is_not_finished_is_not_sampled(run):
    EvaluationRun.objects.filter(pk=run.pk).update(state="paused")
    with pytest.raises(SampleProblem, match="not finished"):
        sample(run)
    finish(run)
    assert sample(run).items == 6
