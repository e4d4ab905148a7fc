"""The pages of training runs: list, one run while it trains, its files, runs beside each other."""

import io
import json
import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.factories import make_checkpoint, make_loop, make_model, make_node, make_preference_set, make_training
from tests.markup import elements, text
from training import training_metrics
from training.models import TrainingPoint

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
HOSTILE = "<script>alert(1)</script>"


def at(name, *args, **query):
    return reverse(f"training:training-{name}", args=args, query=query)


def html(client, url, **options):
    answer = client.get(url, **options)
    assert answer.status_code == 200
    return answer.content.decode()


def trained(steps=4, **fields):
    """A run with a point for each step."""
    values = {"state": "running", "phase": "train", "done": steps, "total": steps * 2} | fields
    run = make_training(**values)
    points = [
        TrainingPoint(run=run, kind="log", step=step, values={"loss": 1 / step, "step_seconds": 3.0, "grad_norm": None})
        for step in range(1, steps + 1)
    ]
    TrainingPoint.objects.bulk_create(points, batch_size=1000)
    return run


def forms(page):
    """What the forms of a training run do, in their order."""
    there = [one.attributes.get("action", "") for one in elements(page, "form")]
    return [action.split("/")[-2] for action in there if "/trainings/" in action]


def test_the_list_shows_runs_and_loops_with_what_an_admin_may_begin(as_person):
    run, loop = trained(), make_loop(title="A loop")
    step = make_training("sft", loop=loop, title="its SFT")
    page = html(as_person("grace"), at("list"))
    links = [one.attributes.get("href") for one in elements(page, "a")]
    assert {at("detail", run.pk), at("detail", step.pk), reverse("training:loop-detail", args=[loop.pk])} <= {*links}
    assert at("new") in links and "0.25" in page and "12 s" in page  # the last loss, and 4 steps of 3 s
    assert at("new") not in html(as_person("ada"), at("list"))


def test_an_empty_list_says_what_to_do_first(as_person):
    admin = as_person("grace")
    assert "There is no preference set yet" in html(admin, at("list"))
    make_preference_set()
    assert "make training" in html(admin, at("list")) and reverse("training:loop-new") not in html(admin, at("list"))
    make_node()
    assert at("new") in html(admin, at("list")) and reverse("training:loop-new") in html(admin, at("list"))
    assert "An admin starts them" in html(as_person("ada"), at("list"))
    assert "No training run matches" in html(admin, at("list", state="failed"))


@pytest.mark.parametrize(
    ("fields", "there"),
    [
        ({"state": "queued", "phase": "check"}, ["cancel"]),
        ({"state": "running", "phase": "check"}, ["cancel"]),
        ({"state": "queued", "phase": "train"}, ["cancel"]),
        ({"state": "running", "phase": "train"}, ["cancel", "finish"]),
        ({"state": "failed", "phase": "train", "reason": "It broke."}, ["resume", "archive"]),
        ({"state": "cancelled", "phase": "train"}, ["resume", "archive"]),
        ({"state": "finished", "phase": "train"}, ["archive"]),
    ],
)
def test_an_admin_gets_the_actions_of_the_state_and_a_reader_none(as_person, fields, there):
    run = make_training(**fields)
    assert forms(html(as_person("grace"), at("detail", run.pk))) == there
    assert forms(html(as_person("ada"), at("detail", run.pk))) == []


def test_a_run_that_waits_shows_its_check_with_the_launch(as_person):
    run = make_training(state="waiting", phase="check", checked={"problems": [], "warnings": ["Many pairs are cut."]})
    page = html(as_person("grace"), at("detail", run.pk))
    assert "Many pairs are cut." in page and "launch" in forms(page) and "hx-get" not in page


def test_an_open_run_asks_for_itself_and_one_that_is_over_does_not(as_person):
    admin, run = as_person("grace"), trained()
    url = at("detail", run.pk)
    live = next(
        one for one in elements(html(admin, url), "div") if one.attributes.get("id") == "training-live"
    ).attributes
    assert live["hx-get"] == f"{url}?known=running-train-" and live["hx-trigger"] == "every 2s"
    fragment = html(admin, url, headers=HTMX)
    assert "<body" not in fragment and "training-said" not in fragment
    run.state = "finished"
    run.save()
    fragment = html(admin, f"{url}?known=running-train-", headers=HTMX)
    assert (
        "hx-get" not in fragment
        and 'id="training-said" hx-swap-oob' in fragment
        and 'id="training-actions"' in fragment
    )


def test_curves_tell_their_last_value_their_gaps_and_a_plumbing_base(as_person):
    run = trained(base=make_model("tiny", plumbing=True, weights="/x"))
    page = html(as_person("ada"), at("detail", run.pk))
    assert "plumbing, not evidence" in page and "computed from the last 4 logged steps" in page
    legend = text(page, "legend")
    assert "training 0.25" in " ".join(legend.split())
    assert "4 not a finite number" in page
    assert "No step is done yet" in html(as_person("ada"), at("detail", trained(0).pk))


def test_a_failed_run_says_why_and_keeps_its_figures(as_person):
    run = trained(state="failed", reason="The memory ran out. Take fewer pairs at once.")
    page = html(as_person("ada"), at("detail", run.pk))
    assert "The memory ran out. Take fewer pairs at once." in page and 'id="curve-loss"' in page


def test_samples_and_log_are_text_however_hostile(as_person):
    run = trained(log=f"{HOSTILE}\nend")
    rows = [{"system": HOSTILE, "user": "لماذا؟", "text": HOSTILE}]
    TrainingPoint.objects.create(run=run, kind="samples", step=2, values={"rows": rows})
    page = html(as_person("ada"), at("detail", run.pk))
    assert HOSTILE not in page and page.count("&lt;script&gt;") == 3
    (veil,) = elements(page, "details", css="veil")
    assert "open" not in veil.attributes and "لماذا؟" in veil.text
    assert elements(page, "pre", css="raw")[0].attributes["dir"] == "ltr"


def test_the_law_of_the_pairs_and_the_checkpoint_stand_on_the_page(as_person):
    law = {"in": 9, "out": 8, "dropped": {"empty": 1}, "cut": 2}
    run = trained(state="finished", record={"rows": {"train": law}, "best_step": 3, "command": ["python", "-m", "x"]})
    made = make_checkpoint(run)
    page = html(as_person("ada"), at("detail", run.pk))
    buttons = [one.attributes.get("href") for one in elements(page, "a") if "button" in one.attributes.get("class", "")]
    assert reverse("training:checkpoint-detail", args=[made.pk]) in buttons
    said = " ".join(text(page, "conserve").split())
    assert said == "9 pairs in = 8 trained on + 1 the prompt or a response is empty"
    assert made.model.name in page and "python -m x" in page and "the one after step 3 had the lowest loss" in page


def test_strangers_find_nothing_and_annotators_may_not(as_person):
    run = trained(log="x")
    for name in ("detail", "log", "metrics"):
        assert as_person("mallory").get(at(name, run.pk)).status_code == 404
        assert as_person("carol").get(at(name, run.pk)).status_code == 403
        assert as_person("grace").post(at(name, run.pk)).status_code == 405
    assert as_person("mallory").get(at("compare", runs=run.pk)).status_code == 404


def test_the_log_is_streamed_whole_where_it_lies_and_else_its_end_with_a_sentence(as_person, monkeypatch, tmp_path):
    monkeypatch.setattr(settings, "TRAINING_DIR", tmp_path)
    run, reader = trained(log="the end"), as_person("ada")
    answer = reader.get(at("log", run.pk))
    said = "-- The whole log lies on forge. These are its last lines, as they were kept. --\nthe end"
    assert b"".join(answer).decode() == said and answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert f'attachment; filename="training-run-{run.pk}.log"' == answer.headers["Content-Disposition"]
    (tmp_path / str(run.pk)).mkdir()
    (tmp_path / str(run.pk) / "log").write_bytes(b"all of it\xff")
    assert b"".join(reader.get(at("log", run.pk))) == b"all of it\xff"
    assert reader.get(at("log", trained().pk)).status_code == 404


def test_every_point_is_taken_away_with_what_has_no_column_of_its_own(as_person):
    run, reader = trained(2), as_person("ada")
    TrainingPoint.objects.create(run=run, kind="machine", step=1, values={"cpu_percent": 9, "gpus": [{"number": 0}]})
    lines = b"".join(reader.get(at("metrics", run.pk, format="jsonl"))).decode().splitlines()
    first, _, machine = map(json.loads, lines)
    assert (first["kind"], first["step"], first["loss"], first["rest"]) == ("log", 1, 1.0, {"grad_norm": None})
    assert (machine["cpu_percent"], machine["rest"]) == (9.0, {"gpus": [{"number": 0}]})
    table = pq.read_table(io.BytesIO(b"".join(reader.get(at("metrics", run.pk, format="parquet")))))
    assert (table.num_rows, table.column_names) == (3, list(training_metrics.COLUMNS))
    assert b"run,kind,name,step,at,loss" in b"".join(reader.get(at("metrics", run.pk)))
    assert reader.get(at("metrics", run.pk, format="hf_folder")).status_code == 404


def test_the_docs_have_every_column_that_is_taken_away():
    doc = (Path(settings.BASE_DIR) / "docs" / "training_runs.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(.+?)` \| (\w+) \| (.+) \|$", doc, re.MULTILINE)
    assert [tuple(row) for row in rows] == [(name, *column) for name, column in training_metrics.COLUMNS.items()]


def test_runs_are_compared_and_what_forbids_it_is_said(as_person):
    first, second = trained(), trained(settings=trained().settings | {"beta": 0.3})
    page = html(as_person("ada"), at("compare", runs=[first.pk, second.pk]))
    assert "β" in page and "0.3" in page and "They trained on different pairs" in page and 'id="curve-loss"' in page
    assert html(as_person("ada"), at("compare", runs=[first.pk, second.pk], by="tokens"))
    assert "Tick two to six runs" in html(as_person("ada"), at("compare"))
    assert as_person("ada").get(at("compare", runs="x")).status_code == 404
    many = [trained(1).pk for _ in range(7)]
    assert "At most 6 runs" in html(as_person("ada"), at("compare", runs=many))


def queries(client, url):
    cache.clear()
    with CaptureQueriesContext(connection) as asked:
        assert client.get(url).status_code == 200
    return len(asked)


def test_the_list_asks_as_often_for_thirty_lines_as_for_three(as_person):
    admin = as_person("grace")
    trained(1), make_training("sft", loop=make_loop()), trained(1)
    few = queries(admin, at("list"))
    for _ in range(14):
        trained(1)
        make_training("sft", loop=make_loop())
    assert queries(admin, at("list")) == few <= 16


def test_a_run_asks_as_often_for_ten_thousand_points_as_for_ten(as_person):
    reader = as_person("ada")
    few, many = trained(10), trained(10_000)
    asked = queries(reader, at("detail", few.pk))
    assert queries(reader, at("detail", many.pk)) == asked <= 22
