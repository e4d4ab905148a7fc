"""A model proposes what a cluster could be called and how it could be defined; an expert decides afterwards."""

import asyncio
from contextlib import suppress
from random import Random
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from annotations.models import LanguageModel, Prompt, User
from annotations.services import audit
from training import proposal_words
from training.engines import Engine, EngineError, Messages, Reply, Sampling
from training.models import Cluster
from training.models.maps import OPEN
from training.services import fetching, registry
from training.services.clusters import FASTER, LARGEST_SEED, ClusterProblem
from training.services.run_terms import ELSEWHERE

MOST_SHOWN, SECONDS = 200, 30.0
CONTEXT = 8_192
"""Tokens that a model is taken to read where its context is not known."""
LONGEST_RAW = 8_000
TOO_SLOW = "No proposal within {seconds:g} seconds. Nothing was changed; choose a faster model, or write it yourself."
UNREADABLE = "The model was asked twice and gave no name with a definition. Its replies are kept; write both yourself."
TOO_SMALL = "The context of “{model}” is too small for even one of these prompts. Choose another model."


def propose(*, cluster: Cluster, model: LanguageModel, seed: int, actor: User) -> Cluster:
    """The cluster with what the model proposed from a sample of its prompts that `seed` draws; the last one counts.

    A model whose two replies cannot be read leaves a proposal without name, with the replies and the reason. Raises
    ClusterProblem when nothing came back, or the cluster is not open any more.
    """
    if cluster.state != OPEN:
        raise ClusterProblem(
            gettext("Cluster %(number)s is %(state)s; nobody needs a name for it.")
            % {"number": cluster.number, "state": cluster.state}
        )
    if model.engine == ELSEWHERE or not 0 <= seed <= LARGEST_SEED:
        raise ClusterProblem(gettext("Choose a model that answers here, and a seed from 0 on."))
    shown = proposal_words.fitting(_sample(cluster, seed), model.context_tokens or CONTEXT)
    if not shown:
        raise ClusterProblem(TOO_SMALL.format(model=model))
    asked = proposal_words.messages(shown, cluster.size)
    made = _proposal(_ask(model, asked, seed)) | {
        "model": model.name,
        "plumbing": model.plumbing,
        "digest": proposal_words.asked_digest(asked),
        "words": proposal_words.digest(),
        "seed": seed,
        "shown": len(shown),
        "at": timezone.now().isoformat(),
    }
    return _keep(cluster, made, actor)


def _sample(cluster: Cluster, seed: int) -> list[str]:
    """Texts of at most MOST_SHOWN members in the order in which the seed draws them."""
    members = sorted(cluster.members)
    drawn = Random(seed).sample(members, min(MOST_SHOWN, len(members)))  # noqa: S311
    texts = dict(Prompt.objects.filter(pk__in=drawn).values_list("pk", "text"))
    return [texts[pk] for pk in drawn if pk in texts]


def _ask(model: LanguageModel, asked: Messages, seed: int) -> list[Reply]:
    fetching.known(model)
    try:
        return asyncio.run(_replies(model, asked, seed))
    except EngineError as problem:
        raise ClusterProblem(gettext("%(message)s Nothing was changed.") % {"message": problem.message}) from problem
    except TimeoutError as slow:
        raise ClusterProblem(TOO_SLOW.format(seconds=SECONDS)) from slow


async def _replies(model: LanguageModel, asked: Messages, seed: int) -> list[Reply]:
    """One reply, and a second one where the first cannot be read."""
    engine = registry.engine(model, patience=min(SECONDS, model.patience))
    try:
        async with asyncio.timeout(SECONDS):
            first = await _one(engine, asked, seed)
            if proposal_words.read(first.text):
                return [first]
            return [first, await _one(engine, proposal_words.again(asked, first.text), seed)]
    finally:
        with suppress(TimeoutError):
            async with asyncio.timeout(5):
                await engine.close()


async def _one(engine: Engine, asked: Messages, seed: int) -> Reply:
    sampling = Sampling(max_tokens=proposal_words.max_tokens(), seed=seed)
    return await engine.chat(asked, sampling, proposal_words.schema())


def _proposal(replies: list[Reply]) -> dict[str, Any]:
    named = proposal_words.read(replies[-1].text)
    return {
        "name": named.name if named else "",
        "definition": named.definition if named else "",
        "problem": "" if named else UNREADABLE,
        "raw": [reply.text[:LONGEST_RAW] for reply in replies],
        "identity": replies[-1].identity[:300],
    }


@transaction.atomic
def _keep(cluster: Cluster, made: dict[str, Any], actor: User) -> Cluster:
    if not Cluster.objects.filter(pk=cluster.pk, state=OPEN).update(proposal=made):
        raise ClusterProblem(FASTER)
    cluster.refresh_from_db()
    after = {name: made[name] for name in ("name", "definition", "model", "seed", "digest")}
    audit.record(actor=actor, action="propose", obj=cluster, after=after)
    return cluster
