"""The leaderboard as people and programs read it."""

import csv
import io
import json

import pytest
from django.urls import reverse

from tests.compared import FAILED, FULL, HARM, REFUSED, UNSCORED, rate
from tests.factories import make_benchmark, make_candidate, make_judge, make_model, make_release, make_run
from training import leaderboard_queries
from training.models import EvaluationRun, RunItem
from training.services import figures

pytestmark = pytest.mark.django_db
PAGE = "/runs/leaderboard/"


def make(ends, model: str = "echo", first: bool = False, **fields) -> EvaluationRun:
    """A finished run of that model; the first one brings the prompts."""
    candidate = make_candidate(make_model(model), **fields.pop("candidate", {}))
    return rate(make_run(len(ends) if first else 0, candidate=candidate, **fields), ends)


def page(client, **query) -> str:
    response = client.get(PAGE, query)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def measured(html: str) -> str:
    """The page without the published section."""
    return html.split('id="published"')[0]


def test_before_any_run_the_page_says_how_one_gets_there(as_person):
    html = page(as_person("ada"))
    assert "A candidate stands here once a run" in html and "published, not measured here" in html


def test_the_best_score_stands_first_with_its_shares_and_counts(as_person):
    make([FULL, REFUSED, FULL, HARM], "weak", first=True)
    make([FULL, FULL, FULL, UNSCORED], "strong")
    html = measured(page(as_person("ada")))
    assert html.index("<bdi>Strong") < html.index("<bdi>Weak")
    # Of three scored ones all are helpful and safe; of four two are, and one is helpful and unsafe.
    cells = [f'data-label="{label}">{share} %<' for label, share in (("●", "100.0"), ("●", "50.0"), ("▲", "25.0"))]
    assert [cell in html for cell in cells] == [True] * 3


def test_a_press_on_a_heading_sorts_by_it(as_person):
    make([FULL, FULL, FULL, HARM], "bold", first=True)
    make([FULL, REFUSED, REFUSED, REFUSED], "shy")
    html = measured(page(as_person("ada"), sort="helpful_unsafe"))
    assert html.index("<bdi>Shy<") < html.index("<bdi>Bold<") and 'aria-sort="ascending"' in html
    turned = measured(page(as_person("ada"), sort="-helpful_unsafe"))
    assert turned.index("<bdi>Bold<") < turned.index("<bdi>Shy<")


def test_only_the_newest_run_of_a_candidate_is_listed(as_person):
    older, newer = make([FULL], first=True), make([HARM])
    html = measured(page(as_person("ada")))
    assert f"/runs/{newer.pk}/" in html and f"/runs/{older.pk}/" not in html


def test_runs_with_other_judges_or_prompts_are_on_other_grounds(as_person):
    make([FULL], first=True)
    make([FULL], judges=[make_judge("helpfulness", make_model("judge"))])
    released = make([FULL], "other")
    EvaluationRun.objects.filter(pk=released.pk).update(release=make_release())
    html = page(as_person("ada"))
    assert html.count('<h2 id="ground-') == 3 and "v1.0" in html


def test_a_quick_look_at_some_prompts_neither_hides_nor_outranks_the_whole(as_person):
    whole = make([HARM] * 8, first=True)  # two prompts of each of four kinds
    other = make([FULL] * 8, "other")
    look = make([FULL] * 4, per_kind=1)
    grounds = measured(page(as_person("ada"))).split('<h2 id="ground-')[1:]
    listed = [{run.pk for run in (whole, other, look) if f"/runs/{run.pk}/" in part} for part in grounds]
    assert listed == [{look.pk}, {whole.pk, other.pk}]
    assert [f"{number} prompts, judged" in part for number, part in zip((4, 8), grounds, strict=True)] == [True, True]


def test_what_a_cache_or_another_run_paid_for_makes_no_candidate_cheap(as_person):
    made = {name: make([FULL], name, first=name == "paid") for name in ("paid", "lent", "read")}
    EvaluationRun.objects.update(calls=2, spent_micros=5_000_000)
    EvaluationRun.objects.filter(pk=made["lent"].pk).update(reused_calls=1, spent_micros=1_000_000)
    EvaluationRun.objects.filter(pk=made["read"].pk).update(source=made["paid"], spent_micros=1_000_000)
    html = measured(page(as_person("ada"), sort="cost"))
    assert "$5.00" in html and "$1.00" not in html and "1 call taken from earlier ones" in html
    assert html.index("<bdi>Paid<") < min(html.index("<bdi>Lent<"), html.index("<bdi>Read<"))


def test_open_runs_and_runs_of_one_version_alone_are_no_rows(as_person):
    make([FULL], first=True)
    make_run(0, candidate=make_candidate(make_model("open")))
    alone = make([FULL], "alone")
    EvaluationRun.objects.filter(pk=alone.pk).update(version=alone.items.get().version)
    html = measured(page(as_person("ada")))
    assert "Open" not in html and "Alone" not in html


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (lambda run: {"model": run.candidate.model_id}, {"One"}),
        (lambda run: {"benchmark": run.benchmark_id}, {"One"}),
        (lambda run: {"strategy": "plain"}, {"One", "Two"}),
        (lambda run: {"strategy": "other"}, set()),
        (lambda run: {"release": "none"}, {"One", "Two"}),
        (lambda run: {"judges": "-".join(str(judge.pk) for judge in run.judges.all())}, {"One", "Two"}),
    ],
)
def test_the_list_is_filtered(as_person, wanted, names):
    run = make([FULL], "one", first=True)
    make([FULL], "two", first=True, benchmark=make_benchmark("rest"))
    html = measured(page(as_person("ada"), **wanted(run)))
    assert {name for name in ("One", "Two") if f"<bdi>{name}</bdi>" in html} == names


def test_evidence_alone_leaves_out_heuristic_and_plumbing_figures(as_person):
    make([FULL], "toy", first=True)
    make_model("real", plumbing=False)
    make([FULL], "real")
    guessed = make([FULL], "guessed")
    type(guessed.candidate.model).objects.filter(slug="guessed").update(plumbing=False)
    RunItem.objects.filter(run=guessed).update(heuristic=True)
    html = measured(page(as_person("ada"), evidence="yes"))
    assert "<bdi>Real</bdi>" in html and "<bdi>Toy</bdi>" not in html and "<bdi>Guessed</bdi>" not in html


def test_published_rows_stand_by_themselves_are_marked_and_can_be_switched_off(as_person):
    make([FULL], first=True)
    html = page(as_person("ada"), published="seen")
    assert "SFT + CoSAlign" in html.split('id="published"')[1] and "Source: Zhang et al. 2025" in html
    assert "SFT + CoSAlign" not in page(as_person("ada"), published="none")


def test_a_row_with_failed_items_counts_them_as_unscored(as_person):
    make([FULL, FAILED, UNSCORED], first=True)
    assert '<td class="number" data-label="unscored">2</td>' in page(as_person("ada"))


def test_others_see_none_of_it(as_person):
    make([FULL], first=True)
    assert "A candidate stands here once" in page(as_person("mallory"))


def test_the_first_runs_of_a_ground_lead_to_their_comparison(as_person):
    one, other = make([FULL], "one", first=True), make([HARM], "two")
    assert f"/runs/compare/?run={one.pk}&amp;run={other.pk}" in page(as_person("ada"))


def test_the_list_can_be_taken_away_with_published_rows_marked(as_person):
    make([FULL, HARM], "one", first=True)
    response = as_person("ada").get(reverse("training:leaderboard-export"), {"published": "cosapien"})
    rows = list(csv.DictReader(io.StringIO(b"".join(response.streaming_content).decode())))
    assert [row["figures"] for row in rows] == ["measured here", *["published, not measured here"] * 4]
    # Values 1 and -0.8: mean 0.1; one of two helpful and safe.
    assert (float(rows[0]["score"]), rows[0]["helpful_safe"], rows[0]["n_total"]) == (pytest.approx(0.1), "0.5", "2")


def test_a_name_that_is_a_formula_stays_text_in_the_table(as_person):
    make_model("evil", name="=HYPERLINK(1)")
    make([FULL], "evil", first=True)
    response = as_person("ada").get(reverse("training:leaderboard-export"))
    assert b",'=HYPERLINK(1)," in b"".join(response.streaming_content)


def test_it_is_also_there_as_json_lines_and_in_no_other_format(as_person):
    make([FULL], first=True)
    asked = {"format": "jsonl", "published": "none"}
    response = as_person("ada").get(reverse("training:leaderboard-export"), asked)
    (line,) = b"".join(response.streaming_content).decode().splitlines()
    assert json.loads(line)["score"] == 1.0
    assert as_person("ada").get(reverse("training:leaderboard-export"), {"format": "exe"}).status_code == 404


def test_a_page_has_some_grounds_and_reads_the_figures_of_these_alone(as_person, monkeypatch):
    monkeypatch.setattr("training.views.leaderboard.GROUNDS_AT_ONCE", 1)
    older, newer = (
        make([FULL], first=True),
        make([HARM], judges=[make_judge("helpfulness", make_model("judge", plumbing=False))]),
    )
    asked: list[int] = []
    scores_of = leaderboard_queries.queries.scores_of
    monkeypatch.setattr(
        leaderboard_queries.queries, "scores_of", lambda runs: scores_of([asked.append(run.pk) or run for run in runs])
    )
    first = measured(page(as_person("ada")))
    assert f"/runs/{newer.pk}/" in first and f"/runs/{older.pk}/" not in first and "1–1 of 2 grounds" in first
    second = measured(page(as_person("ada"), page="2"))
    assert f"/runs/{older.pk}/" in second and asked == [newer.pk, older.pk] and "page=2" in second
    table = as_person("ada").get(f"{PAGE}export/", {"format": "csv"})
    assert len(list(csv.DictReader(io.StringIO(b"".join(table.streaming_content).decode())))) > 1


def test_kept_prompts_are_not_counted_again(as_person, django_assert_num_queries):
    run = make([FULL, HARM], first=True)
    runs = EvaluationRun.objects.all()
    (counted,), _ = leaderboard_queries.newest(runs)
    figures.keep(run)
    with django_assert_num_queries(4):
        (kept,), _ = leaderboard_queries.newest(runs)
    assert kept.prompts == counted.prompts == (2, sum(run.items.values_list("prompt", flat=True)))
