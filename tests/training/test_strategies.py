"""Every strategy of the folder keeps the promises of one, and answers."""

import asyncio
import inspect

import pytest

from training import strategies
from training.engines import Endpoint, EngineError, Reply, Sampling
from training.engines.echo import engine
from training.strategies import Question

HOSTILE = Question("You are a careful {response} assistant.", "Be careful, $prompt.", "What is {config} and $response?")


def ask(messages):
    """The echo's answer."""
    return engine(Endpoint("echo://", "echo")).chat(messages, Sampling())


@pytest.mark.parametrize("name", strategies.names())
def test_a_strategy_says_what_it_is(name):
    entry = strategies.load(name)
    assert entry.label.strip() and entry.about.strip().endswith(".") and entry.calls >= 1


@pytest.mark.parametrize("name", strategies.names())
def test_a_strategy_has_an_answer_that_is_documented(name):
    answer = strategies.load(name).function
    assert inspect.iscoroutinefunction(answer) and list(inspect.signature(answer).parameters) == ["ask", "question"]
    assert inspect.getdoc(answer)


@pytest.mark.parametrize("name", strategies.names())
def test_a_strategy_answers_with_a_reply_of_the_model(name):
    assert isinstance(asyncio.run(strategies.load(name).answer(ask, HOSTILE)), Reply)


@pytest.mark.parametrize("name", strategies.names())
def test_a_strategy_lets_an_error_through_that_ends_the_item(name):
    async def refuse(messages):
        raise EngineError("permanent", "The model is not there.")

    with pytest.raises(EngineError, match="not there"):
        asyncio.run(strategies.load(name).answer(refuse, HOSTILE))


def test_the_plain_one_sends_config_and_prompt_as_they_are():
    sent = []

    async def note(messages):
        sent.append(messages)
        return await ask(messages)

    asyncio.run(strategies.load("plain").answer(note, HOSTILE))
    assert sent == [
        [{"role": "system", "content": HOSTILE.system}, {"role": "user", "content": HOSTILE.prompt}],
    ]


def test_a_strategy_that_is_not_there_names_those_that_are():
    with pytest.raises(LookupError, match="There is no 'cleverest'.*plain"):
        strategies.load("cleverest")
