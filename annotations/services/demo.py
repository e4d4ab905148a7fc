"""The demo world: fictional organisations, their configs and prompts, and people to log in as."""

import tomllib
from typing import Any, NamedTuple

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from annotations.core import config_text, folder
from annotations.models import (
    Benchmark,
    ConfigVersion,
    Demonstration,
    FloorVersion,
    Membership,
    Organisation,
    Prompt,
    Review,
    SafetyConfig,
    User,
)
from annotations.models.configs import APPROVED, SUBMITTED
from annotations.models.floor import PUBLISHED
from annotations.models.people import ADMIN, ANNOTATOR, EXPERT, LEAD, REVIEWER
from annotations.models.reviews import APPROVE
from annotations.services.configs import version_digest

DATA, SHOWN = "annotations.data.benchmarks", "annotations.data.demonstrations"
BENCHMARK = "demo-five-organisations"
PASSWORD = "northlight-demo"  # noqa: S105  the demo's published password, refused outside the demo
PROVIDER = ("northlight", "Northlight AI", "The provider: it trains the model, reviews configs and serves them.")
STRANGERS = ("brackwater", "Brackwater Media", "A customer with nothing in common with the others.")


class Person(NamedTuple):
    """A demo log-in: user name, full name, what the person does, and role by organisation group."""

    username: str
    first_name: str
    last_name: str
    who: str
    provider_roles: tuple[str, ...] = ()
    customer_roles: tuple[str, ...] = ()
    stranger_roles: tuple[str, ...] = ()


PEOPLE = (
    Person("ada", "Ada", "Lindqvist", _("expert of the five organisations"), (EXPERT, LEAD), (EXPERT, LEAD)),
    Person("lea", "Lea", "Haddad", _("lead of the five organisations"), (LEAD,), (LEAD,)),
    Person("omar", "Omar", "Castellanos", _("expert of the five organisations"), (EXPERT,), (EXPERT,)),
    Person("bob", "Bob", "Okafor", _("reviewer at the provider"), (REVIEWER,)),
    Person("carol", "Carol", "Mensah", _("annotator"), (ANNOTATOR,)),
    Person("dan", "Dan", "Petrov", _("annotator"), (ANNOTATOR,)),
    Person("grace", "Grace", "Tanaka", _("admin: people, models and runs"), (ADMIN,)),
    Person("mallory", "Mallory", "Quist", _("expert of another organisation"), (), (), (EXPERT,)),
)


@transaction.atomic
def load() -> Benchmark:
    """The demo benchmark, with everything round it. Called again it finds its rows by name and doubles none."""
    provider, strangers = _organisation(*PROVIDER), _organisation(*STRANGERS)
    files = [tomllib.loads(folder.text(DATA, f"{name}.toml")) for name in folder.names(DATA, ".toml")]
    customers = [_organisation(**data["organisation"]) for data in files]
    for person in PEOPLE:
        _person(person, provider, customers, strangers)
    ada = User.objects.get(username="ada")
    _floor(User.objects.get(username="grace"))
    benchmark, _ = Benchmark.objects.get_or_create(
        slug=BENCHMARK,
        defaults={
            "organisation": provider,
            "title": "Five organisations (demo)",
            "about": "Forty prompts for each of five fictional organisations: ten of every kind.",
            "licence": "CC-BY-4.0",
            "created_by": ada,
        },
    )
    for organisation, data in zip(customers, files, strict=True):
        config = _config(organisation, ada, data["config"], data["rules"])
        _prompts(benchmark, config, data["prompts"])
        _demonstrations(config, ada)
        _proposal(config, ada, data["rules"], data.get("proposal"))
    return benchmark


def _floor(admin: User) -> None:
    text = tomllib.loads(folder.text("annotations.data", "floor.toml"))["text"].strip()
    if not FloorVersion.objects.exists():
        FloorVersion.objects.create(
            number=1,
            state=PUBLISHED,
            text=text,
            note="The first floor.",
            digest=config_text.digest(text),
            created_by=admin,
            published_by=admin,
            published_at=timezone.now(),
        )


def _organisation(slug: str, name: str, about: str) -> Organisation:
    return Organisation.objects.get_or_create(slug=slug, defaults={"name": name, "about": about})[0]


def _person(person: Person, provider: Organisation, customers: list[Organisation], strangers: Organisation) -> None:
    user, made = User.objects.get_or_create(
        username=person.username, defaults={"first_name": person.first_name, "last_name": person.last_name}
    )
    if made:
        user.set_password(PASSWORD)
        user.save(update_fields=["password"])
    wanted = [(provider, role) for role in person.provider_roles]
    wanted += [(customer, role) for customer in customers for role in person.customer_roles]
    wanted += [(strangers, role) for role in person.stranger_roles]
    Membership.objects.bulk_create(
        [Membership(user=user, organisation=organisation, role=role) for organisation, role in wanted],
        ignore_conflicts=True,
    )


def _config(
    organisation: Organisation, author: User, config: dict[str, Any], rules: list[dict[str, str]]
) -> SafetyConfig:
    made, _created = SafetyConfig.objects.get_or_create(
        organisation=organisation,
        slug=config["slug"],
        defaults={key: config[key] for key in ("title", "use_case", "audience", "language")} | {"created_by": author},
    )
    policy = config["policy"].strip()
    _version(made, 1, author, (policy, rules, config["allowed"]), state=APPROVED, decided_at=timezone.now())
    Review.objects.get_or_create(
        version=made.versions.get(number=1),
        reviewer=User.objects.get(username="bob"),
        defaults={"decision": APPROVE, "without_evidence": "It comes with the demo, before any run."},
    )
    return made


def _proposal(config: SafetyConfig, author: User, rules: list[dict[str, str]], proposal: dict[str, Any] | None) -> None:
    if proposal is None:
        return
    first = config.versions.get(number=1)
    merged = list(({rule["id"]: rule for rule in rules} | {rule["id"]: rule for rule in proposal["rules"]}).values())
    content = first.policy, merged, first.allowed
    _version(config, 2, author, content, state=SUBMITTED, base=first, note=proposal["note"])


def _version(
    config: SafetyConfig, number: int, author: User, content: tuple[str, list[dict[str, str]], list[str]], **fields: Any
) -> None:
    policy, rules, allowed = content
    texts = {"policy": policy, "rules": rules, "allowed": allowed, "digest": version_digest(*content)}
    people = {"created_by": author, "submitted_by": author, "submitted_at": timezone.now()}
    version, made = ConfigVersion.objects.get_or_create(config=config, number=number, defaults=texts | people | fields)
    if made:
        version.authors.add(author)


def _prompts(benchmark: Benchmark, config: SafetyConfig, prompts: list[dict[str, Any]]) -> None:
    if Prompt.objects.filter(benchmark=benchmark, config=config).exists():
        return
    start = Prompt.objects.filter(benchmark=benchmark).count()
    Prompt.objects.bulk_create(
        Prompt(
            benchmark=benchmark, config=config, position=position, digest=config_text.digest(prompt["text"]), **prompt
        )
        for position, prompt in enumerate(prompts, start=start + 1)
    )


def _demonstrations(config: SafetyConfig, author: User) -> None:
    if config.demonstrations.exists():
        return
    rows = tomllib.loads(folder.text(SHOWN, f"{config.slug}.toml"))["demonstrations"]
    Demonstration.objects.bulk_create(
        Demonstration(config=config, position=position, created_by=author, **row)
        for position, row in enumerate(rows, start=1)
    )
