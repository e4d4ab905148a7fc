"""On which terms a run works: how often judges are asked, whether calls are taken from the cache, what it may spend."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from django.utils.translation import gettext

from annotations.models import LanguageModel
from training import judges as folder
from training.judges import PROMPT
from training.models import Judge
from training.services.run_items import RunProblem

ELSEWHERE = "elsewhere"
"""The engine of models that answer somewhere else: their responses come in as files."""
MOST_SAMPLES = 15
MICROS = 1_000_000
MOST_BUDGET = 2**62


class Terms(NamedTuple):
    """`samples` is how often each judge that is a model is asked; a budget of None is no limit.

    Micros are millionths of a US dollar.
    """

    samples: int = 1
    use_cache: bool = True
    budget_tokens: int | None = None
    budget_micros: int | None = None


def fields(terms: Terms, models: Iterable[LanguageModel]) -> dict[str, Any]:
    """The terms as a run keeps them. Raises RunProblem when `models`, which it calls, cannot be held to a budget."""
    if not 1 <= terms.samples <= MOST_SAMPLES:
        raise RunProblem(
            gettext("A judge is asked 1 to %(most_samples)s times for each response; not %(samples)s.")
            % {"most_samples": MOST_SAMPLES, "samples": terms.samples}
        )
    for limit in (terms.budget_tokens, terms.budget_micros):
        if limit is not None and not 1 <= limit <= MOST_BUDGET:
            raise RunProblem(gettext("A budget is more than nothing. Leave it empty for none."))
    if terms.budget_micros is not None and (unknown := without_price(models)):
        raise RunProblem(
            gettext(
                "No price is known of %(str)s, so what it costs cannot be held to a budget. Enter its "
                "prices on its page, or set a budget of tokens."
            )
            % {"str": ", ".join(map(str, unknown))}
        )
    return terms._asdict()


def without_price(models: Iterable[LanguageModel]) -> list[LanguageModel]:
    """The models of which a price is not known, each once."""
    return [model for model in dict.fromkeys(models) if model.price_in is None or model.price_out is None]


def judge_models(judges: Sequence[Judge]) -> list[LanguageModel]:
    """The models these judges ask."""
    return [judge.model for judge in judges if judge.model is not None]


def refuse_prompt_judges(judges: Sequence[Judge]) -> None:
    """Nothing for judges that read responses. Raises RunProblem for one that reads prompts: it would see no answer."""
    others = {judge.name for judge in folder.reading(PROMPT)}
    if wrong := [judge.label for judge in judges if judge.name in others]:
        raise RunProblem(
            gettext("“%(value)s” reads prompts and no responses. Choose a judge that reads responses.")
            % {"value": wrong[0]}
        )


def micros(dollars: Decimal | None) -> int | None:
    """US dollars in micros; None for None."""
    return None if dollars is None else int(dollars * MICROS)
