"""Configs being written in tests: drafts, whole forms of the editor, and what the service makes of them."""

from django.urls import reverse
from django.utils import timezone

from annotations.models import ConfigVersion
from annotations.services import configs
from tests.factories import make_organisation, make_person, make_version

ABOUT = {"title": "Game", "use_case": "Scenes", "audience": "Adults", "language": "en"}
JSON = {"Accept": "application/json"}


def url(name, *place):
    return reverse(f"annotations:{name}", args=place)


def make_draft(config=None, **fields):
    return make_version(config, state="draft", **fields)


def typed(draft, **fields):
    """The whole form of the editor, as the page sends it."""
    config = draft.config
    rules = fields.pop("rules", draft.rules)
    columns = {f"rule-{name}": [rule[name] for rule in rules] for name in ("id", "kind", "text", "example")}
    about = {name: getattr(config, name) for name in configs.ABOUT}
    values = about | {"policy": draft.policy, "allowed": draft.allowed} | columns
    return values | {"number": draft.number, "revision": draft.revision} | fields


def save(client, draft, headers=JSON, **fields):
    return client.post(url("config-save", draft.config_id), typed(draft, **fields), headers=headers)


def rule_of(id, text):
    return {"id": id, "kind": "allow", "text": text, "example": ""}


def rule(number=1, text="No real people.", **fields):
    return {"id": f"r{number}", "kind": "disallow", "text": text, "example": ""} | fields


def said(policy="Be helpful.", rules=(), allowed=()):
    return configs.content(policy, list(rules), list(allowed))


def begun(policy="Be helpful.", rules=(), actor="ada"):
    """The draft of a new config."""
    about = dict(ABOUT)
    return configs.create(
        organisation=make_organisation(), about=about, content=said(policy, rules), actor=make_person(actor)
    )


def saved(draft, content=None, actor="ada", revision=None, **about):
    revision = draft.revision if revision is None else revision
    content = content or configs.content_of(draft)
    return configs.save(draft=draft, revision=revision, about=ABOUT | about, content=content, actor=make_person(actor))


def frozen(draft):
    """The draft as a run leaves it."""
    ConfigVersion.objects.filter(pk=draft.pk).update(frozen_at=timezone.now())
    draft.refresh_from_db()
    return draft


def submitted(draft, actor="ada", note=""):
    return configs.submit(draft=draft, note=note, actor=make_person(actor))
