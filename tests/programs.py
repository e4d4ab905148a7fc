"""Programs that ask the API for somebody."""

from typing import Any

from django.http import HttpResponse
from django.test import Client

from annotations.services.tokens import SCOPES
from tests.factories import make_person, make_token


class Program:
    """A program with a token of that person: every scope, or those that are named."""

    def __init__(self, person: str = "ada", *scopes: str):
        self.token, self.secret = make_token(make_person(person), *(scopes or SCOPES))
        self.client = Client(headers={"Authorization": f"Bearer {self.secret}"})

    def get(self, address: str, **query: Any) -> HttpResponse:
        """The answer to a question below /api/v1/."""
        return self.client.get(f"/api/v1/{address}", query)

    def send(self, address: str, said: Any = None, *, method: str = "post", key: str = "") -> HttpResponse:
        """The answer to a JSON body, with `key` as its Idempotency-Key."""
        headers = {"Idempotency-Key": key} if key else {}
        body = {} if said is None else said
        return getattr(self.client, method)(
            f"/api/v1/{address}", body, content_type="application/json", headers=headers
        )
