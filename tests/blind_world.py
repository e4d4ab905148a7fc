"""A campaign in which everything a rater must not learn has a name or a number that occurs nowhere else."""

import re
from itertools import count
from typing import NamedTuple

from django.apps import apps
from django.db import connection
from django.db.models import AutoField
from django.http import HttpResponse

from annotations.models import (
    Adjudication,
    Assignment,
    Benchmark,
    Campaign,
    Enrolment,
    Flag,
    Prompt,
    Rating,
    Response,
    Skip,
    User,
)
from annotations.services import campaign_items, ratings, slots, wellbeing
from tests.factories import make_benchmark, make_candidate, make_judge, make_model, make_person, make_prompt, make_run
from tests.outcomes import answer, finish
from tests.rating_desk import enrol, make_campaign, make_response, rate, rate_item
from training.models import EvaluationRun, Judgement

WORDS = (
    *("zebracorn", "ibis-identity", "tapir-source", "0.7310429", "424243", "heuristic", "quokka"),
    *("dromedary", "lynx", "okapi", "ocelot", "marmot", "puma", "gnu-bench", "gold", "adjudicat"),
)
"""The model and how it was called, the judge and its verdict, other people, what they said, right answers, labels."""
DRAWN = re.compile(r"\b(?=[0-9a-z]*[A-Z])[0-9A-Za-z]{64}\b")
"""Tokens of forms: letters drawn at random, which spell any short word now and then."""
KINDS = re.compile(r"\b(partial|disallowed|candidate|judge|judgement)\b")
SHOWN = (Campaign, User)
"""Whose numbers stand in addresses and on the page: the campaign's, and the rater's own."""
GOLD = {"gold_low": 4, "gold_high": 5, "gold_follows": True, "gold_why": "OCELOT-WHY"}


class Blind(NamedTuple):
    """The campaign, Carol's place in it, her slots (answered, held, fetched ahead, passed on), and one of another's."""

    campaign: Campaign
    carol: Enrolment
    done: Assignment
    held: Assignment
    ahead: Assignment
    passed: Assignment
    foreign: Assignment


def numbered() -> list[type]:
    """The tables whose rows have a number that no rater may see."""
    models = [*apps.get_app_config("annotations").get_models(), *apps.get_app_config("training").get_models()]
    return [one for one in models if isinstance(one._meta.pk, AutoField) and one not in SHOWN]


def begin_far_from_each_other() -> None:
    """From now on each table counts from a number of its own of nine digits, which is known wherever it stands."""
    with connection.cursor() as cursor:
        for model, start in zip(numbered(), count(710_000_017, 1_000_003), strict=False):
            table = model._meta.db_table
            if connection.vendor == "postgresql":
                cursor.execute(f'ALTER SEQUENCE "{table}_id_seq" RESTART WITH {start}')
            else:
                cursor.execute("DELETE FROM sqlite_sequence WHERE name = %s", [table])
                cursor.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (%s, %s)", [table, start])


def make_blind() -> Blind:
    """The campaign with all its secrets."""
    begin_far_from_each_other()
    campaign = _campaign(_run())
    Benchmark.objects.update(archived_at=campaign.opened_at)  # nobody is asked to label their prompts
    items = list(campaign.items.order_by("pk"))
    carol, other = enrol(campaign, "carol"), _others(campaign)
    for item in items[:3]:
        rate_item(item, other.rater, points=1, follows=False, comment="LYNX-COMMENT", broken_rules=["r1"])
    Skip.objects.create(item=items[3], rater=other.rater, reason="unclear", note="OKAPI-NOTE")
    Flag.objects.create(item=items[3], rater=other.rater, text="OKAPI-FLAG")
    passed = slots.turn(carol).assignment
    ratings.skip(carol, key=passed.key, reason="unclear", note="own note")
    done = rate(carol, comment="own comment").assignment
    own = Flag.objects.create(item=done.item, rater=carol.rater, text="own flag")
    wellbeing.answer_flag(flag=own, actor=make_person("lea"), text="An answer of the lead.")
    _decide(items[0])
    held, ahead = slots.turn(carol).assignment, slots.turn(carol, ahead=True).assignment
    foreign = campaign.assignments.filter(rater=other.rater).first()
    return Blind(campaign, carol, done, held, ahead, passed, foreign)


def _run() -> EvaluationRun:
    """A run of a model with a name over prompts of two kinds, judged by a judge that has a model with a name."""
    model = make_model("zebracorn-slug", name="Zebracorn", model="zebracorn-77b", note="ZEBRACORN-NOTE")
    candidate = make_candidate(model, temperature=0.7310429, seed=424243)
    judges = [make_judge(), make_judge("helpfulness", make_model("quokka", name="Quokkajudge"))]
    benchmark = make_benchmark("gnu-bench", title="GNU-BENCH")
    told = {"why": "PUMA-WHY", "source": "PUMA-SOURCE", "benchmark": benchmark, "risks": ["violence"]}
    for kind in ("partial", "disallowed", "partial", "disallowed"):
        make_prompt(kind=kind, **told)
    run = make_run(0, benchmark=benchmark, judges=judges, candidate=candidate)
    for item in run.items.all():
        answer(item, helpfulness=0.2, follows=False, text=f"It says, as Zebracorn would, part {item.position}.")
    Response.objects.update(identity="IBIS-IDENTITY")
    Judgement.objects.update(reasons="QUOKKA-REASON", raw="QUOKKA-RAW")
    return finish(run)


def _campaign(run: EvaluationRun) -> Campaign:
    campaign = make_campaign(0, overlap=3, seed=771771771, tagged_in_row=None, title="Sieges")
    for _ in range(3):
        make_response(source="TAPIR-SOURCE")
    responses = Response.objects.filter(run_items__run=run) | Response.objects.filter(source="TAPIR-SOURCE")
    campaign_items.add(campaign=campaign, responses=responses, actor=make_person("lea"))
    campaign.items.filter(response__run_items__run=run).update(masked=True, names_model="Zebracorn")
    gold = campaign.items.order_by("pk")[4]
    campaign.items.filter(pk=gold.pk).update(**GOLD)
    campaign.assignments.filter(item=gold).delete()
    return campaign


def _others(campaign: Campaign) -> Enrolment:
    make_person("dromedary", role="annotator")
    return enrol(campaign, "dromedary", declined=["drugs"])


def _decide(item: object) -> None:
    said = {"points": 2, "follows_config": False, "cause": "slip", "note": "MARMOT-NOTE"}
    Adjudication.objects.create(item=item, created_by=make_person("lea"), **said)


def sent(response: HttpResponse) -> str:
    """Everything that went out: status, headers, cookies and body."""
    body = b"".join(response.streaming_content) if response.streaming else response.content
    return f"{response.status_code}\n{response.headers}\n{response.cookies.output()}\n{body.decode()}"


def secrets_of(blind: Blind) -> dict[str, str]:
    """What a rater must not learn, as it would be written, and what it is: words, and numbers of rows there are now."""
    numbers = {
        str(pk): model.__name__ for model in numbered() for pk in model._base_manager.values_list("pk", flat=True)
    }
    return dict.fromkeys(WORDS, "word") | numbers | _others_keys(blind) | {str(blind.campaign.seed): "seed"}


def leaks(text: str, secrets: dict[str, str]) -> list[str]:
    """The secrets that this text tells."""
    low = DRAWN.sub(" ", text).lower()
    bare = low.replace("-", "")  # a UUID is one with and without its dashes
    return [f"{what} {one}" for one, what in secrets.items() if one in low or one in bare] + KINDS.findall(low)


def _others_keys(blind: Blind) -> dict[str, str]:
    """The keys of slots that others have, the tokens of others, the names of prompts."""
    me = blind.carol.rater
    keys = Assignment.objects.exclude(rater=None).exclude(rater=me).values_list("key", flat=True)
    tokens = Rating.objects.exclude(rater=me).values_list("token", flat=True)
    prompts = Prompt.objects.values_list("uid", flat=True)
    named = (("key of a slot", keys), ("token", tokens), ("prompt", prompts))
    return {one.hex: what for what, some in named for one in some}
