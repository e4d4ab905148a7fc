"""Prompts with the answers they should get, shown before the prompt: in-context alignment with k shots."""

from hashlib import sha256

from training.engines import EngineError, Reply
from training.strategies import Ask, Demonstration, Question, Setting

LABEL = "Few-shot"
ABOUT = "Demonstrations under the config stand before the prompt, as earlier turns; one call for each prompt."
CALLS = 1
SHOWS = True
SETTINGS = (
    Setting("shots", "Demonstrations shown", 5, "Fewer where there are not so many.", least=1, most=15),
    Setting(
        "preference_set",
        "Preference set",
        0,
        "Where they come from. 0: those written on the config's page, in their order. Otherwise the number in the "
        "set's address: chosen answers of its pairs whose config allows the same risks, drawn anew for each prompt.",
        most=999_999_999,
        zero="none",
    ),
)
NOTHING_TO_SHOW = "There is no demonstration to show under this config. Write some, or choose another strategy."


async def answer(ask: Ask, question: Question) -> Reply:
    """The model's answer after the shots. Raises EngineError when there is nothing to show.

    Source: Zhang et al. 2025, ICA with 5, 10 or 15 shots.
    """
    if not question.demonstrations:
        raise EngineError("permanent", NOTHING_TO_SHOW)
    turns = [{"role": "system", "content": question.system}]
    for shot in shots(question):
        turns += [{"role": "user", "content": shot.prompt}, {"role": "assistant", "content": shot.response}]
    return await ask([*turns, {"role": "user", "content": question.prompt}])


def shots(question: Question) -> list[Demonstration]:
    """The demonstrations before this prompt, never the prompt itself: the first written ones, or a draw from a set.

    The draw follows from seed and prompt alone: equal questions get equal shots, in whatever order the pool came.
    """
    others = [each for each in question.demonstrations if each.prompt.strip() != question.prompt.strip()]
    if question.settings.get("preference_set"):
        others.sort(key=lambda each: _draw(question, each))
    return others[: question.settings.get("shots", 5)]


def _draw(question: Question, each: Demonstration) -> bytes:
    told = [str(question.seed), question.prompt, each.prompt, each.response]
    # the lengths keep two different lists of texts from being the same text
    return sha256("".join(f"{len(text)}:{text}" for text in told).encode("utf-8", "surrogatepass")).digest()
