"""A trainer that somebody started by hand, on two machines: what came of it is registered when the run is launched."""

import pytest

from tests.supervised import look, make_run, starts
from training.recipes import checkpoints, run_dir
from training.services.trainer import launcher

pytestmark = pytest.mark.django_db


def test_a_run_that_was_trained_by_hand_is_registered_and_not_trained_again(fake_trainer):
    run = make_run()
    folder = launcher.folder_of(run)
    (folder / run_dir.MODEL).mkdir()
    (folder / run_dir.MODEL / "config.json").write_text("{}")
    sha256 = checkpoints.mark(folder / run_dir.MODEL, 9).sha256
    run_dir.write(folder / run_dir.RESULT, run_dir.Result("finished", step=9, steps=9, sha256=sha256))
    run = look(run)
    assert (run.state, run.done, starts(run), fake_trainer) == ("finished", 9, 0, [(run.pk, "finished")])
