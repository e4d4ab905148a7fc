"""Preference sets: every pair comes in or none, and what came in is kept unchanged."""

import hashlib

import pyarrow.parquet as pq
import pytest

from annotations.exports._training import Wanted
from annotations.models import AuditEvent, PreferenceSet
from annotations.queries import preferences as reads
from annotations.queries import training_exports
from annotations.services import chores, leakage, preference_uploads, preferences
from annotations.services.chores import ChoreProblem
from annotations.services.preference_uploads import Problems
from annotations.services.preferences import PreferenceProblem
from tests.exports.reading import rows_of, taken, unzipped
from tests.factories import make_person, make_prompt
from tests.pairs import lines, make_pair, make_set, read

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _places_of_their_own(settings, tmp_path):
    settings.UPLOADS_DIR, settings.PREFERENCES_DIR = tmp_path / "uploads", tmp_path / "preferences"


def table(row, divided=False):
    return training_exports.table(row, Wanted(), divided=divided)


def files(place):
    return sorted(path.name for path in place.iterdir()) if place.is_dir() else []


def test_the_pairs_lie_in_a_file_named_by_its_digest(settings):
    row = read(make_set({"train.jsonl": lines([make_pair(1), make_pair(2)]), "dev.jsonl": lines([make_pair(3)])}))
    assert (row.state, row.rows, row.splits) == ("finished", 3, {"dev": 1, "train": 2})
    data = preferences.path(row).read_bytes()
    assert preferences.path(row).name == f"{hashlib.sha256(data).hexdigest()}.parquet"
    assert (row.sha256, row.size) == (hashlib.sha256(data).hexdigest(), len(data))
    assert files(settings.UPLOADS_DIR) == files(settings.PREFERENCES_DIR) == []


def test_a_file_from_before_there_was_a_store_is_found_where_it_lay_and_checked(settings):
    row = read(make_set())
    data = preferences.path(row).read_bytes()
    preferences.path(row).unlink()
    assert not preferences.path(row).exists() and "not where it was put" in preferences.why_not_read(row)
    settings.PREFERENCES_DIR.mkdir(exist_ok=True)
    (earlier := settings.PREFERENCES_DIR / f"{row.sha256}.parquet").write_bytes(data)
    assert preferences.path(row) == earlier
    earlier.write_bytes(data[:-1])
    assert not preferences.path(row).exists() and "not what was kept" in preferences.why_not_read(row)


def test_the_same_files_give_the_same_bytes():
    assert read(make_set()).sha256 == read(make_set()).sha256


@pytest.mark.parametrize("name", ["jsonl", "parquet", "hf_folder"])
def test_what_came_in_goes_out_unchanged(name):
    rows = [make_pair(1), make_pair(2, system_prompt="", chosen_response="«نعم»\r\n, and “more”  ", mode="safe")]
    row = read(make_set({"train_bt.jsonl": lines(rows)}))
    found = list(rows_of(name, taken(name, table(row, divided=name == "hf_folder"))))
    assert [{column: pair[column] for column in rows[0]} for pair in found] == rows


def test_a_spreadsheet_takes_no_set_of_categories_for_a_formula():
    (pair,) = rows_of("csv", taken("csv", table(read(make_set()))))
    assert pair["spec_j"] == "'--" and pair["spec_i"].startswith("'-Violence-Illegal Drug-Related")
    again = read(make_set({"train.csv": taken("csv", table(read(make_set())))}))
    assert again.figures["configs"] == [["Allows violence and drugs", 1]]


def test_each_split_is_a_file_of_the_folder():
    row = read(make_set({"train_bt.jsonl": lines([make_pair(1)]), "dev.jsonl": lines([make_pair(2)])}))
    assert list(unzipped(taken("hf_folder", table(row, divided=True)))) == ["dev", "train_bt"]


def test_the_figures_say_what_the_pairs_are():
    rows = [
        make_pair(1),
        make_pair(1, system_prompt="Safety guideline: none.", mode="safe", spec_i="--"),
        make_pair(2, chosen_category_error_score=0.1, rejected_category_error_score=3.1),
        make_pair(3, chosen_category_error_score=1.0, rejected_category_error_score=1.0),
        make_pair(4, rejected_category_error_score=None),
    ]
    figures = read(make_set({"train.jsonl": lines(rows)})).figures
    assert figures == {
        "prompts": 4,
        "origins": [["uploaded", 5]],
        "templates": [["not said", 5]],
        "modes": [["superset", 4], ["safe", 1]],
        "configs": [["Allows violence and drugs", 4], ["Allows no risk category", 1]],
        "config_count": 2,
        # 1 - 1, 1 - 0 twice, 3.1 - 0.1; the last pair has no second error
        "gaps": [["0", 1], ["1", 2], ["3", 1]],
        "unscored": 1,
        "not_better": 1,
    }


def test_one_bad_pair_keeps_all_of_them_out(settings):
    rows = [make_pair(1), make_pair(2, chosen_response=""), make_pair(3, spec_i="-Chess-"), make_pair(4)]
    row = read(make_set({"train.jsonl": lines(rows)}))
    assert (row.state, row.rows, row.sha256) == ("failed", 0, "")
    assert [problem[:2] for problem in row.problems] == [[2, "chosen_response"], [3, "spec_i"]]
    assert row.reason == "2 rows have problems, so nothing was taken in. Put them right and upload the files again."
    assert files(settings.PREFERENCES_DIR) == files(settings.UPLOADS_DIR) == []


def test_at_most_two_hundred_problems_are_kept():
    row = read(make_set({"train.jsonl": lines([make_pair(number, prompt="") for number in range(250)])}))
    assert len(row.problems) == 200 and row.reason.startswith("250 rows")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("train.csv", b"prompt,chosen\nHow?,So.\n", "lacks"),
        ("train.jsonl", b"", "train.jsonl"),
        ("train.parquet", b"PAR1 and then nothing", "train.parquet"),
    ],
)
def test_files_that_hold_no_pairs_say_so(settings, name, content, said):
    row = read(make_set({name: content}))
    assert row.state == "failed" and said in row.reason + str(row.problems)
    assert files(settings.UPLOADS_DIR) == []


def test_a_job_that_died_is_done_again_from_the_beginning(settings, monkeypatch):
    row = make_set()
    chores.claim(PreferenceSet, row.pk, "first")
    settings.PREFERENCES_DIR.mkdir()
    (settings.PREFERENCES_DIR / f"part-{row.pk}-1").write_bytes(b"half")
    PreferenceSet.objects.filter(pk=row.pk).update(until="2020-01-01T00:00:00Z")
    assert read(row).state == "finished"
    assert preferences.path(row).is_file() and files(settings.PREFERENCES_DIR) == []


def test_a_job_that_died_after_the_pairs_were_in_only_ends():
    row = read(make_set())
    PreferenceSet.objects.filter(pk=row.pk).update(state="queued", finished_at=None)
    assert (read(row).state, row.rows) == ("finished", 1)


def test_a_set_that_is_given_up_leaves_nothing(settings):
    row = make_set()
    preferences.give_up(row=row, actor=make_person("ada"))
    row.refresh_from_db()
    assert row.state == "cancelled" and files(settings.UPLOADS_DIR) == []
    with pytest.raises(ChoreProblem, match="Somebody was faster"):
        preferences.give_up(row=row, actor=make_person("ada"))


def test_a_set_cancelled_while_it_is_read_leaves_no_file(settings, monkeypatch):
    row = make_set({"train.jsonl": lines([make_pair(number) for number in range(3)])})
    monkeypatch.setattr(chores, "BEAT_SECONDS", 0)
    plain = Problems.add

    def add(problems, found):
        preferences.give_up(row=row, actor=make_person("ada"))
        monkeypatch.setattr(Problems, "add", plain)
        plain(problems, found)

    monkeypatch.setattr(Problems, "add", add)
    assert read(row).state == "cancelled" and files(settings.PREFERENCES_DIR) == []


def test_a_set_cancelled_at_its_last_pair_leaves_no_file(settings, monkeypatch):
    row = make_set()
    plain = preference_uploads.refuse

    def refuse(*args):
        plain(*args)
        preferences.give_up(row=row, actor=make_person("ada"))

    monkeypatch.setattr(preference_uploads, "refuse", refuse)
    assert read(row).state == "cancelled" and files(settings.PREFERENCES_DIR) == []


def test_starting_one_is_recorded():
    row = make_set(title="  Desk pairs ")
    event = AuditEvent.objects.get(object_type="preferenceset", object_id=row.pk)
    assert (event.action, event.after["title"]) == ("create", "Desk pairs")


def leaking(**fields):
    """A set whose one prompt stands in a benchmark."""
    make_prompt("How do tides work, part 1?")
    return read(make_set(**fields))


def test_a_set_is_compared_when_it_comes_in_and_may_be_trained_on_when_it_is_clean():
    make_prompt("Who won?")
    row = read(make_set())
    assert (row.leaks["state"], row.leaks["exact"], preferences.why_not_train(row)) == ("done", 0, "")


def test_a_leak_blocks_training_until_somebody_overrules_it_in_a_sentence():
    row = leaking()
    assert "1 of 1 prompts stand in benchmarks too" in preferences.why_not_train(row)
    for words in ("", "fine", "I am sure it is so.", "Unobjectionable, notwithstanding coincidences."):
        with pytest.raises(PreferenceProblem, match="whole sentence"):
            preferences.overrule(row=row, why=words, actor=make_person("lea"))
    preferences.overrule(row=row, why="This benchmark is never used for it again.", actor=make_person("lea"))
    assert preferences.why_not_train(row) == "" and row.overruled_by == make_person("lea")
    assert "This benchmark is never used for it again." in leakage.words(row)
    event = AuditEvent.objects.get(object_type="preferenceset", object_id=row.pk, action="overrule")
    assert (event.before, event.after) == ({"exact": 1, "near": 0}, {"why": row.overruled_why})


def test_of_two_who_overrule_one_is_faster():
    row, same = leaking(), PreferenceSet.objects.get()
    preferences.overrule(row=row, why="This benchmark is never used for it again.", actor=make_person("lea"))
    with pytest.raises(PreferenceProblem, match="Somebody was faster"):
        preferences.overrule(row=same, why="I say that it may be trained on.", actor=make_person("ada"))


def test_what_is_compared_anew_meanwhile_is_not_overruled():
    row, same = leaking(), PreferenceSet.objects.get()
    preferences.check_again(row=row, actor=make_person("ada"))
    read(row)
    with pytest.raises(PreferenceProblem, match="Somebody was faster"):
        preferences.overrule(row=same, why="I say that it may be trained on.", actor=make_person("ada"))


def test_a_clean_set_has_nothing_to_overrule():
    with pytest.raises(PreferenceProblem, match="nothing to overrule"):
        preferences.overrule(row=read(make_set()), why="I say that it may be trained on.", actor=make_person("ada"))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"leaks": {}}, "were not compared"),
        ({"leaks": {"state": "running", "at": "2026-03-02"}}, "was not finished"),
        ({"leaks": {"state": "running", "at": "2026-03-02"}, "state": "running"}, "still being compared"),
        ({"leaks": {"state": "failed", "why": "It broke off."}}, "failed. It broke off."),
        ({"sha256": "", "state": "failed", "reason": "So."}, "not complete"),
        ({"archived_at": "2026-03-02T10:00:00Z"}, "archived"),
        ({"sha256": "1" * 64}, "not where it was put"),
    ],
)
def test_only_a_set_that_was_compared_to_the_end_may_be_trained_on(fields, said):
    row = read(make_set())
    PreferenceSet.objects.filter(pk=row.pk).update(**fields)
    row.refresh_from_db()
    assert said in preferences.why_not_train(row)


def test_comparing_again_sees_what_came_since_and_takes_the_overruling_back():
    row = leaking()
    preferences.overrule(row=row, why="This benchmark is never used for it again.", actor=make_person("lea"))
    make_prompt("How do tides work, part 2?")
    assert leakage.newer(row) == 1
    preferences.check_again(row=row, actor=make_person("ada"))
    assert (row.state, row.overruled_why, "still being compared" in preferences.why_not_train(row)) == (
        "queued",
        "",
        True,
    )
    with pytest.raises(PreferenceProblem, match="Somebody was faster"):
        preferences.check_again(row=row, actor=make_person("ada"))
    row = read(row)
    assert (row.state, row.rows, row.leaks["against_prompts"], leakage.newer(row)) == ("finished", 1, 2, 0)


def test_a_comparison_that_is_stopped_keeps_the_pairs_and_is_no_clean_one():
    row = read(make_set())
    preferences.check_again(row=row, actor=make_person("ada"))
    preferences.give_up(row=row, actor=make_person("ada"))
    row.refresh_from_db()
    assert row.state == "finished" and "not compared" in preferences.why_not_train(row)
    with pytest.raises(ChoreProblem, match="Somebody was faster"):
        preferences.give_up(row=row, actor=make_person("ada"))


def test_a_long_comparison_is_left_to_a_worker(monkeypatch):
    monkeypatch.setattr(preferences, "SMALL_PROMPTS", 0)
    row = read(make_set())
    assert (row.state, row.rows, row.leaks["state"]) == ("queued", 1, "running")
    assert read(row).leaks["state"] == "done"


def test_a_set_at_work_is_not_archived_and_an_archived_one_keeps_its_file():
    row = make_set()
    with pytest.raises(PreferenceProblem, match="at work"):
        preferences.archive(row=row, actor=make_person("ada"))
    row = read(row)
    preferences.archive(row=row, actor=make_person("ada"))
    row.refresh_from_db()
    assert row.archived_at and preferences.path(row).is_file()


def test_the_manifest_says_what_came_and_what_stayed():
    row = read(make_set({"train.jsonl": lines([make_pair(1), make_pair(1), make_pair(2)])}, licence="MIT"))
    told = row.manifest
    assert (row.rows, told["pairs"]) == (
        2,
        {"in": 3, "out": 2, "dropped": {"double": 1}, "failed": {}, "moved": 0},
    )
    assert (told["licence"], told["by"], told["file"]["sha256"]) == ("MIT", "Ada", row.sha256)
    assert set(told["libraries"]) == {"python", "Django", "numpy", "pyarrow"}


def test_a_page_of_pairs_is_read_across_row_groups():
    long = [make_pair(number, system_prompt="w" * 1_500_000) for number in range(7)]
    row = read(make_set({"train.jsonl": lines(long)}))
    assert pq.ParquetFile(preferences.path(row)).num_row_groups == 3  # 1.5 million signs each, at least 4 a group
    pairs = reads.pairs(row)
    assert [pair.values.prompt[-2] for pair in pairs[2:5]] == ["2", "3", "4"]
    assert [pair.number for pair in pairs[2:5]] == [3, 4, 5]
    assert (len(pairs), pairs[6].number, pairs[6].allowed) == (7, 7, "Allows violence and drugs")
