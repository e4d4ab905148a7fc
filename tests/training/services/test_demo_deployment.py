"""What the demo serves."""

import pytest

from tests.factories import make_benchmark, make_config, make_prompt, make_version
from training.models import Deployment
from training.services import demo

pytestmark = pytest.mark.django_db


@pytest.fixture
def benchmark():
    demo.load_models()
    make_prompt(config=make_config("game"))
    return make_benchmark()


def test_the_demo_serves_its_first_config_once(benchmark):
    version = make_version()
    made = demo.load_deployment(benchmark)
    assert (made.slug, made.version) == ("game", version)
    assert demo.load_deployment(benchmark) == made and Deployment.objects.count() == 1


def test_a_demo_whose_config_is_approved_no_more_serves_nothing(benchmark):
    make_version(state="retired")
    assert demo.load_deployment(benchmark) is None
