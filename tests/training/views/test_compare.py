"""The page that sets runs beside each other."""

import csv
import io
import json

import pytest
from django.urls import reverse

from annotations.models import BenchmarkRelease
from tests.compared import FAILED, FULL, HARM, REFUSED, UNSCORED, WAITING, rate, two_runs
from tests.factories import (
    make_benchmark,
    make_candidate,
    make_config,
    make_judge,
    make_model,
    make_organisation,
    make_prompt,
    make_release,
    make_run,
    make_version,
)
from training.models import EvaluationRun

pytestmark = pytest.mark.django_db
PAGE = "/runs/compare/"


def page(client, *runs, name="run-compare", **query) -> str:
    """The page of these runs as text."""
    asked = {"run": [run.pk for run in runs]} | query
    response = client.get(reverse(f"training:{name}"), asked)
    assert response.status_code == 200
    return response.content.decode()


def words(html: str) -> str:
    return " ".join(html.split())


def test_without_runs_the_page_says_what_to_do(as_person):
    html = as_person("ada").get(PAGE).content.decode()
    assert "There is no run that you may read yet." in html and "Choose two runs above" not in html


def test_one_run_is_asked_for_a_second_one_on_its_benchmark(as_person):
    base, other = two_runs([FULL], [FULL])
    elsewhere = rate(make_run(1, benchmark=make_benchmark("rest")), [FULL])
    html = page(as_person("ada"), base)
    assert "One run has nothing to differ from" in html
    assert f'<option value="{other.pk}">' in html and f'<option value="{elsewhere.pk}">' not in html


def test_the_difference_stands_with_its_interval_tests_and_pairs(as_person):
    # Values 1, 0, 1, 0 then and 1, 1, -0.8, 0 now: changes 0, 1, -1.8, 0, mean -0.2. One up, one down: p = 1.
    base, other = two_runs([FULL, REFUSED, FULL, REFUSED], [FULL, FULL, HARM, REFUSED])
    html = words(page(as_person("ada"), base, other))
    assert '<span class="figure-score">−0.200</span>' in html and "over 4 pairs" in html
    assert "1 rose, 1 fell; sign test p 1.000" in html
    assert "1 became so, 0 no longer are; McNemar p 1.000" in html


def test_whatever_does_not_pair_is_counted_and_leads_to_its_items(as_person):
    base, other = two_runs([FULL, FULL, UNSCORED, FULL], [FULL, FAILED, FULL, WAITING], end=False)
    html = words(page(as_person("ada"), base, other))
    assert "4 prompts = 1 scored in both" in html
    assert all(part in html for part in (">1 failed</a>", ">1 unscored</a>", ">1 not answered yet</a>"))


def test_an_open_run_is_shown_with_its_figures_so_far(as_person):
    base, other = two_runs([FULL, FULL], [FULL, WAITING], end=False)
    html = words(page(as_person("ada"), base, other))
    assert f"run {other.pk} is queued: its figures are those so far" in html and "1 of 2 ended" in html


def test_runs_with_other_judges_are_not_comparable_and_say_so(as_person):
    base, other = two_runs([FULL], [FULL], judges=[make_judge("helpfulness", make_model("judge"))])
    html = words(page(as_person("ada"), base, other))
    assert "<b>Not comparable.</b>" in html and "other judges:" in html


def test_runs_on_other_releases_are_not_comparable(as_person):
    base, other = two_runs([FULL], [FULL])
    release = make_release(base.benchmark)
    EvaluationRun.objects.filter(pk=other.pk).update(release=release)
    assert "other prompts: as the benchmark was in run" in page(as_person("ada"), base, other)
    assert BenchmarkRelease.objects.count() == 1


def test_another_version_of_a_config_asks_for_care(as_person):
    base, _ = two_runs([FULL], [FULL])
    newer = make_version(make_config(), policy="Another policy.")
    other = make_run(0, candidate=make_candidate(seed=2))
    rate(other, [FULL])
    assert f"Config game v1 and v{newer.number}" in page(as_person("ada"), base, other)


def test_the_runs_of_equal_making_are_said_to_be_comparable(as_person, monkeypatch):
    base, other = two_runs([FULL], [FULL], candidate=make_candidate(make_model("real", plumbing=False), seed=1))
    type(base.candidate.model).objects.update(plumbing=False)
    assert "Comparable: the same prompts" in page(as_person("ada"), base, other)


def test_facts_that_differ_are_marked(as_person):
    base, other = two_runs([FULL], [FULL])
    html = words(page(as_person("ada"), base, other))
    assert 'Seed <b title="differs">' in html and 'Benchmark <b title="differs">' not in html


def test_another_run_can_be_made_the_base_and_one_left_out(as_person):
    base, other = two_runs([FULL], [FULL])
    html = page(as_person("ada"), base, other)
    assert f'href="{PAGE}?run={other.pk}&amp;run={base.pk}"' in html
    assert f'href="{PAGE}?run={base.pk}"' in html


def test_three_runs_have_two_sections_against_the_first(as_person):
    base, other = two_runs([FULL, REFUSED], [FULL, FULL])
    third = rate(make_run(0, candidate=make_candidate(seed=5)), [HARM, HARM])
    html = page(as_person("ada"), base, other, third)
    assert f"Run {other.pk} against run {base.pk}" in html and f"Run {third.pk} against run {base.pk}" in html


def test_a_run_named_twice_stands_there_once(as_person):
    base, other = two_runs([FULL], [FULL])
    assert page(as_person("ada"), base, base, other).count("make it the base") == 1


@pytest.mark.parametrize("asked", ["run=abc", "run=999999"])
def test_a_run_that_is_not_there_is_404(as_person, asked):
    assert as_person("ada").get(f"{PAGE}?{asked}").status_code == 404


@pytest.mark.parametrize("name", ["run-compare", "run-changes", "compare-export"])
def test_a_run_of_others_is_404_on_every_page(as_person, name):
    base, other = two_runs([FULL], [FULL])
    asked = {"run": [base.pk, other.pk]}
    assert as_person("mallory").get(reverse(f"training:{name}"), asked).status_code == 404
    assert as_person("mallory").get(reverse("training:run-changed", args=[1]), asked).status_code == 404


def test_more_runs_than_fit_are_said_to_be_left_out(as_person):
    base, other = two_runs([FULL], [FULL])
    others = [rate(make_run(0, candidate=make_candidate(seed=seed)), [FULL]) for seed in range(2, 10)]
    html = page(as_person("ada"), base, other, *others)
    assert "At most 8 runs stand beside each other" in html and f"Run {others[-1].pk} against" not in html


def test_a_runs_title_from_people_is_escaped(as_person):
    organisation = make_organisation()
    make_version(make_config(organisation=organisation, title="<b>Bold</b>"))
    base, other = two_runs([FULL], [HARM])
    html = page(as_person("ada"), base, other)
    assert "<b>Bold</b>" not in html and "&lt;b&gt;Bold&lt;/b&gt;" in html


def test_the_table_to_take_away_has_a_line_for_all_each_config_and_each_kind(as_person):
    make_version(make_config(title="=SUM(A1)"))
    base, other = two_runs([FULL, REFUSED, FULL, REFUSED], [FULL, FULL, HARM, REFUSED])
    asked = {"run": [base.pk, other.pk]}
    response = as_person("ada").get(reverse("training:compare-export"), asked)
    rows = list(csv.DictReader(io.StringIO(b"".join(response.streaming_content).decode())))
    assert [row["of"] for row in rows] == ["all", "config", *["kind"] * 4]
    assert rows[1]["name"] == "'=SUM(A1)" and float(rows[0]["score_delta"]) == pytest.approx(-0.2)
    assert (rows[0]["to_unsafe"], rows[0]["pairs"]) == ("1", "4")


def test_it_is_also_there_as_json_lines(as_person):
    base, other = two_runs([FULL, REFUSED], [FULL, UNSCORED])
    asked = {"run": [base.pk, other.pk], "format": "jsonl"}
    response = as_person("ada").get(reverse("training:compare-export"), asked)
    first = json.loads(b"".join(response.streaming_content).decode().splitlines()[0])
    assert (first["base"], first["run"], first["pairs"], first["total"]) == (base.pk, other.pk, 1, 2)


def test_an_unknown_format_is_404(as_person):
    asked = {"run": [run.pk for run in two_runs([FULL], [FULL])], "format": "exe"}
    assert as_person("ada").get(reverse("training:compare-export"), asked).status_code == 404


def test_a_comparison_of_finished_runs_is_worked_out_once(as_person, monkeypatch):
    base, other = two_runs([FULL], [HARM])
    client = as_person("ada")
    page(client, base, other)
    monkeypatch.setattr("training.compare_queries.differences", lambda pairs: pytest.fail("worked out again"))
    page(client, base, other)


def test_prompts_of_one_wording_under_two_configs_are_one_cluster(as_person):
    # Both items rise, but they are one prompt: one rise, p = 2/2.
    for slug in ("game", "film"):
        config = make_version(make_config(slug)).config
        make_prompt("How long is a siege?", config=config, digest="d" * 64)
    base, other = (make_run(0, candidate=make_candidate(seed=seed)) for seed in (0, 1))
    html = words(page(as_person("ada"), rate(base, [REFUSED] * 2), rate(other, [FULL] * 2)))
    assert "over 2 pairs of 1 prompt<" in html and "1 rose, 0 fell" in html
