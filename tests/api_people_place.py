"""The addresses of the API of benchmarks, campaigns, ratings, preference sets and files, in a world of rows."""

from typing import Any

from annotations.models import PromptCheck
from tests.factories import make_benchmark, make_check, make_prompt

Arguments = dict[str, list[Any]]
OF_PROMPT = ("detail", "wordings", "take-out", "put-back")
OF_CAMPAIGN = ("detail", "people", "items", "agreement", "open", "pause", "close")
OF_RATER = ("start", "begin", "next", "hold", "rest", "leave", "answers", "mine", "again", "read")
OF_ITEM = ("item", "answer", "skip", "flag")


def arguments(pages: Arguments) -> Arguments:
    """The arguments of every such name by its whole name; `pages` are those of the pages, a campaign's among them."""
    bench, prompt, campaign = pages["benchmark-detail"], pages["prompt-detail"], pages["campaign-detail"]
    release, preference = pages["release-detail"], pages["preference-detail"]
    return {
        **{f"api:benchmarks-{name}": bench for name in ("detail", "archive", "put-back")},
        **{f"api:releases-{name}": bench for name in ("list", "next")},
        "api:releases-detail": release,
        "api:prompts-list": bench,
        **{f"api:prompts-{name}": prompt for name in OF_PROMPT},
        **{f"api:{name}": bench for name in ("checks-next", "labels-list")},
        "api:labels-detail": _label(),
        **{f"api:campaigns-{name}": campaign for name in OF_CAMPAIGN},
        **{f"api:ratings-{name}": campaign for name in OF_RATER},
        **{f"api:ratings-{name}": pages["rate-item"] for name in OF_ITEM},
        **{f"api:preferences-{name}": preference for name in ("detail", "pairs", "file", "archive")},
        "api:preferences-pair": pages["preference-pair"],
        **{f"api:exports-{name}": bench for name in ("prompts", "coverage", "validation")},
        "api:exports-release": pages["release-download"],
        **{f"api:exports-{name}": campaign for name in ("ratings", "agreement")},
        "api:exports-pairs": preference,
        "api:exports-card": [*preference, "README.md"],
        "api:exports-taxonomy": pages["taxonomy-detail"],
        **{f"api:taxonomies-{name}": pages["taxonomy-detail"] for name in ("detail", "versions")},
        **{f"api:training-prompts-{name}": pages["training-prompts-detail"] for name in ("detail", "prompts")},
    }


def _label() -> list[Any]:
    """A benchmark of its own, and Carol's label of its prompt."""
    labelled = make_benchmark("labelled")
    mine = PromptCheck.objects.filter(prompt__benchmark=labelled).first() or make_check(make_prompt(benchmark=labelled))
    return [labelled.pk, mine.pk]
