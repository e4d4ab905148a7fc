"""The settings as a whole: what stops a start, and what an organisation's server is told."""

import ast
import os
import re
import runpy
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError

from cosa_web import demo, env_names
from cosa_web.env import WrongSetting

ROOT = Path(__file__).parents[2]
SETTINGS = ROOT / "cosa_web" / "settings.py"
SECRET = "0123456789" * 6
SERVER = {
    "COSA_HTTPS": "1",
    "COSA_BEHIND_PROXY": "1",
    "COSA_HOSTS": "cosa.example.org",
    "COSA_DATABASE": "postgresql://cosa:pw@db/cosa",
    "COSA_SECRET_KEY": SECRET,
    "COSA_BROKER": "redis://broker:6379/0",
    "COSA_GATEWAY_URL": "https://cosa.example.org",
}
WORDS = {
    "COSA_TIME_ZONE": "Europe/Nowhere",
    "COSA_LOG_LEVEL": "LOUD",
    "COSA_HOSTS": "*",
    "COSA_ORIGINS": "cosa.example.org",
    "COSA_DATABASE": "mysql://db/cosa",
    "COSA_BROKER": "amqp://db",
    "COSA_GATEWAY_REDIS": "http://db",
    "COSA_GATEWAY_URL": "cosa.example.org",
    "COSA_EMBEDDED_URL": "127.0.0.1:8081",
    "COSA_SECRET_KEY": "short",
    "COSA_STATIC": "/dev/null/static",
    "COSA_VAR": "/dev/null/var",
}


def read_as(*readers: str) -> list[str]:
    """The variables that the settings read in one of these ways."""
    calls = [node for node in ast.walk(ast.parse(SETTINGS.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    return sorted({str(ast.literal_eval(one.args[0])) for one in calls if ast.unparse(one.func) in readers})


SWITCHES, NUMBERS = read_as("env.flag"), read_as("env.number")


@pytest.fixture
def start(monkeypatch, tmp_path) -> Callable[..., dict[str, Any]]:
    """The settings that a process with exactly these variables gets."""

    def read(**variables: str) -> dict[str, Any]:
        for name in [name for name in os.environ if name.startswith("COSA_")]:
            monkeypatch.delenv(name)
        for name, value in ({"COSA_VAR": str(tmp_path)} | variables).items():
            monkeypatch.setenv(name, value)
        return runpy.run_path(str(SETTINGS))

    return read


def test_most_switches_and_numbers_are_found():
    assert len(SWITCHES) >= 6 and len(NUMBERS) >= 10


@pytest.mark.parametrize("name", SWITCHES)
def test_a_switch_that_is_none_stops_the_start_by_its_name(start, name):
    with pytest.raises(WrongSetting, match=f"^{name}='maybe' is not a switch"):
        start(**SERVER | {name: "maybe"})


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_that_is_none_stops_the_start_by_its_name(start, name):
    with pytest.raises(WrongSetting, match=f"^{name}='many' is not a number"):
        start(**SERVER | {name: "many"})


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_below_nothing_stops_the_start_by_its_name(start, name):
    with pytest.raises(WrongSetting, match=f"^{name}=-1 is too small"):
        start(**SERVER | {name: "-1"})


@pytest.mark.parametrize(("name", "value"), sorted(WORDS.items()))
def test_a_word_that_cannot_be_used_stops_the_start_by_its_name(start, name, value):
    with pytest.raises(WrongSetting, match=f"^{name}\\b"):
        start(**SERVER | {name: value})


def test_a_port_of_the_demo_that_is_none_stops_it_by_its_name(monkeypatch):
    # main sets variables of its own; a copy of the environment takes them
    monkeypatch.setattr("os.environ", os.environ | {"COSA_PORT": "many"})
    with pytest.raises(WrongSetting, match="^COSA_PORT='many' is not a number"):
        demo.main()


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("COSA_DATBASE", "did you mean COSA_DATABASE"),
        ("COSA_SECRETKEY_FILE", "did you mean COSA_SECRET_KEY"),
        ("COSA_ZZZZZZ", ".env.example explains"),
    ],
)
def test_a_name_that_is_no_setting_stops_the_start(start, name, hint):
    with pytest.raises(WrongSetting, match=f"^{name} is no setting.*{re.escape(hint)}"):
        start(**{name: ""})


@pytest.mark.parametrize("name", ["COSA_KEY_HOUSE", "COSA_TEST_X", "COSA_BENCH_X", "COSA_SECRET_KEY_FILE"])
def test_free_names_and_files_are_taken(monkeypatch, name):
    monkeypatch.setenv(name, "")
    env_names.refuse_unknown(env_names.known(ROOT / ".env.example"))


def test_without_the_list_of_names_there_is_no_start(tmp_path):
    with pytest.raises(WrongSetting, match="^.env.example is missing"):
        env_names.known(tmp_path / ".env.example")


@pytest.mark.parametrize("name", ["COSA_HOSTS", "COSA_SECRET_KEY", "COSA_BROKER", "COSA_GATEWAY_URL"])
def test_what_a_server_of_others_cannot_guess_stops_the_start_when_it_is_missing(start, name):
    with pytest.raises(WrongSetting, match=f"^{name} is missing"):
        start(**{other: value for other, value in SERVER.items() if other != name})


@pytest.mark.parametrize("name", ["COSA_DEBUG", "COSA_DEMO"])
@pytest.mark.parametrize("served", ["COSA_HTTPS", "COSA_BEHIND_PROXY"])
def test_what_is_for_ones_own_machine_is_not_served_to_others(start, name, served):
    with pytest.raises(WrongSetting, match=f"^{name}=1 is for one's own machine"):
        start(**{name: "1", served: "1"})


def test_a_start_without_any_variable_shows_no_developers_pages(start):
    found = start()
    assert (found["DEBUG"], found["DEMO"], found["SECURE_HSTS_SECONDS"]) == (False, False, 0)


def test_cookies_of_a_server_go_by_https_and_to_its_own_pages(start):
    found = start(**SERVER)
    secure = [found[f"{kind}_COOKIE_SECURE"] for kind in ("SESSION", "CSRF")]
    kept = [found["SESSION_COOKIE_HTTPONLY"], found["SESSION_COOKIE_SAMESITE"], found["CSRF_COOKIE_SAMESITE"]]
    assert secure == [True, True] and kept == [True, "Lax", "Lax"]


def test_browsers_of_a_server_ask_by_https_alone(start):
    found = start(**SERVER)
    assert found["SECURE_HSTS_SECONDS"] == 3600 and found["SECURE_HSTS_INCLUDE_SUBDOMAINS"]
    assert found["CONTENT_SECURITY_POLICY"]["DIRECTIVES"]["upgrade-insecure-requests"] is True


@pytest.mark.parametrize("missing", [{}, {"COSA_HTTPS": "0"}])
def test_the_check_before_deployment_finds_nothing_but_a_missing_https(start, settings, missing):
    found = start(**SERVER | missing)
    for name in (name for name in found if name.startswith(("SECURE_", "SESSION_", "CSRF_", "SECRET_KEY", "ALLOWED"))):
        setattr(settings, name, found[name])
    settings.SILENCED_SYSTEM_CHECKS, settings.MIDDLEWARE = found["SILENCED_SYSTEM_CHECKS"], found["MIDDLEWARE"]
    with pytest.raises(SystemCheckError) if missing else nullcontext():
        call_command("check", deploy=True, fail_level="WARNING")
