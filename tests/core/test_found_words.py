"""Words that are looked for, and where they stand."""

import unicodedata

from annotations.core.found_words import asked_words, pieces, spellings


def marked(text: str, *words: str, around: int = 70) -> list[str]:
    return [piece.text for piece in pieces(text, words, around) if piece.marked]


def shown(text: str, *words: str, around: int = 70) -> str:
    return "".join(piece.text for piece in pieces(text, words, around))


def test_a_word_is_asked_for_once_and_nothing_a_database_refuses():
    assert asked_words(" game  game\0 of ") == ("game", "game\N{REPLACEMENT CHARACTER}", "of")


def test_what_is_typed_is_bounded():
    assert (len(asked_words("a b c d e f g h")), len(asked_words("w" * 500)[0])) == (6, 80)


def test_a_word_of_ascii_is_spelt_one_way():
    assert spellings("Game") == ("Game",)


def test_a_word_with_accents_is_spelt_in_each_case_and_form():
    found = spellings("éTÉ")
    assert {"éTÉ", "été", "ÉTÉ", "Été", unicodedata.normalize("NFD", "été")} <= set(found)


def test_every_word_is_marked_whatever_its_case():
    assert marked("Game of the gAME", "game", "of") == ["Game", "of", "gAME"]


def test_accents_and_arabic_are_marked():
    assert marked("L’Été à Paris", "été") == ["Été"]
    assert marked("سياسة السلامة للأطفال", "سلامة") == ["سلامة"]


def test_a_long_text_is_cut_between_words_around_the_first_word():
    text = "before " * 50 + "needle " + "after " * 50
    assert shown(text, "needle", around=20) == "… before before before needle after after after after …"


def test_a_text_without_the_words_shows_its_beginning():
    assert shown("a text", "needle") == "a text" and marked("a text", "needle") == []
    assert shown("word " * 100, "needle", around=10) == "word word word …"


def test_what_looks_like_a_pattern_is_a_word():
    assert marked("what (.*) is", "(.*)") == ["(.*)"]


def test_a_text_without_spaces_is_cut_all_the_same():
    assert len(shown("w" * 10_000 + "needle" + "w" * 10_000, "needle")) < 400
