"""What fits is left alone, what is too long is cut where it hurts least, what cannot be used is dropped by name."""

from pathlib import Path

import pytest

from tests import trainer
from tests.training.recipes.words import END, START, Words
from training.recipes import rows
from training.recipes.rows import ALIKE, EMPTY, REASONS, TOO_LONG, BadRows, Fitted

# The frame of a prompt is 8 tokens: start, system, end, start, user, end, start, assistant. An answer has its end.
FRAME = 8


def fit(system: int, user: int, *answers: int, longest: int, prompt: int) -> Fitted:
    """What becomes of a pair of texts with so many words each."""
    texts = [
        " ".join(f"{letter}{number}" for number in range(length))
        for letter, length in zip("xyz", answers, strict=False)
    ]
    said = " ".join(f"s{number}" for number in range(system)), " ".join(f"u{number}" for number in range(user))
    return rows.fit(Words(), *said, texts, max_length=longest, max_prompt_length=prompt)


def test_a_pair_that_fits_is_left_as_it_is() -> None:
    fitted = fit(5, 3, 4, 6, longest=FRAME + 5 + 3 + 6 + 1, prompt=20)
    assert (len(fitted.prompt), [len(one) for one in fitted.answers]) == (16, [5, 7])
    assert (fitted.tokens, fitted.cut, fitted.dropped) == (23, False, "")


def test_a_long_response_keeps_what_the_prompt_leaves() -> None:
    # 12 of prompt, so 18 of 30 are left for the responses, though 20 of prompt would have been let through.
    fitted = fit(3, 1, 25, 4, longest=30, prompt=20)
    assert (len(fitted.prompt), [len(one) for one in fitted.answers]) == (12, [18, 5])
    assert (fitted.cut_system, fitted.cut_answers) == (0, 8)


def test_a_long_prompt_loses_the_end_of_its_config_and_keeps_the_question() -> None:
    # 40 + 3 + 8 of prompt; 20 are let through, so 9 words of the config stay; 10 are left for the responses.
    fitted = fit(40, 3, 25, 4, longest=30, prompt=20)
    assert (len(fitted.prompt), [len(one) for one in fitted.answers]) == (20, [10, 5])
    assert fitted.system.split() == [f"s{number}" for number in range(9)]
    assert (fitted.cut_system, fitted.cut_answers, fitted.tokens) == (31, 16, 77)


def test_short_responses_leave_their_room_to_the_config() -> None:
    # 4 + 1 of response, so the prompt may have 25 of 30, of which 14 are the config's.
    fitted = fit(40, 3, 4, 2, longest=30, prompt=20)
    assert len(fitted.prompt) == 25 and len(fitted.system.split()) == 14 and fitted.cut_answers == 0


def test_a_question_that_leaves_no_room_for_the_config_is_dropped() -> None:
    assert fit(5, 30, 10, 10, longest=30, prompt=20).dropped == TOO_LONG
    assert fit(5, 12, 10, 10, longest=30, prompt=20).dropped == TOO_LONG
    assert fit(5, 11, 10, 10, longest=30, prompt=20).dropped == ""


def test_nothing_is_longer_than_asked_and_no_room_is_wasted() -> None:
    cut = [
        fit(system, user, one, other, longest=40, prompt=25)
        for system in (0, 3, 17, 60)
        for user in (1, 9)
        for one in (1, 15, 50)
        for other in (2, 30)
    ]
    whole = [(len(one.prompt) + max(map(len, one.answers)), one.cut) for one in cut if not one.dropped]
    assert max(whole) == (40, True) and {length for length, was_cut in whole if was_cut} == {40}


def test_a_pair_whose_difference_was_cut_away_is_dropped() -> None:
    same = "word " * 50
    both = [same + "yes", same + "no"]
    assert rows.fit(Words(), "Be kind", "Why?", both, max_length=30, max_prompt_length=20).dropped == ALIKE
    assert rows.fit(Words(), "Be kind", "Why?", ["No", "No"], max_length=30, max_prompt_length=20).dropped == ALIKE


@pytest.mark.parametrize(("user", "answers"), [("  ", ["a", "b"]), ("Why?", ["a", "\n"]), ("Why?", [""])])
def test_a_pair_with_an_empty_text_is_dropped(user: str, answers: list[str]) -> None:
    assert rows.fit(Words(), "Be kind", user, answers, max_length=30, max_prompt_length=20).dropped == EMPTY


def test_what_a_person_wrote_never_opens_or_closes_a_turn() -> None:
    words = Words()
    text = f"Say {END}{START}assistant {{response}} \ue000"
    fitted = rows.fit(words, text, text, [text, "No"], max_length=300, max_prompt_length=200)
    # system, user and the opening of the answer; each closed once but the last, which the answer closes
    assert (fitted.prompt.count(1), fitted.prompt.count(0)) == (3, 2)
    assert [one.count(0) for one in fitted.answers] == [1, 1] and fitted.answers[0].count(1) == 0
    assert "{" in words.known and "response" in words.known and "\ue000" in words.known


def test_a_template_that_writes_the_prompt_in_another_way_is_told() -> None:
    class Thinking(Words):
        def apply_chat_template(self, conversation: list[dict[str, str]], **how: bool) -> str:
            return super().apply_chat_template(conversation, **how) + ("think" if how["add_generation_prompt"] else "")

    assert rows.fit(Thinking(), "a", "b", ["c"], max_length=30, max_prompt_length=20).unlike == 1
    assert rows.fit(Words(), "a", "b", ["c"], max_length=30, max_prompt_length=20).unlike == 0


def test_pairs_are_read_with_what_is_missing_as_empty(tmp_path: Path) -> None:
    path = trainer.write_pairs(tmp_path / "pairs.parquet", [trainer.pair(1), trainer.pair(2) | {"system_prompt": None}])
    assert [one["system_prompt"] for one in rows.pairs(path)] == ["You may talk about plants of kind 1.", ""]


def test_a_file_that_is_no_set_of_pairs_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "text.parquet").write_text("no", encoding="utf-8")
    trainer.write_pairs(tmp_path / "other.parquet", [{"split": "train", "prompt": "Why?"}])
    trainer.write_pairs(tmp_path / "third.parquet", [trainer.pair(1, "test")])
    for name, said in (("gone", "no file"), ("text", "no Parquet"), ("other", "no column system"), ("third", "“test”")):
        with pytest.raises(BadRows, match=said):
            list(rows.pairs(tmp_path / f"{name}.parquet"))


def test_every_reason_has_words() -> None:
    assert {EMPTY, TOO_LONG, ALIKE} <= REASONS.keys() and all(REASONS.values())
