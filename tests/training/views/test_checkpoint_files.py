"""Files of checkpoints and of preference sets by signed links: for one person, for some minutes, while they may."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from django.core import signing
from django.test import Client
from django.urls import reverse

from annotations.models import Membership
from annotations.services import links, preferences
from annotations.services.artifact_places import attachment
from cosa_web.requests_log import BrokenOff
from tests import small_models, stores
from tests.factories import make_organisation, make_person
from tests.pairs import make_set, read
from training.models import Checkpoint

pytestmark = pytest.mark.django_db
LogIn = Callable[[str], Client]
WEIGHTS = "model.safetensors"


@pytest.fixture(autouse=True)
def _places(settings: Any, tmp_path: Path) -> None:
    settings.TRAINING_DIR = tmp_path / "runs"
    settings.STORAGES = {**settings.STORAGES, "artifacts": stores.folder(tmp_path / "store")}


@pytest.fixture
def made() -> Checkpoint:
    return small_models.registered()


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    with stores.s3_server() as address:
        yield address


def file_of(checkpoint: Checkpoint, name: str = WEIGHTS) -> Path:
    return small_models.settings.TRAINING_DIR / checkpoint.folder / name


def link(browser: Client, checkpoint: Checkpoint, name: str = WEIGHTS) -> str:
    """The signed address that the page sends the browser on to."""
    answer = browser.get(reverse("training:checkpoint-file", args=[checkpoint.pk, name]))
    assert answer.status_code == 302, answer.content
    return str(answer["Location"])


def body(answer: Any) -> bytes:
    return b"".join(answer.streaming_content)


def test_the_link_sends_the_file_to_be_kept_and_not_shown(as_person: LogIn, made: Checkpoint) -> None:
    answer = as_person("ada").get(link(as_person("ada"), made))
    assert body(answer) == file_of(made).read_bytes()
    assert answer["Content-Type"] == "application/octet-stream" and answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Disposition"] == f'attachment; filename="{made}-{WEIGHTS}"'
    assert answer["ETag"] == f'"{made.files[WEIGHTS][1]}"' and answer["Cache-Control"] == "private, no-store"
    assert int(answer["Content-Length"]) == file_of(made).stat().st_size


def test_a_program_without_a_log_in_may_use_the_link(as_person: LogIn, made: Checkpoint) -> None:
    assert Client().get(link(as_person("ada"), made)).status_code == 200


def test_the_link_of_another_person_is_none(as_person: LogIn, made: Checkpoint) -> None:
    address = link(as_person("ada"), made)
    assert [as_person(name).get(address).status_code for name in ("ada", "lea", "grace", "mallory")] == [
        200,
        404,
        404,
        404,
    ]


def test_who_left_meanwhile_gets_nothing(as_person: LogIn, made: Checkpoint) -> None:
    address = link(as_person("ada"), made)
    Membership.objects.filter(user__username="ada").delete()
    assert as_person("ada").get(address).status_code == Client().get(address).status_code == 404


def test_who_works_elsewhere_from_now_on_gets_nothing(as_person: LogIn, made: Checkpoint) -> None:
    address = link(as_person("ada"), made)
    Membership.objects.filter(user__username="ada").update(organisation=make_organisation("elsewhere"))
    assert Client().get(address).status_code == 404


def test_who_only_rates_from_now_on_gets_nothing(as_person: LogIn, made: Checkpoint) -> None:
    address = link(as_person("ada"), made)
    Membership.objects.filter(user__username="ada").update(role="annotator")
    assert Client().get(address).status_code == 404


def test_whose_log_in_was_taken_away_gets_nothing(as_person: LogIn, made: Checkpoint) -> None:
    address = link(as_person("ada"), made)
    make_person("ada").__class__.objects.filter(username="ada").update(is_active=False)
    assert Client().get(address).status_code == 404


def test_the_link_ends(as_person: LogIn, made: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    address = link(as_person("ada"), made)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + links.SECONDS - 5)
    assert Client().get(address).status_code == 200
    monkeypatch.setattr(time, "time", lambda: now + links.SECONDS + 5)
    assert Client().get(address).status_code == 404


def test_a_link_that_was_changed_is_none(as_person: LogIn, made: Checkpoint) -> None:
    address = link(as_person("ada"), made)
    ada = make_person("ada")
    foreign = signing.dumps([ada.pk, "checkpoint", made.pk, WEIGHTS], salt="another")
    of_pairs = links.made(person=ada, what="preferences", pk=made.pk, name=WEIGHTS)
    for text in (address.split("/")[-2][::-1], address.split("/")[-2][:-1], foreign, of_pairs):
        assert Client().get(reverse("training:checkpoint-download", args=[text])).status_code == 404


@pytest.mark.parametrize("name", ["../model.gguf", "lineage.json/..", "FINISHED.json", "nothing"])
def test_no_file_but_its_own_has_a_link(as_person: LogIn, made: Checkpoint, name: str) -> None:
    asked = as_person("ada").get(f"/checkpoints/{made.pk}/files/{name}")
    signed = links.made(person=make_person("ada"), what="checkpoint", pk=made.pk, name=name)
    used = Client().get(reverse("training:checkpoint-download", args=[signed]))
    assert asked.status_code in (301, 302, 404) and "/links/" not in asked.get("Location", "")
    assert used.status_code == 404


def test_a_file_that_is_another_one_breaks_off_before_its_end(as_person: LogIn, made: Checkpoint) -> None:
    address, content = link(as_person("ada"), made), file_of(made).read_bytes()
    file_of(made).write_bytes(content[:-1] + b"x")
    with pytest.raises(BrokenOff):
        body(Client().get(address))
    assert Client().get(address, headers={"range": "bytes=0-3"}).status_code == 404


@pytest.mark.parametrize(
    ("asked", "status", "cut"),
    [
        ("bytes=0-3", 206, slice(0, 4)),
        ("bytes=4-", 206, slice(4, None)),
        ("bytes=-5", 206, slice(-5, None)),
        ("bytes=2-99999999", 206, slice(2, None)),
        ("bytes=99999999-", 416, None),
        ("bytes=0-1,4-5", 200, slice(None)),
        ("bytes=-", 200, slice(None)),
        (f"bytes=0-{'9' * 5000}", 200, slice(None)),
        ("rows=1-2", 200, slice(None)),
    ],
)
def test_a_download_goes_on_where_it_broke_off(
    as_person: LogIn, made: Checkpoint, asked: str, status: int, cut: slice | None
) -> None:
    content = file_of(made).read_bytes()
    answer = Client().get(link(as_person("ada"), made), headers={"range": asked})
    assert answer.status_code == status
    if cut is not None:
        assert body(answer) == content[cut] and int(answer["Content-Length"]) == len(content[cut])
    else:
        assert answer["Content-Range"] == f"bytes */{len(content)}"


def test_a_download_of_another_file_does_not_go_on(as_person: LogIn, made: Checkpoint) -> None:
    told = {"range": "bytes=0-3", "if-range": '"of before"'}
    assert Client().get(link(as_person("ada"), made), headers=told).status_code == 200


def test_a_file_of_the_store_is_taken_on_any_machine(as_person: LogIn, settings: Any, tmp_path: Path) -> None:
    settings.ARTIFACTS_SHARED = True
    made = small_models.registered()
    content, settings.TRAINING_DIR = file_of(made).read_bytes(), tmp_path / "elsewhere"
    assert body(Client().get(link(as_person("ada"), made))) == content


def test_a_file_that_is_nowhere_here_says_where_it_lies(as_person: LogIn, made: Checkpoint, settings: Any) -> None:
    settings.TRAINING_DIR /= "elsewhere"
    assert Client().get(link(as_person("ada"), made)).status_code == 404


def test_a_bucket_sends_the_file_itself(as_person: LogIn, s3: str, settings: Any, tmp_path: Path) -> None:
    settings.STORAGES = {**settings.STORAGES, "artifacts": stores.bucket(s3, tmp_path.name)}
    settings.ARTIFACTS_SHARED, settings.ARTIFACTS_CACHE_DIR = True, tmp_path / "cache"
    made = small_models.registered()
    content, settings.TRAINING_DIR = file_of(made).read_bytes(), tmp_path / "elsewhere"
    answer = Client().get(link(as_person("ada"), made))
    assert (
        answer.status_code == 302
        and answer["Location"].startswith(f"{s3}/cosa/")
        and "X-Amz-Expires=600" in str(answer["Location"])
    )
    sent = requests.get(answer["Location"], timeout=10)
    assert sent.content == content and sent.headers["Content-Type"] == "application/octet-stream"
    assert sent.headers["Content-Disposition"] == f'attachment; filename="{made}-{WEIGHTS}"'


def test_a_bucket_for_the_servers_alone_is_read_by_them(
    as_person: LogIn, s3: str, settings: Any, tmp_path: Path
) -> None:
    settings.STORAGES = {**settings.STORAGES, "artifacts": stores.bucket(s3, tmp_path.name, by_link=False)}
    settings.ARTIFACTS_SHARED, settings.ARTIFACTS_CACHE_DIR = True, tmp_path / "cache"
    made = small_models.registered()
    content, settings.TRAINING_DIR = file_of(made).read_bytes(), tmp_path / "elsewhere"
    assert body(Client().get(link(as_person("ada"), made))) == content


def test_the_api_gives_a_link_at_each_file(as_person: LogIn, made: Checkpoint) -> None:
    told = as_person("ada").get(f"/api/v1/checkpoints/{made.pk}/files/").json()
    found = {one["name"]: one for one in told["files"]}
    assert {name: [one["size"], one["sha256"]] for name, one in found.items()} == made.files and told["until"]
    assert body(Client().get(found[WEIGHTS]["link"])) == file_of(made).read_bytes()
    assert as_person("mallory").get(f"/api/v1/checkpoints/{made.pk}/files/").status_code == 404
    row = read(make_set())
    of_pairs = as_person("ada").get(f"/api/v1/preferences/{row.pk}/file/").json()
    assert body(Client().get(of_pairs["link"])) == preferences.path(row).read_bytes()


def test_pairs_are_taken_as_they_are_kept(as_person: LogIn) -> None:
    row = read(make_set())
    answer = as_person("ada").get(reverse("annotations:preference-file", args=[row.pk]))
    sent = Client().get(answer["Location"])
    assert body(sent) == preferences.path(row).read_bytes() and sent["ETag"] == f'"{row.sha256}"'
    assert as_person("lea").get(answer["Location"]).status_code == 404


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("a\r\nSet-Cookie: b.bin", 'attachment; filename="aSet-Cookie: b.bin"'),
        ('a";x="b', 'attachment; filename="a\\";x=\\"b"'),
        ("../../etc/passwd", 'attachment; filename="passwd"'),
        ("Größe.bin", "attachment; filename*=utf-8''Gr%C3%B6%C3%9Fe.bin"),
        ("\u202e", 'attachment; filename="file"'),
    ],
)
def test_a_name_adds_nothing_to_a_header(name: str, header: str) -> None:
    assert attachment(name) == header
