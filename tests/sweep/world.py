"""One world of rows in which every page can be opened with the content it is made for, in three scripts."""

from datetime import timedelta

from django.utils import timezone

from annotations.core.config_text import digest
from annotations.models import (
    Benchmark,
    Comment,
    ConfigVersion,
    Enrolment,
    Guideline,
    Membership,
    Prompt,
    RaterGroup,
    Response,
    Review,
    SafetyConfig,
    SimilarityReport,
    User,
)
from annotations.services import demo, demo_campaign, demo_pairs, demo_prompts
from tests.addresses import Place, make_place
from tests.factories import (
    ROLES,
    make_benchmark,
    make_candidate,
    make_check,
    make_config,
    make_judge,
    make_model,
    make_organisation,
    make_person,
    make_run,
    make_version,
)
from tests.outcomes import answer, fail, finish
from tests.rating_desk import rate_item
from tests.sweep import words, workshop
from training.models import EvaluationRun, Judge, Judgement
from training.services.demo import load_deployment, load_models, load_recipe

KINDS = ("safe", "allowed", "partial", "disallowed")
VERDICTS = ((1.0, True), (0.6, True), (0.8, False), (0.0, True), (0.2, False), (1.0, True), (None, None))
ANSWERS = (words.ARABIC_ANSWER, words.HEBREW_ANSWER, words.ENGLISH_ANSWER, words.HOSTILE)


def build() -> Place:
    """The addresses of every page in a fresh world: the demo, and the organisation lantern, filled.

    The database must be empty. Ada, Lea, Bob, Carol, Dan, Omar and Grace work in both, Mallory in neither.
    """
    benchmark = demo.load()
    load_models()
    load_recipe(demo_prompts.load(benchmark.organisation))
    demo_pairs.load(benchmark.organisation)
    load_deployment(benchmark)
    _people()
    first = _config()
    _other_configs()
    prompts = _prompts(first.config)
    run = _runs(prompts[0].benchmark)
    place = make_place(run).with_campaign().with_recipe()
    _review(place)
    _labels(prompts)
    _campaign(place)
    workshop.fill(place)
    demo_campaign.load(benchmark)
    return place


def _people() -> None:
    home = make_organisation(name="دار الفانوس Lantern House", about=words.ARABIC_POLICY[:200])
    roles = {name: role for name, role in ROLES.items() if name != "mallory"} | {"dan": "annotator", "omar": "expert"}
    for name, role in roles.items():
        Membership.objects.create(user=User.objects.get(username=name), organisation=home, role=role)
    make_person("noor", "annotator", home)
    User.objects.filter(username="noor").update(first_name="نور", last_name="الهاشمي", email="noor@example.org")


def _config() -> ConfigVersion:
    """The approved version of the Arabic config, the second that has a review; a third one waits, a fourth is begun."""
    about = {"use_case": "كتب مصوّرة للأطفال", "audience": "ילדים והורים, children of five to twelve", "language": "ar"}
    config = make_config(title=words.ARABIC_TITLE, created_by=make_person("ada"), last_rule=4, **about)
    ada, policy = make_person("ada"), words.ARABIC_POLICY
    rules = words.ARABIC_RULES
    first = make_version(config, "retired", policy=words.HEBREW_POLICY, rules=[words.HEBREW_RULE], created_by=ada)
    second = make_version(config, policy=policy, rules=rules, allowed=["violence", "drugs"], base=first, created_by=ada)
    more = f"{policy}\n\nاكتب دائماً جملة أخيرة هادئة."
    made = {"rules": [*rules, words.HEBREW_RULE], "allowed": ["violence"], "base": second, "created_by": ada}
    third = make_version(config, "submitted", policy=more, note=words.ARABIC_COMMENT, submitted_by=ada, **made)
    third.authors.add(ada)
    Review.objects.create(
        version=second, reviewer=make_person("bob"), decision="approve", reasons=words.HEBREW_COMMENT,
        without_evidence="It replaces a version that nobody used.",
    )  # fmt: skip
    asked = Comment.objects.create(
        version=third, author=make_person("bob"), text=words.ARABIC_COMMENT, anchor="r2", quote=rules[1]["text"]
    )
    Comment.objects.create(version=third, author=ada, text=words.HEBREW_COMMENT, parent=asked, anchor="r2")
    return second


def _other_configs() -> None:
    """A config with the longest title there is, one that is only a draft, and one that was put away."""
    long = make_config("long", title=words.LONG_TITLE)
    make_version(long)
    make_version(make_config("draft", title="ספרי ילדים: טיוטה", language="he"), "draft", policy=words.HEBREW_POLICY)
    make_version(make_config("old", title="An old one", archived_at=timezone.now()), "retired")


def _prompts(config: SafetyConfig) -> list[Prompt]:
    benchmark = make_benchmark(title=words.LONG_TITLE, about=words.ARABIC_POLICY[:300], licence="CC-BY-4.0")
    texts = [
        (words.ARABIC_PROMPT, "ar"),
        (words.HEBREW_PROMPT, "he"),
        *((text, "en") for text in words.ENGLISH_PROMPTS),
    ]
    texts += [(f"{text} (part {number})", "en") for number in (2, 3) for text in words.ENGLISH_PROMPTS]
    made = {"benchmark": benchmark, "created_by": make_person("ada")}
    other = SafetyConfig.objects.get(slug="long")
    return Prompt.objects.bulk_create(
        Prompt(
            text=text, language=language, digest=digest(text), position=number, kind=KINDS[number % 4],
            config=config if number < 13 else other, rule="r1" if number % 4 == 3 else "",
            risks=["violence"] if number % 3 == 0 else [], why=words.ARABIC_COMMENT if number % 2 else words.REASONS,
            source="Winter survey", **made,
        )
        for number, (text, language) in enumerate(texts, start=1)
    )  # fmt: skip


def _runs(benchmark: Benchmark) -> EvaluationRun:
    """A finished run, judged by a rule and a model; beside it one of another model, and one in each other state."""
    judges = [make_judge(), make_judge("follows_config", make_model())]
    ada = make_person("ada")
    asked = {
        "benchmark": benchmark,
        "judges": judges,
        "actor": ada,
        "candidate": make_candidate(make_model("smollm2-135m")),
    }
    run = _answered(make_run(0, **asked), judges)
    _answered(make_run(0, **asked | {"candidate": make_candidate(seed=3)}), judges, shift=2)
    half = make_run(0, **asked)
    for item in half.items.order_by("position")[:7]:
        answer(item)
    EvaluationRun.objects.filter(pk=half.pk).update(state="running", started_at=timezone.now() - timedelta(minutes=3))
    reasons = {"queued": "", "cancelled": words.HOSTILE, "paused": "The budget of 10 tokens is used up."}
    for state, reason in reasons.items():
        made = make_run(0, **asked)
        ended = timezone.now() if state == "cancelled" else None
        EvaluationRun.objects.filter(pk=made.pk).update(
            state=state, reason=reason, finished_at=ended, budget_tokens=10 if state == "paused" else None
        )
    return run


def _answered(run: EvaluationRun, judges: list[Judge], shift: int = 0) -> EvaluationRun:
    for number, item in enumerate(run.items.order_by("position")):
        helpful, follows = VERDICTS[(number + shift) % len(VERDICTS)]
        if number == 11:
            fail(item, words.HOSTILE)
            continue
        text = ANSWERS[(number + shift) % len(ANSWERS)]
        answer(item, helpfulness=helpful, follows=follows, text=text, tokens_in=310, tokens_out=90)
    Judgement.objects.filter(item__run=run).update(reasons=words.REASONS, raw='{"follows": true}')
    broken = Judgement.objects.filter(item__run=run, follows_config=False)
    broken.update(broken_rules=["r1"], reasons=words.ARABIC_COMMENT, risks=["violence"])
    return finish(run)


def _review(place: Place) -> None:
    config = SafetyConfig.objects.get(slug="game", organisation__slug="lantern")
    place.arguments.update({name: [config.pk, 3] for name in ("review-detail", "review-decide", "comment-add")})
    place.arguments["version-diff"] = [config.pk, 2, 3]
    draft = SafetyConfig.objects.get(slug="draft", organisation=config.organisation)
    place.arguments.update({f"config-{name}": [draft.pk] for name in ("edit", "save", "preview")})


def _labels(prompts: list[Prompt]) -> None:
    """Two people have labelled the prompts, not always alike; one report on similar ones is finished."""
    for number, prompt in enumerate(prompts[:12]):
        make_check(prompt, make_person("carol"), kind=prompt.kind, note=words.HEBREW_COMMENT if number == 0 else "")
        make_check(prompt, User.objects.get(username="omar"), kind=KINDS[number % 3], note=words.ARABIC_COMMENT)
    pairs = [
        [two.pk, one.pk, 0.97 - n / 50] for n, (one, two) in enumerate(zip(prompts[2:7], prompts[8:13], strict=True))
    ]
    SimilarityReport.objects.update(
        state="finished", pairs=pairs, found=len(pairs), compared=len(prompts), done=len(prompts), total=len(prompts),
        finished_at=timezone.now(),
    )  # fmt: skip


def _campaign(place: Place) -> None:
    """Three people have rated most of the items, Carol holds one, and some of their answers need a decision."""
    (pk,) = place.arguments["campaign-detail"]
    enrolment = Enrolment.objects.select_related("campaign").filter(campaign=pk, rater__username="carol").get()
    campaign = enrolment.campaign
    campaign.title, campaign.about = f"تقييم الشتاء: {words.LONG_TITLE[:120]}", words.ARABIC_POLICY[:200]
    campaign.save()
    Guideline.objects.create(
        campaign=campaign, number=2, text=words.GUIDELINE, note=words.HEBREW_COMMENT, created_by=make_person("lea")
    )
    raters = [User.objects.get(username=name) for name in ("carol", "dan", "noor")]
    Enrolment.objects.create(campaign=campaign, rater=raters[2], accepted_at=timezone.now())
    for number, item in enumerate(campaign.items.order_by("pk")[2:14]):
        for place_of, rater in enumerate(raters[number % 2 :]):
            said = {"points": (number + place_of * 2) % 6, "follows": (number + place_of) % 3 > 0}
            rate_item(item, rater, comment=(words.ARABIC_COMMENT, "", words.HOSTILE)[number % 3], **said)
    RaterGroup.objects.get(name="Evening shift").members.set(raters)
    Response.objects.filter(source="").update(source="الشتاء")
