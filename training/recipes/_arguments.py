"""The settings of a run as the arguments of TRL 1.16, by their names there."""

from pathlib import Path
from typing import Any

from training.recipes import run_dir
from training.recipes.run_dir import DPO
from training.recipes.settings import AUTO, BF16, BF16_WEIGHTS, LINEAR, YES, TrainingSettings, accumulation

# Rank 0 reads the pairs, hashes checkpoints and answers prompts while the others wait for it.
PATIENCE_SECONDS = 3600


def arguments(
    settings: TrainingSettings, kind: str, processes: int, folder: Path, *, dev: bool = True
) -> dict[str, Any]:
    """What SFTConfig or DPOConfig is made with on so many processes; `dev` says that there are pairs of a dev set.

    Raises BadSettings when the pairs of a step cannot be shared evenly.
    """
    found: dict[str, Any] = {
        "output_dir": str(folder / run_dir.CHECKPOINTS),
        "run_name": f"cosalign-{kind}",
        "seed": settings.seed,
        "data_seed": settings.data_seed,
        "max_length": settings.max_length,
        "report_to": "none",
        "disable_tqdm": True,
        "ddp_timeout": PATIENCE_SECONDS,
        "ddp_find_unused_parameters": False,
    }
    found |= _length(settings) | _batch(settings, processes) | _optimiser(settings) | _memory(settings)
    return found | _saves(settings, dev) | (_dpo(settings) if kind == DPO else _sft())


def lora(settings: TrainingSettings) -> dict[str, Any] | None:
    """What peft's LoraConfig is made with; None without LoRA."""
    if not settings.lora:
        return None
    named = [one.strip() for one in settings.lora_targets.split(",") if one.strip()]
    return {
        "r": settings.lora_r,
        "lora_alpha": settings.lora_alpha,
        "lora_dropout": settings.lora_dropout,
        "target_modules": LINEAR if named == [LINEAR] else named,
        "task_type": "CAUSAL_LM",
    }


def precomputed(settings: TrainingSettings) -> bool:
    """Whether the reference's log-probabilities are worked out before training."""
    wanted = settings.precompute_ref_log_probs
    return not settings.lora if wanted == AUTO else wanted == YES


def _length(settings: TrainingSettings) -> dict[str, Any]:
    return {"num_train_epochs": settings.num_train_epochs, "max_steps": settings.max_steps or -1}


def _batch(settings: TrainingSettings, processes: int) -> dict[str, Any]:
    return {
        "per_device_train_batch_size": settings.per_device_train_batch_size,
        "per_device_eval_batch_size": settings.per_device_eval_batch_size,
        "gradient_accumulation_steps": accumulation(settings, processes),
        "dataloader_drop_last": True,
    }


def _optimiser(settings: TrainingSettings) -> dict[str, Any]:
    return {
        "optim": settings.optim,
        "learning_rate": settings.learning_rate,
        "lr_scheduler_type": settings.lr_scheduler_type,
        "warmup_steps": settings.warmup_steps,
        "weight_decay": settings.weight_decay,
        "max_grad_norm": settings.max_grad_norm,
    }


def _memory(settings: TrainingSettings) -> dict[str, Any]:
    weights = "bfloat16" if settings.precision == BF16_WEIGHTS else "float32"
    return {
        "bf16": settings.precision == BF16,
        "gradient_checkpointing": settings.activation_checkpointing,
        # A folder may hold pickled weights beside the safetensors: those are never read.
        "model_init_kwargs": {"dtype": weights, "attn_implementation": "sdpa", "use_safetensors": True},
    }


def _saves(settings: TrainingSettings, dev: bool) -> dict[str, Any]:
    """Older checkpoints are removed by us, once a newer one is whole: TRL would do it before that."""
    looks = dev and settings.eval_steps > 0
    found: dict[str, Any] = {
        "save_strategy": "steps",
        "save_steps": settings.save_steps,
        "save_total_limit": None,
        "logging_strategy": "steps",
        "logging_steps": settings.logging_steps,
        "logging_first_step": True,
        "logging_nan_inf_filter": False,
        "eval_strategy": "steps" if looks else "no",
    }
    if looks:
        found["eval_steps"] = settings.eval_steps
    if looks and settings.early_stop:
        found |= {"load_best_model_at_end": True, "metric_for_best_model": "eval_loss", "greater_is_better": False}
    return found


def _dpo(settings: TrainingSettings) -> dict[str, Any]:
    return {
        "beta": settings.beta,
        "loss_type": ["sigmoid"],
        "label_smoothing": 0.0,
        "disable_dropout": True,
        "precompute_ref_log_probs": precomputed(settings),
        "precompute_ref_batch_size": settings.per_device_eval_batch_size,
    }


def _sft() -> dict[str, Any]:
    """Rows come as ids with labels, so nothing is left to prepare."""
    return {
        "loss_type": "nll",
        "packing": False,
        "completion_only_loss": True,
        "dataset_kwargs": {"skip_prepare_dataset": True},
    }
