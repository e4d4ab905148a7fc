"""Writing safety configs: drafts, versions, and handing one in for review."""

from collections.abc import Iterable

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext

from annotations.models import ConfigVersion, Organisation, Prompt, SafetyConfig, User
from annotations.models.configs import APPROVED, DRAFT, SET_ASIDE, SUBMITTED
from annotations.services import audit, config_content
from annotations.services.config_content import ABOUT as ABOUT
from annotations.services.config_content import RULE_ID, clean, rule_ids
from annotations.services.config_content import ConfigProblem as ConfigProblem
from annotations.services.config_content import Content as Content
from annotations.services.config_content import content as content
from annotations.services.config_content import version_digest as version_digest


class Conflict(ConfigProblem):
    """Somebody else, or another window, saved this draft meanwhile."""


def next_rule(config: SafetyConfig | None) -> int:
    """The number for the next new rule: above every number the config ever used, also those that no version holds."""
    if config is None:
        return 1
    config.refresh_from_db(fields=["last_rule"])
    used = {id for rules in config.versions.values_list("rules", flat=True) for id in rule_ids(rules)}
    used |= set(Prompt.objects.filter(config=config).exclude(rule="").values_list("rule", flat=True))
    return max([config.last_rule, *(int(id[1:]) for id in used if RULE_ID.fullmatch(id))]) + 1


@transaction.atomic
def create(
    *,
    organisation: Organisation,
    about: dict[str, str],
    content: Content,
    actor: User,
    source: ConfigVersion | None = None,
) -> ConfigVersion:
    """Version 1, a draft, of a new config. Raises ConfigProblem when there is no title.

    Who wrote in `source`, the version of another config it begins with, is an author of it: nobody approved it here.
    """
    about = config_content.about(about)
    Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
    config = SafetyConfig.objects.create(
        organisation=organisation, slug=_free_slug(organisation, about["title"]), created_by=actor, **about
    )
    audit.record(actor=actor, action="create", obj=config, after=about)
    draft = _draft(config, content, actor, base=None)
    draft.authors.add(*(source.authors.all() if source else ()))
    return draft


def _free_slug(organisation: Organisation, title: str) -> str:
    stem = slugify(title)[:40] or "config"
    taken = set(organisation.configs.filter(slug__startswith=stem).values_list("slug", flat=True))
    return next(
        slug for slug in [stem, *(f"{stem}-{number}" for number in range(2, len(taken) + 3))] if slug not in taken
    )


def _draft(config: SafetyConfig, content: Content, actor: User, base: ConfigVersion | None) -> ConfigVersion:
    number = (config.versions.aggregate(last=Max("number"))["last"] or 0) + 1
    version = ConfigVersion.objects.create(
        config=config, number=number, digest=content.digest, created_by=actor, base=base, **content._asdict()
    )
    version.authors.add(actor, *_authors_so_far(base))
    return version


def _authors_so_far(base: ConfigVersion | None) -> Iterable[User]:
    """Who wrote in what is not approved, or not any more: they stay authors of what goes on from it."""
    return [] if base is None or base.state == APPROVED else base.authors.all()


def content_of(version: ConfigVersion) -> Content:
    """What the version says."""
    return Content(version.policy, version.rules, version.allowed)


@transaction.atomic
def draft_of(*, config: SafetyConfig, actor: User) -> ConfigVersion:
    """The config's draft; when there is none, a new one that says what the newest version says.

    Raises ConfigProblem for a categorical config: what it says follows from what it allows.
    """
    _refuse_categorical(config)
    _hold(config)
    newest = config.versions.order_by("-number").first()
    draft = config.versions.filter(state=DRAFT).first()
    if draft:
        return draft
    return _draft(config, content_of(newest) if newest else Content("", [], []), actor, base=newest)


@transaction.atomic
def go_on(*, config: SafetyConfig, about: dict[str, str], content: Content, actor: User) -> ConfigVersion:
    """The next draft, with this content, of a config that has none. Raises Conflict when it has one."""
    about = config_content.about(about)
    _hold(config)
    if config.versions.filter(state=DRAFT).exists():
        raise Conflict(gettext("Somebody else, or another window of yours, began the next draft meanwhile."))
    draft = draft_of(config=config, actor=actor)
    return save(draft=draft, revision=draft.revision, about=about, content=content, actor=actor)


@transaction.atomic
def save(*, draft: ConfigVersion, revision: int, about: dict[str, str], content: Content, actor: User) -> ConfigVersion:
    """The draft with this content. A draft that was tested is set aside, and the next version goes on as the draft.

    `revision` is the one the person began from. What is saved already is saved again without harm, so that a lost
    answer can be asked for again. Raises Conflict when somebody else saved meanwhile, or it is no draft any more.
    """
    about = config_content.about(about)
    config = _hold(draft.config)
    _refuse_categorical(config)
    draft = ConfigVersion.objects.get(pk=draft.pk)
    draft.config = config
    described = {field: getattr(config, field) for field in ABOUT} == about
    if saved := _saved_already(draft, content) if described else None:
        return saved
    if draft.state != DRAFT:
        raise Conflict(
            gettext("v%(number)s is %(state_word)s and never changes. Go on from the newest version.")
            % {"number": draft.number, "state_word": draft.state_word}
        )
    if draft.revision != revision:
        raise Conflict(gettext("Somebody else, or another window of yours, saved this draft meanwhile."))
    if not described:
        _describe(config, about, actor)
    return _changed(draft, content, actor)


def _saved_already(draft: ConfigVersion, content: Content) -> ConfigVersion | None:
    """The version that says this already: the draft, or the one a tested draft went on as."""
    if draft.state != DRAFT:
        return draft.config.versions.filter(state=DRAFT, base=draft, digest=content.digest).first()
    return draft if draft.digest == content.digest else None


def _changed(draft: ConfigVersion, content: Content, actor: User) -> ConfigVersion:
    if draft.digest != content.digest and draft.frozen_at is not None:
        ConfigVersion.objects.filter(pk=draft.pk, state=DRAFT).update(state=SET_ASIDE)
        return _draft(draft.config, content, actor, base=draft)
    fields = {"revision": draft.revision + 1, "updated_at": timezone.now()}
    still = ConfigVersion.objects.filter(pk=draft.pk, state=DRAFT, revision=draft.revision)
    if draft.digest != content.digest:
        still, fields = still.filter(frozen_at=None), fields | content._asdict() | {"digest": content.digest}
    if not still.update(**fields):
        raise Conflict(
            gettext("A run began to test this draft at this moment. Save again to go on as the next version.")
        )
    if draft.digest != content.digest:
        draft.authors.add(actor)
        _keep_numbers(draft.config, draft.rules)
    draft.refresh_from_db()
    return draft


def _keep_numbers(config: SafetyConfig, rules: list[dict[str, str]]) -> None:
    """Remembers the numbers of rules that are overwritten, since perhaps no version holds them any more."""
    highest = max((int(id[1:]) for id in rule_ids(rules)), default=0)
    SafetyConfig.objects.filter(pk=config.pk, last_rule__lt=highest).update(last_rule=highest)


def _describe(config: SafetyConfig, about: dict[str, str], actor: User) -> None:
    before = {field: getattr(config, field) for field in ABOUT if getattr(config, field) != about[field]}
    SafetyConfig.objects.filter(pk=config.pk).update(**about)
    config.refresh_from_db()
    after = {field: about[field] for field in before}
    audit.record(actor=actor, action="describe", obj=config, before=before, after=after)


@transaction.atomic
def restore(*, version: ConfigVersion, actor: User) -> ConfigVersion:
    """A new draft that says what an older version says; a draft that was there is set aside, not lost.

    Raises ConfigProblem when the version is the draft itself, or the config a categorical one.
    """
    _refuse_categorical(version.config)
    _hold(version.config)
    version.refresh_from_db()
    if version.state == DRAFT:
        raise ConfigProblem(
            gettext("v%(number)s is the draft itself; there is nothing to restore.") % {"number": version.number}
        )
    version.config.versions.filter(state=DRAFT).update(state=SET_ASIDE)
    draft = _draft(version.config, content_of(version), actor, base=version)
    audit.record(actor=actor, action="restore", obj=draft, after={"from": version.number, "number": draft.number})
    return draft


@transaction.atomic
def submit(*, draft: ConfigVersion, note: str, actor: User, revision: int | None = None) -> ConfigVersion:
    """The version, waiting for a review and never changing again.

    `revision`, when given, is the one the person saw: another one is not submitted.
    Raises ConfigProblem when it is empty, no draft any more, the same as an approved version, or another one waits.
    """
    if not draft.policy and not draft.rules:
        raise ConfigProblem(gettext("The version is empty. Write a policy or a rule, then submit it."))
    same = draft.config.versions.filter(digest=draft.digest, state=APPROVED).exclude(pk=draft.pk).first()
    if same:
        raise ConfigProblem(
            gettext("This says word for word what v%(number)s says, and that is approved. Change it first.")
            % {"number": same.number}
        )
    fields = {"state": SUBMITTED, "submitted_at": timezone.now(), "submitted_by": actor, "note": _note(note)}
    seen = draft.revision if revision is None else revision
    try:
        with transaction.atomic():
            moved = ConfigVersion.objects.filter(pk=draft.pk, state=DRAFT, revision=seen).update(**fields)
    except IntegrityError as waiting:
        raise ConfigProblem(
            gettext("An earlier version still waits for its review. Withdraw it first, or wait.")
        ) from waiting
    if not moved:
        raise Conflict(gettext("The draft changed or was submitted meanwhile. Reload to see it."))
    _moved(draft, "submit", DRAFT, actor)
    return draft


def _note(note: str) -> str:
    if len(note := clean(note)) > config_content.LONGEST_ABOUT:
        most = config_content.LONGEST_ABOUT
        raise ConfigProblem(
            gettext("A note has at most %(most)s characters; this one has %(note)s.")
            % {"most": f"{most:,}", "note": f"{len(note):,}"},
            "note",
        )
    return note


@transaction.atomic
def withdraw(*, version: ConfigVersion, actor: User) -> ConfigVersion:
    """The version, set aside before anybody decided. Raises ConfigProblem when somebody was faster."""
    if not ConfigVersion.objects.filter(pk=version.pk, state=SUBMITTED).update(state=SET_ASIDE):
        version.refresh_from_db()
        state = version.state_word
        faster = f"v{version.number} is {state} already: somebody was faster."
        raise Conflict(
            gettext("v%(number)s is a draft; nobody waits for it.") % {"number": version.number}
            if version.state == DRAFT
            else faster
        )
    _moved(version, "withdraw", SUBMITTED, actor)
    return version


def _moved(version: ConfigVersion, action: str, before: str, actor: User) -> None:
    version.refresh_from_db()
    after = {"state": version.state, "number": version.number, "digest": version.digest}
    audit.record(actor=actor, action=action, obj=version, before={"state": before}, after=after)


def _refuse_categorical(config: SafetyConfig) -> None:
    if config.categorical:
        raise ConfigProblem(
            gettext("“%(config)s” says nothing but what it allows. Begin a new config with its text instead.")
            % {"config": config}
        )


def _hold(config: SafetyConfig) -> SafetyConfig:
    """The config as it is now; until the transaction ends nobody else numbers versions of it."""
    return SafetyConfig.objects.select_for_update(no_key=True).get(pk=config.pk)
