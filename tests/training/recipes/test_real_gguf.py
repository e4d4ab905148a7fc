"""GGUF files of ours are read by llama.cpp, which then says what transformers says; and they can be read back."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import trainer
from tests.gguf_beside import TEXT

pytestmark = pytest.mark.slow
LLAMA = """
import json, sys, urllib.request
from pathlib import Path
import xllamacpp
place, text = Path(sys.argv[1]), sys.argv[2]
found = {}
for name, figures in json.loads((place / "figures.json").read_text()).items():
    settings = xllamacpp.CommonParams()
    settings.model.path, settings.n_parallel, settings.n_ctx = str(place / f"{name}.gguf"), 1, 512
    settings.cpuparams.n_threads, settings.warmup = 1, False
    server = xllamacpp.Server(settings)
    asked = json.dumps({"content": text, "add_special": True, "parse_special": True}).encode()
    kind = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{server.listening_address}/tokenize", asked, kind)
    ids = json.load(urllib.request.urlopen(request))["tokens"]
    likely = {"prompt": figures["ids"], "max_tokens": 1, "temperature": 0, "logprobs": 20}
    said = server.handle_completions(likely)["choices"][0]["logprobs"]["content"][0]["top_logprobs"]
    found[name] = {"ids": ids, "likely": {str(one["id"]): one["logprob"] for one in said}}
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any], dict[str, Any]]:
    """The files, what transformers says of each model, and what llama.cpp says."""
    place, base = tmp_path_factory.mktemp("gguf"), trainer.base(tmp_path_factory.getbasetemp().parent)
    ran = trainer.python("-m", "tests.gguf_beside", str(base), str(place))
    assert ran.returncode == 0, ran.stderr[-2000:]
    command = [sys.executable, "-c", LLAMA, str(place), TEXT]
    said = subprocess.run(command, env=trainer.environment(), capture_output=True, text=True, timeout=120)
    assert said.returncode == 0, said.stderr[-2000:]
    return place, json.loads((place / "figures.json").read_text()), json.loads(said.stdout.splitlines()[-1])


@pytest.mark.parametrize("name", ["llama", "stretched", "qwen2"])
def test_llama_cpp_finds_the_same_tokens_likely(both, name):
    _, ours, theirs = both
    likely = theirs[name]["likely"]
    assert max(abs(likely.get(str(token), -99) - value) for token, value in ours[name]["likely"]) < 0.05


def test_llama_cpp_reads_a_text_as_the_same_tokens(both):
    _, ours, theirs = both
    assert theirs["llama"]["ids"] == ours["llama"]["ids"] and len(ours["llama"]["ids"]) > 250


def test_a_gguf_file_that_is_read_again_has_the_same_weights_and_texts(both):
    place, ours, _ = both
    assert 0 < ours["llama"]["there_and_back"] < 0.002  # f16 keeps 11 bits: weights of 2 are off by 0.001 at most
    back, first = place / "back", place / "llama"
    assert (back / "chat_template.jinja").read_text() == (first / "chat_template.jinja").read_text()
    one, two = (json.loads((folder / "tokenizer.json").read_text()) for folder in (back, first))
    assert one["pre_tokenizer"] == two["pre_tokenizer"] and one["pre_tokenizer"]["type"] == "Sequence"
