"""Names that stand for people."""

from annotations.core.pseudonyms import pseudonym


def test_the_same_thing_has_the_same_name():
    assert pseudonym("key", "rater", 1, 2) == pseudonym("key", "rater", 1, 2)


def test_another_thing_or_another_key_is_another_name():
    names = [pseudonym("key", "rater", 1, 2), pseudonym("key", "rater", 1, 3), pseudonym("key", "rater", 2, 2)]
    names += [
        pseudonym("other", "rater", 1, 2),
        pseudonym("key", "rater", 12, ""),
        pseudonym("key", "rater", 1, "2", ""),
    ]
    assert len(set(names)) == len(names)


def test_a_name_is_sixteen_hexadecimal_digits():
    assert len(pseudonym("key", "x")) == 16 and int(pseudonym("key", "x"), 16) >= 0
