"""Freezing a benchmark: what is refused in words, what is kept, and that its bytes stay what they were."""

import hashlib
import json
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from annotations.core import manifest
from annotations.core.manifest import Number
from annotations.models import AuditEvent, Benchmark, BenchmarkRelease, ConfigVersion, PromptCheck, SafetyConfig
from annotations.queries.agreement import agreements
from annotations.queries.standing import standing
from annotations.services import prompts
from annotations.services.releases import ReleaseProblem, card_word, freeze, save_card
from tests.factories import make_benchmark, make_config, make_person, make_prompt, make_version

pytestmark = pytest.mark.django_db


@pytest.fixture
def bench():
    """A benchmark with one prompt of each kind for a config with one approved version."""
    config = make_version().config
    for kind in ("safe", "allowed", "partial", "disallowed"):
        make_prompt(f"A {kind} one", config=config, kind=kind, created_by=make_person("ada"))
    return make_benchmark()


def frozen(benchmark, number="1.0", **fields):
    values = {"benchmark": benchmark, "number": manifest.number(number), "actor": make_person("lea")}
    return freeze(**values | fields)


def problem(benchmark, *args, **fields):
    before = BenchmarkRelease.objects.count()
    with pytest.raises(ReleaseProblem) as caught:
        frozen(benchmark, *args, **fields)
    assert BenchmarkRelease.objects.count() == before
    return str(caught.value)


def rows(release):
    release.refresh_from_db()
    return [manifest.row(line) for line in manifest.lines(release.data)]


def file(release):
    return b"".join(manifest.unpack(BenchmarkRelease.objects.get(pk=release.pk).data))


def validate(prompt, kind=None, raters=("carol", "bob")):
    for rater in raters:
        PromptCheck.objects.create(prompt=prompt, rater=make_person(rater), kind=kind or prompt.kind)


def revised(prompt, **changes):
    content = {name: getattr(prompt, name) for name in prompts.Content._fields} | changes
    return prompts.revise(prompt=prompt, content=prompts.Content(**content), actor=make_person("ada"))


@pytest.mark.both_databases
def test_a_tiny_release_has_the_bytes_and_the_digest_written_by_hand():
    config = make_version(make_config(slug="game")).config
    prompt = make_prompt("Is it „late“?", config=config, risks=["drugs"], why="No.", extra={"z": 1})
    release = frozen(make_benchmark())
    by_hand = (
        '{"config":"game","config_version":1,"extra":{"z":1},'
        f'"id":"{prompt.uid}","kind":"safe","language":"en","organisation":"lantern","risks":["drugs"],"rule":"",'
        '"situation":null,"source":"","text":"Is it „late“?","validated":false,"why":"No."}\n'
    ).encode()
    assert (file(release), release.sha256) == (by_hand, hashlib.sha256(by_hand).hexdigest())
    assert (release.manifest["sha256"], release.manifest["bytes"]) == (release.sha256, len(by_hand))


@pytest.mark.both_databases
def test_the_bytes_stay_the_same_whatever_becomes_of_the_benchmark(bench):
    release = frozen(bench)
    before, card, facts = file(release), release.card, release.manifest
    first, second, third, _ = bench.prompts.current().order_by("position")
    revised(first, text="Another text"), revised(second, kind="partial"), revised(third, why="Another reason")
    prompts.take_out(prompt=bench.prompts.current().order_by("position").last(), actor=make_person("ada"))
    validate(bench.prompts.current().first())
    Benchmark.objects.filter(pk=bench.pk).update(title="Another title", card={"purpose": "Another"})
    SafetyConfig.objects.update(title="Another config", slug="another")
    make_version(first.config, policy="Another policy")
    release.refresh_from_db()
    assert (file(release), release.card, release.manifest) == (before, card, facts)
    assert hashlib.sha256(before).hexdigest() == release.sha256


def test_a_release_has_no_name_of_a_person_and_no_row_number_in_its_rows(bench):
    assert not re.search(rb"\bada\b", file(frozen(bench)).lower())  # three letters of a digest are no name
    assert set(rows(BenchmarkRelease.objects.get())[0]._fields) & {"pk", "created_by", "position"} == set()


def test_rows_come_in_the_order_of_the_benchmark(bench):
    make_prompt("The last", position=1_000_000), make_prompt("The first", position=0)
    assert [row.text for row in rows(frozen(bench))] == [
        "The first",
        *("A safe one", "A allowed one", "A partial one", "A disallowed one"),
        "The last",
    ]


def test_the_newest_approved_version_goes_along_though_others_are_newer(bench):
    config = make_config()
    make_version(config, policy="The newest approved."), make_version(config, state="submitted")
    make_version(config, state="draft")
    release = frozen(bench)
    assert list(release.versions.values_list("number", flat=True)) == [2]
    assert release.manifest["configs"][0]["text"]["policy"] == "The newest approved."
    assert {row.config_version for row in rows(release)} == {2}


@pytest.mark.parametrize("fields", [{"state": "submitted"}, {"state": "draft", "frozen": True}, {"state": "returned"}])
def test_without_an_approved_version_the_newest_fixed_one_goes_along(fields):
    tested = fields.pop("frozen", False)
    version = make_version(**fields)
    if tested:
        ConfigVersion.objects.filter(pk=version.pk).update(frozen_at="2026-01-01T00:00Z")
    make_prompt(config=version.config)
    assert frozen(make_benchmark()).versions.get() == version


def test_a_config_with_only_a_draft_is_named_and_nothing_is_frozen():
    make_prompt(config=make_version(make_config(title="Night shift"), state="draft").config)
    assert problem(make_benchmark()) == "“Night shift” has only a draft: submit it, or test it once."


def test_a_config_without_any_version_is_no_better():
    make_prompt()
    assert "has only a draft" in problem(make_benchmark())


def test_nothing_to_freeze_is_said_in_words(bench):
    assert "has no prompt" in problem(make_benchmark("empty"))
    assert "No prompt is validated yet" in problem(bench, only_validated=True)


def test_only_validated_prompts_are_frozen_when_so_wanted(bench):
    first, second, *_ = bench.prompts.order_by("position")
    validate(first), validate(second, kind="disallowed")
    release = frozen(bench, only_validated=True)
    assert [(row.text, row.validated) for row in rows(release)] == [("A safe one", True)]
    assert (release.prompt_count, release.validated_count, release.prompts.get()) == (1, 1, first)


def test_a_prompt_that_is_not_validated_says_so_in_its_row(bench):
    validate(bench.prompts.order_by("position").first())
    release = frozen(bench)
    assert [row.validated for row in rows(release)] == [True, False, False, False]
    assert (release.prompt_count, release.validated_count) == (4, 1)


def test_the_same_once_more_is_refused(bench):
    frozen(bench)
    assert problem(bench, "1.1") == "Nothing changed since v1.0: the same prompts are frozen there already."


def test_a_label_that_came_since_is_something_new(bench):
    frozen(bench)
    validate(bench.prompts.first())
    assert frozen(bench, "1.1").validated_count == 1


@pytest.mark.parametrize("number", ["1.1", "0.9"])
def test_a_number_below_the_newest_is_refused(bench, number):
    frozen(bench, "1.2")
    make_prompt()
    assert problem(bench, number) == "The newest release is v1.2; choose a higher number than that."


def test_a_number_that_is_taken_names_who_was_faster(bench):
    frozen(bench)
    make_prompt()
    assert "Lea has frozen v1.0" in problem(bench, "1.0")


@pytest.mark.parametrize("number", [Number(0, 0), Number(-1, 5), Number(1, 40_000)])
def test_a_number_no_release_has_is_refused(bench, number):
    with pytest.raises(ReleaseProblem, match="such as v1.0"):
        freeze(benchmark=bench, number=number, actor=make_person("lea"))


def test_every_benchmark_counts_for_itself(bench):
    frozen(bench)
    make_prompt(benchmark=make_benchmark("other"))
    assert frozen(make_benchmark("other")).name == "v1.0"


def test_what_changed_since_it_was_looked_at_is_told(bench):
    seen = standing(bench).word
    revised(bench.prompts.first(), text="Another text")
    assert "Somebody changed a prompt" in problem(bench, seen=seen)
    assert frozen(bench, seen=standing(bench).word).name == "v1.0"


def test_an_endless_note_is_refused(bench):
    assert "at most 5,000 characters; this one has 5,001" in problem(bench, note="w" * 5001)


def test_freezing_is_written_down_without_a_text(bench):
    release = frozen(bench, note="A secret note")
    event = AuditEvent.objects.get(action="freeze")
    assert (event.object_id, event.actor) == (release.pk, make_person("lea"))
    assert event.after == {"release": "v1.0", "prompts": 4, "validated": 0, "digest": release.sha256}


def test_the_manifest_says_what_it_is_made_of(bench):
    make_prompt("Wie?", language="de", created_by=make_person("lea"))
    release = frozen(bench, note="News.")
    found = release.manifest
    assert (found["benchmark"], found["release"], found["note"], found["format"]) == ("bench", "v1.0", "News.", "1")
    assert found["kinds"] == {"safe": 2, "allowed": 1, "partial": 1, "disallowed": 1}
    assert (found["languages"], found["authors"]) == ({"en": 4, "de": 1}, ["Ada", "Lea"])
    version = ConfigVersion.objects.get()
    assert [(config["version"], config["digest"]) for config in found["configs"]] == [(1, version.digest)]
    assert json.loads(json.dumps(found)) == found


def test_whoever_wrote_an_earlier_wording_is_an_author_too(bench):
    prompt = bench.prompts.order_by("position").first()
    prompts.revise(prompt=prompt, content=prompts.Content("New", "safe"), actor=make_person("lea"))
    assert frozen(bench).manifest["authors"] == ["Ada", "Lea"]


def test_agreement_is_counted_from_the_labels_in_force_on_the_present_texts(bench):
    """Two raters, three prompts alike, on one of them not: 3 of 4 pairs are equal."""
    first, second, third, fourth = bench.prompts.order_by("position")
    for prompt in (first, second, third):
        validate(prompt)
    validate(fourth, raters=["carol"]), validate(fourth, kind="safe", raters=["bob"])
    labels = frozen(bench).manifest["labels"]
    assert (labels["raters"], labels["given"], labels["as_written"], labels["unsure"]) == (2, 8, 7, 0)
    equal, cohen, alpha = labels["figures"]
    assert (equal["value"], equal["prompts"], equal["labels"]) == (0.75, 4, 8)
    assert (cohen["name"], alpha["name"]) == ("Cohen's kappa", "Krippendorff's alpha")
    # One of the raters says safe 1, allowed 1, partial 1, disallowed 1, the other safe 2, allowed 1, partial 1:
    # chance agrees in (1*2 + 1 + 1) / 16 = 1/4, kappa = (3/4 - 1/4) / (3/4) = 2/3.
    assert cohen["value"] == 0.6667
    assert "carol" not in json.dumps(labels).lower()


def test_a_label_of_an_older_text_or_a_withdrawn_one_does_not_count(bench):
    first, second, *_ = bench.prompts.order_by("position")
    validate(first), revised(first, text="Another text")
    validate(second)
    PromptCheck.objects.filter(prompt=second).update(withdrawn_at="2026-01-01T00:00Z")
    labels = frozen(bench).manifest["labels"]
    assert (labels["given"], labels["figures"], labels["raters"]) == (0, [], 0)
    assert labels["why_none"] == "nobody but the authors has labelled these prompts yet."


def test_under_categorical_configs_raters_agree_on_situations():
    """Both raters say situation 1; the prompt is allowed there, and they need not say that it is not safe."""
    config = make_version(make_config(categorical=True)).config
    for _ in range(2):
        prompt = make_prompt(config=config, kind="allowed", situation=1, risks=["violence"])
        for rater in ("carol", "bob"):
            PromptCheck.objects.create(prompt=prompt, rater=make_person(rater), kind="safe", situation=1)
    release = frozen(make_benchmark())
    labels = release.manifest["labels"]
    assert (labels["as_written"], release.validated_count) == (4, 2)
    assert [figure["name"] for figure in labels["figures"]] == [
        *("Same answer (situations)", "Cohen's kappa (situations)", "Krippendorff's alpha (situations)")
    ]
    assert (labels["figures"][0]["value"], labels["figures"][1]["value"]) == (1.0, None)


def test_one_label_a_prompt_is_no_agreement(bench):
    validate(bench.prompts.first(), raters=["carol"])
    assert frozen(bench).manifest["labels"]["why_none"] == "no prompt has two labels yet."


def test_the_figures_are_those_of_the_page_of_validation(bench):
    for prompt in bench.prompts.order_by("position"):
        validate(prompt, kind="safe", raters=["carol"]), validate(prompt, raters=["bob", "lea"])
    among = agreements(bench).kinds.among
    told = [(figure["value"], figure["interval"]) for figure in frozen(bench).manifest["labels"]["figures"]]
    found = [among.percent, among.kappa, among.alpha]
    assert told == [(round(one.value, 4), [round(end, 4) for end in one.interval]) for one in found]


def test_the_card_is_kept_as_people_wrote_it_then(bench):
    save_card(benchmark=bench, sections={"purpose": "To test."}, seen=card_word(bench), actor=make_person("ada"))
    release = frozen(bench, note="News.")
    assert "## Purpose\n\nTo test." in release.card and "## About this release\n\nNews." in release.card
    assert release.sha256 in release.card and "data_files: prompts.jsonl" in release.card


def test_whoever_was_slower_with_the_card_is_told_and_changes_nothing(bench):
    seen = card_word(bench)
    save_card(benchmark=bench, sections={"purpose": "First."}, seen=seen, actor=make_person("ada"))
    with pytest.raises(ReleaseProblem, match="Somebody else changed the card"):
        save_card(benchmark=bench, sections={"purpose": "Second."}, seen=seen, actor=make_person("lea"))
    bench.refresh_from_db()
    assert bench.card == {"purpose": "First."}


def test_the_card_keeps_its_own_sections_only_and_says_who_changed_which(bench):
    sections = {"purpose": " To test.\r\n", "limits": "  ", "script": "x"}
    save_card(benchmark=bench, sections=sections, seen=card_word(bench), actor=make_person("ada"))
    event = AuditEvent.objects.get()
    bench.refresh_from_db()
    assert bench.card == {"purpose": "To test."}
    assert (event.action, event.before, event.after) == ("edit", {"card: purpose": ""}, {"card: purpose": "To test."})
    save_card(benchmark=bench, sections={"purpose": "To test."}, seen=card_word(bench), actor=make_person("ada"))
    assert AuditEvent.objects.count() == 1


def test_an_endless_section_is_refused(bench):
    with pytest.raises(ReleaseProblem, match="“Limits” has at most 20,000 characters; yours has 20,001"):
        save_card(benchmark=bench, sections={"limits": "w" * 20_001}, seen=card_word(bench), actor=make_person("ada"))


def test_many_prompts_are_frozen_with_as_many_questions_as_few(bench):
    def asked():
        with CaptureQueriesContext(connection) as found:
            frozen(bench, f"{BenchmarkRelease.objects.count() + 1}.0")
        return len(found)

    asked()
    make_prompt()
    few = asked()
    for _ in range(30):
        make_prompt()
    assert asked() == few


def test_a_longer_note_is_tidied(bench):
    assert frozen(bench, note=" One\r\ntwo \0").note == "One\ntwo \ufffd"
