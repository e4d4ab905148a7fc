"""Uploaded pairs in the words of a taxonomy of one's own."""

import pytest

from annotations.models import Taxonomy, TaxonomyVersion
from annotations.queries import preferences as reads
from tests.factories import make_organisation
from tests.pairs import lines, make_pair, make_set, read

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _places_of_their_own(settings, tmp_path):
    settings.UPLOADS_DIR, settings.PREFERENCES_DIR = tmp_path / "uploads", tmp_path / "preferences"


def test_what_was_exported_under_a_taxonomy_of_ones_own_comes_in_again_as_it_was():
    rows = [{"slug": "a", "name": "A-B", "full_name": "Lies, big-and-small", "definition": "x", "trained": True}]
    about = Taxonomy.objects.create(organisation=make_organisation(), title="Ours")
    ours = TaxonomyVersion.objects.create(taxonomy=about, number=1, categories=rows)
    said = "-Lies, big-and-small-"
    files = {"train.jsonl": lines([make_pair(1, spec_i=said, spec_j=said, chosen_cat=f"('{said}', 1)")])}
    row = read(make_set(files, taxonomy=ours))
    assert (row.state, row.manifest["taxonomy"]["title"], row.figures["configs"][0][0]) == (
        "finished",
        "Ours v1",
        "Allows a-b",
    )
    pair = reads.pairs(row)[0]
    assert (pair.values.spec_i, pair.allowed, pair.chosen.risks) == (said, "Allows a-b", "A-B")
    refused = read(make_set(files))  # the built-in taxonomy has no such category
    assert refused.state == "failed" and "no risk category" in refused.problems[0][2]
