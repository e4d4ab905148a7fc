"""What a trainer writes becomes points of its run: each once, whole lines only, and fit for any database."""

import json

import pytest

from tests.factories import make_person, make_training
from training.models import TrainingPoint, TrainingRun
from training.services.trainer import follow
from training.services.trainer.follow import Lines, Progress

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def line(step=1, kind="log", t=100.0, name="", steps=10, **values):
    return json.dumps({"t": t, "kind": kind, "name": name, "step": step, "steps": steps, "values": values}) + "\n"


@pytest.fixture
def write(tmp_path):
    """Appends to metrics.jsonl; whole lines or a part of one."""

    def append(text):
        with (tmp_path / "metrics.jsonl").open("a") as out:
            out.write(text)

    return append


def test_only_new_and_whole_lines_are_read(tmp_path, write):
    lines = Lines(tmp_path)
    assert lines.read() == []
    write(line(1) + line(2)[:20])
    assert [one.step for one in lines.read()] == [1]
    write(line(2)[20:])
    assert [one.step for one in lines.read()] == [2]
    assert lines.read() == []


def test_what_nobody_understands_is_left_out(tmp_path, write):
    write("no json\n[]\n{}\n" + line(-1) + line("x") + line(2**40) + line(1, t="x") + line(1, t=1e30) + "null\n")
    write('{"t": 1, "kind": "log", "values": [1]}\n' + line(3))
    assert [one.step for one in Lines(tmp_path).read()] == [3]


def test_a_line_beyond_all_measure_hides_none_after_it(tmp_path, write, monkeypatch):
    monkeypatch.setattr(follow, "LINE_BYTES", 50)
    lines = Lines(tmp_path)
    write("x" * 1_000)
    assert lines.read() == [] and lines.read() == [] and lines.read() == []
    write("\n" + line(4))
    found = [one.step for _ in range(4) for one in lines.read()]
    assert found == [4]


def test_the_points_of_a_run_are_the_same_however_often_they_are_stored(tmp_path, write):
    run = make_training()
    write(line(1, loss=2.0) + line(1, kind="eval", eval_loss=3.0) + line(1, kind="end") + line(2, loss=1.0))
    follow.store(run.pk, Lines(tmp_path).read())
    write(line(2, loss=0.9) + line(1, loss=2.5, t=200.0) + line(2, loss=1.0))  # trained once more, after a resume
    for _ in range(2):
        follow.store(run.pk, Lines(tmp_path).read())
    kept = TrainingPoint.objects.order_by("kind", "step").values_list("kind", "step", "values")
    assert list(kept) == [("eval", 1, {"eval_loss": 3.0}), ("log", 1, {"loss": 2.5}), ("log", 2, {"loss": 1.0})]


ODD = {
    "text": ("samples", '{"rows": [{"text": "a\\u0000b\\ud800", "user": 5}, 1], "x": 1}'),
    "no rows": ("samples", '{"rows": "oops", "skipped": "in pieces"}'),
    "no numbers": ("log", '{"loss": NaN, "a": "0.5", "b": [1], "c": {"d": 1}, "e": true, "f": -Infinity}'),
    "too large": ("log", f'{{"loss": 1{"0" * 400}, "grad_norm": 1e308, "ok": 1.5}}'),
    "busy": ("phase", '{"seconds": "x", "done": [], "total": 3}'),
}
KEPT = {
    "text": {"rows": [{"system": "", "user": "5", "text": "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}"}]},
    "no rows": {"rows": [], "skipped": "in pieces"},
    "no numbers": dict.fromkeys(("loss", "a", "b", "c", "e", "f")),
    "too large": {"loss": None, "grad_norm": None, "ok": 1.5},
    "busy": {"seconds": None, "done": None, "total": 3},
}


@pytest.mark.parametrize("name", ODD)
def test_nothing_a_trainer_writes_is_too_odd_for_a_database_or_a_page(tmp_path, write, client, name):
    run = make_training(state="running", phase="train")
    kind, values = ODD[name]
    write(f'{{"t": 1, "kind": "{kind}", "name": "a\\u0000\\ud800", "step": 1, "steps": 2, "values": {values}}}\n')
    progress, lines = Progress(0, 0, {}), Lines(tmp_path).read()
    progress.take(lines)
    follow.store(run.pk, lines)
    TrainingRun.objects.filter(pk=run.pk).update(figures=progress.figures)
    assert TrainingPoint.objects.values_list("values", flat=True).get() == KEPT[name]
    client.force_login(make_person("grace", organisation=run.organisation))
    assert {client.get(url).status_code for url in ("/trainings/", f"/trainings/{run.pk}/")} == {200}


def test_what_the_machine_does_is_never_read_from_the_file(tmp_path, write):
    write(line(1, kind="machine", gpus="none") + line(2))
    assert [one.step for one in Lines(tmp_path).read()] == [2]


def test_progress_is_that_of_the_last_line(tmp_path, write):
    progress = Progress(0, 0, {})
    write(line(0, kind="phase", name="load", steps=0, done=1, total=4))
    lines = Lines(tmp_path)
    progress.take(lines.read())
    assert (progress.done, progress.total, progress.figures["phase"]) == (0, 0, {"done": 1, "total": 4, "name": "load"})
    write(line(1, t=100, loss=2.0) + line(2, t=103, loss=1.0) + line(3, t=104) + line(5, t=108, loss=0.5))
    progress.take(lines.read())
    # 3 s, 1 s, and 4 s for two steps: 3, 1, 2, whose median is 2
    assert (progress.done, progress.total, progress.step_seconds) == (5, 10, 2.0)
    assert progress.figures == {"loss": 0.5, "step": 5}


def test_the_end_of_a_log_is_kept_as_a_database_takes_it(tmp_path):
    assert follow.tail(tmp_path) == ""
    (tmp_path / "log").write_bytes(b"x" * 20_000 + b"end\0\xff")
    kept = follow.tail(tmp_path)
    assert len(kept) == follow.LOG_BYTES and kept.endswith("end\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}")


def test_whatever_a_trainer_writes_is_a_sign_of_life(tmp_path, write):
    seen = {follow.size(tmp_path)}
    write(line())
    seen.add(follow.size(tmp_path))
    (tmp_path / "log").write_text("loading")
    seen.add(follow.size(tmp_path))
    (tmp_path / "checkpoints" / "checkpoint-1").mkdir(parents=True)
    (tmp_path / "checkpoints" / "checkpoint-1" / "weights").write_text("12345")
    seen.add(follow.size(tmp_path))
    assert len(seen) == 4
