"""A map of a few prompts with two clusters, for tests of sorting them."""

import numpy as np

from tests.factories import make_training_prompts
from training.models import Cluster, PromptMap
from training.services.maps import POINT

WARM, COLD = ("How warm is it?", "Is it warm?", "Warm yet?"), ("How cold is it?", "Cold yet?")


def make_map(*others: str, **fields: object) -> PromptMap:
    """A finished map: three prompts on the left side in cluster 1, two on the right in cluster 2, `others` in none."""
    benchmark = make_training_prompts(*WARM, *COLD, *others)
    ids = list(benchmark.prompts.order_by("-pk").values_list("pk", flat=True)[: 5 + len(others)])[::-1]
    rows = np.zeros(len(ids), dtype=POINT)
    rows["prompt"], rows["cluster"] = ids, [1, 1, 1, 2, 2, *[-1] * len(others)]
    rows["x"], rows["y"] = [-0.9, -0.8, -0.1, 0.8, 0.9, *[0] * len(others)], 0
    home = benchmark.organisation
    done = {"state": "finished", "total": len(ids), "points": rows.tobytes()} | fields
    made = PromptMap.objects.create(organisation=home, benchmark=benchmark, **done)
    for number, members in ((1, ids[:3]), (2, ids[3:5])):
        Cluster.objects.create(map=made, number=number, members=members, size=len(members))
    return made
