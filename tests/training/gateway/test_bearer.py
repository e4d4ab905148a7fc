"""The secret that a request shows."""

import pytest

from training.gateway.bearer import secret_of
from training.gateway.refused import Refused


@pytest.mark.parametrize("value", [b"Bearer cosa-abc", b"bearer cosa-abc", b"BEARER   cosa-abc  "])
def test_a_bearer_is_read_however_it_is_written(value: bytes) -> None:
    assert secret_of([(b"host", b"x"), (b"Authorization", value)]) == "cosa-abc"


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [(b"authorization", b"")],
        [(b"authorization", b"Bearer")],
        [(b"authorization", b"Bearer ")],
        [(b"authorization", b"Basic Y29zYTp4")],
        [(b"authorization", b"cosa-abc")],
        [(b"authorization", b"Bearer cosa-abc"), (b"authorization", b"Bearer cosa-def")],
        [(b"authorization", b"Bearer cosa abc")],
        [(b"authorization", "Bearer cosä".encode())],
        [(b"authorization", b"Bearer cosa\x00abc")],
        [(b"authorization", b"Bearer \xff\xfe")],
        [(b"authorization", b"Bearer " + b"x" * 513)],
        [(b"authorization", b"Bearer " + b"x" * 1_000_000)],
    ],
)
def test_anything_else_is_a_401_with_a_sentence(headers: list[tuple[bytes, bytes]]) -> None:
    with pytest.raises(Refused) as refusal:
        secret_of(headers)
    assert (refusal.value.status, refusal.value.code) == (401, "invalid_api_key")
    assert refusal.value.headers == {"WWW-Authenticate": "Bearer"}
    assert str(refusal.value).endswith(".") and "cosa" not in str(refusal.value)
