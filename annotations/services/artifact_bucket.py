"""A bucket of an S3-compatible store as the place of artifacts. The only module that loads boto3."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from django.core.files import File
from storages.backends.s3 import S3Storage

from annotations.services import artifact_places
from annotations.services.artifact_places import ArtifactMissing, ArtifactProblem, attachment
from annotations.services.file_digests import PIECE

MISSING = {"404", "NoSuchKey", "NotFound"}
PATIENCE: dict[str, Any] = {"connect_timeout": 5, "read_timeout": 30, "retries": {"mode": "standard"}}
"""A page that asks waits no longer than that; what is long on its way is read in pieces."""
TRIES = 3


class BucketStorage(S3Storage):  # type: ignore[misc]
    """django-storages' S3, that gives up after some seconds, and that overwrites: a key says what lies there."""

    def __init__(self, *, tries: int = TRIES, by_link: bool = True, **told: Any):
        self.by_link = by_link
        # A server of one's own seldom has a name for each bucket.
        style = {"addressing_style": "path" if told.get("endpoint_url") else "auto"}
        patience = PATIENCE | {"retries": {**PATIENCE["retries"], "total_max_attempts": tries}}
        config = Config(s3=style, signature_version="s3v4", **patience)
        super().__init__(client_config=config, file_overwrite=True, default_acl=None, **told)


class Bucket:
    """A bucket; a key is the name of an object below the prefix. A whole object is there, or none."""

    def __init__(self, storage: Any):
        self.storage = storage

    def _object(self, key: str) -> Any:
        return self.storage.bucket.Object(self.storage._normalize_name(key))

    def staging(self) -> Path:
        """The folder of this machine for files on their way."""
        return Path(settings.ARTIFACTS_CACHE_DIR) / artifact_places.STAGING

    def put(self, key: str, file: Path) -> None:
        """Nothing; the object is there. Raises ArtifactProblem."""
        with _told(key), file.open("rb") as opened:
            self.storage.save(key, File(opened, name=key))

    def pieces(self, key: str) -> Iterator[bytes]:
        """What the object holds. Raises ArtifactMissing, ArtifactProblem."""
        with _told(key):
            yield from self._object(key).get()["Body"].iter_chunks(PIECE)

    def path(self, key: str) -> Path | None:
        """None: no path of this machine leads into a bucket."""
        return None

    def size(self, key: str) -> int | None:
        """The bytes of the object; None without one. Raises ArtifactProblem."""
        try:
            with _told(key):
                return int(self._object(key).content_length)
        except ArtifactMissing:
            return None

    def remove(self, key: str) -> None:
        """Nothing; there is no such object. Raises ArtifactProblem."""
        with _told(key):
            self.storage.delete(key)

    def link(self, key: str, name: str, seconds: int) -> str:
        """An address of the bucket, signed for so many seconds, that sends the object as a file of that name.

        Empty where the bucket is for the servers alone.
        """
        if not self.storage.by_link:
            return ""
        told = {"ResponseContentDisposition": attachment(name), "ResponseContentType": "application/octet-stream"}
        with _told(key):
            return str(self.storage.url(key, parameters=told, expire=seconds))


@contextmanager
def _told(key: str) -> Iterator[None]:
    """What the store's library raises, in words."""
    try:
        yield
    except ClientError as problem:
        code = str(problem.response.get("Error", {}).get("Code", ""))
        if code in MISSING:
            raise ArtifactMissing(f"The file of this artifact is not in the bucket: {key}.") from problem
        raise ArtifactProblem(artifact_places.FAILED.format(why=code or type(problem).__name__)) from problem
    except (BotoCoreError, Boto3Error) as problem:
        raise ArtifactProblem(artifact_places.AWAY.format(why=type(problem).__name__)) from problem
    except FileNotFoundError as problem:
        raise ArtifactMissing(f"The file of this artifact is not in the bucket: {key}.") from problem
