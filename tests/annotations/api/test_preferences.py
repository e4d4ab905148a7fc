"""Preference sets, training prompts and taxonomies through the API."""

import pytest

from annotations.models import Membership, PreferenceSet, Taxonomy, TaxonomyVersion
from tests import pairs
from tests.asked import asked
from tests.factories import make_benchmark, make_organisation, make_person, make_prompt
from tests.programs import Program
from tests.taxonomy_place import make_taxonomy

pytestmark = pytest.mark.django_db


def made(number=3, **fields):
    rows = [pairs.make_pair(n, mode="subset" if n == 1 else "superset") for n in range(number)]
    return pairs.read(pairs.make_set({"train.jsonl": pairs.lines(rows)}, **fields))


def test_a_set_is_told_with_its_counts_its_card_and_where_it_comes_from():
    row = made(source="A desk")
    told = Program("bob").get(f"preferences/{row.pk}/").json()
    assert (told["rows"], told["splits"], told["state"], told["origin"]) == (3, {"train": 3}, "finished", "uploaded")
    assert told["sha256"] == row.sha256 and "Desk pairs" in told["card"]
    assert told["manifest"]["file"]["rows"] == 3
    assert [step["what"] for step in told["lineage"]] == ["Pairs", "A desk"]
    assert (told["leaks"], told["overruled_why"]) == (0, "")
    listed = Program().get("preferences/", state="finished", origin="uploaded").json()["results"]
    assert listed == [{name: told[name] for name in listed[0]}]
    assert Program().get("preferences/", origin="built").json()["results"] == []


def test_a_set_that_is_still_read_has_no_card():
    row = pairs.make_set()
    told = Program().get(f"preferences/{row.pk}/").json()
    assert (told["state"], told["card"], told["manifest"], told["sha256"]) == ("queued", None, None, "")
    assert Program().get(f"preferences/{row.pk}/pairs/").json()["results"] == []


def test_pairs_come_page_by_page_and_by_filters():
    row, program = made(), Program()
    first = program.get(f"preferences/{row.pk}/pairs/", page_size=2).json()
    rest = program.client.get(first["next"]).json()
    assert [one["number"] for one in (*first["results"], *rest["results"])] == [1, 2, 3]
    assert (first["previous"], rest["next"]) == (None, None)
    assert program.client.get(rest["previous"]).json()["results"] == first["results"]
    pair = first["results"][0]
    assert (pair["chosen"]["text"], pair["chosen"]["error"], pair["rejected"]["addressed"], pair["difference"]) == (
        *("The moon pulls at the water.", 0.0),
        *(False, 1.0),
    )
    for filters, number in (({"mode": "subset"}, 1), ({"text": "part 2"}, 1), ({"split": "dev"}, 0), ({"gap": "x"}, 0)):
        assert len(program.get(f"preferences/{row.pk}/pairs/", **filters).json()["results"]) == number, filters
    assert program.get(f"preferences/{row.pk}/pairs/", cursor="W10:x").status_code == 400


def test_one_pair_says_where_it_comes_from():
    row, program = made(), Program()
    pair = program.get(f"preferences/{row.pk}/pairs/2/").json()
    assert pair["prompt"].endswith("part 1?") and pair["pages"]["prompt"] == ""
    assert [program.get(f"preferences/{row.pk}/pairs/{n}/").status_code for n in (0, 4, 10**30)] == [404] * 3


def test_a_set_is_put_away_once():
    row = made()
    told = [Program(who).send(f"preferences/{row.pk}/archive/").status_code for who in ("bob", "carol", "mallory")]
    assert told == [403, 403, 404]
    rita = make_person("rita", role="reviewer")
    Membership.objects.create(user=rita, organisation=make_organisation("elsewhere"), role="expert")
    assert Program("rita").send(f"preferences/{row.pk}/archive/").status_code == 403
    assert Program().send(f"preferences/{row.pk}/archive/").status_code == 204
    assert Program().get(f"preferences/{row.pk}/").status_code == 404
    waits = pairs.make_set()
    assert Program().send(f"preferences/{waits.pk}/archive/").status_code == 422


def test_a_list_asks_as_much_for_thirty_sets_as_for_three():
    few, many = [], []
    for found, number in ((few, 3), (many, 27)):
        for n in range(number):
            person = make_person(f"p{number}-{n}", role="expert")
            PreferenceSet.objects.create(organisation=make_organisation(), title=f"{n}", created_by=person)
        found += asked(Program(), "preferences/")
    assert (few[0], many[0]) == (3, 30) and few[1] == many[1]


def test_a_taxonomy_is_told_with_its_versions():
    version = make_taxonomy()
    program = Program("bob")
    row = program.get("taxonomies/").json()["results"][0]
    assert row == program.get(f"taxonomies/{version.taxonomy_id}/").json()
    assert (row["title"], row["published"], row["draft"]) == ("Ours", 1, None)
    told = program.get(f"taxonomies/{version.taxonomy_id}/versions/").json()["results"][0]
    assert (told["state"], told["categories"][0]["slug"], told["digest"]) == ("published", "maps", version.digest)
    assert Program("mallory").get(f"taxonomies/{version.taxonomy_id}/versions/").status_code == 404
    assert Program("carol").get("taxonomies/").status_code == 403


def test_training_prompts_are_read():
    rows = make_benchmark("training", purpose="training", title="Many")
    make_prompt("How high?", benchmark=rows, kind="", language="ar")
    make_prompt("How deep?", benchmark=rows, kind="")
    program = Program()
    told = program.get("training-prompts/").json()["results"]
    assert told == [program.get(f"training-prompts/{rows.pk}/").json()]
    assert (told[0]["prompts"], told[0]["recipes"], told[0]["state"]) == (2, 0, "finished")
    address = f"training-prompts/{rows.pk}/prompts/"
    assert [row["text"] for row in program.get(address).json()["results"]] == ["How high?", "How deep?"]
    assert [row["text"] for row in program.get(address, language="ar").json()["results"]] == ["How high?"]
    assert Program("mallory").get(address).status_code == 404
    assert program.get(f"benchmarks/{rows.pk}/").status_code == 404


def test_lists_ask_as_much_for_thirty_of_these_as_for_three():
    few, many = [], []
    for found, number in ((few, 3), (many, 27)):
        for n in range(number):
            row = Taxonomy.objects.create(organisation=make_organisation(), title=f"t{number}-{n}")
            TaxonomyVersion.objects.create(taxonomy=row, number=1)
            make_prompt(benchmark=make_benchmark(f"s{number}-{n}", purpose="training"), kind="")
        found += asked(Program(), "taxonomies/") + asked(Program(), "training-prompts/")
    assert (few[::2], many[::2]) == ([3, 3], [30, 30]) and few[1::2] == many[1::2]
