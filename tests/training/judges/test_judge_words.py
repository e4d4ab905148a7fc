from training.judges._words import Table, sentences, unquoted, words


def test_vowel_signs_belong_to_their_word():
    assert len(words("भारत की राजधानी")) == 3


def test_case_plural_article_and_vowel_marks_do_not_make_another_word():
    assert words("Guns gun’s GUN class") == ["gun", "gun", "gun", "class"]
    assert words("السلاح سِلاح والسلاح") == ["سلاح"] * 3


def test_scripts_without_spaces_give_a_word_for_each_character():
    assert words("巴黎ok") == ["巴", "黎", "ok"]


def test_sentences_end_at_marks_of_any_script_and_empty_ones_are_left_out():
    assert sentences("One. Two؟ ثلاثة\n...好。") == [["one"], ["two"], ["ثلاثه"], ["好"]]


def test_quotations_on_one_line_are_cut_out():
    assert words(unquoted('He said “no, never” and «لا» and "no" again')) == ["he", "said", "and", "and", "again"]


def test_the_longest_phrase_is_found_and_none_overlap():
    table = Table({"a": ["drug dealer", "drug"], "b": ["dealer town"]})
    found = [(hit.start, hit.end, hit.name) for hit in table.find(words("A drug dealer town, a drug."))]
    assert found == [(1, 3, "a"), (5, 6, "a")]
