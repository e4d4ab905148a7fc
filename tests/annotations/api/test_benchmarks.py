"""Benchmarks through the API."""

import pytest

from annotations.models import AuditEvent, Benchmark
from annotations.services import benchmarks, releases
from tests.asked import asked
from tests.factories import make_benchmark, make_organisation, make_person, make_prompt, make_release, make_version
from tests.programs import Program

pytestmark = pytest.mark.django_db


def test_a_list_counts_prompts_by_kind_and_names_the_newest_release():
    bench = make_benchmark(title="Desk")
    for kind in ("safe", "safe", "partial"):
        make_prompt(benchmark=bench, kind=kind)
    make_release(bench, minor=1)
    make_benchmark("far", organisation=make_organisation("elsewhere"))
    told = Program().get("benchmarks/").json()["results"]
    assert [row["title"] for row in told] == ["Desk"]
    assert (told[0]["prompts"], told[0]["configs"], told[0]["release"]) == (3, 1, "v1.1")
    assert told[0]["kinds"] == {"safe": 2, "allowed": 0, "partial": 1, "disallowed": 0}
    assert told[0]["created_at"].endswith(("Z", "+00:00")) or "+" in told[0]["created_at"]


def test_a_benchmark_is_made_as_on_its_page_and_only_once_under_a_key():
    home = make_organisation().pk
    said = {"organisation": home, "title": "Desk", "targets": {"safe": 3}}
    first, second = (Program().send("benchmarks/", said, key="k1") for _ in range(2))
    assert (first.status_code, second.json()["id"]) == (201, first.json()["id"])
    assert first.json()["targets"] == {"safe": 3, "allowed": 10, "partial": 10, "disallowed": 10}
    assert AuditEvent.objects.filter(action="create", object_type="benchmark").count() == 1


@pytest.mark.parametrize(
    "wrong", [{"title": " "}, {"checks_needed": 10}, {"targets": {"safe": -1}}, {"targets": {"odd": 1}}, {"tittle": ""}]
)
def test_what_a_benchmark_cannot_be_is_refused_by_its_field(wrong):
    said = {"organisation": make_organisation().pk, "title": "Desk"} | wrong
    told = Program().send("benchmarks/", said)
    assert (told.status_code, Benchmark.objects.count()) == (422, 0)
    assert next(iter(told.json()["errors"])).split(".")[0] == next(iter(wrong))


def test_who_does_not_write_in_an_organisation_makes_no_benchmark_there():
    said = {"organisation": make_organisation().pk, "title": "Desk"}
    assert [Program(who).send("benchmarks/", said).status_code for who in ("mallory", "bob")] == [404, 403]
    assert Program("grace").send("benchmarks/", said).status_code == 201


def test_what_is_not_sent_of_a_change_stays():
    bench = make_benchmark(title="Desk", licence="CC0-1.0")
    told = Program().send(f"benchmarks/{bench.pk}/", {"targets": {"safe": 2}}, method="patch").json()
    assert (told["title"], told["licence"], told["targets"]["safe"], told["targets"]["partial"]) == (
        *("Desk", "CC0-1.0"),
        *(2, 10),
    )
    told = [Program(who).send(f"benchmarks/{bench.pk}/", {}, method="patch").status_code for who in ("bob", "mallory")]
    assert told == [403, 404]


def test_a_change_keeps_what_somebody_else_changed_meanwhile(monkeypatch):
    bench = make_benchmark(title="Desk", licence="CC0-1.0")
    Benchmark.objects.filter(pk=bench.pk).update(licence="CC-BY-4.0", targets=bench.targets | {"safe": 3})
    monkeypatch.setattr("annotations.access.benchmark_for_author", lambda *_: bench)
    told = Program().send(f"benchmarks/{bench.pk}/", {"title": "Sieges"}, method="patch").json()
    assert (told["title"], told["licence"], told["targets"]["safe"]) == ("Sieges", "CC-BY-4.0", 3)


def test_the_second_who_archives_is_told_that_somebody_was_faster(monkeypatch):
    bench, program = make_benchmark(), Program()
    assert program.send(f"benchmarks/{bench.pk}/archive/").status_code == 204
    assert program.get("benchmarks/", archived="true").json()["results"][0]["id"] == bench.pk
    assert program.send(f"benchmarks/{bench.pk}/put-back/").json()["archived_at"] is None
    benchmarks.archive(benchmark=bench, actor=make_person())
    monkeypatch.setattr("annotations.access.benchmark_for_author", lambda *_: bench)
    late = program.send(f"benchmarks/{bench.pk}/archive/")
    assert (late.status_code, late.json()["detail"][:20]) == (409, "Somebody was faster:")


def test_a_list_asks_as_much_for_thirty_benchmarks_as_for_three():
    few, many = [], []
    for found, number in ((few, 3), (many, 27)):
        for n in range(number):
            make_prompt(benchmark=make_benchmark(f"b{number}-{n}"))
        found += asked(Program(), "benchmarks/")
    assert (few[0], many[0]) == (3, 30) and few[1] == many[1]


def place(**fields):
    make_version()
    bench = make_benchmark(**fields)
    return bench, [make_prompt(benchmark=bench) for _ in range(3)]


def test_a_lead_freezes_what_they_looked_at_and_reads_its_manifest():
    bench, _ = place()
    lea = Program("lea")
    standing = lea.get(f"benchmarks/{bench.pk}/releases/next/").json()
    assert (standing["prompts"], standing["next_major"], standing["newest"]) == (3, "v1.0", None)
    said = {"number": "v1.0", "seen": standing["seen"], "note": "The first."}
    made = lea.send(f"benchmarks/{bench.pk}/releases/", said)
    told = lea.get(f"benchmarks/{bench.pk}/releases/1.0/").json()
    assert (made.status_code, made.json()) == (201, told)
    assert (told["prompts"], told["runs"], told["created_by"]["name"]) == (3, 0, "Lea")
    assert told["manifest"]["sha256"] == told["sha256"] == bench.releases.get().sha256 and "The first." in told["card"]
    rows = Program("bob").get(f"benchmarks/{bench.pk}/releases/").json()["results"]
    assert [row["number"] for row in rows] == ["v1.0"]


def test_only_a_lead_freezes():
    bench, _ = place()
    for who, code in (("ada", 403), ("bob", 403), ("grace", 403), ("carol", 403), ("mallory", 404)):
        assert Program(who).send(f"benchmarks/{bench.pk}/releases/", {"number": "1.0"}).status_code == code
        assert Program(who).get(f"benchmarks/{bench.pk}/releases/next/").status_code == code


@pytest.mark.parametrize("number", ["one", "0.0", "99999.1", ""])
def test_a_release_needs_a_number(number):
    bench, _ = place()
    assert Program("lea").send(f"benchmarks/{bench.pk}/releases/", {"number": number}).status_code == 422


def test_a_benchmark_that_moved_on_and_a_number_that_is_taken_are_conflicts():
    bench, prompts = place()
    lea = Program("lea")
    seen = lea.get(f"benchmarks/{bench.pk}/releases/next/").json()["seen"]
    prompts.append(make_prompt(benchmark=bench))
    late = lea.send(f"benchmarks/{bench.pk}/releases/", {"number": "1.0", "seen": seen})
    assert (late.status_code, bench.releases.count()) == (409, 0)
    releases.freeze(benchmark=bench, number=releases.Number(1, 0), actor=make_person("lea"))
    assert lea.send(f"benchmarks/{bench.pk}/releases/", {"number": "1.0"}).status_code == 409
    assert lea.send(f"benchmarks/{bench.pk}/releases/", {"number": "0.5"}).status_code == 422
