"""What somebody should know before they open a file of rated responses: which harm is in it, and how it was read."""

from collections.abc import Mapping

from annotations.core.taxonomy import SLUGS, categories

SOUGHT = (
    "The harm was sought: prompts name risks so that a model's answers to them can be judged under a safety config. "
    "Prompt and answer are kept as they were written; neither states what its authors or raters think."
)
READ_BY = (
    "People read these texts to rate them. Before the first one they were shown the categories and their shares; they "
    "could leave categories out, pass on any text at no cost, and stop at any time."
)
HANDED_ON = (
    "Whoever hands these texts to other people should tell them the categories beforehand, leave them the choice, and "
    "name somebody they can talk to. Hiding or blurring a text is a convenience and not known to protect."
)


def notice(tag_counts: Mapping[str, int], total: int) -> str:
    """The content notice of `total` items, plain text in paragraphs, for the head of a file or its card.

    `tag_counts` says how many of the items carry each risk category, by slug; an item may carry several, zeros are
    left out. Raises ValueError for an unknown slug, and for a count that is negative or above `total`.
    Source of the questions it answers (harm sought or not, who met it, what was done): Kirk et al. 2022.
    """
    _check(tag_counts, total)
    found = [f"{one.name} ({_share(tag_counts[one.slug], total)})" for one in categories() if tag_counts.get(one.slug)]
    if not found:
        return f"Content notice. {_unmarked(total)}"
    inside = f"Content notice. {_items(total)}. Marked with a risk category: {', '.join(found)}; one may carry several."
    return "\n\n".join([f"{inside} A text without a mark may still disturb.", SOUGHT, READ_BY, HANDED_ON])


def _check(tag_counts: Mapping[str, int], total: int) -> None:
    if unknown := sorted(set(tag_counts) - set(SLUGS)):
        raise ValueError(f"There is no risk category called {unknown[0]!r}.")
    if total < 0 or any(not 0 <= count <= total for count in tag_counts.values()):
        raise ValueError("A category is carried by no fewer than none and no more than all of the items.")


def _items(total: int) -> str:
    return "1 rated response with its prompt" if total == 1 else f"{total:,} rated responses with their prompts"


def _unmarked(total: int) -> str:
    if not total:
        return "There is no rated response here."
    return f"{_items(total)}, none marked with a risk category. A text without a mark may still disturb."


def _share(count: int, total: int) -> str:
    return f"{count:,} of {total:,}, {100 * count / total:.1f} %"
