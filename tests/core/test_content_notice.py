"""The notice at the head of a file of rated responses."""

import pytest

from annotations.core.content_notice import notice


def test_it_names_each_category_that_is_there_with_its_share_in_the_usual_order() -> None:
    # 10 of 40 is 25 %, 3 of 40 is 7.5 %; violence stands before weapons in the list of categories.
    said = notice({"weapons": 3, "violence": 10, "drugs": 0}, 40)
    assert "Violence (10 of 40, 25.0 %), Weapons (3 of 40, 7.5 %); one may carry several." in said
    assert "40 rated responses with their prompts" in said and "Drugs" not in said


def test_it_says_that_the_harm_was_sought_who_read_it_and_how_to_pass_it_on() -> None:
    said = notice({"violence": 1}, 1)
    assert [part.split(".")[0].split(":")[0] for part in said.split("\n\n")] == [
        "Content notice",
        "The harm was sought",
        "People read these texts to rate them",
        "Whoever hands these texts to other people should tell them the categories beforehand, leave them the choice, "
        "and name somebody they can talk to",
    ]


def test_it_promises_no_protection_from_hiding_a_text() -> None:
    assert "not known to protect" in notice({"violence": 1}, 2)


@pytest.mark.parametrize(("total", "words"), [(0, "no rated response"), (1, "1 rated response with its prompt, none")])
def test_without_a_mark_it_is_short(total: int, words: str) -> None:
    assert words in notice({}, total) and "\n" not in notice({}, total)


@pytest.mark.parametrize(("counts", "total"), [({"spells": 1}, 2), ({"drugs": 3}, 2), ({"drugs": -1}, 2), ({}, -1)])
def test_what_cannot_be_is_refused(counts: dict[str, int], total: int) -> None:
    with pytest.raises(ValueError, match="categor"):
        notice(counts, total)
