"""Settings from the environment: what is wrong stops the start, by the variable's name."""

import os
import stat
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from cosa_web import env


@pytest.mark.parametrize("value", ["1", "true", "TRUE", " yes ", "on"])
def test_a_switch_is_on(monkeypatch, value):
    monkeypatch.setenv("COSA_X", value)
    assert env.flag("COSA_X") is True


@pytest.mark.parametrize("value", ["0", "false", "No", " off"])
def test_a_switch_is_off_whatever_its_default(monkeypatch, value):
    monkeypatch.setenv("COSA_X", value)
    assert env.flag("COSA_X", default=True) is False


@pytest.mark.parametrize("default", [True, False])
def test_a_switch_that_is_not_set_is_its_default(monkeypatch, default):
    monkeypatch.delenv("COSA_X", raising=False)
    assert env.flag("COSA_X", default=default) is default


@pytest.mark.parametrize("value", ["", "2", "enabled", "ja"])
def test_a_switch_that_is_neither_on_nor_off_stops_by_its_name(monkeypatch, value):
    monkeypatch.setenv("COSA_X", value)
    with pytest.raises(env.WrongSetting, match="COSA_X=.* is not a switch; use 1 or 0"):
        env.flag("COSA_X")


def test_a_number_is_read(monkeypatch):
    monkeypatch.setenv("COSA_X", " 2.5 ")
    assert env.number("COSA_X", 30) == 2.5


def test_a_number_that_is_not_set_is_its_default(monkeypatch):
    monkeypatch.delenv("COSA_X", raising=False)
    assert env.number("COSA_X", 30) == 30


@pytest.mark.parametrize("value", ["", "many", "1,5", "nan", "inf"])
def test_what_is_no_number_stops_by_its_name(monkeypatch, value):
    monkeypatch.setenv("COSA_X", value)
    with pytest.raises(env.WrongSetting, match="COSA_X=.* is not a number"):
        env.number("COSA_X", 30)


def test_a_number_below_the_least_stops_by_its_name(monkeypatch):
    monkeypatch.setenv("COSA_X", "0.4")
    with pytest.raises(env.WrongSetting, match="COSA_X=0.4 is too small; the least is 0.5"):
        env.number("COSA_X", 15, low=0.5)


def test_words_are_split_at_commas(monkeypatch):
    monkeypatch.setenv("COSA_X", " a.example, ,b.example ,")
    assert env.words("COSA_X") == ["a.example", "b.example"]


def test_a_secret_of_the_environment_leaves_no_file(monkeypatch, tmp_path):
    monkeypatch.setenv("COSA_X", "from outside")
    file = tmp_path / "var" / "secret"
    assert env.secret("COSA_X", file, least=12) == "from outside" and not file.exists()


@pytest.mark.parametrize("value", ["short", "abcd" * 20, "x" * 60])
def test_a_secret_that_is_easy_to_guess_stops_by_its_name_and_is_not_repeated(monkeypatch, tmp_path, value):
    monkeypatch.setenv("COSA_X", value)
    with pytest.raises(env.WrongSetting, match="^COSA_X is too easy to guess: 50 random characters") as wrong:
        env.secret("COSA_X", tmp_path / "secret")
    assert value not in str(wrong.value)


@pytest.fixture
def file(monkeypatch, tmp_path) -> Path:
    """Where a secret is kept when the environment has none."""
    monkeypatch.delenv("COSA_X", raising=False)
    return tmp_path / "var" / "secret"


def test_a_secret_is_made_once_and_stays(file):
    first = env.secret("COSA_X", file)
    assert len(first) >= 50 and env.secret("COSA_X", file) == first


def test_a_secret_can_be_read_by_its_owner_alone(file):
    env.secret("COSA_X", file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_two_machines_get_two_secrets(file):
    assert env.secret("COSA_X", file) != env.secret("COSA_X", file.with_name("other"))


def test_an_empty_variable_counts_as_not_set(file, monkeypatch):
    monkeypatch.setenv("COSA_X", "")
    assert env.secret("COSA_X", file)


def test_a_file_without_a_secret_stops_by_its_name(file):
    file.parent.mkdir()
    file.touch()
    with pytest.raises(env.WrongSetting, match="secret"):
        env.secret("COSA_X", file)


def test_processes_that_start_together_share_one_secret(file):
    with ThreadPoolExecutor(8) as starts:
        found = {start.result() for start in [starts.submit(env.secret, "COSA_X", file) for _ in range(64)]}
    assert len(found) == 1 and [path.name for path in file.parent.iterdir()] == ["secret"]


@pytest.fixture
def given(monkeypatch, tmp_path) -> Callable[[bytes], Path]:
    """A setting that is given as a file with this content."""

    def write(content: bytes) -> Path:
        file = tmp_path / "given"
        file.write_bytes(content)
        monkeypatch.delenv("COSA_X", raising=False)
        monkeypatch.setenv("COSA_X_FILE", str(file))
        return file

    return write


@pytest.mark.parametrize(
    ("read", "content", "found"),
    [
        (env.text, b" a secret \n", "a secret"),
        (env.flag, b"on\n", True),
        (lambda name: env.number(name, 1), b"7\n", 7),
        (env.words, b"a, b\n", ["a", "b"]),
        (lambda name: env.secret(name, Path("/nowhere"), least=6), b"s e c r e t\n", "s e c r e t"),
        (lambda name: env.postgresql(name, {})["PASSWORD"], b"postgresql://ada:pw@db/cosa\n", "pw"),
        (lambda name: env.address(name, "", {"redis"}), b"redis://:pw@db/0\n", "redis://:pw@db/0"),
    ],
)
def test_every_reader_takes_a_file(given, read, content, found):
    given(content)
    assert read("COSA_X") == found


def test_a_setting_and_its_file_at_once_stop_by_both_names(given, monkeypatch):
    given(b"one")
    monkeypatch.setenv("COSA_X", "two")
    with pytest.raises(env.WrongSetting, match="^COSA_X and COSA_X_FILE are both set"):
        env.text("COSA_X")


def test_an_empty_setting_leaves_the_word_to_its_file(given, monkeypatch):
    given(b"one")
    monkeypatch.setenv("COSA_X", "")
    assert env.text("COSA_X") == "one"


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b" \n", "it is empty"), (b"\xff\xfe", "it is no text"), (b"x" * 65537, "it has more than 65536 bytes")],
)
def test_a_file_without_a_text_stops_by_its_name(given, content, reason):
    given(content)
    with pytest.raises(env.WrongSetting, match=f"^COSA_X_FILE names a file that cannot be used: {reason}"):
        env.text("COSA_X")


def test_a_pipe_stops_the_start_and_does_not_hold_it_up(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.setenv("COSA_X_FILE", str(tmp_path / "pipe"))
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: pytest.fail("a pipe is not read"))
    with pytest.raises(env.WrongSetting, match="it is no regular file"):
        env.text("COSA_X")


def test_a_file_that_is_not_there_stops_by_its_name_and_is_not_repeated(monkeypatch):
    monkeypatch.setenv("COSA_X_FILE", "the-secret-itself")
    with pytest.raises(env.WrongSetting, match="^COSA_X_FILE names a file .*: No such file") as wrong:
        env.text("COSA_X")
    assert "the-secret" not in "".join(traceback.format_exception(wrong.value))


@pytest.fixture
def database(monkeypatch) -> Callable[[str], dict[str, Any]]:
    """What becomes of an address."""

    def read(address: str) -> dict[str, Any]:
        monkeypatch.setenv("COSA_X", address)
        return env.postgresql("COSA_X", {"connect_timeout": 5})

    return read


def parts(settings: dict[str, Any]) -> tuple[str, ...]:
    return tuple(settings[part] for part in ("NAME", "USER", "PASSWORD", "HOST", "PORT"))


@pytest.mark.parametrize("address", ["", "  "])
def test_without_an_address_there_is_no_postgresql(database, address):
    assert database(address) == {}


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("postgresql://ada:pw@db.example:5433/cosa", ("cosa", "ada", "pw", "db.example", "5433")),
        ("postgres://ada@[::1]/cosa", ("cosa", "ada", "", "::1", "")),
        ("postgresql:///cosa", ("cosa", "", "", "", "")),
        ("postgresql://ada@/cosa?host=/run/postgresql", ("cosa", "ada", "", "/run/postgresql", "")),
        ("postgresql://ada@:5433/cosa?host=%2Frun%2Fmy%20sockets", ("cosa", "ada", "", "/run/my sockets", "5433")),
        ("postgresql://a%40b:p%40%3A%2F%3F%23%25@db/co%20sa", ("co sa", "a@b", "p@:/?#%", "db", "")),
    ],
)
def test_an_address_is_taken_apart(database, address, expected):
    assert parts(database(address)) == expected


def test_what_an_address_says_of_tls_is_added_to_the_options(database):
    options = database("postgresql://db/cosa?sslmode=verify-full&sslrootcert=/etc/ca.pem")["OPTIONS"]
    assert options == {"sslmode": "verify-full", "sslrootcert": "/etc/ca.pem", "connect_timeout": 5}


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("ada:secret@db/cosa", "does not begin with postgresql://"),
        ("mysql://ada:secret@db/cosa", "does not begin with postgresql://"),
        ("postgresql://ada:secret@db", "name is missing"),
        ("postgresql://ada:secret@db:many/cosa", "cannot be read"),
        ("postgresql://ada:secret@[db/cosa", "cannot be read"),
        ("postgresql://ada:my/secret@db/cosa", "cannot be told apart"),
        ("postgresql://ada:1/secret@db/cosa", "cannot be told apart"),
        ("postgresql://ada:1#secret@db/cosa", "name is missing"),
        ("postgresql://ada:1/cosa#secret@db/cosa", "cannot be told apart"),
        ("postgresql://ada:1?secret@db/cosa", "cannot be read"),
        ("postgresql://ada@db/cosa?password=secret", "takes host, sslmode"),
    ],
)
def test_an_address_that_is_none_stops_by_its_name_and_keeps_the_password(database, address, reason):
    with pytest.raises(env.WrongSetting, match=f"^COSA_X is no address of a PostgreSQL database: .*{reason}") as wrong:
        database(address)
    assert "secret" not in "".join(traceback.format_exception(wrong.value))


@pytest.mark.parametrize("host", ["https://cosa.example.org", "cosa.example.org:8443", "cosa.example.org/x", "a b"])
def test_an_address_is_no_host_name(monkeypatch, host):
    monkeypatch.setenv("COSA_X", f"localhost,{host}")
    with pytest.raises(env.WrongSetting, match="^COSA_X: .* is no host name"):
        env.host_names("COSA_X", "")


def test_names_and_addresses_in_brackets_are_hosts(monkeypatch):
    monkeypatch.setenv("COSA_X", "localhost, .example.org,127.0.0.1,[::1]")
    assert env.host_names("COSA_X", "") == ["localhost", ".example.org", "127.0.0.1", "[::1]"]


@pytest.mark.parametrize("language", ["en", "en-gb", "en-us", "pt-br"])
def test_english_and_a_language_with_a_catalogue_can_be_spoken(monkeypatch, tmp_path, language):
    (tmp_path / "pt_BR" / "LC_MESSAGES").mkdir(parents=True)
    (tmp_path / "pt_BR" / "LC_MESSAGES" / "django.mo").touch()
    monkeypatch.setenv("COSA_X", language)
    assert env.language("COSA_X", "en-gb", tmp_path) == language


@pytest.mark.parametrize("language", ["de", "pt", "../../en", "english"])
def test_a_language_without_a_catalogue_stops_by_its_name(monkeypatch, tmp_path, language):
    (tmp_path / "pt_BR" / "LC_MESSAGES").mkdir(parents=True)
    (tmp_path / "pt_BR" / "LC_MESSAGES" / "django.mo").touch()
    monkeypatch.setenv("COSA_X", language)
    with pytest.raises(env.WrongSetting, match="^COSA_X=.* is no language of this installation; it has: en-gb pt_BR"):
        env.language("COSA_X", "en-gb", tmp_path)
