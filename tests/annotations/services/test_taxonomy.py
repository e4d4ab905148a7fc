"""The risk categories of the database are those of the data file, whatever was there before."""

import pytest

from annotations.core import taxonomy
from annotations.models import RiskCategory
from annotations.services.taxonomy import keep_categories

pytestmark = pytest.mark.django_db
FIELDS = taxonomy.Category._fields


def stored() -> list[tuple]:
    return list(RiskCategory.objects.values_list(*FIELDS))


def test_migrating_wrote_every_category_in_the_order_of_the_file():
    assert stored() == [tuple(category) for category in taxonomy.categories()]


def test_keeping_them_twice_changes_nothing():
    before = stored()
    keep_categories()
    keep_categories()
    assert stored() == before


def test_a_changed_name_is_put_right():
    RiskCategory.objects.filter(slug="drugs").update(name="Candy", trained=True, position=40)
    keep_categories()
    assert stored() == [tuple(category) for category in taxonomy.categories()]


def test_a_missing_category_comes_back():
    RiskCategory.objects.filter(slug="privacy").delete()
    keep_categories()
    assert RiskCategory.objects.count() == 8
