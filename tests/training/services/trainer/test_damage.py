"""What happens to a run whose folder is taken away, damaged, or on a full disk: a sentence, and a resume that works."""

import errno
from functools import partial

import pytest

from tests.supervised import look, make_run, meanwhile, reads
from training.models import TrainingRun
from training.recipes import run_dir
from training.services.trainer import failures, launcher, supervise

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fake_trainer")]


def test_a_folder_that_was_taken_away_is_said_in_words_and_the_log_is_kept(monkeypatch, tmp_path, fake_trainer):
    run = make_run({"steps": 500})
    folder = launcher.folder_of(run)
    shown = lambda: "fake trainer" in reads(run, "log")[0]  # noqa: E731
    monkeypatch.setattr(supervise, "sleep", meanwhile(shown, partial(folder.rename, tmp_path / "elsewhere")))
    run = look(run)
    assert (run.state, run.process, fake_trainer) == ("failed", {}, [])
    assert "The folder of this run cannot be used on" in run.reason and "then resume" in run.reason
    assert "fake trainer at work" in run.log


def test_a_full_disk_is_said_in_words(monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    run = make_run()
    monkeypatch.setattr(run_dir, "write", full)
    run = look(run)
    assert (run.state, run.process) == ("failed", {})
    assert run.reason == failures.FULL.format(node=run.node.name)


def test_a_result_that_cannot_be_read_fails_the_run_once_and_holds_up_no_resume(fake_trainer):
    run = make_run({"steps": 2})
    launcher.prepare(run)
    TrainingRun.objects.filter(pk=run.pk).update(process={"pid": 2**22 + 1, "started": 1, "boot": "gone"})
    (launcher.folder_of(run) / "result.json").write_bytes(b'{"sta\xff')
    run = look(run)
    assert (run.state, run.process) == ("failed", {}) and "what it wrote of its end cannot be read" in run.reason
    TrainingRun.objects.filter(pk=run.pk).update(state="queued", reason="")
    assert look(run).state == "finished" and fake_trainer
