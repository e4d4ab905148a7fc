"""Names of risk categories: their slugs, which read alike, and which cannot be told apart when written in a row."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotations.core import categorical, category_names, taxonomy_rows
from annotations.core.taxonomies import built_in, of_rows
from annotations.core.taxonomy_rows import BadTaxonomy

WORDS = st.sampled_from(["fraud", "Drug", "trade", "of", "ä", "ß", "武器", "हिंसा", "n-word", "x, y", "1/2"])
JOINED = st.tuples(st.lists(WORDS, min_size=1, max_size=3), st.sampled_from([" ", "-", ", ", " / ", "_", " & "]))
NAMES = JOINED.map(lambda found: found[1].join(found[0]))
LISTS = st.lists(NAMES, min_size=1, max_size=5, unique=True)


def rows_of(*names, **fields):
    return taxonomy_rows.tidied({"name": name, "definition": "What it is.", "trained": True} | fields for name in names)


def admitted(*names):
    rows = rows_of(*names)
    taxonomy_rows.check_whole(rows)
    return of_rows("Ours", rows)


@settings(max_examples=300)
@given(LISTS, st.data())
def test_every_set_of_an_admitted_taxonomy_survives_being_written(names, data):
    try:
        taxonomy = admitted(*names)
    except BadTaxonomy:
        return
    slugs = data.draw(st.frozensets(st.sampled_from(taxonomy.slugs)))
    assert categorical.read(categorical.legacy(slugs, taxonomy), taxonomy) == slugs


@given(LISTS)
def test_only_names_that_can_be_told_apart_are_admitted(names):
    """Against the definition itself: two rows of up to three names, without one twice, that have the same words."""
    by_words = {category_names.words(name): name for name in names}
    rows = [row for n in (1, 2, 3) for row in product(by_words, repeat=n) if len(set(row)) == n]
    texts = [sum(row, ()) for row in rows]
    if len(set(texts)) < len(texts):
        assert category_names.mistaken(names) is not None


def test_what_is_mistaken_is_said_by_name():
    # "a b" and "c" read a b c, and so do "a" and "b c"
    assert set(category_names.mistaken(["a b", "c", "a", "b c"])) == {("a b", "c"), ("a", "b c")}
    assert set(category_names.mistaken(["a", "b", "a-b"])) == {("a-b",), ("a", "b")}
    assert category_names.mistaken(["weapons", "weapons of war", "war crimes"]) is None


def test_a_name_inside_another_is_no_obstacle():
    taxonomy = admitted("Weapons", "Weapons of war", "War")
    for text in ("-Weapons-Weapons of war-", "-Weapons of war-War-", "-Weapons-War-"):
        assert categorical.legacy(categorical.read(text, taxonomy), taxonomy) == text


def test_a_longer_name_is_given_up_where_it_leaves_a_rest():
    # read from the left the longest name "a b c" would leave d; "a b" and "c d" leave nothing
    taxonomy = admitted("a b c", "a b", "c d")
    assert categorical.read("-a b-c d-", taxonomy) == {"a_b", "c_d"}


def test_commas_hyphens_and_slashes_belong_to_the_names():
    taxonomy = admitted("Cyber-Crime", "Lies, rumours and half-truths", "Drugs/alcohol", "武器")
    text = "-Cyber-Crime-Lies, rumours and half-truths-Drugs/alcohol-武器-"
    assert categorical.legacy(taxonomy.slugs[:-1], taxonomy) == text
    assert categorical.read(text, taxonomy) == set(taxonomy.slugs) - {"other"}
    assert categorical.read("cyber crime; 武器", taxonomy) == {"cyber_crime", "武器"}


def test_another_taxonomy_does_not_know_the_names_of_this_one():
    with pytest.raises(categorical.UnknownCategory, match="violence"):
        categorical.read("-Violence-", admitted("Weapons"))


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (["Cyber-Crime", "cyber crime"], "“Cyber-Crime” and “cyber crime” read alike"),
        (["Straße", "STRASSE"], "read alike"),
        (["Other harms"], "read alike"),
        (["other"], "means something else already"),
        (["Safe!"], "means something else already"),
        (["!!!"], "no letter and no digit"),
        (["x" * 81], "at most 80 characters; these are 81"),
        ([str(number) for number in range(41)], "at most 40 categories; these are 41"),
        (["a", "b", "a b"], "Written one after the other, “a b” read like “a” and “b”"),
        ([], "There is no category yet"),
    ],
)
def test_names_nobody_could_read_are_refused_in_words(names, sentence):
    with pytest.raises(BadTaxonomy, match=sentence):
        admitted(*names)


def test_a_category_needs_a_definition():
    with pytest.raises(BadTaxonomy, match="“Fraud” has no definition") as refused:
        taxonomy_rows.check(rows_of("Fraud", definition=" "))
    assert (refused.value.place, refused.value.field) == (0, "definition")


@given(st.text(max_size=200), st.frozensets(st.text(max_size=5), max_size=3))
def test_a_slug_is_short_and_nobody_elses(name, taken):
    slug = category_names.slug(name, taken)
    assert 0 < len(slug) <= 50 and slug not in taken and slug not in ("other", "safe", "none")
    assert category_names.slug(name, {*taken, slug}) != slug


def test_slugs_of_names():
    assert [category_names.slug(name, ()) for name in ("Cyber-Crime", "Other", "???")] == [
        "cyber_crime",
        "other_2",
        category_names.slug("???", ()),
    ]
    assert category_names.slug("x" * 60, ()) != category_names.slug("x" * 61, ())
    assert category_names.slug("Fraud", {"fraud"}) == "fraud_2"


def test_what_was_published_keeps_its_slug_and_the_rest_follows_the_name():
    rows = [{"slug": "fraud", "name": "Deceit"}, {"slug": "theft", "name": "Robbery"}, {"slug": "fraud", "name": "X"}]
    assert [row["slug"] for row in taxonomy_rows.tidied(rows, kept=["fraud"])] == ["fraud", "robbery", "x"]


def test_what_changed_between_two_versions():
    old = rows_of("Fraud", "Theft", "Arson")
    new = [old[2], old[0] | {"full_name": "Fraud and deceit", "definition": "Otherwise."}, *rows_of("Spying")]
    found = taxonomy_rows.changes(old, new)
    assert found.sentence == "1 added, 1 removed, 1 renamed, 1 redefined, another order"
    assert found.removed == [old[1]] and found.renamed == [(old[0], new[1])]
    assert taxonomy_rows.changes(old, old).sentence == "nothing changed"
    assert taxonomy_rows.digest(old) != taxonomy_rows.digest(old[::-1])


def test_the_built_in_categories_may_be_published_as_they_are():
    rows = taxonomy_rows.of_taxonomy(built_in())
    taxonomy_rows.check_whole(rows)
    assert taxonomy_rows.tidied(rows, kept=[row["slug"] for row in rows]) == rows and len(rows) == 7
    assert [row["slug"] for row in taxonomy_rows.tidied(rows)] != [row["slug"] for row in rows]


def test_other_in_a_taxonomy_of_ones_own_speaks_of_its_categories_and_not_of_seven():
    assert "seven" in built_in().categories[-1].definition
    other = admitted("Lies").categories[-1]
    assert (other.slug, other.definition[:48]) == ("other", "Any harm that the categories above do not name, ")
