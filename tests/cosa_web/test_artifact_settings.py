"""Where artifacts lie, as the environment says it."""

from pathlib import Path

import pytest

from cosa_web import artifact_settings
from cosa_web.env import WrongSetting

BUCKET = "s3://cosa-files/of/us?endpoint=https://s3.example.org&region=eu-central-1"


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("COSA_ARTIFACTS", "COSA_ARTIFACTS_KEY", "COSA_ARTIFACTS_SECRET"):
        monkeypatch.delenv(name, raising=False)


def test_nothing_set_is_the_usual_folder_and_a_path_is_that_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert artifact_settings.storages(Path("/usual"))["artifacts"]["OPTIONS"] == {"location": "/usual"}
    monkeypatch.setenv("COSA_ARTIFACTS", "/shared")
    assert artifact_settings.storages(Path("/usual"))["artifacts"]["OPTIONS"] == {"location": "/shared"}


def test_a_bucket_has_its_prefix_server_region_and_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COSA_ARTIFACTS_KEY", "ada")
    monkeypatch.setenv("COSA_ARTIFACTS_SECRET", "quiet")
    assert artifact_settings.parsed(f"{BUCKET}&links=0")["OPTIONS"] == {
        "bucket_name": "cosa-files",
        "location": "of/us",
        "endpoint_url": "https://s3.example.org",
        "region_name": "eu-central-1",
        "access_key": "ada",
        "secret_key": "quiet",
        "by_link": False,
    }


def test_without_keys_the_machines_own_role_holds() -> None:
    found = artifact_settings.parsed("s3://cosa-files")["OPTIONS"]
    assert (found["access_key"], found["secret_key"], found["endpoint_url"], found["by_link"]) == (
        None,
        None,
        None,
        True,
    )


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("gs://cosa-files", "begins neither"),
        ("s3:/cosa-files", "begins neither"),
        ("s3:cosa-files", "begins neither"),
        ("s3://ada:quiet@cosa-files", "COSA_ARTIFACTS_KEY"),
        ("s3://", "name of a bucket"),
        ("s3://Cosa_Files", "name of a bucket"),
        ("s3://cosa-files/../others", "leads elsewhere"),
        ("s3://cosa-files?color=blue", "endpoint, region, links only"),
        ("s3://cosa-files?endpoint=s3.example.org", "no address of a server"),
        ("s3://cosa-files?links=maybe", "1 or 0"),
        ("s3://cosa-files?endpoint", "cannot be read"),
    ],
)
def test_a_wrong_value_stops_the_start_by_name(value: str, why: str) -> None:
    with pytest.raises(WrongSetting, match="COSA_ARTIFACTS is no place") as told:
        artifact_settings.parsed(value)
    assert why in str(told.value) and "quiet" not in str(told.value)


def test_half_a_key_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COSA_ARTIFACTS_KEY", "ada")
    with pytest.raises(WrongSetting, match="go together"):
        artifact_settings.parsed("s3://cosa-files")
