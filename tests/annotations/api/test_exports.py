"""Files through the API are the files of the pages: the same bytes, rights and record."""

import io
import json
import zipfile

import pytest
from django.test import Client
from django.urls import reverse

from annotations import exports
from annotations.models import AuditEvent
from annotations.services import releases
from tests import pairs
from tests.factories import make_benchmark, make_config, make_person, make_prompt, make_version
from tests.programs import Program
from tests.rating_desk import enrol, make_campaign, rate
from tests.taxonomy_place import make_taxonomy

pytestmark = pytest.mark.django_db
FORMATS = exports.names()


def whole(answer):
    assert answer.status_code == 200, answer.content
    data = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return data, answer["Content-Type"], answer["Content-Disposition"]


def page(name, *args, person="lea", **query):
    client = Client()
    client.force_login(make_person(person))
    return whole(client.get(reverse(f"annotations:{name}", args=args), query))


def desk():
    """A benchmark with two prompts under a config that has a version."""
    make_version()
    bench = make_benchmark(title="Desk")
    for kind in ("safe", "partial"):
        make_prompt(benchmark=bench, kind=kind, risks=["violence"] if kind == "partial" else [])
    return bench


@pytest.mark.parametrize("format", FORMATS)
def test_prompts_releases_ratings_and_pairs_are_those_of_the_pages_in_every_format(format):
    bench, lea = desk(), Program("lea")
    releases.freeze(benchmark=bench, number=releases.Number(1, 0), actor=make_person("lea"))
    told = whole(lea.get(f"exports/benchmarks/{bench.pk}/prompts/", format=format, kind="partial"))
    assert told == page("prompt-export", bench.pk, format=format, kind="partial")
    told = whole(lea.get(f"exports/benchmarks/{bench.pk}/releases/1.0/table/", format=format))
    assert told == page("release-download", bench.pk, 1, 0, "table", format=format)
    campaign = make_campaign(1)
    rate(enrol(campaign, "carol"))
    told = whole(lea.get(f"exports/campaigns/{campaign.pk}/ratings/", format=format, shape="items"))
    assert told == page("rating-export", campaign.pk, format=format, shape="items")
    row = pairs.read(pairs.make_set())
    told = whole(lea.get(f"exports/preferences/{row.pk}/pairs/", format=format, shape="cosalign"))
    assert told == page("preference-export", row.pk, format=format, shape="cosalign")
    if format == "hf_folder":
        assert zipfile.ZipFile(io.BytesIO(told[0])).namelist()


@pytest.mark.parametrize("name", ["prompts.jsonl", "manifest.json", "README.md"])
def test_frozen_files_are_those_of_the_page_and_are_not_sent_twice(name):
    bench, lea = desk(), Program("lea")
    release = releases.freeze(benchmark=bench, number=releases.Number(1, 0), actor=make_person("lea"))
    address = f"exports/benchmarks/{bench.pk}/releases/1.0/{name}/"
    assert whole(lea.get(address)) == page("release-download", bench.pk, 1, 0, name)
    etag = lea.get(address)["ETag"]
    assert etag == f'"{release.sha256}"' or name != "prompts.jsonl"
    assert lea.client.get(f"/api/v1/{address}", headers={"If-None-Match": etag}).status_code == 304
    assert lea.get(f"exports/benchmarks/{bench.pk}/releases/1.0/secret/").status_code == 404
    assert lea.get(f"exports/benchmarks/{bench.pk}/releases/{10**30}.0/{name}/").status_code == 404


def test_lists_are_those_of_the_pages():
    bench, campaign, row, version = desk(), make_campaign(1), pairs.read(pairs.make_set()), make_taxonomy()
    lea, of = Program("lea"), {"format": "jsonl"}
    told = whole(lea.get(f"exports/benchmarks/{bench.pk}/coverage/", **of))
    assert told == page("coverage-export", bench.pk, **of)
    told = whole(lea.get(f"exports/benchmarks/{bench.pk}/validation/", state="open", **of))
    assert told == page("validation-download", bench.pk, state="open", **of)
    told = whole(lea.get(f"exports/campaigns/{campaign.pk}/agreement/", **of))
    assert told == page("agreement-export", campaign.pk, **of)
    told = whole(lea.get(f"exports/taxonomies/{version.taxonomy_id}/", version=1, **of))
    assert told == page("taxonomy-export", version.taxonomy_id, version=1, **of)
    told = whole(lea.get(f"exports/preferences/{row.pk}/README.md/"))
    assert told == page("preference-card", row.pk, file="README.md")


def test_chosen_columns_and_toml_are_those_of_the_pages():
    bench, version, ada = desk(), make_taxonomy(), Program("ada")
    told = whole(ada.get(f"exports/benchmarks/{bench.pk}/prompts/", columns="id,text", format="jsonl"))
    assert told == page("prompt-export", bench.pk, columns=["id", "text"], format="jsonl")
    assert list(json.loads(told[0].splitlines()[0])) == ["id", "text"]
    told = whole(ada.get(f"exports/taxonomies/{version.taxonomy_id}/", format="toml"))
    assert told == page("taxonomy-export", version.taxonomy_id, format="toml")


def test_user_names_are_for_leads_and_recorded_as_on_the_page():
    campaign = make_campaign(1)
    rate(enrol(campaign, "carol"))
    address = f"exports/campaigns/{campaign.pk}/ratings/"
    assert Program("bob").get(address, names="true").status_code == 403
    assert b"carol" not in whole(Program("bob").get(address))[0]
    assert not AuditEvent.objects.filter(action="export_names").exists()
    assert b"carol" in whole(Program("lea").get(address, names="true"))[0]
    assert AuditEvent.objects.get(action="export_names").actor == make_person("lea")


def test_who_has_no_right_gets_no_file():
    bench, row, version, campaign = desk(), pairs.read(pairs.make_set()), make_taxonomy(), make_campaign(1)
    files = [f"benchmarks/{bench.pk}/{name}/" for name in ("prompts", "coverage", "validation")]
    files += [f"preferences/{row.pk}/pairs/", f"preferences/{row.pk}/README.md/", f"taxonomies/{version.taxonomy_id}/"]
    for file in files:
        told = [Program(who).get(f"exports/{file}").status_code for who in ("bob", "mallory", "carol")]
        assert told == [200, 404, 403], file
    for name in ("ratings", "agreement"):
        told = [Program(who).get(f"exports/campaigns/{campaign.pk}/{name}/").status_code for who in ("ada", "mallory")]
        assert told == [403, 403]


def test_what_cannot_be_taken_away_is_refused_in_words():
    bench, ada = make_benchmark(), Program("ada")
    address = f"exports/benchmarks/{bench.pk}/prompts/"
    nothing = ada.get(address)
    assert (nothing.status_code, nothing.json()["detail"][:16]) == (422, "No prompt matche")
    other = make_config("other")
    wrong = ada.get(address, config=other.pk)
    assert (wrong.status_code, list(wrong.json()["errors"])) == (422, ["config"])
    assert list(ada.get(address, columns="id,odd").json()["errors"]) == ["columns"]
    assert ada.get(address, format="doc").status_code == ada.get(address, sheet="1").status_code == 400
    row = pairs.read(pairs.make_set())
    shape = ada.get(f"exports/preferences/{row.pk}/pairs/", shape="trl", format="csv")
    assert (shape.status_code, list(shape.json()["errors"])) == (422, ["format"])
    assert ada.get(f"exports/preferences/{pairs.make_set().pk}/pairs/").status_code == 404
    campaign = make_campaign(1)
    empty = Program("lea").get(f"exports/campaigns/{campaign.pk}/ratings/")
    assert (empty.status_code, empty.json()["detail"][:6]) == (422, "Nobody")


def test_the_list_of_files_names_every_format():
    told = Program("bob").get("exports/").json()["exports"]
    assert told[0]["formats"] == FORMATS and told[0]["shapes"][0] == "plain"
    assert all(one["formats"] for one in told)
