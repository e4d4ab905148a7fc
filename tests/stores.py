"""Stores of artifacts for tests: a folder, or a bucket of a real S3 server in this process."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

KEYS = {"access_key": "ada", "secret_key": "a secret of tests alone"}


@contextmanager
def s3_server() -> Iterator[str]:
    """The address of an S3 server with the bucket "cosa"; it ends afterwards."""
    from moto.moto_server.threaded_moto_server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        address = f"http://{host}:{port}"
        client(address).create_bucket(Bucket="cosa")
        yield address
    finally:
        server.stop()


def client(address: str) -> Any:
    """Somebody at the server's other side, who may do with the bucket what they like."""
    import boto3

    told = {"aws_access_key_id": KEYS["access_key"], "aws_secret_access_key": KEYS["secret_key"]}
    return boto3.client("s3", endpoint_url=address, region_name="us-east-1", **told)


def folder(place: Path) -> dict[str, Any]:
    """A folder as one of Django's storages."""
    return {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(place)}}


def bucket(address: str, prefix: str, **more: Any) -> dict[str, Any]:
    """What lies below a prefix of the bucket as one of Django's storages; it is asked twice and not again."""
    told = {"bucket_name": "cosa", "location": prefix, "endpoint_url": address, "region_name": "us-east-1", "tries": 2}
    return {"BACKEND": "annotations.services.artifact_bucket.BucketStorage", "OPTIONS": told | KEYS | more}
