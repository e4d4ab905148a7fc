import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotations.core import comparison
from annotations.core.config_text import Rule
from annotations.core.diff import (
    Categories,
    Line,
    Piece,
    Text,
    categories,
    lines,
    rules,
    summary,
    version_diff,
    words,
)

FAMILY, GERMANY, DENMARK, THUMB, KEYCAP = "👨‍👩‍👧", "🇩🇪", "🇩🇰", "👍🏽", "3️⃣"
signs = st.text(st.sampled_from([*"ab c\n.,'1-\t\r", *FAMILY, *GERMANY, *THUMB, *KEYCAP, *"عَ我ไำ\u0308"]), max_size=60)
phrases = st.lists(st.sampled_from(["Allow ", "news ", "war. ", "\n", "the ", "a ", GERMANY, "我们"]), max_size=80)
texts = st.one_of(st.text(max_size=40), signs, phrases.map("".join))
MARKS = {"same": "{}", "removed": "[-{}-]", "added": "{{+{}+}}"}


def shown(old: str, new: str) -> str:
    """The pieces of two texts as one line of text, [-removed-] and {+added+}."""
    return "".join(MARKS[piece.kind].format(piece.text) for piece in words(old, new))


def joined(pieces: tuple[Piece, ...], *kinds: str) -> str:
    return "".join(piece.text for piece in pieces if piece.kind in kinds)


def numbers(old: str, new: str) -> list[tuple[int | None, int | None]]:
    return [(line.old_number, line.new_number) for line in lines(old, new)]


@settings(database=None, deadline=None, max_examples=150)
@given(texts, texts)
def test_the_pieces_add_up_to_both_texts(old, new):
    pieces = words(old, new)
    assert joined(pieces, "same", "removed") == old
    assert joined(pieces, "same", "added") == new


@settings(database=None, deadline=None, max_examples=100)
@given(texts, texts)
def test_pieces_alternate_and_a_removal_stands_before_its_replacement(old, new):
    kinds = [piece.kind for piece in words(old, new)]
    neighbours = list(zip(kinds, kinds[1:], strict=False))
    assert all(one != other for one, other in neighbours) and ("added", "removed") not in neighbours
    assert all(piece.text for piece in words(old, new))


@settings(database=None, deadline=None, max_examples=100)
@given(texts, texts)
def test_every_line_of_both_texts_is_in_one_row(old, new):
    rows = lines(old, new)
    left = [joined(row.left, "same", "removed") for row in rows if row.old_number]
    right = [joined(row.right, "same", "added") for row in rows if row.new_number]
    assert [left, right] == [_split(old), _split(new)]
    assert [row.old_number for row in rows if row.old_number] == [*range(1, len(left) + 1)]
    assert [row.new_number for row in rows if row.new_number] == [*range(1, len(right) + 1)]


def _split(text: str) -> list[str]:
    found = re.split("\r\n|\r|\n", text)
    return found[:-1] if not found[-1] else found


@settings(database=None, deadline=None, max_examples=100)
@given(texts)
def test_equal_texts_have_one_piece_and_rows_that_are_the_same(text):
    assert words(text, text) == ((Piece("same", text),) if text else ())
    assert {row.status for row in lines(text, text)} <= {"same"}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("Allow news.", "Allow old news.", "Allow {+old +}news."),
        ("Allow news.", "Allow games.", "Allow [-news-]{+games+}."),
        ("Wine, not beer", "Wine; not beer", "Wine[-,-]{+;+} not beer"),
        ("one two", "one  two", "one[- -]{+  +}two"),
        ("one two", "one\ntwo", "one[- -]{+\n+}two"),
        ("they don't say", "they do say", "they [-don't-]{+do+} say"),
        ("up to 20,000 words", "up to 20,500 words", "up to [-20,000-]{+20,500+} words"),
        ("", "new", "{+new+}"),
        ("old", "", "[-old-]"),
    ],
)
def test_a_change_is_a_change_of_words_and_marks(old, new, expected):
    assert shown(old, new) == expected


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("يُسمح بالأخبار للكبار.", "يُسمح بالتاريخ للكبار.", "يُسمح [-بالأخبار-]{+بالتاريخ+} للكبار."),
        ("كَتَبَ رسالة", "كتب رسالة", "[-كَتَبَ-]{+كتب+} رسالة"),
        ("می‌خواهم خبر", "خواهم خبر", "[-می‌خواهم-]{+خواهم+} خبر"),
        ("我们允许讨论新闻。", "我们不允许讨论新闻。", "我们{+不+}允许讨论新闻。"),
        ("사람은 묻는다", "사람이 묻는다", "[-사람은-]{+사람이+} 묻는다"),
        ("ไทยนำ", "ไทยดำ", "ไทย[-นำ-]{+ดำ+}"),
    ],
)
def test_other_scripts_change_as_their_readers_read_them(old, new, expected):
    assert shown(old, new) == expected


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (FAMILY, "👨‍👩‍👦"),
        (GERMANY, DENMARK),
        (THUMB, "👍🏿"),
        (KEYCAP, "4️⃣"),
        ("#️⃣", "*️⃣"),
        ("e\u0301", "e\u0300"),
        ("🏴󠁧󠁢󠁥󠁮󠁧󠁿", "🏴󠁧󠁢󠁳󠁣󠁴󠁿"),
        ("❤️‍🔥", "❤️"),
    ],
)
def test_an_emoji_or_a_letter_with_its_marks_stays_whole(old, new):
    assert shown(f"so {old} it is", f"so {new} it is") == f"so [-{old}-]{{+{new}+}} it is"


def test_two_flags_in_a_row_are_two_signs():
    assert shown(GERMANY + GERMANY, GERMANY + DENMARK) == f"{GERMANY}[-{GERMANY}-]{{+{DENMARK}+}}"


def test_texts_with_next_to_nothing_in_common_are_one_block_each():
    old, new = "The quick brown fox jumped over a fence.", "Nothing here, the way it is put, is alike."
    assert [piece.kind for piece in words(old, new)] == ["removed", "added"]


def test_the_space_between_two_changed_words_is_part_of_the_change():
    assert shown("a red fox jumped", "a blue dog jumped") == "a [-red fox-]{+blue dog+} jumped"


def test_a_short_word_between_larger_changes_is_part_of_the_change():
    old, new = "Allow medical questions and news reports", "Allow legal advice and study material"
    assert shown(old, new) == "Allow [-medical questions and news reports-]{+legal advice and study material+}"


def test_words_of_weight_between_two_changes_stay():
    old, new = "Allow adults to ask", "Permit adults to learn"
    assert shown(old, new) == "[-Allow-]{+Permit+} adults to [-ask-]{+learn+}"


def test_words_between_two_additions_stay():
    assert shown("B.", "A long sentence. B. Another one.") == "{+A long sentence. +}B.{+ Another one.+}"


def test_an_added_sentence_starts_where_a_sentence_starts():
    old, new = "Allow news. Allow games.", "Allow news. Allow war. Allow games."
    assert shown(old, new) == "Allow news. {+Allow war. +}Allow games."


def test_a_removed_line_starts_where_a_line_starts():
    assert shown("- no war\n- no ads\n- no pay", "- no war\n- no pay") == "- no war\n[-- no ads\n-]- no pay"


def test_a_row_shows_the_words_that_changed_in_its_line():
    (row,) = lines("Allow news here.", "Allow games here.")
    left = (Piece("same", "Allow "), Piece("removed", "news"), Piece("same", " here."))
    right = (Piece("same", "Allow "), Piece("added", "games"), Piece("same", " here."))
    assert row == Line(1, 1, "changed", left, right)


def test_lines_stand_beside_their_likes():
    old = "Intro\nAllow news about war.\nKeep\nA line that goes\n\nEnd"
    new = "Intro\nA line that nobody had\nAllow reports about war.\nKeep\n\nEnd"
    assert numbers(old, new) == [(1, 1), (None, 2), (2, 3), (3, 4), (4, None), (5, 5), (6, 6)]
    assert [row.status for row in lines(old, new)] == ["same", "added", "changed", "same", "removed", "same", "same"]


def test_lines_that_replace_others_stand_beside_them():
    assert numbers("top\nsomething\nend", "top\nquite another\nthing altogether\nend") == [
        (1, 1),
        (2, 2),
        (None, 3),
        (3, 4),
    ]


@pytest.mark.parametrize("new", ["one\ntwo\n", "one\r\ntwo"])
def test_line_breaks_alone_change_no_row(new):
    assert [row.status for row in lines("one\ntwo", new)] == ["same", "same"]


def test_no_text_has_no_rows():
    assert lines("", "") == ()
    assert [row.status for row in lines("", "one")] == ["added"]


R1, R2, R3 = Rule("r1", "allow", "Allow news."), Rule("r2", "disallow", "No war."), Rule("r3", "allow", "Allow games.")


def statuses(old: list[Rule], new: list[Rule]) -> list[tuple[str, str]]:
    return [(change.id, change.status) for change in rules(old, new)]


def test_rules_are_matched_by_their_ids():
    changed = R2._replace(text="No war reports.", kind="conditional")
    assert statuses([R1, R2], [changed, R3]) == [("r1", "removed"), ("r2", "changed"), ("r3", "added")]


def test_a_changed_rule_shows_its_words_and_both_kinds():
    (change,) = rules([R2], [R2._replace(text="No war films.", kind="conditional", example="A duel.")])
    assert [change.old_kind, change.new_kind] == ["disallow", "conditional"]
    assert change.text == (Piece("same", "No war"), Piece("added", " films"), Piece("same", "."))
    assert change.example == (Piece("added", "A duel."),)


def test_a_new_kind_alone_changes_a_rule():
    assert statuses([R1], [R1._replace(kind="conditional")]) == [("r1", "changed")]


def test_a_removed_rule_stands_after_the_one_it_followed():
    assert statuses([R1, R2, R3], [R1, R3]) == [("r1", "same"), ("r2", "removed"), ("r3", "same")]


def test_a_rule_that_only_changed_its_place_is_moved():
    assert statuses([R1, R2, R3], [R3, R1, R2]) == [("r3", "moved"), ("r1", "same"), ("r2", "same")]


def test_a_rule_added_before_others_moves_none():
    assert statuses([R1, R2], [R3, R1, R2]) == [("r3", "added"), ("r1", "same"), ("r2", "same")]


def test_a_moved_rule_that_changed_counts_as_changed():
    change = next(each for each in rules([R1, R2, R3], [R3._replace(text="x"), R1, R2]) if each.id == "r3")
    assert (change.status, change.moved) == ("changed", True)


def test_no_rule_is_lost_when_an_id_comes_twice():
    assert statuses([R1, R1._replace(text="Other.")], [R1]) == [("r1", "same"), ("r1", "removed")]


def test_categories_stand_in_the_order_of_the_taxonomy():
    found = categories({"drugs", "weapons", "privacy"}, {"weapons", "violence", "privacy", "discrimination"})
    assert found == Categories(("discrimination", "violence"), ("drugs",), ("privacy", "weapons"))


def test_the_sentence_tells_all_that_changed():
    # Rules: r1 to r3 changed, r4 added. Policy: "old" (1) became "new and short" (3). Drugs closed, two opened.
    old = Text("Keep it old here.", (R1, R2, R3), frozenset({"drugs"}))
    changed = tuple(rule._replace(example="For one.") for rule in old.rules)
    new = Text("Keep it new and short here.", (*changed, Rule("r4", "allow", "x")), frozenset({"violence", "weapons"}))
    assert version_diff(old, new).summary == (
        "3 rules changed, 1 added; policy: 3 words added, 1 removed; opens violence and weapons, closes drugs."
    )


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (Text("a"), Text("a"), "Nothing changed."),
        (Text("a"), Text("a b"), "Policy: 1 word added."),
        (Text("a, b"), Text("a; b"), "Policy: only spaces or punctuation changed."),
        (Text(f"a {GERMANY}"), Text("a"), "Policy: 1 word removed."),
        (Text("", (R1,)), Text(""), "1 rule removed."),
        (Text("", (R1, R2)), Text("", (R2, R1)), "1 rule moved."),
        (Text("", (), frozenset({"financial_crime"})), Text(""), "Closes financial crime."),
        (
            Text(""),
            Text("", (), frozenset({"drugs", "privacy", "sexual"})),
            "Opens drugs, privacy and sexual misconduct.",
        ),
    ],
)
def test_the_sentence_counts_in_singular_and_plural_and_leaves_out_what_stayed(old, new, expected):
    found = version_diff(old, new)
    assert found.summary == expected
    assert found.changed is (expected != "Nothing changed.")


def test_the_sentence_counts_what_the_pieces_show():
    pieces = words("one two three", "one 新闻 three four")
    assert summary(pieces, (), Categories((), (), ())) == "Policy: 3 words added, 1 removed."


def test_different_words_do_not_look_alike_for_their_spaces():
    assert comparison.compare("an old word here", "so new it was").runs == []


def test_equal_lines_are_matched_before_anything_in_them():
    old, new = "a b c d\nNo war.\ne f g h", "e f g\nNo war.\nb c d"
    assert [row.status for row in lines(old, new)] == ["changed", "same", "changed"]


def test_a_text_of_one_repeated_word_loses_exactly_the_one_that_went():
    assert shown("word " * 4000, "word " * 3999) == "word " * 3999 + "[-word -]"
