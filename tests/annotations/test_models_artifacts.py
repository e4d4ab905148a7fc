"""What the database refuses about the files that rows depend on."""

import pytest

from annotations.models import Artifact
from tests.refusals import refused

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def keep(**fields: object) -> Artifact:
    return Artifact.objects.create(**{"key": "a/b", "kind": "upload", "sha256": "1" * 64, "bytes": 0} | fields)


def test_two_files_at_one_place_are_refused():
    keep()
    with refused("annotations_artifact.key"):
        keep(sha256="2" * 64)


def test_a_kind_nobody_knows_is_refused():
    with refused("artifact_kind_known"):
        keep(kind="rumour")


def test_a_file_without_a_place_is_refused():
    with refused("artifact_has_key"):
        keep(key="")
