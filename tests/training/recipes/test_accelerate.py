"""The files that accelerate is started with: each parses in the pinned version, and means what docs/gpu.md says."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

FOLDER = Path(__file__).parents[3] / "training" / "recipes" / "accelerate"
PROGRAM = """
import json, sys
from accelerate.commands.launch import _validate_launch_command, launch_command_parser
from accelerate.utils.launch import prepare_multi_gpu_env, prepare_simple_launcher_cmd_env
said = {}
for file, *more in json.loads(sys.argv[1]):
    asked = launch_command_parser().parse_args(["--config_file", file, *more, "-m", "training.recipes.dpo", "RUN_DIR"])
    asked, _, _ = _validate_launch_command(asked)
    env = prepare_multi_gpu_env(asked) if asked.use_fsdp else prepare_simple_launcher_cmd_env(asked)[1]
    told = {name: value for name, value in env.items() if name.startswith(("FSDP_", "ACCELERATE_"))}
    names = ("nproc_per_node", "nnodes", "node_rank", "rdzv_endpoint")
    told |= {name: str(getattr(asked, name, None)) for name in names}
    said[file.rpartition("/")[2]] = told
print(json.dumps(said))
"""
SECOND_MACHINE = ["--machine_rank", "1", "--main_process_ip", "10.0.0.1", "--main_process_port", "29500"]
SHARED = {
    "FSDP_VERSION": "2",
    "FSDP_STATE_DICT_TYPE": "SHARDED_STATE_DICT",
    "FSDP_CPU_RAM_EFFICIENT_LOADING": "true",
    "FSDP_AUTO_WRAP_POLICY": "TRANSFORMER_BASED_WRAP",
    "FSDP_RESHARD_AFTER_FORWARD": "true",
    "ACCELERATE_MIXED_PRECISION": "bf16",
}


@pytest.fixture(scope="module")
def said() -> dict[str, dict[str, str]]:
    """What accelerate makes of each file, as one start of its Python says it."""
    asked = [[str(file), *(SECOND_MACHINE if "2x8" in file.name else [])] for file in sorted(FOLDER.glob("*.yaml"))]
    command = [settings.TRAINING_PYTHON, "-c", PROGRAM, json.dumps(asked)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_every_file_says_when_it_is_used() -> None:
    files = sorted(file.name for file in FOLDER.glob("*.yaml"))
    assert files == ["cpu.yaml", "fsdp2_2x8.yaml", "fsdp2_4.yaml", "gpu_1.yaml"]
    assert all(file.read_text(encoding="utf-8").startswith("# Used for runs ") for file in FOLDER.glob("*.yaml"))


@pytest.mark.slow
def test_one_process_is_not_shared_out(said) -> None:
    assert (said["cpu.yaml"]["ACCELERATE_USE_CPU"], said["cpu.yaml"]["ACCELERATE_MIXED_PRECISION"]) == ("True", "no")
    assert (said["gpu_1.yaml"]["ACCELERATE_USE_CPU"], said["gpu_1.yaml"]["ACCELERATE_MIXED_PRECISION"]) == (
        "False",
        "bf16",
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", ["fsdp2_4.yaml", "fsdp2_2x8.yaml"])
def test_more_cards_share_weights_in_the_second_version_of_fsdp(said, name) -> None:
    assert {part: said[name][part] for part in SHARED} == SHARED


@pytest.mark.slow
def test_two_machines_have_eight_processes_each_and_meet_at_the_first(said) -> None:
    one, two = said["fsdp2_4.yaml"], said["fsdp2_2x8.yaml"]
    assert (one["nproc_per_node"], two["nproc_per_node"], two["nnodes"]) == ("4", "8", "2")
    assert (two["node_rank"], two["rdzv_endpoint"]) == ("1", "10.0.0.1:29500")
