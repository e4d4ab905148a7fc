"""Every entry of the folder keeps the promises of an engine."""

import asyncio
import subprocess
import sys

import pytest

from annotations.core import folder
from training.engines import Endpoint, Reply, Sampling, load

ENTRIES = folder.names("training.engines")


def test_the_entries_are_the_public_files() -> None:
    assert {"echo", "elsewhere", "embedded", "openai_http"} <= set(ENTRIES)


@pytest.mark.parametrize("name", ENTRIES)
def test_an_entry_has_a_label_and_makes_an_engine(name: str) -> None:
    assert folder.module("training.engines", name).LABEL
    address = "" if name in {"echo", "elsewhere", "embedded"} else "http://127.0.0.1:9/v1"

    async def made() -> tuple[int, int, float]:
        engine = load(name)(Endpoint(address, "m", max_concurrency=3))
        engine.limit += 1
        seen = engine.limit, engine.waiting, engine.next_try
        await engine.close()
        return seen

    assert asyncio.run(made()) == (4, 0, 0.0)


def test_an_unknown_entry_is_named_with_those_there_are() -> None:
    with pytest.raises(folder.NoSuchEntry, match="echo"):
        load("telepathy")


def test_the_folder_needs_neither_django_nor_celery_nor_a_heavy_library_to_be_read() -> None:
    code = (
        "import sys; from annotations.core import folder; "
        "[folder.module('training.engines', name) for name in folder.names('training.engines')]; "
        "assert not {'django', 'celery', 'openai', 'httpx2', 'xllamacpp', 'aiohttp'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=30)


def test_every_entry_that_needs_no_server_answers() -> None:
    reply = asyncio.run(load("echo")(Endpoint("", "echo")).chat([{"role": "user", "content": "hi"}], Sampling()))
    assert isinstance(reply, Reply)
