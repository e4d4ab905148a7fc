"""What a call costs, by hand."""

from decimal import Decimal

import pytest

from annotations.models import LanguageModel
from training.services.costs import Amount, Bill, Price, known_sum, most_tokens_in, price_of, total

HELLO = [{"role": "user", "content": "Hello"}]


def test_a_price_is_kept_in_whole_parts() -> None:
    model = LanguageModel(price_in=Decimal("0.15"), price_out=Decimal("0.6000"))
    assert price_of(model) == Price(1500, 6000)


def test_a_price_nobody_entered_is_not_known_and_one_of_nothing_is_free() -> None:
    assert price_of(LanguageModel(price_in=None, price_out=Decimal(0))) == Price(None, 0)
    assert Price(0, 0).cost(10, 40) == 0


def test_a_cost_is_rounded_up_to_a_whole_micro() -> None:
    assert Price(1500, 6000).cost(10, 40) == 26  # 10 x 0.15 + 40 x 0.60 = 25.5
    assert Price(10_000, 20_000).cost(10, 40) == 90  # 10 x 1 + 40 x 2


@pytest.mark.parametrize("price", [Price(None, 1), Price(1, None), Price(None, None)])
def test_without_both_prices_there_is_no_cost(price: Price) -> None:
    assert price.cost(10, 40) is None


@pytest.mark.parametrize("tokens", [(None, 40), (10, None)])
def test_without_both_counts_there_is_no_cost(tokens: tuple[int | None, int | None]) -> None:
    assert Price(1500, 6000).cost(*tokens) is None


def test_the_most_a_call_reads_is_a_token_for_each_byte_and_what_a_template_adds() -> None:
    assert most_tokens_in(HELLO) == len("userHello") + 16 + 64
    assert most_tokens_in([{"role": "user", "content": "ع"}]) == len("user") + 2 + 16 + 64  # two bytes of UTF-8
    assert most_tokens_in(HELLO, {"type": "object"}) == 89 + len('{"type": "object"}')


def test_the_most_a_call_takes_counts_every_token_it_may_write() -> None:
    assert Price(10_000, 20_000).most(HELLO, 100, None) == Amount(89 + 100, 89 + 200)


def test_bills_add_up() -> None:
    bills = [Bill(calls=1, spent=Amount(50, 7)), Bill(reused=1), Bill(calls=1, unpriced=1, spent=Amount(3, 0))]
    assert total(bills) == Bill(calls=2, reused=1, unpriced=1, spent=Amount(53, 7))


def test_a_sum_of_nothing_known_is_not_known() -> None:
    assert (known_sum([None, None]), known_sum([None, 0]), known_sum([2, 3])) == (None, 0, 5)


def test_an_amount_covers_another_in_both_or_not_at_all() -> None:
    assert Amount(5, 5).covers(Amount(5, 5))
    assert not Amount(9, 4).covers(Amount(5, 5))
    assert not Amount(4, 9).covers(Amount(5, 5))
