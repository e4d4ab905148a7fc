"""Files of responses: what a row says, and what is wrong with it in words; nothing here knows a database."""

import pytest

from annotations.core.gold import Gold
from annotations.imports import ImportProblem, Unreadable, _files
from annotations.imports._responses import LONGEST_RESPONSE, read_responses


def read(path, content, name="rows.csv"):
    file = path / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(read_responses(_files.tables([file])))


def problem(path, content, name="rows.csv") -> ImportProblem:
    [found] = read(path, content, name)
    assert isinstance(found, ImportProblem)
    return found


def test_a_row_says_what_was_answered_to_which_prompt_by_whom(tmp_path):
    head = "Prompt ID,response,Model,version,gold_low,gold_high,gold_follows,gold_why,practice\n"
    [row] = read(tmp_path, f"{head}u1,They wait.,Zorro,v3,2,4,yes,It fits.,yes\n")
    assert row[:2] == (2, "rows") and row[2:8] == ("u1", "", "", "They wait.", "Zorro", 3)
    assert row.gold == Gold(2, 4, True, "It fits.", True)


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.json"])
def test_json_says_the_same_with_numbers_and_booleans(tmp_path, name):
    one = '{"prompt": "How?", "response": "So.", "gold_low": 3, "gold_follows": false, "gold_why": "No."}'
    [row] = read(tmp_path, one if name == "rows.jsonl" else f"[{one}]", name)
    assert row.prompt == "How?" and row.gold == Gold(3, 3, False, "No.")


def test_a_mark_at_the_beginning_and_hostile_texts_are_only_text(tmp_path):
    text = "<script>alert(1)</script> {response} $response {{ x }}"
    [row] = read(tmp_path, b"\xef\xbb\xbf" + f'prompt_id,response\nu1,"{text}"\n'.encode())
    assert row.response == text


@pytest.mark.parametrize("head", ["prompt_id,answers", "response,words", "a,b"])
def test_a_file_without_the_columns_says_which_it_has(tmp_path, head):
    with pytest.raises(Unreadable, match="has no column") as wrong:
        read(tmp_path, f"{head}\n1,2\n")
    assert head.replace(",", ", ") in str(wrong.value)


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("u1,,,,,,", "response"),
        (",So.,,,,,", "prompt_id"),
        ("u1,So.,two,,,,", "version"),
        ("u1,So.,,3,,,", "gold_follows"),
        ("u1,So.,,,yes,So.,", "gold_low"),
        ("u1,So.,,9,yes,So.,", "gold_low"),
        ("u1,So.,,3,maybe,So.,", "gold_follows"),
        ("u1,So.,,3,yes,,", "gold_why"),
        ("u1,So.,,,,,yes", "practice"),
        ("u1,S\0o.,,,,,", "response"),
    ],
)
def test_what_is_wrong_with_a_row_is_told_by_its_column(tmp_path, row, column):
    found = problem(tmp_path, f"prompt_id,response,version,gold_low,gold_follows,gold_why,practice\n{row}\n")
    assert (found.row, found.column) == (2, column) and found.what.endswith(".")


def test_a_response_that_never_ends_is_refused(tmp_path):
    assert "characters" in problem(tmp_path, f"prompt_id,response\nu1,{'x' * (LONGEST_RESPONSE + 1)}\n").what
