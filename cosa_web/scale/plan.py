"""How big the made-up installation is, its words, and its draws: the same ones each time."""

import random
from datetime import datetime, timedelta
from typing import NamedTuple

from django.utils import timezone

WORDS = (
    "about adult answer ask audience before castle character city clear crowd danger detail drama editor every evening "
    "explain fair film garden guard harbour honest letter library light market matter moment museum never night novel "
    "open page people player policy quiet reader river safe scene school short siege stage story street student table"
)
DAYS = 180


class Plan(NamedTuple):
    """How many rows of the great tables are wanted."""

    responses: int
    judgements: int
    ratings: int

    @property
    def in_run(self) -> int:
        """Responses of a usual run: 500, fewer in a small installation."""
        return max(10, min(500, self.responses // 10))

    @property
    def in_big_run(self) -> int:
        """Responses of each of the two biggest runs."""
        return max(self.in_run, self.responses // 50)

    @property
    def judges(self) -> int:
        """How many judges read each response."""
        return max(1, min(4, round(self.judgements / self.responses)))

    @property
    def events(self) -> int:
        """Events of the record, and as many rows of traffic."""
        return self.responses // 2

    @property
    def organisations(self) -> int:
        """Organisations; each has ten configs and eight benchmarks."""
        return 5 if self.responses >= 10_000 else 2

    @property
    def configs(self) -> int:
        """Configs of each organisation."""
        return 10 if self.responses >= 10_000 else 2


def failed(responses: int) -> int:
    """How many items of a run with so many responses failed."""
    return responses // 200


class Texts:
    """Sentences of plain words, drawn once; `text(n)` is one of about so many words, different for each n."""

    def __init__(self, words: int, seed: int) -> None:
        rng = random.Random(seed)  # noqa: S311
        self.pool = [
            " ".join(rng.choices(WORDS.split(), k=rng.randint(words // 2, words * 3 // 2))) for _ in range(997)
        ]

    def text(self, number: int) -> str:
        """The text of that number."""
        return f"{self.pool[number % 997].capitalize()} {number}."


def draw(number: int, salt: int = 0) -> int:
    """A number from 0 to 65,535 that looks drawn and is the same each time."""
    mixed = (number * 2654435761 + salt * 40503 + 12345) & 0xFFFFFFFF
    mixed ^= mixed >> 15
    return (mixed * 2246822519 & 0xFFFFFFFF) >> 16


BEGAN = timezone.now() - timedelta(days=DAYS)


def moment(place: int, of: int) -> datetime:
    """The moment at that place of so many, spread evenly over the days."""
    return BEGAN + timedelta(seconds=DAYS * 86_400 * place / max(1, of))
