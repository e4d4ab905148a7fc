"""Whether a chat template speaks to a model as training and serving need it: system role taken, answer asked for."""

from typing import Any, NamedTuple

SYSTEM = "Answer as the guide of a harbour town and speak of nothing else."
QUESTION = "When does the ferry leave?"
ANSWER = "The ferry leaves at noon."
NONE = (
    "The base has no chat template, so nobody knows how to speak to it. Take a model that was taught to answer, or put "
    "a chat_template.jinja beside its tokenizer."
)
REFUSES = (
    "The base's chat template refuses a system message ({why}), and a safety config is one. Take another base, or a "
    "template that puts the system message before the question."
)
DROPS = (
    "The base's chat template leaves the system message out, so that no safety config would ever reach the model. Take "
    "another base, or another template."
)
BROKEN = "The base's chat template cannot be used: {why}. Take another base, or mend the template."
UNLIKE = (
    "The base's chat template writes a question otherwise once an answer follows it, so that the model would be "
    "trained on other prompts than it is asked with. Take another template."
)
BETWEEN = (
    "Before an answer the template writes {between!r}, and a server does not ask with that: the model is trained to "
    "write it by itself. Mend the template's generation prompt if that is not meant."
)
NO_END = (
    "After an answer the template writes no {eos}, so that the model may not learn where to stop. Look at samples of "
    "the run."
)


class Template(NamedTuple):
    """What a chat template does with a system message, a question and an answer, and what is wrong with it in words."""

    there: bool
    system: bool = False
    prefix: bool = False
    problem: str = ""
    warnings: tuple[str, ...] = ()


def look(tokenizer: Any) -> Template:
    """What the tokenizer's chat template does."""
    if not tokenizer.chat_template:
        return Template(False, problem=NONE)
    asked = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": QUESTION}]
    try:
        prompt = _rendered(tokenizer, asked, True)
        whole = _rendered(tokenizer, [*asked, {"role": "assistant", "content": ANSWER}], False)
    except Exception as refused:  # a template raises whatever its author chose
        return Template(True, problem=_refused(tokenizer, asked, refused))
    if SYSTEM not in prompt:
        return Template(True, problem=DROPS)
    before, answer, after = whole.partition(ANSWER)
    if not answer or not before.startswith(prompt):
        return Template(True, system=True, problem=UNLIKE)
    return Template(True, True, True, warnings=tuple(_warnings(tokenizer, before.removeprefix(prompt), after)))


def _refused(tokenizer: Any, asked: list[dict[str, str]], refused: Exception) -> str:
    """The sentence for a template that raises; whether it does so without a system message too tells why."""
    why = " ".join(str(refused).split())[:200].rstrip(".") or type(refused).__name__
    try:
        _rendered(tokenizer, asked[1:], True)
    except Exception:
        return BROKEN.format(why=why)
    return REFUSES.format(why=why)


def _warnings(tokenizer: Any, between: str, after: str) -> list[str]:
    found = [BETWEEN.format(between=between[:80])] if between.strip() else []
    eos = tokenizer.eos_token
    return found + ([NO_END.format(eos=eos)] if eos and eos not in after else [])


def _rendered(tokenizer: Any, messages: list[dict[str, str]], answer_next: bool) -> str:
    return str(tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=answer_next))
