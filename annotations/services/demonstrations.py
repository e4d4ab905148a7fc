"""Demonstrations of a config: written, changed, put in order, taken out; and what a run keeps of them."""

from typing import NamedTuple

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from annotations.core.config_text import digest
from annotations.core.storable import tidy
from annotations.core.taxonomy import KINDS
from annotations.models import ConfigVersion, Demonstration, PreferenceSet, SafetyConfig, User
from annotations.queries import demonstrations as queries
from annotations.services import audit, preferences

LONGEST = 20_000
MOST = 50
GONE = "Somebody was faster: this demonstration was taken out."
CHANGED = "Somebody else changed this demonstration meanwhile. Saving once more puts yours over theirs."


class DemonstrationProblem(ValueError):
    """Why a demonstration cannot be kept or shown, and what to do. `field` is the field it is about, or empty."""

    def __init__(self, sentence: str, field: str = ""):
        super().__init__(sentence)
        self.field = field


class DemonstrationChanged(DemonstrationProblem):
    """Somebody else changed the demonstration, or took it out, after the person had opened it."""


class Content(NamedTuple):
    """What a person writes: the kind of the prompt under the config, the prompt, the answer it should get."""

    kind: str
    prompt: str
    response: str


@transaction.atomic
def add(*, config: SafetyConfig, content: Content, actor: User) -> Demonstration:
    """The new demonstration, the last one of its config. Raises DemonstrationProblem."""
    _hold(config)
    there = list(queries.current(config))
    clean = _checked(content, there)
    if len(there) >= MOST:
        raise DemonstrationProblem(
            gettext("A config has at most %(most)s demonstrations. Take one out first.") % {"most": MOST}
        )
    last = there[-1].position if there else 0
    made = Demonstration.objects.create(config=config, position=last + 1, created_by=actor, **clean._asdict())
    audit.record(actor=actor, action="create", obj=made, after=_facts(made))
    return made


@transaction.atomic
def revise(*, demonstration: Demonstration, content: Content, actor: User, seen: str | None = None) -> Demonstration:
    """The demonstration as it now stands; runs keep what they showed. `seen` is the `stamp` the person had open.

    Raises DemonstrationProblem, and DemonstrationChanged when somebody else was there meanwhile.
    """
    _hold(demonstration.config)
    row = _there(demonstration)
    if seen not in (None, stamp(row)):
        raise DemonstrationChanged(CHANGED)
    clean = _checked(content, [each for each in queries.current(row.config) if each.pk != row.pk])
    before = _facts(row)
    row.kind, row.prompt, row.response = clean
    if _facts(row) != before:
        row.save(update_fields=["kind", "prompt", "response"])
        audit.record(actor=actor, action="edit", obj=row, before=before, after=_facts(row))
    return row


@transaction.atomic
def move(*, demonstration: Demonstration, up: bool, actor: User) -> None:
    """Nothing; it stands one place earlier (`up`) or later; the first and the last one stay. Raises when it is gone."""
    _hold(demonstration.config)
    row = _there(demonstration)
    order = list(queries.current(row.config))
    old = next(place for place, each in enumerate(order) if each.pk == row.pk)
    new = old - 1 if up else old + 1
    if not 0 <= new < len(order):
        return
    order.insert(new, order.pop(old))
    for position, each in enumerate(order, start=1):
        Demonstration.objects.filter(pk=each.pk).exclude(position=position).update(position=position)
    audit.record(actor=actor, action="move", obj=row, before={"place": old + 1}, after={"place": new + 1})


@transaction.atomic
def take_out(*, demonstration: Demonstration, actor: User) -> None:
    """Nothing; it is shown to no model any more. Runs keep what they showed. Raises DemonstrationChanged when gone."""
    now = {"archived_at": timezone.now()}
    if not Demonstration.objects.filter(pk=demonstration.pk, archived_at=None).update(**now):
        raise DemonstrationChanged(GONE)
    audit.record(actor=actor, action="take_out", obj=demonstration, after={"archived": True})


def stamp(demonstration: Demonstration) -> str:
    """What stands for a demonstration as it is now: another one after every change of its texts or kind."""
    return digest("\n".join([demonstration.kind, demonstration.prompt, demonstration.response]))


def chosen(version: ConfigVersion, k: int, source: int, seed: int) -> list[queries.Row]:
    """What a run keeps to show under the version: rows of kind, prompt, response.

    With `source` 0 the first `k` that were written for its config, in their order, fewer where there are fewer.
    Otherwise the pool of the preference set of that number, from which each prompt draws its own `k`; the seed decides
    which pairs of a large set are in it. Raises DemonstrationProblem when there is none.
    """
    return _drawn(version, source, seed) if source else _written(version, k)


def _written(version: ConfigVersion, k: int) -> list[queries.Row]:
    found = queries.current(version.config)[:k]
    if not found:
        raise DemonstrationProblem(
            gettext("“%(config)s” has no demonstrations yet. Write some on the config's page.")
            % {"config": version.config}
        )
    return [{"kind": each.kind, "prompt": each.prompt, "response": each.response} for each in found]


def _drawn(version: ConfigVersion, source: int, seed: int) -> list[queries.Row]:
    row = PreferenceSet.objects.filter(pk=source, archived_at=None).exclude(sha256="").first()
    if row is None:
        raise DemonstrationProblem(
            gettext("There is no preference set %(source)s to draw demonstrations from.") % {"source": source}
        )
    if not preferences.path(row).is_file():
        raise DemonstrationProblem(
            gettext("The file of preference set %(source)s is gone. Bring its files in again.") % {"source": source}
        )
    found = queries.pool(row, frozenset(version.allowed), seed)
    if not found:
        said = f"Preference set {source} has no pair whose config allows just what “{version.config}” allows."
        raise DemonstrationProblem(gettext("%(said)s Choose another set, or written demonstrations.") % {"said": said})
    return found


def _hold(config: SafetyConfig) -> None:
    """Nothing; whoever adds, changes or moves a demonstration holds its config's row until the end."""
    SafetyConfig.objects.select_for_update(no_key=True).get(pk=config.pk)


def _there(demonstration: Demonstration) -> Demonstration:
    row = Demonstration.objects.filter(pk=demonstration.pk, archived_at=None).select_related("config").first()
    if row is None:
        raise DemonstrationChanged(GONE)
    return row


def _checked(content: Content, others: list[Demonstration]) -> Content:
    """The content as it is stored. Raises DemonstrationProblem."""
    clean = Content(content.kind, tidy(content.prompt), tidy(content.response))
    if clean.kind not in KINDS:
        raise DemonstrationProblem(
            gettext("Choose the kind of the prompt: %(kinds)s.") % {"kinds": ", ".join(KINDS)}, "kind"
        )
    for name, said in (("prompt", "Write what a user would ask."), ("response", "Write the answer it should get.")):
        if not (text := getattr(clean, name)):
            raise DemonstrationProblem(said, name)
        if len(text) > LONGEST:
            raise DemonstrationProblem(
                gettext("At most %(longest)s characters; these are %(text)s.")
                % {"longest": f"{LONGEST:,}", "text": f"{len(text):,}"},
                name,
            )
    if any(each.prompt == clean.prompt for each in others):
        raise DemonstrationProblem(gettext("This prompt is among the demonstrations already."), "prompt")
    return clean


def _facts(demonstration: Demonstration) -> dict[str, object]:
    """What the record keeps: kind and place, the texts as their digests."""
    told = {name: digest(getattr(demonstration, name)) for name in ("prompt", "response")}
    return {"config": demonstration.config_id, "kind": demonstration.kind, "position": demonstration.position} | told
