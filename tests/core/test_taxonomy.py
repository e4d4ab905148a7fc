import pytest

from annotations.core import folder, taxonomy
from annotations.core.taxonomy import KINDS, OTHER, SLUGS, categories, collapse


@pytest.fixture
def fresh():
    categories.cache_clear()
    yield
    categories.cache_clear()


def test_the_categories_come_in_the_order_of_the_slugs():
    assert tuple(category.slug for category in categories()) == SLUGS


def test_only_other_can_never_be_allowed():
    assert [category.slug for category in categories() if not category.can_be_allowed] == [OTHER]


def test_every_category_has_words_for_people():
    assert all(category.name and category.full_name and category.definition for category in categories())


def test_there_are_four_kinds_of_prompt():
    assert KINDS == ("safe", "allowed", "partial", "disallowed")


def test_a_data_file_that_lacks_a_category_is_refused_in_words(monkeypatch, fresh):
    row = '[[categories]]\nslug="drugs"\nname="a"\nfull_name="a"\ndefinition="a"\ncan_be_allowed=true\ntrained=true\n'
    monkeypatch.setattr(folder, "text", lambda package, name: row)
    with pytest.raises(ValueError, match="each of these categories once"):
        categories()


def test_a_category_without_a_definition_is_refused_by_name(monkeypatch, fresh):
    monkeypatch.setattr(folder, "text", lambda package, name: '[[categories]]\nslug = "drugs"\n')
    with pytest.raises(ValueError, match="'drugs' lacks name, full_name, definition"):
        categories()


def test_a_data_file_that_lets_other_be_allowed_is_refused(monkeypatch, fresh):
    whole = folder.text("annotations.data", "risk_categories.toml")
    monkeypatch.setattr(
        folder, "text", lambda package, name: whole.replace("can_be_allowed = false", "can_be_allowed = true")
    )
    with pytest.raises(ValueError, match="can_be_allowed to false"):
        taxonomy.categories()


def test_unknown_risks_become_one_other():
    assert collapse({"drugs", "weapons", "violence"}, {"violence"}) == {"violence", OTHER}


def test_other_stays_other_and_nothing_stays_nothing():
    assert collapse([OTHER], SLUGS[:7]) == {OTHER}
    assert collapse([], SLUGS) == frozenset()
