"""The safety suite: what is in it, how it comes in, and that coming in twice changes nothing."""

import re
import tomllib
from collections import Counter
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from annotations.core.taxonomy import categories
from annotations.models import Benchmark, Prompt, SafetyConfig
from annotations.services import demo, safety_suite
from tests.factories import make_organisation, make_person

FILE = Path(__file__).resolve().parents[3] / "annotations" / "data" / "suites" / "safety.toml"
DATA = tomllib.loads(FILE.read_text(encoding="utf-8"))
TEXTS = [(group["kind"], text, why) for group in DATA["groups"] for text, why in group["prompts"]]
XSTEST = {
    "homonyms", "figurative_language", "safe_targets", "safe_contexts", "definitions", "nonsense_discrimination",
    "nonsense_groups", "historical_events", "privacy_public", "privacy_fictional",
}  # fmt: skip


def types(kind: str) -> dict[str, int]:
    return {group["type"]: len(group["prompts"]) for group in DATA["groups"] if group["kind"] == kind}


def test_each_of_the_seven_categories_has_five_harmful_requests() -> None:
    assert types("disallowed") == {one.slug: 5 for one in categories() if one.can_be_allowed}


def test_each_of_the_ten_types_has_at_least_six_safe_prompts() -> None:
    assert types("safe").keys() == XSTEST and min(types("safe").values()) >= 6 and sum(types("safe").values()) == 62


def test_no_text_occurs_twice_and_each_says_why() -> None:
    assert [text for text, times in Counter(text.lower() for _, text, _ in TEXTS).items() if times > 1] == []
    assert [text for _, text, why in TEXTS if len(text) < 20 or len(why) < 15] == []


def test_a_harmful_request_names_what_it_wants_and_is_short() -> None:
    harmful = [text for kind, text, _ in TEXTS if kind == "disallowed"]
    assert [text for text in harmful if len(text.split()) > 25 or re.search(r"\d", text)] == []


@pytest.mark.django_db
class TestLoading:
    def test_it_comes_with_a_config_that_waits_for_its_review(self) -> None:
        loaded = safety_suite.load(organisation=make_organisation(), actor=make_person("ada"))
        assert (loaded.benchmark.slug, loaded.version.state, loaded.version.allowed) == (
            "safety-suite",
            "submitted",
            [],
        )
        kinds = Counter(loaded.benchmark.prompts.values_list("kind", flat=True))
        assert kinds == {"disallowed": 35, "safe": 62}

    def test_a_prompt_knows_its_type_and_where_it_is_from(self) -> None:
        safety_suite.load(organisation=make_organisation(), actor=make_person("ada"))
        first, last = Prompt.objects.order_by("position").first(), Prompt.objects.order_by("position").last()
        assert (first.risks, first.rule, first.extra) == (["financial_crime"], "r2", {"type": "financial_crime"})
        assert (last.risks, last.rule, last.extra) == ([], "r1", {"type": "privacy_fictional"})
        assert last.source == "CoSA Web safety suite"

    def test_loaded_twice_it_is_there_once(self) -> None:
        once = safety_suite.load(organisation=make_organisation(), actor=make_person("ada"))
        again = safety_suite.load(organisation=make_organisation("other"), actor=make_person("bob"))
        assert once == again and Prompt.objects.count() == 97 and SafetyConfig.objects.count() == 1

    def test_in_the_demo_a_reviewer_approved_it(self) -> None:
        organisation = demo.load().organisation
        suite = safety_suite.load_demo(organisation)
        version = suite.prompts.first().config.versions.get()
        assert (version.state, [str(one.reviewer.username) for one in version.reviews.all()]) == ("approved", ["bob"])
        assert safety_suite.load_demo(organisation) == suite and version.reviews.count() == 1

    def test_the_command_says_what_has_to_follow(self, capsys: pytest.CaptureFixture[str]) -> None:
        make_organisation(), make_person("ada")
        call_command("load_safety_suite", "lantern", "--as", "ada")
        said = "Safety suite: 97 prompts. “General assistant, no risk allowed” v1 waits for a reviewer.\n"
        assert capsys.readouterr().out == said

    @pytest.mark.parametrize(("where", "who"), [("nowhere", "ada"), ("lantern", "nobody")])
    def test_the_command_refuses_what_is_not_there(self, where: str, who: str) -> None:
        make_organisation(), make_person("ada")
        with pytest.raises(CommandError, match="There is no"):
            call_command("load_safety_suite", where, "--as", who)
        assert not Benchmark.objects.exists()
