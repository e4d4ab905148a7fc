"""Where artifacts lie, as the environment says it: a folder, or a bucket of an S3-compatible store."""

import re
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import SplitResult, parse_qsl, urlsplit

from cosa_web import env
from cosa_web.env import WrongSetting

NAME = "COSA_ARTIFACTS"
TAKES = ("endpoint", "region", "links")
BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
SCHEME = re.compile(r"[a-z0-9]+:")
FOLDER = "django.core.files.storage.FileSystemStorage"
S3 = "annotations.services.artifact_bucket.BucketStorage"


def storages(usual: Path) -> dict[str, Any]:
    """Django's STORAGES, with what COSA_ARTIFACTS says; the folder `usual` when it is not set."""
    return {
        "default": {"BACKEND": FOLDER},
        "staticfiles": {"BACKEND": "cosa_web.packed.Assets"},
        "artifacts": parsed(env.text(NAME).strip() or str(usual)),
    }


def parsed(value: str) -> dict[str, Any]:
    """A path, or `s3://bucket/prefix?endpoint=https://…&region=…&links=0`, as one of Django's STORAGES.

    Key and secret of a bucket are COSA_ARTIFACTS_KEY and COSA_ARTIFACTS_SECRET; without them the machine's own role
    holds. Raises WrongSetting, which names the variable.
    """
    if "://" not in value:
        if SCHEME.match(value):
            _refuse("it begins neither with s3:// nor is it the path of a folder")
        return {"BACKEND": FOLDER, "OPTIONS": {"location": value}}
    try:
        return {"BACKEND": S3, "OPTIONS": _options(urlsplit(value))}
    except ValueError:
        _refuse("it cannot be read")


def _options(url: SplitResult) -> dict[str, Any]:
    query = dict(parse_qsl(url.query, strict_parsing=True)) if url.query else {}
    key, secret = env.text("COSA_ARTIFACTS_KEY"), env.text("COSA_ARTIFACTS_SECRET")
    endpoint = query.get("endpoint", "")
    for wrong, why in (
        (url.scheme != "s3", "it begins neither with s3:// nor is it the path of a folder"),
        ("@" in url.netloc, "key and secret belong into COSA_ARTIFACTS_KEY and COSA_ARTIFACTS_SECRET"),
        (not BUCKET.fullmatch(url.netloc), "after s3:// comes the name of a bucket"),
        (".." in url.path.split("/") or url.fragment, "its prefix leads elsewhere"),
        (not query.keys() <= set(TAKES), f"after ? it takes {', '.join(TAKES)} only"),
        (endpoint and not re.fullmatch(r"https?://[^/\s]+/?", endpoint), "its endpoint is no address of a server"),
        (query.get("links", "1") not in ("0", "1"), "links is 1 or 0"),
        (bool(key) != bool(secret), "COSA_ARTIFACTS_KEY and COSA_ARTIFACTS_SECRET go together"),
    ):
        if wrong:
            _refuse(why)
    return {
        "bucket_name": url.netloc,
        "location": url.path.strip("/"),
        "endpoint_url": endpoint.rstrip("/") or None,
        "region_name": query.get("region") or None,
        "access_key": key or None,
        "secret_key": secret or None,
        "by_link": query.get("links", "1") == "1",
    }


def _refuse(why: str) -> NoReturn:
    form = "a folder's path, or s3://bucket/prefix?endpoint=https://s3.example.org&region=eu-central-1"
    raise WrongSetting(f"{NAME} is no place for artifacts: {why}. It takes {form}.")
