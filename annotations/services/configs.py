"""Writing safety configs: drafts, versions, and handing one in for review."""

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.text import slugify

from annotations.core import config_text, taxonomy
from annotations.core.storable import storable
from annotations.models import ConfigVersion, Organisation, SafetyConfig, User
from annotations.models.configs import DRAFT, SET_ASIDE, SUBMITTED
from annotations.services import audit

LONGEST_POLICY, LONGEST_RULE, MOST_RULES = 100_000, 4_000, 200
RULE_ID = re.compile(r"r[1-9]\d{0,3}")
ABOUT = ("title", "use_case", "audience", "language")


class ConfigProblem(ValueError):
    """Why a config was not saved or handed in, and what to do about it."""


class Conflict(ConfigProblem):
    """Somebody else, or another window, saved this draft meanwhile."""


class Content(NamedTuple):
    """What makes a version: the policy, the rules in order, the slugs of the categories it opens."""

    policy: str
    rules: list[dict[str, str]]
    allowed: list[str]

    @property
    def digest(self) -> str:
        """The version's digest."""
        return version_digest(*self)


def version_digest(policy: str, rules: Sequence[dict[str, str]], allowed: Iterable[str]) -> str:
    """SHA-256 in hexadecimal of everything that makes a version: policy, rules in order, the set of open categories."""
    whole = json.dumps([policy, list(rules), sorted(allowed)], ensure_ascii=False, sort_keys=True)
    return config_text.digest(whole)


def content(policy: str, rules: Iterable[dict[str, Any]], allowed: Iterable[str]) -> Content:
    """The content, cleaned: line ends as \\n, no NUL, rules without any text left out.

    Raises ConfigProblem for a text that is too long, a rule's id or kind that does not exist, an id used twice,
    and a category that is unknown or can never be opened.
    """
    policy = _clean(policy)
    if len(policy) > LONGEST_POLICY:
        raise ConfigProblem(f"A policy has at most {LONGEST_POLICY:,} characters; this one has {len(policy):,}.")
    kept = [rule for rule in map(_rule, rules) if rule["text"] or rule["example"]]
    ids = [rule["id"] for rule in kept]
    if twice := sorted({id for id in ids if ids.count(id) > 1}):
        raise ConfigProblem(f"Two rules are called {twice[0]}. Give one of them a number of its own.")
    if len(kept) > MOST_RULES:
        raise ConfigProblem(f"A version has at most {MOST_RULES} rules; this one has {len(kept)}.")
    return Content(policy, kept, _open(allowed))


def _rule(rule: dict[str, Any]) -> dict[str, str]:
    cleaned = {field: _clean(str(rule.get(field, ""))) for field in config_text.Rule._fields}
    if not RULE_ID.fullmatch(cleaned["id"]):
        raise ConfigProblem(
            f"{cleaned['id'][:20] or 'A rule without a number'} is no rule number; use r1, r2 and so on."
        )
    if cleaned["kind"] not in config_text.RULE_WORDS:
        raise ConfigProblem(f"Choose for {cleaned['id']} one of {', '.join(config_text.RULE_WORDS)}.")
    if max(len(cleaned["text"]), len(cleaned["example"])) > LONGEST_RULE:
        raise ConfigProblem(f"Rule {cleaned['id']} is too long: at most {LONGEST_RULE:,} characters.")
    return cleaned


def _open(allowed: Iterable[str]) -> list[str]:
    wanted, openable = set(allowed), [row.slug for row in taxonomy.categories() if row.can_be_allowed]
    if wrong := sorted(wanted - set(openable)):
        raise ConfigProblem(f"No config can open {wrong[0][:40]!r}.")
    return [slug for slug in openable if slug in wanted]


def _clean(text: str) -> str:
    return storable(text).replace("\r\n", "\n").replace("\r", "\n").strip()


def next_rule(config: SafetyConfig | None) -> int:
    """The number for the next new rule: above every number any version of the config ever used."""
    used = [rule["id"] for rules in config.versions.values_list("rules", flat=True) for rule in rules] if config else []
    return max((int(id[1:]) for id in used if RULE_ID.fullmatch(id)), default=0) + 1


@transaction.atomic
def create(*, organisation: Organisation, about: dict[str, str], content: Content, actor: User) -> ConfigVersion:
    """Version 1, a draft, of a new config. Raises ConfigProblem when there is no title."""
    about = _about(about)
    config = SafetyConfig.objects.create(
        organisation=organisation, slug=_free_slug(organisation, about["title"]), created_by=actor, **about
    )
    audit.record(actor=actor, action="create", obj=config, after=about)
    return _draft(config, 1, content, actor, base=None)


def _free_slug(organisation: Organisation, title: str) -> str:
    stem = slugify(title)[:40] or "config"
    taken = set(organisation.configs.filter(slug__startswith=stem).values_list("slug", flat=True))
    return next(
        slug for slug in [stem, *(f"{stem}-{number}" for number in range(2, len(taken) + 3))] if slug not in taken
    )


def _about(about: dict[str, str]) -> dict[str, str]:
    cleaned = {field: _clean(about.get(field, "")) for field in ABOUT}
    if not cleaned["title"]:
        raise ConfigProblem("Give the config a title.")
    if len(cleaned["title"]) > 300:
        raise ConfigProblem(f"A title has at most 300 characters; this one has {len(cleaned['title'])}.")
    cleaned["language"] = cleaned["language"][:35] or "en"
    return cleaned


def _draft(
    config: SafetyConfig, number: int, content: Content, actor: User | None, base: ConfigVersion | None
) -> ConfigVersion:
    version = ConfigVersion.objects.create(
        config=config, number=number, digest=content.digest, created_by=actor, base=base, **content._asdict()
    )
    if actor:
        version.authors.add(actor)
    return version


def content_of(version: ConfigVersion) -> Content:
    """What the version says."""
    return Content(version.policy, version.rules, version.allowed)


@transaction.atomic
def draft_of(*, config: SafetyConfig, actor: User) -> ConfigVersion:
    """The config's draft; when there is none, a new one that says what the newest version says."""
    _hold(config)
    newest = config.versions.order_by("-number").first()
    draft = config.versions.filter(state=DRAFT).first()
    if draft or newest is None:
        return draft or _draft(config, 1, Content("", [], []), actor, base=None)
    return _draft(config, newest.number + 1, content_of(newest), actor, base=newest)


@transaction.atomic
def save(*, draft: ConfigVersion, revision: int, about: dict[str, str], content: Content, actor: User) -> ConfigVersion:
    """The draft with this content. A draft that was tested is set aside, and the next version goes on as the draft.

    `revision` is the one the person began from. What is saved already is saved again without harm.
    Raises Conflict when somebody else saved meanwhile, ConfigProblem when it is no draft any more.
    """
    about = _about(about)
    _hold(draft.config)
    draft.refresh_from_db()
    if draft.state != DRAFT:
        raise Conflict(f"v{draft.number} is {draft.state_word} and never changes. Reload to go on from it.")
    if content.digest != draft.digest:
        if draft.revision != revision:
            raise Conflict("Somebody else, or another window of yours, saved this draft meanwhile.")
        draft = _changed(draft, content, actor)
    _keep_about(draft.config, about, actor)
    return draft


def _changed(draft: ConfigVersion, content: Content, actor: User) -> ConfigVersion:
    if draft.frozen_at is not None:
        ConfigVersion.objects.filter(pk=draft.pk, state=DRAFT).update(state=SET_ASIDE)
        number = (draft.config.versions.aggregate(last=Max("number"))["last"] or 0) + 1
        return _draft(draft.config, number, content, actor, base=draft)
    fields = content._asdict() | {
        "digest": content.digest,
        "revision": draft.revision + 1,
        "updated_at": timezone.now(),
    }
    if not ConfigVersion.objects.filter(pk=draft.pk, state=DRAFT, frozen_at=None).update(**fields):
        raise Conflict("A run began to test this draft at this moment. Save again to go on as the next version.")
    draft.authors.add(actor)
    draft.refresh_from_db()
    return draft


def _keep_about(config: SafetyConfig, about: dict[str, str], actor: User) -> None:
    before = {field: getattr(config, field) for field in ABOUT if getattr(config, field) != about[field]}
    if before:
        SafetyConfig.objects.filter(pk=config.pk).update(**about)
        config.refresh_from_db()
        audit.record(
            actor=actor, action="describe", obj=config, before=before, after={name: about[name] for name in before}
        )


@transaction.atomic
def restore(*, version: ConfigVersion, actor: User) -> ConfigVersion:
    """A new draft that says what an older version says; a draft that was there is set aside, not lost."""
    _hold(version.config)
    version.config.versions.filter(state=DRAFT).update(state=SET_ASIDE)
    number = (version.config.versions.aggregate(last=Max("number"))["last"] or 0) + 1
    draft = _draft(version.config, number, content_of(version), actor, base=version)
    audit.record(actor=actor, action="restore", obj=draft, after={"from": version.number, "number": number})
    return draft


@transaction.atomic
def submit(*, draft: ConfigVersion, note: str, actor: User) -> ConfigVersion:
    """The version, waiting for a review and never changing again.

    Raises ConfigProblem when it is empty, no draft any more, the same as an approved version, or another one waits.
    """
    if not draft.policy and not draft.rules:
        raise ConfigProblem("The version is empty. Write a policy or a rule, then hand it in.")
    same = draft.config.versions.filter(digest=draft.digest, state="approved").first()
    if same:
        raise ConfigProblem(f"This says word for word what v{same.number} says, and that is approved. Change it first.")
    fields = {"state": SUBMITTED, "submitted_at": timezone.now(), "submitted_by": actor, "note": _clean(note)}
    try:
        with transaction.atomic():
            moved = ConfigVersion.objects.filter(pk=draft.pk, state=DRAFT, revision=draft.revision).update(**fields)
    except IntegrityError as waiting:
        raise ConfigProblem("An earlier version still waits for its review. Withdraw it first, or wait.") from waiting
    if not moved:
        raise Conflict("The draft changed or was handed in meanwhile. Reload to see it.")
    _moved(draft, "submit", DRAFT, actor)
    return draft


@transaction.atomic
def withdraw(*, version: ConfigVersion, actor: User) -> ConfigVersion:
    """The version, set aside before anybody decided. Raises ConfigProblem when somebody was faster."""
    if not ConfigVersion.objects.filter(pk=version.pk, state=SUBMITTED).update(state=SET_ASIDE):
        version.refresh_from_db()
        raise Conflict(f"v{version.number} is {version.state_word} already: somebody was faster.")
    _moved(version, "withdraw", SUBMITTED, actor)
    return version


def _moved(version: ConfigVersion, action: str, before: str, actor: User) -> None:
    version.refresh_from_db()
    after = {"state": version.state, "number": version.number, "digest": version.digest}
    audit.record(actor=actor, action=action, obj=version, before={"state": before}, after=after)


def _hold(config: SafetyConfig) -> None:
    """Nothing; until the transaction ends nobody else numbers versions of this config."""
    SafetyConfig.objects.select_for_update().get(pk=config.pk)
