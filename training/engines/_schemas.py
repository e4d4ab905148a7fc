"""Which JSON schemas a server was found not to take, so that it is asked without them."""

import json
from typing import Any

from training.engines import EngineError

VAIN_TRIES = 3

Schema = dict[str, Any]


class SchemaRefused(EngineError):
    """The server refused a call, and the schema that was sent with it may be the reason."""


class Schemas:
    """What one server taught us of the schemas it takes."""

    def __init__(self) -> None:
        self._refused: set[str] = set()
        self._in_vain = 0

    def taken(self, schema: Schema | None) -> bool:
        """True when there is a schema and the server was not found to refuse it."""
        return schema is not None and (not self._refused or json.dumps(schema) not in self._refused)

    @property
    def may_be_the_reason(self) -> bool:
        """True until leaving out the schema was in vain a few times: then the server's refusals have other reasons."""
        return self._in_vain < VAIN_TRIES

    def leave_out(self, schema: Schema) -> None:
        """Nothing; without this schema the server answered what it had refused."""
        self._refused.add(json.dumps(schema))

    def in_vain(self) -> None:
        """Nothing; the server refused the call without its schema too."""
        self._in_vain += 1
