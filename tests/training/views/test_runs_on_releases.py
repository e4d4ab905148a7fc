"""Runs that point at a release: its frozen wordings are answered, whatever the benchmark became since."""

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from annotations.core.manifest import Number
from annotations.models import ConfigVersion, Prompt
from annotations.services import prompts, releases
from tests.factories import (
    make_benchmark,
    make_config,
    make_model,
    make_organisation,
    make_person,
    make_prompt,
    make_run,
    make_version,
)
from tests.markup import elements
from tests.outcomes import finished_run
from tests.version_runs import run_of
from training import evidence_queries
from training.models import EvaluationRun
from training.services.report import report, table
from training.services.runs import RunProblem

pytestmark = pytest.mark.django_db
NEW = reverse("training:run-new")


@pytest.fixture
def bench():
    """A benchmark of two prompts for a config with an approved version, frozen as v1.0."""
    config = make_version().config
    for number in range(2):
        make_prompt(f"Frozen {number}", config=config)
    frozen(make_benchmark())
    return make_benchmark()


def frozen(benchmark, *number):
    return releases.freeze(benchmark=benchmark, number=Number(*(number or (1, 0))), actor=make_person("lea"))


def move_on(benchmark):
    """One prompt of the benchmark reads otherwise, one is gone, one is new."""
    first, second = benchmark.prompts.current().order_by("position")
    prompts.revise(prompt=first, content=prompts.Content("Reworded", "allowed"), actor=make_person("ada"))
    prompts.take_out(prompt=second, actor=make_person("ada"))
    make_prompt("New", position=1_000_000)


def posted(benchmark, **fields):
    values = {"benchmark": benchmark.pk, "model": make_model().pk, "strategy": "plain", "judges": ["heuristic"]}
    return values | {"temperature": "0", "seed": "0"} | fields


def texts(run):
    return list(run.items.order_by("position").values_list("prompt__text", flat=True))


def options(html, name="release"):
    found = [one for one in elements(html, "option") if name in [each.attributes.get("name") for each in one.parents]]
    return [one.text for one in found]


def test_a_run_on_a_release_answers_the_frozen_wordings(as_person, bench):
    release = bench.releases.get()
    move_on(bench)
    as_person("ada").post(NEW, posted(bench, release=release.pk))
    run = EvaluationRun.objects.get()
    assert (run.release, texts(run)) == (release, ["Frozen 0", "Frozen 1"])


def test_a_run_on_a_release_answers_under_the_version_the_release_holds(bench):
    held = make_config().versions.get()
    make_version(make_config(), policy="Newer and approved too.")
    ConfigVersion.objects.filter(pk=held.pk).update(state="retired")
    run = make_run(0, release=bench.releases.get())
    assert {item.version for item in run.items.all()} == {held}


def test_a_release_with_a_version_that_nobody_approved_cannot_be_run():
    make_prompt(config=make_version(state="submitted").config)
    frozen(make_benchmark())
    make_version(make_config())
    with pytest.raises(RunProblem, match="no approved version of Config game in v1.0"):
        make_run(0, release=make_benchmark().releases.get())


def test_a_run_without_a_release_answers_what_is_there_now(as_person, bench):
    move_on(bench)
    as_person("ada").post(NEW, posted(bench))
    run = EvaluationRun.objects.get()
    assert (run.release, texts(run)) == (None, ["Reworded", "New"])


def test_the_form_offers_the_prompts_of_now_and_each_release(as_person, bench):
    make_prompt("Third")
    frozen(bench, 1, 1)
    assert options(as_person("ada").get(NEW).content.decode()) == ["as they are now (3)", "v1.1 (3)", "v1.0 (2)"]


def test_releases_stand_below_their_benchmark(as_person, bench):
    other = make_benchmark("other", title="Another")
    make_prompt(benchmark=other)
    frozen(other)
    html = as_person("ada").get(NEW).content.decode()
    assert options(html) == ["as they are now", "v1.0 (1)", "v1.0 (2)"]
    assert [one.attributes["label"] for one in elements(html, "optgroup")] == ["Another", "Benchmark bench"]


def test_a_link_may_choose_the_release(as_person, bench):
    release = bench.releases.get()
    html = as_person("ada").get(f"{NEW}?benchmark={bench.pk}&release={release.pk}").content.decode()
    assert [one.text for one in elements(html, "option") if "selected" in one.attributes and "v1.0" in one.text]


def test_a_release_of_another_benchmark_is_refused_beside_the_field(as_person, bench):
    other = make_benchmark("other")
    make_prompt(benchmark=other)
    response = as_person("ada").post(NEW, posted(other, release=bench.releases.get().pk))
    assert response.status_code == 422 and "v1.0 is a release of “Benchmark bench”" in response.content.decode()


@pytest.mark.parametrize("release", ["999", "x"])
def test_a_release_that_is_none_is_refused(as_person, bench, release):
    assert as_person("ada").post(NEW, posted(bench, release=release)).status_code == 422


def test_nobody_runs_a_release_of_somebody_else(as_person, bench):
    make_benchmark("own", make_organisation("elsewhere"))
    html = as_person("mallory").get(NEW).content.decode()
    assert options(html) == ["as they are now"]


def test_the_page_of_a_run_names_and_links_the_release(as_person, bench):
    run = finished_run(0, release=bench.releases.get())
    html = as_person("ada").get(reverse("training:run-detail", args=[run.pk])).content.decode()
    address = reverse("annotations:release-detail", args=[bench.pk, 1, 0])
    links = [one.text for one in elements(html, "a") if one.attributes.get("href") == address]
    assert links == ["v1.0", "Release v1.0"]
    assert "v1.0" in as_person("ada").get(reverse("training:run-list")).content.decode()


def test_a_version_is_tested_on_its_prompts_of_the_release(as_person, bench):
    version = make_config().versions.get()
    make_prompt("Of another config", config=make_version(make_config("film")).config)
    release = frozen(bench, 1, 1)
    page = reverse("training:version-tests", args=[version.config_id, version.number])
    assert options(as_person("ada").get(page).content.decode()) == ["as they are now (2)", "v1.1 (2)", "v1.0 (2)"]
    move_on_one = Prompt.objects.get(text="Frozen 0")
    prompts.take_out(prompt=move_on_one, actor=make_person("ada"))
    address = reverse("training:version-test-run", args=[version.config_id, version.number])
    as_person("ada").post(address, posted(bench, release=release.pk))
    assert texts(EvaluationRun.objects.get()) == ["Frozen 0", "Frozen 1"]


def test_the_next_test_begins_with_the_release_of_the_last_one(as_person, bench):
    version = make_config().versions.get()
    run_of(version, release=bench.releases.get())
    page = reverse("training:version-tests", args=[version.config_id, version.number])
    chosen = [
        one.text
        for one in elements(as_person("ada").get(page).content.decode(), "option")
        if "selected" in one.attributes
    ]
    assert "v1.0 (2)" in chosen


def test_evidence_names_the_release_and_other_prompts_are_a_difference(as_person, bench):
    base, version = make_config().versions.get(), make_version(make_config())
    run_of(base)
    run_of(version, release=bench.releases.get())
    found = evidence_queries.compare(EvaluationRun.objects.all(), version, base)
    assert found.pair.differences == ("other prompts: as they were then, v1.0 now",)
    assert [row["release"] for row in evidence_queries.evidence(version)] == ["v1.0"]
    page = reverse("training:version-tests", args=[version.config_id, version.number])
    address = reverse("annotations:release-detail", args=[bench.pk, 1, 0])
    assert address in as_person("ada").get(page).content.decode()


def test_of_two_runs_of_the_base_the_one_on_the_same_release_is_compared(bench):
    base, version = make_config().versions.get(), make_version(make_config())
    same = run_of(base, release=bench.releases.get())
    run_of(base)
    run_of(version, release=bench.releases.get())
    found = evidence_queries.compare(EvaluationRun.objects.all(), version, base)
    assert (found.pair.before.run, found.pair.differences) == (same.pk, ())


def test_the_report_names_the_release(bench):
    figures = report(finished_run(0, release=bench.releases.get()))
    assert figures["release"] == "v1.0" and "on bench v1.0, judged by" in table(figures)
    assert report(finished_run(0))["release"] is None


def test_the_command_line_runs_a_release(bench, monkeypatch):
    make_model("echo")
    monkeypatch.setattr("cosa_web.management.commands.evaluate.Command._watch", lambda *_: None)
    monkeypatch.setattr("cosa_web.management.commands.evaluate.work", lambda *_: None)
    options = ["--benchmark", "bench", "--model", "echo", "--judge", "heuristic", "--release", "1.0"]
    with pytest.raises(SystemExit):
        call_command("evaluate", *options)
    assert EvaluationRun.objects.get().release == bench.releases.get()


@pytest.mark.parametrize("name", ["v2.0", "newest", "None"])
def test_the_command_line_names_the_releases_there_are(bench, name):
    make_model("echo")
    options = ["--benchmark", "bench", "--model", "echo", "--judge", "heuristic", "--release", name]
    with pytest.raises(CommandError, match=f"has no release '{name}'; there are: v1.0."):
        call_command("evaluate", *options)


def test_the_list_of_runs_does_not_fetch_the_files_of_releases(as_person, bench, django_assert_max_num_queries):
    for _ in range(3):
        make_run(0, release=bench.releases.get())
    with django_assert_max_num_queries(25) as asked:
        as_person("ada").get(reverse("training:run-list"))
    assert not [one for one in asked.captured_queries if '"manifest"' in one["sql"] or '"data"' in one["sql"]]
