"""Which runs make a series over the versions of a config, and what is said of each version."""

import pytest
from django.urls import reverse

from annotations.models import ConfigVersion
from tests.factories import make_benchmark, make_candidate, make_config, make_judge, make_model, make_version
from tests.version_runs import make_prompts, run_of
from training import version_scores
from training.models import EvaluationRun

pytestmark = pytest.mark.django_db
HALF = ((1.0, True), (1.0, True), (1.0, False), (0.0, True))
"""(1 + 1 - 1 + 0) / 4 = 0.25"""


@pytest.fixture
def versions():
    config = make_config()
    make_prompts(config)
    return [make_version(config) for _ in range(3)]


def found(version: ConfigVersion):
    return version_scores.of_config(EvaluationRun.objects.all(), version.config)


def drawn(version: ConfigVersion):
    return [[(row.version, row.score) for row in one.rows] for one in found(version).chart.series]


def test_versions_of_one_candidate_and_judge_are_one_line(versions):
    run_of(versions[0], HALF)
    run_of(versions[2])
    assert drawn(versions[0]) == [[(1, 0.25), (3, 1.0)]]
    assert len(found(versions[0]).chart.series[0].strokes) == 1


def test_another_judge_or_candidate_is_another_series_said_in_words(versions):
    run_of(versions[0])
    run_of(versions[1], judges=[make_judge(), make_judge("helpfulness", make_model("second"))])
    run_of(versions[1], candidate=make_candidate(temperature=0.5))
    chart = found(versions[0]).chart
    assert len(chart.series) == 3 and not any(one.strokes for one in chart.series)
    assert str(make_benchmark().title) in chart.series[0].name and "judged by" in chart.series[0].name


def test_of_two_runs_of_a_version_the_newest_counts(versions):
    run_of(versions[0])
    newest = run_of(versions[0], HALF)
    assert drawn(versions[0]) == [[(1, 0.25)]]
    assert found(versions[0]).chart.series[0].rows[0].label == f"Run {newest.pk}"


def test_a_run_in_which_nothing_is_scored_has_a_row_and_no_dot(versions):
    run_of(versions[0], (None,) * 4)
    (series,) = found(versions[0]).chart.series
    assert (series.dots, series.rows[0].score, series.rows[0].n_total) == ((), None, 4)


def test_unfinished_runs_say_nothing_yet(versions):
    run_of(versions[0], end=False)
    assert found(versions[0]) is None


def test_the_page_and_its_part(as_person, versions):
    url = reverse("training:config-scores", args=[versions[0].config_id])
    assert "No finished run has scored" in as_person("ada").get(url).content.decode()
    run_of(versions[0], HALF)
    page = as_person("ada").get(url).content.decode()
    part = as_person("ada").get(url, headers={"HX-Request": "true"}).content.decode()
    assert "v1" in page and "0.25" in page and "<body" in page
    assert "0.25" in part and "<body" not in part
    assert as_person("mallory").get(url).status_code == 404


def test_six_runs_ask_as_often_as_one(versions, django_assert_max_num_queries):
    run_of(versions[0])
    found(versions[0])
    for version in versions * 2:
        run_of(version)
    found(versions[0])
    with django_assert_max_num_queries(7):
        found(versions[0])
