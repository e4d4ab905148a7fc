"""The model answers, then judges its own answer: what it finds to break the config becomes a refusal."""

from functools import cache

from annotations.core import folder
from annotations.core.verdicts import Verdict
from training import judges
from training.engines import Reply
from training.judges import Case, LlmJudge, parse_llm
from training.strategies import REFUSAL, WITHHELD, Ask, Question, Setting

LABEL = "Cascade"
ABOUT = "The model judges its own answer by the config and refuses where it breaks it; two or three calls."
CALLS = 3
JUDGES = ("follows_config",)
REFUSE, KEEP = "refuse", "keep"
SETTINGS = (
    Setting(
        "unparsable",
        "When its own verdict cannot be read",
        REFUSE,
        "Asked twice, it said neither that the config is followed nor that it is broken. The paper keeps the answer.",
        choices=((REFUSE, "Refuse"), (KEEP, "Keep the answer")),
    ),
)
ASKS = 2


async def answer(ask: Ask, question: Question) -> Reply:
    """The model's answer, or the refusal in its place, `finish` then WITHHELD.

    Without a readable verdict the setting decides. Source: Zhang et al. 2025, Cascade.
    """
    reply = await ask([{"role": "system", "content": question.system}, {"role": "user", "content": question.prompt}])
    verdict = await _own_verdict(ask, Case(question.config, question.prompt, reply.text))
    follows = verdict.follows_config if verdict else question.settings.get("unparsable", REFUSE) == KEEP
    return reply if follows else reply._replace(text=REFUSAL, finish=WITHHELD)


async def _own_verdict(ask: Ask, case: Case) -> Verdict | None:
    """What the model says of its own answer; None when it gave no verdict in ASKS asks."""
    judge, verdict, asked = _judge(), None, 0
    messages = judge.messages(case)
    while verdict is None and asked < ASKS:
        said = await ask(messages)
        verdict, messages, asked = judge.read(said.text), judge.repair(messages, said.text), asked + 1
    return verdict


@cache
def _judge() -> LlmJudge:
    return parse_llm(JUDGES[0], folder.text(judges.__name__, f"{JUDGES[0]}.toml"))
