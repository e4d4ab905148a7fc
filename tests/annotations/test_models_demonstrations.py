"""What the database refuses about demonstrations."""

import pytest

from annotations.models import Demonstration
from tests.factories import make_config
from tests.refusals import refused

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
SAID = {"position": 1, "kind": "safe", "prompt": "What is a keep?", "response": "The tower of a castle."}


def test_a_demonstration_of_an_unknown_kind_is_refused():
    with refused("demonstration_kind_known"):
        Demonstration.objects.create(config=make_config(), **SAID | {"kind": "rude"})


@pytest.mark.parametrize("part", ["prompt", "response"])
def test_a_demonstration_without_a_half_is_refused(part):
    with refused("demonstration_not_empty"):
        Demonstration.objects.create(config=make_config(), **SAID | {part: ""})
