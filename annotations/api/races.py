"""Services that tell in one exception what is wrong and that somebody was faster: their sentences say which it is."""

from typing import ClassVar

from rest_framework.response import Response

from annotations.api.endpoint import Endpoint


class Raced(Exception):
    """Something else happened meanwhile."""


class Racing(Endpoint):
    """An endpoint over such a service: a refusal whose sentence begins with one of `races` is a conflict."""

    races: ClassVar[tuple[str, ...]] = ("Somebody ",)
    conflicts: ClassVar[tuple[type[Exception], ...]] = (Raced,)

    def handle_exception(self, exc: Exception) -> Response:
        """The problem that tells of it."""
        lost = isinstance(exc, self.refusals) and str(exc).startswith(self.races)
        return super().handle_exception(Raced(str(exc)) if lost else exc)
