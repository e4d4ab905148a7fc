"""Settings that guard secrets: Fernet keys, where models may be reached, and whose files are whose."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from cosa_web import env, env_guard

ONE, TWO = Fernet.generate_key().decode(), Fernet.generate_key().decode()
ROOT = Path(__file__).parents[2]


def test_keys_stand_with_commas_or_in_lines(monkeypatch, tmp_path):
    monkeypatch.setenv("COSA_X", f" {ONE}, {TWO} ")
    assert env_guard.fernet_keys("COSA_X", None) == [ONE, TWO]
    (tmp_path / "keys").write_text(f"{TWO}\n{ONE}\n")
    monkeypatch.delenv("COSA_X")
    assert env_guard.fernet_keys("COSA_X", tmp_path / "keys") == [TWO, ONE]


def test_a_file_is_made_once_and_is_its_owners_alone(monkeypatch, tmp_path):
    monkeypatch.delenv("COSA_X", raising=False)
    file = tmp_path / "var" / "keys"
    made = env_guard.fernet_keys("COSA_X", file)
    assert made == env_guard.fernet_keys("COSA_X", file) and Fernet(made[0])
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_without_a_file_there_are_none(monkeypatch):
    monkeypatch.delenv("COSA_X", raising=False)
    assert env_guard.fernet_keys("COSA_X", None) == []


@pytest.mark.parametrize(
    "value",
    ["secret", ONE[:-4], f"{ONE},secret", ",", "ä" * 44],
    ids=["a word", "too short", "one and a word", "none", "no letters"],
)
def test_a_wrong_key_stops_by_the_variables_name_and_is_not_repeated(monkeypatch, tmp_path, value):
    monkeypatch.setenv("COSA_X", value)
    for file in (None, tmp_path / "keys"):
        with pytest.raises(env.WrongSetting, match="COSA_X does not hold Fernet keys") as stop:
            env_guard.fernet_keys("COSA_X", file)
        assert "secret" not in str(stop.value) and ONE not in str(stop.value)


def test_an_empty_file_stops_too(monkeypatch, tmp_path):
    monkeypatch.delenv("COSA_X", raising=False)
    (tmp_path / "keys").touch()
    with pytest.raises(env.WrongSetting, match="COSA_X is not set, and its file"):
        env_guard.fernet_keys("COSA_X", tmp_path / "keys")


def test_places_are_kinds_names_addresses_and_networks(monkeypatch):
    said = "public,Vllm-1,*.models.example,10.0.0.7,10.20.0.0/16,fd00::/8"
    monkeypatch.setenv("COSA_X", said)
    assert env_guard.reachable("COSA_X", "public") == said.lower().split(",")


@pytest.mark.parametrize("value", ["http://x", "10.0.0.1/8", "300.1.1.1", "a..b", "fd00::zz", "a b", "*", " , "])
def test_what_is_no_place_stops_by_the_variables_name(monkeypatch, value):
    monkeypatch.setenv("COSA_X", value)
    with pytest.raises(env.WrongSetting, match="COSA_X"):
        env_guard.reachable("COSA_X", "public")


def test_nothing_that_lies_there_is_for_other_users(tmp_path):
    """The application in a folder of its own, with the widest rights a shell can give."""
    var = tmp_path / "var"
    var.mkdir(mode=0o755)
    program = "import django; django.setup(); from django.db import connection; connection.ensure_connection(); "
    program += "from django.conf import settings as s; (s.VAR_DIR / 'uploads').mkdir(); open(s.VAR_DIR / 'log', 'w')"
    told = {"COSA_VAR": str(var), "DJANGO_SETTINGS_MODULE": "cosa_web.settings", "PATH": "/usr/bin:/bin"}
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=told, check=True, timeout=60, umask=0)
    found = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (var, *var.iterdir())}
    assert {"var", "cosa.sqlite3", "secret_key", "fernet_keys", "uploads", "log"} <= found.keys()
    assert {name: oct(mode) for name, mode in found.items() if mode & 0o007} == {}
    assert [found[name] for name in ("secret_key", "fernet_keys")] == [0o600, 0o600]
