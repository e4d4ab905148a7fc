"""The settings reach TRL under its own names, those of the paper as they were."""

from dataclasses import replace
from pathlib import Path

import pytest

from training.recipes._arguments import arguments, lora, precomputed
from training.recipes.run_dir import DPO, SFT
from training.recipes.settings import LINEAR, PRESETS, BadSettings

PAPER, LORA, TINY = PRESETS["paper"], PRESETS["lora"], PRESETS["tiny_cpu"]
RUN = Path("/runs/1")
# Names that TRL 1.16 and transformers 5.23 no longer have: an old recipe breaks with them.
GONE = {
    "max_prompt_length",
    "max_completion_length",
    "max_seq_length",
    "ref_model_init_kwargs",
    "warmup_ratio",
    "overwrite_output_dir",
    "logging_dir",
    "torch_dtype",
    "evaluation_strategy",
    "no_cuda",
    "generate_during_eval",
    "reference_free",
}


def test_the_dpo_of_the_paper_on_four_cards() -> None:
    found = arguments(PAPER.dpo, DPO, 4, RUN)
    wanted = {
        "output_dir": "/runs/1/checkpoints",
        "per_device_train_batch_size": 2,
        "gradient_accumulation_steps": 4,
        "per_device_eval_batch_size": 8,
        "dataloader_drop_last": True,
        "optim": "rmsprop",
        "learning_rate": 5e-7,
        "lr_scheduler_type": "constant_with_warmup",
        "warmup_steps": 150,
        "weight_decay": 0.0,
        "max_grad_norm": 10.0,
        "num_train_epochs": 3.0,
        "max_steps": -1,
        "beta": 0.1,
        "loss_type": ["sigmoid"],
        "label_smoothing": 0.0,
        "disable_dropout": True,
        "max_length": 640,
        "precompute_ref_log_probs": True,
        "precompute_ref_batch_size": 8,
        "bf16": True,
        "gradient_checkpointing": True,
        "model_init_kwargs": {"dtype": "float32", "attn_implementation": "sdpa", "use_safetensors": True},
        "eval_strategy": "steps",
        "eval_steps": 159,
        "save_strategy": "steps",
        "save_steps": 100,
        "logging_steps": 1,
        "logging_first_step": True,
        "report_to": "none",
        "disable_tqdm": True,
        "ddp_timeout": 3600,
        "seed": 0,
        "data_seed": 0,
    }
    assert {name: found[name] for name in wanted} == wanted


def test_the_sft_of_the_paper_takes_the_mean_over_tokens_and_a_shorter_clip() -> None:
    found = arguments(PAPER.sft, SFT, 4, RUN)
    assert (found["loss_type"], found["packing"], found["max_grad_norm"], found["max_length"]) == ("nll", False, 1, 640)
    assert "beta" not in found and "precompute_ref_log_probs" not in found


@pytest.mark.parametrize("preset", PRESETS.values())
@pytest.mark.parametrize("kind", [SFT, DPO])
def test_no_preset_uses_a_name_that_is_gone(preset, kind: str) -> None:
    assert not GONE & arguments(preset.of(kind), kind, preset.gpus, RUN).keys()


def test_trl_never_removes_a_checkpoint_itself() -> None:
    assert arguments(replace(PAPER.dpo, save_total_limit=2), DPO, 4, RUN)["save_total_limit"] is None


def test_a_loss_that_is_no_number_is_not_hidden() -> None:
    assert arguments(PAPER.dpo, DPO, 4, RUN)["logging_nan_inf_filter"] is False


def test_without_a_dev_set_nothing_looks_at_one() -> None:
    early = replace(TINY.dpo, early_stop=2)
    without = arguments(early, DPO, 1, RUN, dev=False)
    assert without["eval_strategy"] == "no" and not {"eval_steps", "load_best_model_at_end"} & without.keys()
    found = arguments(early, DPO, 1, RUN)
    assert (found["load_best_model_at_end"], found["metric_for_best_model"]) == (True, "eval_loss")


@pytest.mark.parametrize(
    ("precision", "bf16", "weights"),
    [("bf16", True, "float32"), ("bf16_weights", False, "bfloat16"), ("fp32", False, "float32")],
)
def test_the_precision_says_what_sums_and_weights_are(precision: str, bf16: bool, weights: str) -> None:
    found = arguments(replace(PAPER.dpo, precision=precision), DPO, 4, RUN)
    assert (found["bf16"], found["model_init_kwargs"]["dtype"]) == (bf16, weights)


@pytest.mark.parametrize(
    ("wanted", "with_lora", "found"),
    [("auto", False, True), ("auto", True, False), ("yes", True, True), ("no", False, False)],
)
def test_the_reference_is_worked_out_first_unless_lora_needs_none(wanted: str, with_lora: bool, found: bool) -> None:
    assert precomputed(replace(PAPER.dpo, precompute_ref_log_probs=wanted, lora=with_lora)) is found


def test_lora_is_the_one_of_the_release() -> None:
    assert lora(PAPER.dpo) is None
    targets = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    assert lora(LORA.dpo) == {
        "r": 32,
        "lora_alpha": 16,
        "lora_dropout": 0.05,
        "target_modules": targets,
        "task_type": "CAUSAL_LM",
    }
    assert lora(replace(LORA.dpo, lora_targets=LINEAR))["target_modules"] == LINEAR


def test_a_step_that_cannot_be_shared_evenly_is_refused() -> None:
    with pytest.raises(BadSettings):
        arguments(PAPER.dpo, DPO, 3, RUN)
