"""What a client is told when a call is not answered: a status and OpenAI's shape of an error."""

from collections.abc import Mapping
from types import MappingProxyType

INVALID, SERVER = "invalid_request_error", "server_error"
_NOTHING: Mapping[str, str] = MappingProxyType({})


class Refused(Exception):
    """A call that gets no answer. `message` is a sentence for a person and holds neither a text of theirs nor a key.

    `status` is that of HTTP; `type`, `code` and `param` are OpenAI's words for it; `headers` go with the answer.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        type: str = "",
        headers: Mapping[str, str] = _NOTHING,
    ) -> None:
        super().__init__(status, message, code)
        self.status, self.message, self.code, self.param = status, message, code, param
        self.type = type or (SERVER if status >= 500 else INVALID)
        self.headers = headers

    def __str__(self) -> str:
        return self.message

    def to_body(self) -> dict[str, dict[str, str | None]]:
        """The body of the answer, as OpenAI's clients read it."""
        return {"error": {"message": self.message, "type": self.type, "param": self.param, "code": self.code}}
