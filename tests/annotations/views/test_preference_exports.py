"""Taking a preference set away: every shape, every format, a split, and who may."""

import zipfile
from io import BytesIO

import pytest
from django.template.loader import render_to_string
from django.urls import reverse

from annotations.exports._training import SHAPES
from annotations.models import PreferenceSet
from annotations.services import preferences
from tests.exports.reading import rows_of
from tests.markup import elements, inline
from tests.pairs import lines, make_pair, make_set, read

pytestmark = pytest.mark.django_db
HOSTILE = '<img src=x onerror=alert(1)>" onfocus="alert(2)'


@pytest.fixture(autouse=True)
def _places_of_their_own(settings, tmp_path):
    settings.UPLOADS_DIR, settings.PREFERENCES_DIR = tmp_path / "uploads", tmp_path / "preferences"


@pytest.fixture
def row():
    rows = [make_pair(1), make_pair(1, chosen_response="Twice a day."), make_pair(2)]
    return read(make_set({"train_bt.jsonl": lines(rows), "dev.jsonl": lines([make_pair(3)])}, licence="ODC-By"))


def export(client, row, **wanted):
    return client.get(reverse("annotations:preference-export", args=[row.pk]), wanted)


def content(response):
    return b"".join(response.streaming_content)


def shapes(client, row, **wanted):
    return client.get(reverse("annotations:preference-shapes", args=[row.pk]), wanted)


@pytest.mark.parametrize(
    ("shape", "name", "count"), [("trl", "trl", 4), ("sft", "sft", 3), ("cosalign", "cosalign", 4)]
)
def test_a_shape_is_a_file_called_by_it(as_person, row, shape, name, count):
    response = export(as_person("bob"), row, shape=shape)
    assert response["Content-Disposition"].startswith(f'attachment; filename="desk-pairs-{name}-')
    data = content(response)
    assert len(list(rows_of("csv" if shape == "cosalign" else "jsonl", data))) == count


def test_one_split_comes_without_its_name_in_front(as_person, row):
    response = export(as_person("bob"), row, shape="trl", format="parquet", split="dev")
    (found,) = rows_of("parquet", content(response))
    assert list(found) == ["prompt", "chosen", "rejected"] and "-trl-dev-" in response["Content-Disposition"]


def test_supervised_examples_take_the_target_that_is_asked_for(as_person, row):
    def told(**wanted):
        found = rows_of("jsonl", content(export(as_person("bob"), row, shape="sft", **wanted)))
        return [turns["messages"][-1]["content"] for turns in found if turns["split"] == "train_bt"]

    assert told() == told(target="lowest") == ["Twice a day.", "The moon pulls at the water."]


def test_a_folder_has_the_card_with_licence_and_columns(as_person, row):
    with zipfile.ZipFile(BytesIO(content(export(as_person("bob"), row, shape="trl", format="hf_folder")))) as folder:
        assert sorted(folder.namelist()) == [
            "README.md",
            "data/dev-00000-of-00001.parquet",
            "data/train_bt-00000-of-00001.parquet",
        ]
        card = folder.read("README.md").decode()
    assert "license: odc-by" in card and "num_examples: 3" in card and row.sha256 in card
    assert "- `rejected` (messages): the worse one" in card


@pytest.mark.parametrize(
    "wanted",
    [{"shape": "x"}, {"format": "xlsx"}, {"shape": "trl", "format": "csv"}, {"split": "test"}, {"target": "first"}],
)
def test_a_word_that_names_nothing_is_404_and_says_what_there_is(as_person, row, wanted):
    assert export(as_person("bob"), row, **wanted).status_code == 404


def test_a_set_that_is_not_ready_or_whose_file_is_gone_is_404(as_person, row):
    bob = as_person("bob")
    assert [see(bob, make_set()).status_code for see in (export, shapes)] == [404, 404]
    preferences.path(row).unlink()
    assert [see(bob, row).status_code for see in (export, shapes)] == [404, 404]


def test_a_set_is_there_while_it_is_compared_with_benchmarks_again(as_person, row):
    PreferenceSet.objects.filter(pk=row.pk).update(state="queued", finished_at=None)
    assert [see(as_person("bob"), row).status_code for see in (export, shapes)] == [200, 200]


def test_the_page_leads_to_every_shape_in_every_format(as_person, row):
    ada = as_person("ada")
    html = shapes(ada, row, split="dev", target="lowest").content.decode()
    links = [one.attributes["href"] for one in elements(html, "a") if "download" in one.attributes]
    assert len(links) == sum(len(shape.formats) for shape in SHAPES.values())
    assert all("split=dev" in link and ("target=lowest" in link) == ("shape=sft" in link) for link in links)
    assert {ada.get(link.replace("&amp;", "&")).status_code for link in links} == {200}


def test_every_link_of_the_menu_leads_to_a_file(as_person, row):
    bob = as_person("bob")
    html = render_to_string("annotations/_preference_downloads.html", {"row": row})
    links = [one.attributes["href"].replace("&amp;", "&") for one in elements(html, "a")]
    assert len(links) == 5 and {bob.get(link).status_code for link in links} == {200}


@pytest.mark.parametrize(("person", "status"), [("mallory", 404), ("carol", 403), ("bob", 200), ("grace", 200)])
def test_readers_take_it_away_and_strangers_do_not(as_person, row, person, status):
    assert [see(as_person(person), row).status_code for see in (export, shapes)] == [status, status]


def test_the_page_is_read_only(as_person, row):
    assert as_person("ada").post(reverse("annotations:preference-shapes", args=[row.pk])).status_code == 405


def test_hostile_names_are_escaped(as_person):
    row = read(make_set({f"{'a'}.jsonl": lines([make_pair(split=HOSTILE)])}, title=HOSTILE))
    html = shapes(as_person("ada"), row, split=HOSTILE).content.decode()
    assert HOSTILE not in html and inline(html) == []
    response = export(as_person("ada"), row, split=HOSTILE)
    assert "<" not in response["Content-Disposition"] and content(response)
