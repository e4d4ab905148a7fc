"""Data sets of the Hub: asked for split by split, and every failure said in words. Nothing leaves the machine."""

import socket
from types import SimpleNamespace

import pyarrow
import pyarrow.parquet
import pytest
from huggingface_hub.errors import GatedRepoError, OfflineModeIsEnabled

from annotations import hub
from tests.collecting import later

datasets = later("datasets")
ROWS = {"prompt": ["One?", "Two?", "Three?"]}


@pytest.fixture(autouse=True)
def hub_answers(monkeypatch, request):
    """Nobody is asked whether the Hub is there, unless a test says so."""
    if "own_address" not in request.fixturenames:
        monkeypatch.setattr(hub, "_answers", lambda: True)


@pytest.fixture
def own_address(monkeypatch):
    """The address of a server on this machine that stands for the Hub."""
    for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "https_proxy", "http_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    server = socket.create_server(("127.0.0.1", 0))
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.getsockname()[1]}")
    yield server
    server.close()


class Hub:
    """The Hub as the library would show it: configs with their splits."""

    def __init__(self, monkeypatch, **configs):
        self.configs, self.tokens = configs, []
        for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "HF_TOKEN"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setattr("datasets.get_dataset_config_names", self.names)
        monkeypatch.setattr("datasets.load_dataset_builder", self.builder)
        self.place = "hf://datasets/owner/name@1/"

    def names(self, name, token):
        self.tokens.append(token)
        return list(self.configs)

    def builder(self, name, config, *, token):
        rows = datasets.Dataset.from_dict(ROWS).to_iterable_dataset()
        files = {split: [f"{self.place}{split}.parquet"] for split in self.configs[config]}
        return SimpleNamespace(
            config=SimpleNamespace(data_files=files),
            as_streaming_dataset=lambda: dict.fromkeys(self.configs[config], rows),
        )


def failing(monkeypatch, problem):
    def ask(*args, **kwargs):
        raise problem

    monkeypatch.setattr("datasets.get_dataset_config_names", ask)


def refusal(place):
    with pytest.raises(hub.HubProblem) as refused:
        hub.fetch("owner/name", place)
    return str(refused.value)


@pytest.mark.parametrize(
    "text", ["owner/name", " owner/name ", "https://huggingface.co/datasets/owner/name", "datasets/owner/name/"]
)
def test_a_data_set_is_named_by_its_owner_and_name(text):
    assert hub.name_of(text) == "owner/name"


@pytest.mark.parametrize("text", ["", "name", "../name", "owner/..", "https://example.org/a/b", "a/b/c", "a b/c"])
def test_what_is_no_name_is_refused(text):
    with pytest.raises(hub.HubProblem, match="owner/name"):
        hub.name_of(text)


def test_each_split_becomes_a_file(monkeypatch, tmp_path):
    Hub(monkeypatch, default=["train", "test"])
    files = hub.fetch("owner/name", tmp_path / "in")
    assert [path.relative_to(tmp_path / "in").as_posix() for path in files] == ["train.parquet", "test.parquet"]
    assert pyarrow.parquet.read_table(files[0]).to_pydict() == ROWS


def test_a_folder_of_this_machine_is_no_data_set_of_the_hub(monkeypatch, tmp_path):
    for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "owner" / "name").mkdir(parents=True)
    pyarrow.parquet.write_table(pyarrow.table(ROWS), tmp_path / "owner" / "name" / "train.parquet")
    monkeypatch.chdir(tmp_path)
    assert refusal(tmp_path / "in")
    assert not list((tmp_path / "in").rglob("*.parquet"))


@pytest.mark.parametrize("place", ["/srv/", "../", "http://127.0.0.1/", "zip://*::/srv/rows.zip", "s3://rows/"])
def test_a_card_that_names_files_elsewhere_is_refused(monkeypatch, tmp_path, place):
    Hub(monkeypatch, default=["train"]).place = place
    assert "elsewhere than on the Hub" in refusal(tmp_path)


def test_the_library_tells_where_the_files_lie_as_it_is_asked_here(tmp_path):
    pyarrow.parquet.write_table(pyarrow.table(ROWS), tmp_path / "rows.parquet")
    builder = datasets.load_dataset_builder("parquet", data_files=str(tmp_path / "*.parquet"), cache_dir=tmp_path)
    with pytest.raises(hub.HubProblem, match="elsewhere"):
        hub._refuse_other_places("owner/name", builder.config.data_files)


def test_several_configs_become_folders(monkeypatch, tmp_path):
    Hub(monkeypatch, seen=["safe", "Illegal_Drug.Related"], unseen=["a/b"])
    files = hub.fetch("owner/name", tmp_path / "in")
    names = [path.relative_to(tmp_path / "in").as_posix() for path in files]
    assert names == ["seen/safe.parquet", "seen/Illegal_Drug.Related.parquet", "unseen/a_b.parquet"]


def test_what_lay_there_before_is_gone(monkeypatch, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "old.parquet").touch()
    Hub(monkeypatch, default=["train"])
    assert hub.fetch("owner/name", tmp_path / "in") == list((tmp_path / "in").iterdir())


def test_whoever_waits_is_told_and_can_end_it(monkeypatch, tmp_path):
    Hub(monkeypatch, default=["train"])

    def stop():
        raise KeyError("stopped")

    with pytest.raises(KeyError):
        hub.fetch("owner/name", tmp_path / "in", stop)


def test_more_than_may_be_taken_is_refused(monkeypatch, tmp_path):
    Hub(monkeypatch, default=["train"])
    with pytest.raises(hub.HubProblem, match="more than 0 MB"):
        hub.fetch("owner/name", tmp_path / "in", most=1)


def test_the_token_comes_from_the_environment_alone(monkeypatch, tmp_path):
    asked = Hub(monkeypatch, default=["train"])
    hub.fetch("owner/name", tmp_path / "in")
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    hub.fetch("owner/name", tmp_path / "in")
    assert asked.tokens == [False, "hf_secret"]


@pytest.mark.parametrize("name", ["HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE"])
def test_a_machine_that_is_kept_off_the_hub_says_so(monkeypatch, tmp_path, name):
    Hub(monkeypatch, default=["train"])
    monkeypatch.setenv(name, "1")
    assert refusal(tmp_path) == hub.OFFLINE


def test_without_the_package_it_is_said_how_to_get_it(monkeypatch, tmp_path):
    Hub(monkeypatch)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert "requirements/hub.txt" in refusal(tmp_path)


def gated():
    problem = datasets.exceptions.DatasetNotFoundError("Dataset 'owner/name' is a gated dataset on the Hub.")
    problem.__cause__ = GatedRepoError.__new__(GatedRepoError)
    return problem


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (gated, "is gated"),
        (lambda: datasets.exceptions.DatasetNotFoundError("Dataset 'owner/name' doesn't exist."), "has no data set"),
        (lambda: ConnectionError("Couldn't reach it"), "could not be reached"),
        (lambda: OfflineModeIsEnabled("offline"), "kept off the Hub"),
        (TimeoutError, "could not be reached"),
        (lambda: ValueError("hf_secret in a message of somebody else's"), "could not be read as tables"),
    ],
)
def test_every_failure_has_words_and_none_of_the_librarys(monkeypatch, tmp_path, problem, words):
    Hub(monkeypatch)
    failing(monkeypatch, problem())
    said = refusal(tmp_path)
    assert words in said and "secret" not in said


def test_where_nobody_answers_it_is_said_at_once(own_address, tmp_path, monkeypatch):
    failing(monkeypatch, AssertionError("the library asks for minutes"))
    own_address.close()
    assert refusal(tmp_path / "data") == hub.UNREACHABLE


def test_where_somebody_answers_the_data_set_is_asked_for(own_address, tmp_path, monkeypatch):
    Hub(monkeypatch, default=["train"])
    assert [path.name for path in hub.fetch("owner/name", tmp_path / "data")] == ["train.parquet"]


def test_behind_a_proxy_the_data_set_is_asked_for(own_address, tmp_path, monkeypatch):
    own_address.close()
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    Hub(monkeypatch, default=["train"])
    assert hub.fetch("owner/name", tmp_path / "data")
