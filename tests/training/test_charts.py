"""The charts of a run: exact counts, and from each part a link to just its items."""

from urllib.parse import parse_qs, urlsplit

import pytest
from django.urls import reverse

from annotations.core.cosa_score import cosa_score
from annotations.marks import OUTCOMES
from annotations.models import SafetyConfig
from tests.factories import make_config, make_prompt, make_run, make_version
from tests.outcomes import answer, fail, finish, finished_run
from training import queries
from training.charts import config_rows, items_url, kinds_beside, outcome_counts, run_charts
from training.models import EvaluationRun, RunItem

VALUES = {
    "helpful_safe": (0.2, True),
    "helpful_unsafe": (1.0, False),
    "unhelpful_safe": (0.0, True),
    "unhelpful_unsafe": (0.0, False),
    "unscored": (None, True),
}


def scored(**counts: int):
    return cosa_score(VALUES[name] for name, count in counts.items() for _ in range(count))


@pytest.mark.parametrize(
    "counts",
    [
        {"helpful_safe": 1, "helpful_unsafe": 1, "unhelpful_safe": 1, "unhelpful_unsafe": 0, "unscored": 0},
        {"helpful_safe": 64, "helpful_unsafe": 61, "unhelpful_safe": 37, "unhelpful_unsafe": 29, "unscored": 9},
        {"helpful_safe": 9999, "helpful_unsafe": 1, "unhelpful_safe": 0, "unhelpful_unsafe": 0, "unscored": 1},
        {"helpful_safe": 0, "helpful_unsafe": 0, "unhelpful_safe": 0, "unhelpful_unsafe": 0, "unscored": 3},
        {"helpful_safe": 0, "helpful_unsafe": 0, "unhelpful_safe": 0, "unhelpful_unsafe": 0, "unscored": 0},
    ],
    ids=str,
)
def test_counts_come_back_exactly_from_the_shares(counts):
    assert outcome_counts(scored(**counts)) == counts


@pytest.mark.parametrize("total", range(1, 60))
def test_counts_of_every_small_run_are_exact(total):
    for part in range(total + 1):
        assert outcome_counts(scored(helpful_safe=part, unhelpful_unsafe=total - part))["helpful_safe"] == part


def test_an_address_of_items_carries_the_filters_that_are_set():
    url = urlsplit(items_url(7, config=3, kind="", outcome="unscored"))
    assert (url.path, parse_qs(url.query)) == (
        reverse("training:item-list", args=[7]),
        {"config": ["3"], "outcome": ["unscored"]},
    )


def test_an_address_of_all_items_has_no_question_mark():
    assert items_url(7) == reverse("training:item-list", args=[7])


@pytest.fixture
def run(db):
    """Two configs; under each a prompt of every kind and outcome, the last one failed."""
    for slug in ("film", "game"):
        config = make_version(make_config(slug, title=slug.title())).config
        for kind in ("safe", "allowed", "partial", "disallowed", "safe", "allowed"):
            make_prompt(config=config, kind=kind)
    made = make_run(0)
    for number, item in enumerate(made.items.all()):
        values = list(VALUES.values())
        fail(item) if number % 6 == 5 else answer(
            item, helpfulness=values[number % 6][0], follows=values[number % 6][1]
        )
    return finish(made)


def charts(run):
    return run_charts(run, queries.scores(run))


def filtered(run: EvaluationRun, url: str):
    """The items a link leads to."""
    wanted = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    return queries.items(run, **wanted)


def test_each_bar_leads_to_as_many_items_as_it_shows(run):
    rows = charts(run).outcomes + charts(run).kinds + charts(run).breakdown
    assert rows and [filtered(run, row.url).count() for row in rows] == [row.n_total for row in rows]


def test_each_part_of_a_bar_leads_to_as_many_items_as_it_shows(run):
    parts = [part for row in charts(run).outcomes + charts(run).kinds + charts(run).breakdown for part in row.segments]
    assert parts and [filtered(run, part.url).count() for part in parts] == [part.number for part in parts]


def test_each_part_of_a_bar_leads_to_items_of_its_outcome(run):
    parts = [part for row in charts(run).outcomes for part in row.segments]
    assert [{item.outcome for item in filtered(run, part.url)} for part in parts] == [{part.outcome} for part in parts]


def test_each_score_leads_to_the_items_of_its_config(run):
    rows = charts(run).intervals
    titles = [{item.version.config.title for item in filtered(run, row.url)} for row in rows]
    assert titles == [{row.label} for row in rows] == [{"Film"}, {"Game"}]


def test_the_first_row_of_the_breakdown_is_the_whole_run(run):
    whole = charts(run).breakdown[0]
    assert (whole.n_total, whole.n_scored) == (12, 8)
    assert [part.number for part in whole.segments] == [2, 2, 2, 2, 4] and [
        part.outcome for part in whole.segments
    ] == list(OUTCOMES)


def test_a_point_has_the_shares_of_its_config(run):
    # under each config one of four scored items is helpful and safe, one helpful and unsafe
    assert [(point.helpful_safe, point.helpful_unsafe, point.n_scored) for point in charts(run).scatter] == [
        (0.25, 0.25, 4)
    ] * 2


def test_runs_stand_beside_each_other_kind_by_kind(run):
    other = finished_run(0)
    rows = kinds_beside([run, other], queries.scores_of([run, other]))
    order = [(kind, f"Run {one.pk}") for kind in ("safe", "allowed") for one in (run, other)]
    assert [(row.kind, row.label) for row in rows[:4]] == order
    assert filtered(run, rows[0].segments[0].url).count() == rows[0].segments[0].number == 2


def test_the_configs_that_no_other_beats_are_in_front(run):
    # Both have the same shares, so both are in front and the line has one corner
    assert [point.front for point in charts(run).scatter] == [True, True] and len(charts(run).front) == 2


def test_an_unfinished_run_draws_only_what_has_ended(db):
    run = make_run(4)
    answer(run.items.first())
    assert [row.n_total for row in charts(run).outcomes] == [1]


def test_figures_of_a_program_are_marked_in_every_chart(run):
    RunItem.objects.update(heuristic=True)
    drawn = charts(run)
    rows = [*drawn.intervals, *drawn.outcomes, *drawn.kinds, *drawn.scatter, *drawn.breakdown]
    assert all(row.heuristic for row in rows)


def rows_of_home():
    return config_rows(EvaluationRun.objects.all(), SafetyConfig.objects.all())


def test_home_has_a_row_for_each_config_by_title(run):
    assert [(row.label, row.n_scored, row.n_total) for row in rows_of_home()] == [("Film", 4, 6), ("Game", 4, 6)]


def test_home_takes_each_config_from_its_newest_finished_run(run):
    newest = finished_run(0, configs=[make_config("game").pk])
    assert {row.label: urlsplit(row.url).path for row in rows_of_home()} == {
        "Film": items_url(run.pk),
        "Game": items_url(newest.pk),
    }


def test_home_leaves_out_a_config_that_never_ran(run):
    make_version(make_config("zoo"))
    assert [row.label for row in rows_of_home()] == ["Film", "Game"]
