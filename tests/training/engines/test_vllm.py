"""How vLLM and transformers are started: every word of their command lines, without starting them."""

import json
from pathlib import Path
from typing import Any

import pytest

from training.engines import Endpoint, EngineError, Serving, embedded, load, transformers, vllm

FLAGS = (Path(__file__).parent / "vllm_flags.txt").read_text("utf-8").splitlines()
"""`vllm serve --help=all` of the version in the first line."""
FULL = {"gpus": 4, "context": 4096, "memory": 0.8, "dtype": "bfloat16", "at_once": 16, "eager": True}


def endpoint(weights: str = "/models/a", **options: Any) -> Endpoint:
    return Endpoint("", "run7-step90-0a1b2c3d", weights=weights, serving=Serving("/opt/python", options))


def adapter(place: Path, **config: Any) -> str:
    (place / "adapter_config.json").write_text(json.dumps(config), encoding="utf-8")
    return str(place)


def test_the_weights_are_served_under_the_models_name_on_loopback_with_the_servers_own_sampling() -> None:
    assert " ".join(vllm.launch(endpoint()).module(8123)) == (
        "vllm.entrypoints.cli.main serve /models/a --served-model-name run7-step90-0a1b2c3d --generation-config vllm "
        "--tensor-parallel-size 1 --uvicorn-log-level warning --host 127.0.0.1 --port 8123"
    )


def test_every_option_of_a_model_has_its_flag() -> None:
    told = " ".join(vllm.launch(endpoint(**FULL)).module(1))
    for words in (
        "--tensor-parallel-size 4", "--max-model-len 4096", "--gpu-memory-utilization 0.8", "--dtype bfloat16",
        "--max-num-seqs 16", "--enforce-eager",
    ):  # fmt: skip
        assert words in told


@pytest.mark.parametrize("with_adapter", [False, True])
def test_the_flags_are_those_of_the_version_that_was_looked_at(tmp_path: Path, with_adapter: bool) -> None:
    more = {"base": "/models/base"} if with_adapter else {}
    command = vllm.launch(endpoint(adapter(tmp_path, r=8), **FULL, **more)).module(1)
    assert FLAGS[0] == "# vllm 0.32.0, serve --help=all"
    assert {word for word in command if word.startswith("--")} <= set(FLAGS)


@pytest.mark.parametrize(("rank", "room"), [(1, "1"), (8, "8"), (12, "16"), (200, "256")])
def test_an_adapter_is_loaded_under_the_models_name_and_its_base_under_another(
    tmp_path: Path, rank: int, room: str
) -> None:
    command = vllm.launch(endpoint(adapter(tmp_path, r=rank), base="/models/base")).module(1)
    assert command[2:5] == ["/models/base", "--served-model-name", "run7-step90-0a1b2c3d-base"]
    modules = command.index("--lora-modules")
    assert command[modules + 1 : modules + 4] == [f"run7-step90-0a1b2c3d={tmp_path}", "--max-lora-rank", room]


@pytest.mark.parametrize("config", [{}, {"r": 513}, {"r": "wide"}])
def test_an_adapter_without_a_rank_vllm_takes_is_refused(tmp_path: Path, config: dict[str, Any]) -> None:
    with pytest.raises(EngineError, match="rank"):
        vllm.launch(endpoint(adapter(tmp_path, **config), base="/models/base"))


@pytest.mark.parametrize("name", ["vllm", "transformers"])
def test_what_is_missing_is_said_with_what_to_do(name: str) -> None:
    for lacking, words in (
        (endpoint(weights=""), "Enter one of them"),
        (Endpoint("", "m", weights="/w"), "not installed"),
    ):
        with pytest.raises(EngineError, match=words) as caught:
            load(name)(lacking)
        assert caught.value.permanent


@pytest.mark.parametrize("name", ["vllm", "transformers", "embedded"])
def test_an_address_is_used_instead_of_a_server_of_its_own(name: str) -> None:
    assert type(load(name)(Endpoint("http://127.0.0.1:9/v1", "m"))).__name__ == "OpenAIEngine"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "--device cpu --dtype float32"),
        ({"gpus": 1}, "--device cuda --dtype auto"),
        ({"gpus": 1, "dtype": "bfloat16"}, "--device cuda --dtype bfloat16"),
    ],
)
def test_transformers_serves_on_the_processor_or_a_card_and_goes_by_the_weights_name(
    options: dict[str, Any], words: str
) -> None:
    launch = transformers.launch(endpoint(**options))
    command = f"transformers.cli.transformers serve /models/a {words} --host 127.0.0.1 --port 7"
    assert (" ".join(launch.module(7)), launch.asked, launch.model) == (command, "/models/a", "run7-step90-0a1b2c3d")


def test_a_hubs_cache_that_is_not_there_is_replaced_by_a_folder_that_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "nowhere"))
    assert Path(transformers.launch(endpoint()).told["HF_HUB_CACHE"]).is_dir()
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    assert transformers.launch(endpoint()).told == {}


@pytest.mark.parametrize(("context", "whole"), [(None, "8192"), (4096, "16384"), (131072, "32768")])
def test_a_gguf_file_is_served_by_its_models_name_with_a_context_that_fits(context: int | None, whole: str) -> None:
    launch = embedded.launch(endpoint("/models/a.gguf", context=context, gpus=2))
    assert list(launch.module(0))[3:] == [
        "--model", "/models/a.gguf", "--name", "run7-step90-0a1b2c3d", "--ctx", whole
    ]  # fmt: skip
    assert launch.serving.cards is None


def test_the_packaged_model_is_one_server_whatever_it_is_called() -> None:
    assert len({embedded.launch(Endpoint("", name)).key for name in ("a", "b")}) == 1
