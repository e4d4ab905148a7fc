"""Maps of prompts that are there already, without anybody having laid them out."""

from typing import Any

import numpy as np

from annotations.models import Benchmark
from tests.factories import make_training_prompts
from training.clustering import PLAIN, Settings
from training.models import Cluster, PromptMap
from training.services.maps import POINT


def laid_out(*, benchmark: Benchmark | None = None, **fields: Any) -> PromptMap:
    """A finished map of the benchmark's prompts on a line from left to right, without a cluster."""
    benchmark = benchmark or make_training_prompts()
    ids = list(benchmark.prompts.order_by("position").values_list("pk", flat=True))
    points = np.zeros(len(ids), dtype=POINT)
    points["prompt"], points["x"], points["cluster"] = ids, np.linspace(-1, 1, len(ids)), -1
    figures = {
        "in": len(ids),
        "out": len(ids),
        "dropped": {},
        "failed": {},
        "clusters": 0,
        "noise": len(ids),
        "near": {},
    }
    made = {
        "organisation": benchmark.organisation,
        "state": "finished",
        "settings": Settings(method=PLAIN)._asdict(),
        "figures": figures | {"seconds": {"vectors": 1.0, "layout": 2.0}},
        "points": points.tobytes(),
        "done": len(ids),
        "total": max(1, len(ids)),
    }
    return PromptMap.objects.create(benchmark=benchmark, **made | fields)


def make_cluster(row: PromptMap, number: int, members: list[int], **fields: Any) -> Cluster:
    """An open cluster of these prompts."""
    return Cluster.objects.create(map=row, number=number, members=members, size=len(members), **fields)
