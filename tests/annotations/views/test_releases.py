"""The pages of releases: the list, what would be frozen, one with its facts, what changed between two."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotations.core.config_text import digest
from annotations.core.manifest import Number
from annotations.models import Benchmark, BenchmarkRelease, PromptCheck
from annotations.queries.standing import standing
from annotations.services import prompts, releases
from tests.factories import make_benchmark, make_config, make_person, make_prompt, make_run, make_version
from tests.markup import elements, inline, text, undirected

pytestmark = pytest.mark.django_db
HOSTILE = 'A "<script>alert(1)</script>\n---\n{{ x }}'
ARABIC = "حصار المدينة"


@pytest.fixture
def bench():
    """A benchmark with one prompt of each kind for a config with one approved version."""
    config = make_version().config
    for kind in ("safe", "allowed", "partial", "disallowed"):
        make_prompt(f"A {kind} one", config=config, kind=kind, digest=digest(f"A {kind} one"))
    return make_benchmark()


def url(name, benchmark, *args):
    return reverse(f"annotations:release-{name}", args=[benchmark.pk, *args])


def frozen(benchmark, *number, **fields):
    values = {"benchmark": benchmark, "number": Number(*(number or (1, 0))), "actor": make_person("lea")}
    return releases.freeze(**values | fields)


def page(client, address):
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


def reword(prompt, **changes):
    content = {name: getattr(prompt, name) for name in prompts.Content._fields} | changes
    return prompts.revise(prompt=prompt, content=prompts.Content(**content), actor=make_person("ada"))


def posted(benchmark, **fields):
    values = {"number": "v1.0", "note": "", "other": "", "seen": standing(benchmark).word}
    return values | fields


def test_before_the_first_release_a_lead_is_led_to_it(as_person, bench):
    links = [one.attributes["href"] for one in elements(page(as_person("lea"), url("list", bench)), "a", "primary")]
    assert links == [url("new", bench)]
    assert elements(page(as_person("ada"), url("list", bench)), "a", "primary") == []


def test_the_list_shows_the_newest_first_with_its_counts(as_person, bench):
    frozen(bench, note="News.")
    make_prompt()
    second = frozen(bench, 1, 1)
    html = page(as_person("bob"), url("list", bench))
    assert html.index(url("detail", bench, 1, 1)) < html.index(url("detail", bench, 1, 0))
    numbers = [one.text for one in elements(html, "td", "number")]
    assert numbers == ["5", "0", "0", "4", "0", "0"] and second.sha256[:8] in html and "News." in html


def test_the_list_says_how_the_benchmark_moved_on(as_person, bench):
    frozen(bench)
    assert "No prompt changed since v1.0." in page(as_person("ada"), url("list", bench))
    first, second, third, _ = bench.prompts.current().order_by("position")
    reword(first, text="Another text"), reword(second, kind="partial"), make_prompt()
    prompts.take_out(prompt=third, actor=make_person("ada"))
    assert "Since v1.0: 1 added, 1 removed, 1 reworded, 1 relabelled." in page(as_person("ada"), url("list", bench))


def test_what_is_frozen_is_shown_before(as_person, bench):
    Benchmark.objects.update(targets={"safe": 3, "allowed": 1, "partial": 1, "disallowed": 0})
    PromptCheck.objects.create(prompt=bench.prompts.first(), rater=make_person("carol"), kind="safe")
    html = page(as_person("lea"), url("new", bench))
    assert "4 of 4 prompts are not validated." in html and "A partial one" in html
    assert "2 prompts are missing to the targets." in html and "2 safe" in html
    assert "v1 approved" in html and "The dataset card says nothing yet under Purpose" in html


def ticked(client, benchmark):
    found = elements(page(client, url("new", benchmark)), "input")
    return [
        one.attributes["value"]
        for one in found
        if one.attributes.get("name") == "number" and "checked" in one.attributes
    ]


def test_the_first_number_offered_is_a_major_one(as_person, bench):
    assert ticked(as_person("lea"), bench) == ["v1.0"]


def test_a_minor_number_is_offered_when_prompts_were_only_added_or_labelled_anew(as_person, bench):
    frozen(bench)
    make_prompt(), reword(bench.prompts.order_by("position").first(), kind="allowed")
    assert ticked(as_person("lea"), bench) == ["v1.1"]


@pytest.mark.parametrize("way", ["removed", "reworded"])
def test_a_major_number_is_offered_when_prompts_went_or_read_otherwise(as_person, bench, way):
    frozen(bench)
    prompt = bench.prompts.current().first()
    prompts.take_out(prompt=prompt, actor=make_person("ada")) if way == "removed" else reword(prompt, text="New text")
    assert ticked(as_person("lea"), bench) == ["v2.0"]


def test_a_lead_freezes_and_is_led_to_the_release(as_person, bench):
    response = as_person("lea").post(url("new", bench), posted(bench, note="News."))
    release = BenchmarkRelease.objects.get()
    assert (response.status_code, response.url) == (302, url("detail", bench, 1, 0))
    assert (release.name, release.note, release.created_by, release.prompt_count) == (
        "v1.0",
        "News.",
        make_person("lea"),
        4,
    )


def test_another_number_may_be_written(as_person, bench):
    as_person("lea").post(url("new", bench), posted(bench, number="other", other="3.7"))
    assert BenchmarkRelease.objects.get().name == "v3.7"


@pytest.mark.parametrize("person", ["ada", "bob", "carol", "grace"])
def test_nobody_but_a_lead_freezes(as_person, bench, person):
    response = as_person(person).post(url("new", bench), posted(bench))
    assert response.status_code == 403 and not BenchmarkRelease.objects.exists()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"number": ""}, "Write a number such as v1.2."),
        ({"number": "other", "other": "soon"}, "Write a number such as v1.2."),
        ({"only_validated": "on"}, "No prompt is validated yet"),
        ({"seen": "4.0"}, "Somebody changed a prompt since"),
        ({"note": "w" * 5001}, "at most 5000 characters"),
    ],
)
def test_a_wrong_form_is_422_with_everything_typed_kept(as_person, bench, fields, words):
    response = as_person("lea").post(url("new", bench), posted(bench, **{"note": "My note."} | fields))
    html = response.content.decode()
    assert response.status_code == 422 and words in html and not BenchmarkRelease.objects.exists()
    note = next(one.text for one in elements(html, "textarea") if one.attributes["name"] == "note")
    assert note.removeprefix("\n") == fields.get("note", "My note.")
    other = next(one for one in elements(html, "input") if one.attributes.get("name") == "other")
    assert other.attributes["value"] == fields.get("other", "")


def test_a_draft_is_named_before_and_after_the_button(as_person):
    make_prompt(config=make_version(make_config(title="Night shift"), state="draft").config)
    bench, told = make_benchmark(), "“Night shift” has only a draft: submit it, or test it once."
    assert told in page(as_person("lea"), url("new", bench))
    response = as_person("lea").post(url("new", bench), posted(bench))
    assert response.status_code == 422 and told in text(response.content.decode(), "error")


def test_a_benchmark_without_prompts_has_no_button_to_press(as_person):
    buttons = elements(page(as_person("lea"), url("new", make_benchmark())), "button", "primary")
    assert ["disabled" in one.attributes for one in buttons] == [True]


def test_a_release_has_its_facts_files_and_lineage(as_person, bench):
    release = frozen(bench, note="News.")
    html = page(as_person("bob"), url("detail", bench, 1, 0))
    links = {one.attributes.get("href") for one in elements(html, "a")}
    files = [url("download", bench, 1, 0, name) for name in ("prompts.jsonl", "manifest.json", "README.md")]
    assert {*files, reverse("annotations:benchmark-detail", args=[bench.pk])} <= links
    config = make_config()
    assert reverse("annotations:version-detail", args=[config.pk, 1]) in links
    assert release.sha256 in html and "4, 0 of them validated" in html and "Nobody but the authors" in html


def test_a_release_lists_the_runs_on_it_that_the_person_may_read(as_person, bench):
    release = frozen(bench)
    run, other = make_run(0, release=release), make_run(0)
    html = page(as_person("ada"), url("detail", bench, 1, 0))
    assert f"Run {run.pk}" in html and f"Run {other.pk}" not in html


@pytest.mark.parametrize("number", [(1, 1), (2, 0), (10**17, 0), (1, 10**30)])
def test_a_number_without_a_release_is_404(as_person, bench, number):
    frozen(bench)
    assert as_person("ada").get(url("detail", bench, *number)).status_code == 404


def test_a_release_of_another_benchmark_is_404(as_person, bench):
    frozen(bench)
    assert as_person("ada").get(url("detail", make_benchmark("other"), 1, 0)).status_code == 404


def test_the_two_newest_are_compared_unless_others_are_chosen(as_person, bench):
    frozen(bench)
    reword(bench.prompts.current().order_by("position").first(), text="Quite a safe one")
    frozen(bench, 2, 0)
    make_prompt("A new one"), frozen(bench, 2, 1)
    html = page(as_person("ada"), url("diff", bench))
    assert "1 prompt added." in html and "A new one" in html and "Quite a" not in html
    html = page(as_person("ada"), url("diff", bench) + "?old=v1.0&new=2.0")
    assert [one.text.strip() for one in elements(html, "ins")] == ["Quite a"]


def test_labels_are_shown_as_they_were_and_are(as_person, bench):
    frozen(bench)
    reword(bench.prompts.current().order_by("position").first(), kind="partial", risks=["drugs", "violence"])
    frozen(bench, 1, 1)
    html = page(as_person("ada"), url("diff", bench))
    assert [one.text for one in elements(html, "ins")] == ["partial", "drugs, violence"]
    assert [one.text for one in elements(html, "del")] == ["safe", "–"]


def test_changes_come_in_pages_and_by_sort(as_person, bench):
    frozen(bench)
    for number in range(30):
        make_prompt(f"Prompt {number}")
    prompts.take_out(prompt=bench.prompts.current().first(), actor=make_person("ada"))
    frozen(bench, 2, 0)
    client = as_person("ada")
    assert "1–25 of 31 changes" in page(client, url("diff", bench))
    assert "1–1 of 1 change" in page(client, url("diff", bench) + "?old=1.0&new=2.0&show=removed")
    assert "26–30 of 30 changes" in page(client, url("diff", bench) + "?old=1.0&new=2.0&show=added&page=2")


@pytest.mark.parametrize("query", ["?old=soon&new=1.0", "?old=1.0&new=..", ""])
def test_without_two_numbers_there_is_nothing_to_compare(as_person, bench, query):
    frozen(bench)
    response = as_person("ada").get(url("diff", bench) + query)
    assert (response.status_code, response.url) == (302, url("list", bench))


def test_a_number_that_is_no_release_cannot_be_compared(as_person, bench):
    frozen(bench)
    assert as_person("ada").get(url("diff", bench) + "?old=1.0&new=7.0").status_code == 404


def test_hostile_words_stay_words_on_every_page(as_person, bench):
    config = make_version(make_config("bad", title=HOSTILE)).config
    make_prompt(HOSTILE, config=config, why=HOSTILE)
    Benchmark.objects.update(title=HOSTILE, about=HOSTILE, licence=HOSTILE, card={"purpose": HOSTILE})
    bench.refresh_from_db()
    frozen(bench, note=HOSTILE)
    make_prompt(f"{ARABIC} <b>", config=config)
    frozen(bench, 1, 1, note=HOSTILE)
    client = as_person("lea")
    for address in (url("list", bench), url("new", bench), url("detail", bench, 1, 1), url("diff", bench)):
        html = page(client, address)
        assert inline(html) == [] and undirected(html, ARABIC) == []


def test_pages_ask_as_often_for_many_rows_as_for_few(as_person, bench):
    def more(number, start):
        config = make_version(make_config(f"c{number}", title=f"C {number}")).config
        make_prompt(f"Prompt {number}", config=config)
        release = frozen(bench, start, number)
        make_run(0, release=release)

    def asked(client):
        addresses = [url("list", bench), url("new", bench), url("diff", bench), url("detail", bench, 9, 0)]
        counts = []
        for address in addresses:
            with CaptureQueriesContext(connection) as found:
                page(client, address)
            counts.append(len(found))
        return counts

    client = as_person("lea")
    for number in range(3):
        more(number, 1)
    make_prompt("The last one"), frozen(bench, 9, 0)
    few = asked(client)
    for number in range(1, 12):
        more(number + 20, 9)
    assert asked(client) == few and max(few) <= 25
