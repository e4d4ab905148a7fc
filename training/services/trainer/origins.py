"""What a checkpoint comes from, written down once when it is registered: all of it, and the ancestors of its base."""

import hashlib
import json
from typing import Any

from annotations.models import LanguageModel, PreferenceSet
from training.models import TrainingRun
from training.recipes.checkpoints import Finished
from training.recipes.run_dir import Result

SEEDS = ("seed", "data_seed")
Origin = dict[str, Any]


def of(run: TrainingRun, result: Result, finished: Finished) -> Origin:
    """The lineage of the run's model, as JSON holds it; `ancestors` are all checkpoints above it, each once.

    Of a merge `base` and `other` are its parents. `rows` is the law of the pairs for each split.
    """
    parents = [model for model in (run.base, run.other) if model]
    return {
        "sha256": finished.sha256,
        "run": {"id": run.pk, "kind": run.kind, "title": run.title, "loop": run.loop_id, "node": run.node.name},
        "base": _parent(run.base),
        "other": _parent(run.other) if run.other else None,
        "ancestors": _ancestors(parents),
        "preference_set": _set(run.preference_set) if run.preference_set else None,
        "preset": run.preset,
        "settings": run.settings,
        "seeds": {name: run.settings[name] for name in SEEDS if name in run.settings},
        "recipe": f"training.recipes.{run.kind}",
        "code": run.record.get("code", ""),
        "command": run.record.get("command", []),
        "versions": result.versions,
        "hardware": result.hardware,
        "steps": {"done": result.step, "planned": result.steps, "best": result.best_step},
        "rows": result.rows,
        "tokens": result.tokens,
        "seconds": result.seconds,
        "figures": result.metrics,
    }


def digest(said: Any) -> str:
    """The SHA-256 of something as JSON holds it, whatever the order of its names; "" of nothing."""
    if not said:
        return ""
    return hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def whole(lineage: Origin) -> Origin:
    """The lineage with nothing said where it says nothing, so that its readers need not ask."""
    empty = {"id": None, "kind": "", "title": "", "loop": None, "node": ""}
    nobody = {"slug": "", "name": "", "weights": "", "plumbing": False, "checkpoint": ""}
    said = dict.fromkeys(("sha256", "preset", "recipe", "code"), "")
    maps: Origin = {name: {} for name in ("settings", "seeds", "versions", "hardware", "rows", "figures", "model")}
    lists: Origin = {name: [] for name in ("ancestors", "command")}
    rest = {"other": None, "preference_set": None, "gguf": None, "tokens": 0, "seconds": 0}
    steps = {"done": 0, "planned": 0, "best": 0}
    return {"run": empty, "base": nobody, "steps": steps, **said, **maps, **lists, **rest, **lineage}


def as_json(lineage: Origin) -> str:
    """The lineage as its file has it."""
    return json.dumps(lineage, ensure_ascii=False, indent=1, sort_keys=True)


def _parent(model: LanguageModel) -> Origin:
    checkpoint = getattr(model, "checkpoint", None)
    return {
        "slug": model.slug,
        "name": model.name,
        "weights": model.weights,
        "plumbing": model.plumbing,
        "checkpoint": checkpoint.sha256 if checkpoint else "",
    }


def _ancestors(parents: list[LanguageModel]) -> list[Origin]:
    found: dict[str, Origin] = {}
    for model in parents:
        if checkpoint := getattr(model, "checkpoint", None):
            above = checkpoint.lineage
            found |= {one["slug"]: one for one in above.get("ancestors", [])}
            run, base, other = above.get("run", {}), above.get("base") or {}, above.get("other") or {}
            bases = [one["slug"] for one in (base, other) if one]
            line = {"slug": model.slug, "sha256": checkpoint.sha256, "run": run.get("id"), "kind": run.get("kind")}
            found[model.slug] = line | {"bases": bases, "preference_set": _digest_of_set(above)}
    return list(found.values())


def _digest_of_set(lineage: Origin) -> str:
    return str((lineage.get("preference_set") or {}).get("sha256", ""))


def _set(pairs: PreferenceSet) -> Origin:
    return {
        "id": pairs.pk,
        "title": pairs.title,
        "sha256": pairs.sha256,
        "rows": pairs.rows,
        "splits": pairs.splits,
        "licence": pairs.licence,
        "manifest_sha256": digest(pairs.manifest),
        "overruled": pairs.overruled_why,
    }
