"""What the database refuses about taxonomies, people's labels of risks, training prompts and frozen preference sets."""

import pytest
from django.utils import timezone

from annotations.models import Benchmark, PreferenceSet, Response, RiskLabel, Taxonomy, TaxonomyVersion
from annotations.services.guards import TAXONOMY_NEVER_CHANGES, TAXONOMY_STAYS
from tests.factories import make_benchmark, make_organisation, make_person, make_prompt, make_version
from tests.refusals import refused, refused_with

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def make_taxonomy_version(number=1, **fields):
    taxonomy, _ = Taxonomy.objects.get_or_create(organisation=make_organisation(), title="Harms of a game")
    return TaxonomyVersion.objects.create(taxonomy=taxonomy, number=number, **fields)


def published(**fields):
    return make_taxonomy_version(state="published", published_at=timezone.now(), digest="0" * 64, **fields)


def test_a_state_that_nobody_knows_is_refused():
    with refused("taxonomyversion_state_known"):
        make_taxonomy_version(state="live")


def test_a_second_draft_is_refused():
    make_taxonomy_version()
    with refused("taxonomyversion_one_draft_per_taxonomy"):
        make_taxonomy_version(2)


def test_a_number_that_is_taken_is_refused():
    published()
    with refused("taxonomyversion_number_once"):
        make_taxonomy_version()


def test_numbers_begin_with_one():
    with refused("taxonomyversion_number_from_one"):
        make_taxonomy_version(0)


def test_a_published_taxonomy_without_a_digest_is_refused():
    with refused("taxonomyversion_published_has_digest"):
        make_taxonomy_version(state="published", published_at=timezone.now())


@pytest.mark.parametrize("change", [{"categories": [{"slug": "x"}]}, {"note": "better"}, {"state": "draft"}])
def test_a_published_taxonomy_never_changes(change):
    version = published()
    with refused_with(TAXONOMY_NEVER_CHANGES):
        TaxonomyVersion.objects.filter(pk=version.pk).update(**change)


def test_a_published_taxonomy_is_never_deleted():
    version = published()
    with refused_with(TAXONOMY_STAYS):
        TaxonomyVersion.objects.filter(pk=version.pk).delete()


def test_a_draft_may_be_deleted():
    version = make_taxonomy_version()
    assert TaxonomyVersion.objects.filter(pk=version.pk).delete()[0] == 1


def test_a_person_labels_a_prompt_once_under_a_taxonomy():
    label = {"prompt": make_prompt(), "taxonomy": published(), "rater": make_person()}
    RiskLabel.objects.create(**label)
    with refused("risklabel_once_per_rater"):
        RiskLabel.objects.create(**label, risks=["violence"])


def test_a_person_labels_a_prompt_once_under_the_built_in_taxonomy():
    label = {"prompt": make_prompt(), "rater": make_person()}
    RiskLabel.objects.create(**label)
    with refused("risklabel_once_per_rater_built_in"):
        RiskLabel.objects.create(**label, risks=["violence"])


def test_a_label_that_was_withdrawn_makes_room_for_another():
    label = {"prompt": make_prompt(), "rater": make_person()}
    RiskLabel.objects.create(**label, withdrawn_at=timezone.now())
    assert RiskLabel.objects.create(**label).pk


def test_a_purpose_of_prompts_that_nobody_knows_is_refused():
    benchmark = make_benchmark()
    with refused("benchmark_purpose_known"):
        Benchmark.objects.filter(pk=benchmark.pk).update(purpose="fun")


def test_a_response_under_nothing_at_all_is_refused():
    with refused("response_under_something"):
        Response.objects.create(prompt=make_prompt(), text="Yes.")


def test_a_response_under_a_version_is_taken():
    assert Response.objects.create(prompt=make_prompt(), version=make_version(), text="Yes.").pk


def make_set(**fields):
    return PreferenceSet.objects.create(organisation=make_organisation(), title="Pairs", **fields)


def test_an_origin_of_pairs_that_nobody_knows_is_refused():
    with refused("preferenceset_origin_known"):
        make_set(origin="dreams")


@pytest.mark.parametrize("lacking", ["overruled_why", "overruled_by", "overruled_at"])
def test_leaks_are_not_overruled_without_a_person_a_time_and_words(lacking):
    whole = {"overruled_why": "These are old.", "overruled_by": make_person(), "overruled_at": timezone.now()}
    whole.pop(lacking)
    with refused("preferenceset_overruled_says_why"):
        make_set(**whole)
