"""The files of a run's folder: written whole, read in words."""

import pytest

from training.recipes import run_dir
from training.recipes.run_dir import BadRunDir, Config, Result


def test_a_config_is_read_as_it_was_written(tmp_path):
    config = Config(kind="dpo", base="/models/base", settings={"beta": 0.2}, prompts=[{"system": "", "user": "مرحبا"}])
    run_dir.write(tmp_path / run_dir.CONFIG, config)
    assert run_dir.read_config(tmp_path) == config


def test_a_result_is_there_only_when_the_run_has_ended(tmp_path):
    assert run_dir.read_result(tmp_path) is None
    run_dir.write(tmp_path / run_dir.RESULT, Result(state="finished", step=10))
    assert run_dir.read_result(tmp_path) == Result(state="finished", step=10)


def test_nothing_else_stays_beside_a_written_file(tmp_path):
    run_dir.write(tmp_path / run_dir.RESULT, {"state": "finished"})
    assert [one.name for one in tmp_path.iterdir()] == [run_dir.RESULT]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "There is no config.json"),
        ("", "no JSON"),
        ("[1]", "no object"),
        ('{"kind": "dpo", "base": "b", "colour": 1}', "fields that nothing reads: colour"),
        ('{"kind": "dpo"}', "lacks a field"),
    ],
)
def test_a_config_that_cannot_be_used_is_refused_in_words(tmp_path, content, said):
    if content is not None:
        (tmp_path / run_dir.CONFIG).write_text(content, encoding="utf-8")
    with pytest.raises(BadRunDir, match=said):
        run_dir.read_config(tmp_path)


def test_a_config_with_a_byte_order_mark_is_read(tmp_path):
    (tmp_path / run_dir.CONFIG).write_text('\ufeff{"kind": "sft", "base": "b"}', encoding="utf-8")
    assert run_dir.read_config(tmp_path).kind == "sft"
