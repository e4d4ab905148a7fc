"""What the database refuses about benchmarks and their prompts."""

import pytest
from django.db.models import ProtectedError

from annotations.core.taxonomy import KINDS
from annotations.models import Benchmark, Prompt
from tests.factories import make_benchmark, make_config, make_prompt, make_run
from tests.refusals import refused

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def test_two_benchmarks_with_one_slug_are_refused():
    benchmark = make_benchmark("bench")
    with refused("annotations_benchmark.slug"):
        Benchmark.objects.create(organisation=benchmark.organisation, slug="bench", title="Another")


def test_a_kind_that_nobody_knows_is_refused():
    with refused("prompt_kind_known"):
        make_prompt(kind="harmless")


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_the_method_is_taken(kind):
    assert make_prompt(kind=kind).kind == kind


def test_an_empty_prompt_is_refused():
    prompt = make_prompt()
    with refused("prompt_not_empty"):
        Prompt.objects.filter(pk=prompt.pk).update(text="")


def test_the_same_prompt_twice_under_one_config_is_refused():
    prompt = make_prompt()
    with refused("prompt_once_per_config"):
        make_prompt(prompt.text, digest=prompt.digest)


def test_the_same_prompt_may_stand_under_two_configs():
    prompt = make_prompt()
    again = make_prompt(prompt.text, digest=prompt.digest, config=make_config("film"))
    assert again.pk != prompt.pk


def test_two_prompts_at_one_place_are_refused():
    prompt = make_prompt()
    with refused("prompt_position_once"):
        make_prompt(position=prompt.position)


def test_a_prompt_that_a_run_used_cannot_be_deleted():
    item = make_run(1).items.get()
    with pytest.raises(ProtectedError):
        item.prompt.delete()


def test_a_benchmark_with_prompts_cannot_be_deleted():
    prompt = make_prompt()
    with pytest.raises(ProtectedError):
        prompt.benchmark.delete()
