"""Deployments: approved versions that are put at an address, exchanged while they are served, and retired."""

import re
from types import MappingProxyType
from typing import Any, NamedTuple

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext

from annotations.core.config_text import digest
from annotations.core.storable import storable
from annotations.models import Candidate, ConfigVersion, LanguageModel, Organisation, User
from annotations.models.configs import APPROVED
from annotations.services import audit, demonstrations, floor
from annotations.services.demonstrations import DemonstrationProblem
from training import strategies
from training.engines import starts
from training.models import Deployment
from training.models.serving import APPEND, CLIENT_SYSTEM
from training.services import places, runs, shots
from training.services.deploy import fitting
from training.services.shots import ShotsProblem

USABLE = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
NO_SERVER = frozenset({"echo", "elsewhere"})
"""Engines that no HTTP server stands behind."""
LONGEST_NOTE = 2000

UNUSABLE = "A name has 1 to 63 small letters, digits, hyphens and underscores, and begins with a letter or a digit."
FASTER = "Somebody was faster: this deployment was {what} meanwhile. Look at it as it is now, then decide again."
AWAY = (
    "The weights of {model} lie on {node}, where this server cannot ask them. Serve them there at an address and write "
    "it on the model's page, or run the gateway on that node."
)
TOO_LONG = (
    "No call would be answered: what {model} reads at least ({told:,}) and the longest answer ({answer:,}) are about "
    "{tokens:,} tokens, an estimate, and its context has {context:,}. {todo}"
)


class DeploymentProblem(ValueError):
    """Why nothing was put in service or changed, and what to do. `field` is the field it is about, or empty."""

    def __init__(self, sentence: str, field: str = ""):
        super().__init__(sentence)
        self.field = field


class DeploymentChanged(DeploymentProblem):
    """Somebody else changed or retired the deployment after the person had opened it."""


class Wanted(NamedTuple):
    """A candidate by its parts; without `max_tokens` the longest answer of the model itself."""

    model: LanguageModel
    strategy: str = "plain"
    settings: strategies.Settings = MappingProxyType({})
    temperature: float = 0.0
    top_p: float = 1.0
    max_tokens: int | None = None
    seed: int = 0


@transaction.atomic
def create(
    *,
    slug: str,
    version: ConfigVersion,
    candidate: Candidate | Wanted,
    actor: User | None,
    client_system: str = APPEND,
    note: str = "",
) -> Deployment:
    """The deployment of an approved version, in the version's organisation; clients reach it from now on.

    Raises DeploymentProblem for a version that is not approved (any more), a name that is taken or unusable, and a
    candidate that cannot be served, or whose shortest call is longer than the model's context.
    """
    home = Organisation.objects.select_for_update(no_key=True).get(configs=version.config_id)
    held = _approved(version)
    _refuse_slug(slug, home)
    row = Deployment(organisation=home, slug=slug, created_by=actor, note=_note(note))
    row.changed_at = row.created_at
    _answer_by(row, held, candidate, actor)
    row.client_system = _known(client_system)
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as taken:
        raise DeploymentProblem(_taken(slug), "slug") from taken
    audit.record(actor=actor, action="create", obj=row, after=_facts(row))
    return row


@transaction.atomic
def switch(
    *,
    deployment: Deployment,
    version: ConfigVersion,
    candidate: Candidate | Wanted,
    seen: str,
    actor: User | None,
    client_system: str | None = None,
    note: str | None = None,
) -> Deployment:
    """The deployment with another version of its config, another candidate, or both; address and keys stay.

    `seen` is the `stamp` the person had open; what is None stays. Demonstrations are chosen anew. Raises
    DeploymentChanged when somebody else was there meanwhile, and DeploymentProblem as `create` does, for a version of
    another config, and when nothing would be another.
    """
    row = _held(deployment, seen)
    if version.config_id != row.version.config_id:
        said = gettext("That is a version of another config. Make a deployment of its own for it.")
        raise DeploymentProblem(said, "version")
    before = _everything(row)
    _answer_by(row, _approved(version), candidate, actor)
    row.client_system = row.client_system if client_system is None else _known(client_system)
    row.note = row.note if note is None else _note(note)
    if _everything(row) == before:
        raise DeploymentProblem(gettext("Nothing would be another than it is now, so nothing was switched."))
    row.changed_at = timezone.now()
    row.save(update_fields=["version", "candidate", "shown", "client_system", "note", "changed_at"])
    audit.record(actor=actor, action="switch", obj=row, before=before["facts"], after=_facts(row))
    return row


@transaction.atomic
def retire(*, deployment: Deployment, actor: User | None) -> None:
    """Nothing; its address answers nobody from now on. Raises DeploymentChanged when it is retired already."""
    now = {"retired_at": timezone.now(), "retired_by": actor}
    if not Deployment.objects.filter(pk=deployment.pk, retired_at=None).update(**now):
        raise DeploymentChanged(FASTER.format(what="retired"))
    audit.record(
        actor=actor, action="retire", obj=deployment, before={"slug": deployment.slug}, after={"retired": True}
    )


def stamp(deployment: Deployment) -> str:
    """What stands for a deployment as it is now: another one after every switch."""
    return deployment.changed_at.isoformat()


def unservable(model: LanguageModel) -> str:
    """Why no deployment can be answered by the model, in words; "" when it can."""
    if model.archived_at is not None:
        return f"{model} is archived. Choose another model."
    http = model.base_url.startswith(("http://", "https://"))
    if model.engine in NO_SERVER or not (http or (not model.base_url and starts(model.engine))):
        return f"No HTTP server stands behind {model}, so clients cannot be answered by it. Choose another model."
    return AWAY.format(model=model, node=model.node) if places.away(model) else ""


def _held(deployment: Deployment, seen: str) -> Deployment:
    """The row as it is now, held until the transaction ends. Raises DeploymentChanged when it was another then."""
    held = Deployment.objects.select_for_update(of=("self",), no_key=True)
    row = held.select_related("version").get(pk=deployment.pk)
    if row.retired_at is not None:
        raise DeploymentChanged(FASTER.format(what="retired"))
    if stamp(row) != seen:
        raise DeploymentChanged(FASTER.format(what="switched"))
    return row


def _approved(version: ConfigVersion) -> ConfigVersion:
    """The version, held until the transaction ends, so that nobody retires it under our hands."""
    held = ConfigVersion.objects.select_for_update(of=("self",), no_key=True).select_related("config__organisation")
    row = held.get(pk=version.pk)
    if row.state != APPROVED:
        said = f"v{row.number} of “{row.config}” is {row.state_word}; only an approved version is served."
        raise DeploymentProblem(
            gettext("%(said)s Choose an approved one, or ask for a review.") % {"said": said}, "version"
        )
    if row.config.archived_at is not None:
        raise DeploymentProblem(
            gettext("“%(config)s” is archived, and no version of it is served.") % {"config": row.config}, "version"
        )
    return row


def _refuse_slug(slug: str, home: Organisation) -> None:
    if not USABLE.fullmatch(slug):
        raise DeploymentProblem(UNUSABLE, "slug")
    if Deployment.objects.filter(organisation=home, slug=slug, retired_at=None).exists():
        raise DeploymentProblem(_taken(slug), "slug")


def _taken(slug: str) -> str:
    return f"The organisation already serves something as {slug}. Choose another name, or retire that one first."


def _known(client_system: str) -> str:
    if client_system not in CLIENT_SYSTEM:
        raise DeploymentProblem(gettext("Choose what becomes of a client's own system message: append or refuse."))
    return client_system


def _note(note: str) -> str:
    clean = storable(note).strip()
    if len(clean) > LONGEST_NOTE:
        raise DeploymentProblem(
            gettext("A note has at most %(longest_note)s characters; this one has %(clean)s.")
            % {"longest_note": f"{LONGEST_NOTE:,}", "clean": f"{len(clean):,}"},
            "note",
        )
    return clean


def _servable(candidate: Candidate | Wanted) -> Candidate:
    """The row of the candidate. Raises DeploymentProblem when it cannot answer clients."""
    # The model is read anew: it may have been archived since the person chose it
    model = LanguageModel.objects.get(pk=candidate.model.pk)
    if told := unservable(model):
        raise DeploymentProblem(told, "model")
    if candidate.strategy in strategies.controls():
        said = f"“{strategies.label(candidate.strategy)}” is for comparing runs; nobody can be served with it."
        raise DeploymentProblem(gettext("%(said)s Choose another strategy.") % {"said": said}, "strategy")
    most = candidate.max_tokens or model.max_tokens
    if most > model.max_tokens:
        said = f"{model} answers with at most {model.max_tokens:,} tokens; these are {most:,}."
        raise DeploymentProblem(
            gettext("%(said)s Allow fewer, or raise it on the model's page.") % {"said": said}, "max_tokens"
        )
    return candidate if isinstance(candidate, Candidate) else _row(candidate, most)


def _answer_by(row: Deployment, version: ConfigVersion, candidate: Candidate | Wanted, actor: User | None) -> None:
    """Nothing; the row has version, candidate and what is shown. Raises DeploymentProblem where no call would fit."""
    row.version, row.candidate = version, _servable(candidate)
    row.shown = _shown(version, row.candidate, actor)
    need = fitting.need(row, floor.in_force())
    if need and need.too_long:
        said = {"told": need.told, "answer": need.answer, "context": need.context}
        raise DeploymentProblem(TOO_LONG.format(model=row.candidate.model, tokens=need.tokens, todo=need.todo, **said))


def _row(wanted: Wanted, most: int) -> Candidate:
    try:
        return runs.candidate(**wanted._replace(max_tokens=most)._asdict())
    except runs.RunProblem as problem:
        raise DeploymentProblem(str(problem)) from problem


def _shown(version: ConfigVersion, candidate: Candidate, actor: User | None) -> list[dict[str, str]]:
    """The demonstrations its strategy shows, kept so that a later edit changes no answer; none for most strategies."""
    strategy = strategies.load(candidate.strategy)
    if not strategy.shows:
        return []
    number, source = shots.wanted(strategy, candidate.settings)
    try:
        shots.refuse_set(actor, source)
        return demonstrations.chosen(version, number, source, candidate.seed)
    except (DemonstrationProblem, ShotsProblem) as problem:
        raise DeploymentProblem(str(problem), "strategy") from problem


def _everything(row: Deployment) -> dict[str, Any]:
    """What a switch can change, as it is now."""
    return {"facts": _facts(row), "shown": list(row.shown), "note": row.note}


def _facts(row: Deployment) -> dict[str, Any]:
    """What the record of decisions keeps; of demonstrations how many, and their digest."""
    shown = {"shown": len(row.shown), "shown_digest": digest(str(row.shown))[:16]} if row.shown else {}
    return shown | {
        "slug": row.slug,
        "version": row.version_id,
        "number": row.version.number,
        "candidate": row.candidate_id,
        "client_system": row.client_system,
    }
