"""What the pairs of a set are: counts by split, origin, mode, config, template and difference of errors."""

from collections import Counter
from typing import Any

from annotations.core import categorical, preference_pairs
from annotations.core.preference_pairs import Pair
from annotations.core.storable import storable
from annotations.core.taxonomies import Taxonomy

MOST_CONFIGS, MOST_NAMES, LONGEST_NAME = 50, 50, 100
NOT_SAID, NOT_KNOWN = "not said", "risks not known"


class Tally:
    """The pairs that passed by, counted. It holds 16 bytes for each different prompt and nothing of the texts."""

    def __init__(self, taxonomy: Taxonomy | None = None) -> None:
        """A count of nothing yet; the categories of the configs are those of `taxonomy`, None is the built-in one."""
        self.rows = self.unscored = self.not_better = 0
        self.splits, self.origins, self.modes, self.templates = (Counter[str]() for _ in range(4))
        self.specs, self.gaps = Counter[str](), Counter[float]()
        self.prompts: set[bytes] = set()
        self._taxonomy = taxonomy

    def add(self, pair: Pair) -> None:
        """Nothing; the pair is counted."""
        self.rows += 1
        self.splits[pair.split] += 1
        self.origins[pair.origin] += 1
        self.modes[pair.mode or NOT_SAID] += 1
        self.templates[pair.template or NOT_SAID] += 1
        self.specs[pair.spec_i] += 1
        self.prompts.add(preference_pairs.prompt_digest(pair.prompt))
        gap = preference_pairs.gap(pair)
        if gap is None:
            self.unscored += 1
            return
        self.gaps[gap] += 1
        self.not_better += gap <= 0

    def figures(self) -> dict[str, Any]:
        """The counts as a set keeps them, the most frequent first, differences by size."""
        configs = Counter[str]()
        for spec, amount in self.specs.items():
            configs[config_title(spec, self._taxonomy)] += amount
        return {
            "prompts": len(self.prompts),
            "origins": self.origins.most_common(),
            "modes": _named(self.modes),
            "templates": _named(self.templates),
            "configs": configs.most_common(MOST_CONFIGS),
            "config_count": len(configs),
            "gaps": [[f"{gap:g}", amount] for gap, amount in sorted(self.gaps.items())],
            "unscored": self.unscored,
            "not_better": self.not_better,
        }

    def by_split(self) -> dict[str, int]:
        """How many pairs each split has, in the order in which the splits came."""
        return {storable(name): amount for name, amount in self.splits.items()}


def config_title(spec: str | None, taxonomy: Taxonomy | None = None) -> str:
    """The config that a column `spec_i` says in words; what it says where that is no set of known categories."""
    try:
        return categorical.title(categorical.read(spec or "", taxonomy), taxonomy)
    except categorical.UnknownCategory:
        return storable(spec or "")[:LONGEST_NAME]


def risk_names(spec: str | None, taxonomy: Taxonomy) -> str:
    """The risks that a set as the columns write it has, in words; what it says where a category is not known.

    Where nothing is written nobody looked, as in pairs from people: that is not known, and not the same as no risk.
    """
    if not (spec or "").strip():
        return NOT_KNOWN
    try:
        return taxonomy.names(categorical.read(spec or "", taxonomy))
    except categorical.UnknownCategory:
        return storable(spec or "")[:LONGEST_NAME]


def _named(counts: Counter[str]) -> list[tuple[str, int]]:
    return [(storable(name)[:LONGEST_NAME], amount) for name, amount in counts.most_common(MOST_NAMES)]
