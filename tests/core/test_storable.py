from annotations.core.storable import storable


def test_nul_and_half_pairs_give_way_to_the_replacement_character() -> None:
    assert storable("a\0b\ud800ü") == "a\ufffdb\ufffdü"


def test_a_pair_in_two_halves_becomes_its_character() -> None:
    assert storable("\ud83d\ude00") == "\N{GRINNING FACE}"


def test_other_text_stays_as_it_is() -> None:
    assert storable("سلام, hello") == "سلام, hello"
