"""The containers of an organisation's server: what compose.yaml names is there, and little is open."""

import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml

from annotations.models.work import QUEUES
from cosa_web.env_names import FREE, known
from docker.try_steps import Step, needed, steps

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docker" / "compose.yaml").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
FILE: list[Step] = list(steps((ROOT / "docker" / "Dockerfile").read_text(encoding="utf-8")))
VARIABLES = dict(
    re.findall(r"^([A-Z_]+)=(.*)$", (ROOT / "docker" / ".env.example").read_text(encoding="utf-8"), re.MULTILINE)
)
NAMES = known(ROOT / ".env.example")
OURS = sorted(name for name, service in SERVICES.items() if "build" in service)
LONG = sorted(SERVICES.keys() - {"migrate"})
APP = sorted(name for name in OURS if "env_file" in SERVICES[name])
WITHOUT_TORCH = ("web", "gateway", "worker-cpu", "proxy")


def filled(text: str) -> str:
    """A text of compose.yaml with what docker/.env.example has for its variables."""
    return re.sub(r"\$\{([A-Z_]+)(?::?[-?][^}]*)?\}", lambda found: VARIABLES[found[1]], text)


def target(service: str) -> str:
    return SERVICES[service]["build"]["target"]


def last(word: str, stage: str) -> str:
    """The last such instruction that holds in the image of the stage; empty without any."""
    stages = needed(FILE, stage)
    return next((step.rest for step in reversed(FILE) if step.word == word and step.stage in stages), "")


def seconds(text: str) -> int:
    return int(text.removesuffix("s"))


def command(service: str) -> list[str]:
    return SERVICES[service].get("command") or yaml.safe_load(last("CMD", target(service)))


def test_services_are_those_of_the_documents():
    assert set(SERVICES) == {
        *("proxy", "web", "gateway", "worker-cpu", "worker-gpu", "beat", "migrate", "postgres", "broker", "vllm")
    }


@pytest.mark.parametrize("name", SERVICES)
def test_every_setting_of_a_service_is_one(name):
    told = [one for one in SERVICES[name].get("environment", {}) if one.startswith("COSA_")]
    assert [one for one in told if one.removesuffix("_FILE") not in NAMES] == []


def test_every_setting_of_an_image_is_one():
    told = {name for step in FILE if step.word in {"ENV", "RUN"} for name in re.findall(r"(COSA_\w+)=", step.rest)}
    assert told and told <= NAMES


def test_variables_are_those_of_the_example():
    asked = set(re.findall(r"\$\{([A-Z_]+)", TEXT)) | {"COMPOSE_PROJECT_NAME", "COMPOSE_PROFILES"}
    assert asked == VARIABLES.keys()


@pytest.mark.parametrize("kind", ["volumes", "networks", "secrets"])
def test_what_services_share_is_defined_and_what_is_defined_is_used(kind):
    named = {str(one).split(":")[0] for service in SERVICES.values() for one in service.get(kind, [])}
    assert named == COMPOSE[kind].keys()


def test_a_service_waits_for_services_that_can_say_when_they_are_ready():
    for service in SERVICES.values():
        for other, when in service.get("depends_on", {}).items():
            ends = when["condition"] == "service_completed_successfully"
            assert ends == (other == "migrate") and (ends or healthy(other))


def healthy(service: str) -> bool:
    """Whether somebody looks after its health: compose.yaml, or its image."""
    return "healthcheck" in SERVICES[service] or bool(service in OURS and last("HEALTHCHECK", target(service)))


@pytest.mark.parametrize("name", LONG)
def test_a_service_is_watched_started_again_bounded_and_logs_without_filling_the_disk(name):
    service = SERVICES[name]
    assert healthy(name) and service["restart"] == "unless-stopped"
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}
    assert (
        service["deploy"]["resources"]["limits"]["memory"]
        and service["stop_grace_period" if name != "proxy" else "image"]
    )


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_no_more_rights_than_it_needs(name):
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"] and service["security_opt"] == ["no-new-privileges:true"]
    assert service["read_only"] is True and "privileged" not in service
    assert service.get("cap_add", []) == (["NET_BIND_SERVICE"] if name == "proxy" else [])


@pytest.mark.parametrize("name", SERVICES)
def test_nobody_is_root(name):
    user = last("USER", target(name)) if name in OURS else SERVICES[name]["user"]
    assert int(user.split(":")[0]) >= 100


@pytest.mark.parametrize("name", sorted(SERVICES.keys() - {"proxy"}))
def test_only_the_proxy_can_be_reached_from_outside(name):
    assert "ports" not in SERVICES[name] and SERVICES[name].get("network_mode") is None


@pytest.mark.parametrize("name", ["postgres", "broker"])
def test_data_are_on_a_network_without_a_way_out(name):
    assert SERVICES[name]["networks"] == ["data"] and COMPOSE["networks"]["data"]["internal"] is True


@pytest.mark.parametrize("name", SERVICES)
def test_images_have_a_version(name):
    version = filled(SERVICES[name]["image"]).rpartition(":")[2]
    assert re.match(r"\d+\.\d+", version)


def test_the_database_is_of_the_version_of_the_client_that_dumps_it():
    # Debian 12 has the client of PostgreSQL 15.
    assert filled("${POSTGRES}").startswith("postgres:15.") and base_images()["DEBIAN"].startswith("debian:12.")


def base_images() -> dict[str, str]:
    return dict(step.rest.split("=", 1) for step in FILE if step.word == "ARG")


def test_every_image_is_made_of_a_pinned_one():
    made = {step.rest.split()[0] for step in FILE if step.word == "FROM"} - {step.stage for step in FILE}
    assert made == {"${DEBIAN}", "${CADDY}"}
    assert all(re.search(r":\d+\.\d+", image) for image in base_images().values())


@pytest.mark.parametrize("name", OURS)
def test_what_is_built_is_a_target(name):
    assert target(name) in {step.stage for step in FILE}


@pytest.mark.parametrize("name", sorted(set(APP) | {"beat", "migrate", "vllm"}))
def test_a_command_starts_something_that_is_there(name):
    words = " ".join(command(name))
    modules = re.findall(r"(?:-m|-A) ([a-z_.]+)|(\S+):application", words)
    named = [one for pair in modules for one in pair if one and not one.startswith("vllm")]
    assert all(find_spec(one) for one in named) and (named or "manage.py" in words or "vllm" in words)


@pytest.mark.parametrize("name", SERVICES)
def test_secrets_come_from_files_alone(name):
    told = SERVICES[name].get("environment", {})
    hidden = [
        one for one in told if re.search("SECRET|PASSWORD|DATABASE|FERNET|KEYS", one) and not one.endswith("_FILE")
    ]
    files = {value.rpartition("/")[2] for one, value in told.items() if one.endswith("_FILE")}
    assert hidden == [] and files == set(SERVICES[name].get("secrets", []))


def test_every_queue_of_any_machine_has_a_worker():
    listened = command("worker-cpu")[command("worker-cpu").index("-Q") + 1]
    assert set(listened.split(",")) == set(QUEUES)


def test_there_is_one_clock():
    ticking = [name for name in LONG if name in OURS and name != "proxy" and {"beat", "-B"} & set(command(name))]
    assert ticking == ["beat"]


@pytest.mark.parametrize(("name", "least"), [("worker-cpu", 40), ("worker-gpu", 40), ("gateway", 30)])
def test_a_service_has_the_time_that_its_orderly_end_takes(name, least):
    assert seconds(SERVICES[name]["stop_grace_period"]) > least


@pytest.mark.parametrize("name", ["worker-gpu", "vllm"])
def test_what_needs_a_card_is_a_profile_and_reserves_one(name):
    device = SERVICES[name]["deploy"]["resources"]["reservations"]["devices"][0]
    assert SERVICES[name]["profiles"] and (device["driver"], device["capabilities"]) == ("nvidia", ["gpu"])


def test_the_proxy_is_told_what_its_file_asks_for():
    asked = set(re.findall(r"\{\$([A-Z]+)", (ROOT / "docker" / "Caddyfile").read_text(encoding="utf-8")))
    own = {"GATEWAY", "WEB", "MOST"}
    assert asked - own == SERVICES["proxy"]["environment"].keys()


def test_no_free_name_hides_a_misspelt_setting():
    assert all(prefix.count("_") == 2 for prefix in FREE)
