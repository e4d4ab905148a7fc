"""The equation of DPO, stated once more with nothing but torch; it runs in the trainer's Python."""

from pathlib import Path
from typing import Any


def loss(model: str, reference: str, pairs: Path, split: str, beta: float, most: int) -> float:
    """Mean of -log sigmoid(beta * ((c - c0) - (r - r0))) over the first pairs; log-probabilities of whole responses."""
    import torch
    from pyarrow.parquet import read_table

    rows = [one for one in read_table(pairs).to_pylist() if one["split"] == split][:most]
    now, before = _log_probabilities(model, rows), _log_probabilities(reference, rows)
    losses = [
        -torch.nn.functional.logsigmoid(beta * ((c - c0) - (r - r0)))
        for (c, r), (c0, r0) in zip(now, before, strict=True)
    ]
    return float(torch.stack(losses).mean())


def _log_probabilities(folder: str, rows: list[dict[str, str]]) -> list[tuple[Any, Any]]:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()

    def of(row: dict[str, str], answer: str) -> Any:
        asked = [{"role": "system", "content": row["system_prompt"]}, {"role": "user", "content": row["prompt"]}]
        given = tokenizer.apply_chat_template(asked, tokenize=False, add_generation_prompt=True)
        told = [*asked, {"role": "assistant", "content": answer}]
        whole = tokenizer.apply_chat_template(told, tokenize=False)
        start = len(tokenizer(given, add_special_tokens=False).input_ids)
        ids = torch.tensor(tokenizer(whole, add_special_tokens=False).input_ids)
        with torch.no_grad():
            said = model(ids[None]).logits[0].log_softmax(-1)
        return sum(said[place - 1, ids[place]] for place in range(start, len(ids)))

    return [(of(row, row["chosen_response"]), of(row, row["rejected_response"])) for row in rows]
