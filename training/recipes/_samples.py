"""What the model says to fixed prompts while it learns: always its likeliest words, so that only the model changes."""

from typing import Any

from training.recipes import _lines, _tokens
from training.recipes._run import Run

_SHARDED = "The weights lie in pieces on several cards, so that no samples are drawn while it trains."


def write(run: Run) -> None:
    """Nothing; the answers of this step are written, by the first process alone."""
    if not (run.first and run.config.prompts):
        return
    if run.trainer.is_fsdp_enabled or run.trainer.is_deepspeed_enabled:
        run.lines.write(_lines.SAMPLES, {"rows": [], "skipped": _SHARDED})
        return
    run.lines.write(_lines.SAMPLES, {"rows": [_answered(run, asked) for asked in run.config.prompts]})


def _answered(run: Run, asked: dict[str, str]) -> dict[str, str]:
    import torch

    trainer, system, user = run.trainer, asked.get("system", ""), asked.get("user", "")
    messages = [{"role": "system", "content": system}, {"role": "user", "content": user}]
    ids = _tokens.ids(trainer.processing_class, messages, answer_next=True)
    model = trainer.model
    given = torch.tensor([ids], device=model.device)
    learning = model.training
    model.eval()
    try:
        with torch.no_grad(), trainer.accelerator.autocast():
            whole = model.generate(given, **_how(run, torch.ones_like(given)))
    finally:
        model.train(learning)
    said = trainer.processing_class.decode(whole[0, len(ids) :], skip_special_tokens=True)
    return {"system": system, "user": user, "text": said}


def _how(run: Run, mask: Any) -> dict[str, Any]:
    return {
        "attention_mask": mask,
        "do_sample": False,
        "temperature": None,
        "top_p": None,
        "top_k": None,
        "max_new_tokens": run.settings.sample_tokens,
        "pad_token_id": run.trainer.processing_class.pad_token_id,
        "use_cache": True,
    }
