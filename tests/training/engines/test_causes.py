"""Why a model server ended, read from logs as vLLM, transformers and llama.cpp write them."""

from pathlib import Path

import pytest

from training.engines._causes import why

CORE = "(EngineCore pid=7) ERROR 11-21 22:10:42 [core.py:990] "
WORKER = "(Worker pid=9) ERROR 11-21 22:10:42 [multiproc_executor.py:1063] "
SAID = [
    (
        CORE + "ValueError: Free memory on device cuda:0 (3.2/79.1 GiB) on startup is less than desired GPU memory "
        "utilization (0.9, 71.2 GiB). Decrease GPU memory utilization or reduce GPU memory used by other processes.",
        "Of the card's 79.1 GiB only 3.2 are free",
    ),
    (
        CORE + "ValueError: No available memory for the cache blocks. Try increasing `gpu_memory_utilization`.",
        "Raise the share of memory",
    ),
    (
        CORE
        + "ValueError: To serve at least one request with the models's max seq len (131072), (16.00 GiB KV cache is "
        "needed, which is larger than the available KV cache memory (9.10 GiB). "
        "Based on the available memory, the estimated maximum model length is 74000.",
        "no room for a context of 131072 tokens, only for 74000.",
    ),
    (
        "Value error, User-specified max_model_len (100000) is greater than the derived max_model_len "
        "(max_position_embeddings=2048 or model_max_length=None in model's config.json).",
        "context of 100000 tokens is more than the model's own 2048",
    ),
    ("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 9.00 GiB.", "The memory of the card ran out"),
    (
        "Value error, Model architectures ['MartianForCausalLM'] are not supported for now. Supported: …",
        "does not know the architecture ['MartianForCausalLM']",
    ),
    (
        "ValueError: The checkpoint you are trying to load has model type `martian` but Transformers does not "
        "recognize this architecture.",
        "does not know the architecture martian",
    ),
    ("E llama_model_load: error loading model: unknown model architecture: 'martian'", "the architecture martian"),
    ("RuntimeError: Failed to infer device type, please set …", "finds no graphics card it can use"),
    ("RuntimeError: No CUDA GPUs are available", "finds no graphics card it can use"),
    (
        "ValueError: World size (4) is larger than the number of available GPUs (1) in this node.",
        "to use 4 cards and sees fewer",
    ),
    (
        "AssertionError: Total number of attention heads (15) must be divisible by tensor parallel size (4).",
        "cannot be divided among so many cards",
    ),
    ("ModuleNotFoundError: No module named 'vllm'", "/opt/python has no vllm"),
    (
        "FileNotFoundError: [Errno 2] No such file or directory: '/models/gone/config.json'",
        "/models/gone/config.json is",
    ),
    ("OSError: Error no file named model.safetensors, or pytorch_model.bin, found in …", "it lacks model.safetensors"),
    ("OSError: someone/x is not a local folder and is not a valid model identifier", "nor in the hub's cache"),
    ("E gguf_init_from_reader: failed to read key-value pairs", "broken or not whole"),
    ("ValueError: LoRA rank 64 is greater than max_lora_rank 16.", "The adapter's rank is 64"),
    ("[Errno 98] error while attempting to bind on address ('127.0.0.1', 8000): address already in use", "its port"),
    ("api_server.py: error: unrecognized arguments: --no-such", "does not know --no-such"),
    ("OSError: [Errno 28] No space left on device", "The disk is full"),
    ("ggml_backend_cpu_buffer_type_alloc_buffer: failed to allocate buffer of size 9", "memory of the machine ran out"),
    ("ValueError: Cannot use chat template functions because tokenizer.chat_template is not set", "no chat template"),
]


def reason(place: Path, said: str, code: int = 1) -> str:
    (place / "log").write_text(said, encoding="utf-8")
    return why("vLLM", "/opt/python", place / "log", code)


@pytest.mark.parametrize(("said", "words"), SAID)
def test_a_known_cause_is_said_in_words(tmp_path: Path, said: str, words: str) -> None:
    told = reason(tmp_path, f"INFO starting\n{said}\nRuntimeError: Engine core initialization failed.\n")
    assert told.startswith("vLLM ended (exit code 1). ") and words in told and told.endswith(".")


def test_of_an_unknown_one_the_first_error_is_told_and_not_what_followed_from_it(tmp_path: Path) -> None:
    log = "\n".join(
        [
            "(APIServer pid=1) WARNING 11-21 22:10:04 [cpu.py:224] Triton is not installed.",
            WORKER + "Traceback (most recent call last):",
            WORKER + '  File "/x/worker.py", line 4, in run',
            WORKER + "    ^^^^^^^^^^^^",
            WORKER + "RuntimeError: Unsupported CPU attention configuration: head_dim=16",
            CORE
            + "RuntimeError: Worker failed with error 'Unsupported', please check the stack trace for the root cause",
            "(APIServer pid=1) RuntimeError: Engine core initialization failed. See root cause above.",
            "nanobind: leaked 514 functions!",
        ]
    )
    assert reason(tmp_path, log).endswith(
        " Its log says: RuntimeError: Unsupported CPU attention configuration: head_dim=16"
    )


def test_without_any_error_the_last_lines_are_told(tmp_path: Path) -> None:
    told = reason(tmp_path, "INFO:     one\nINFO:     two\nINFO:     three\nINFO:     four\n\n")
    assert told == "vLLM ended (exit code 1). Its log ends: two / three / four"


def test_a_log_without_a_word_is_said_to_be_one(tmp_path: Path) -> None:
    assert reason(tmp_path, "\n") == "vLLM ended (exit code 1). It wrote nothing."


def test_a_server_that_was_killed_most_often_had_no_memory(tmp_path: Path) -> None:
    told = reason(tmp_path, "INFO loading\n", -9)
    assert told.startswith("vLLM was killed (signal 9). Most often the machine's memory ran out.")


def test_a_huge_log_and_broken_signs_are_read_from_the_end(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"\xff\x00x" * 500_000 + b"\nCUDA out of memory\n")
    assert "memory of the card ran out" in why("vLLM", "", tmp_path / "log", 1)
