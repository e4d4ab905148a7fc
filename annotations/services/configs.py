"""Writing safety configs."""

import json
from collections.abc import Iterable, Sequence

from annotations.core import config_text


def version_digest(policy: str, rules: Sequence[dict[str, str]], allowed: Iterable[str]) -> str:
    """SHA-256 in hexadecimal of everything that makes a version: policy, rules in order, the set of open categories."""
    whole = json.dumps([policy, list(rules), sorted(allowed)], ensure_ascii=False, sort_keys=True)
    return config_text.digest(whole)
