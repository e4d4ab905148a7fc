"""Where an address that somebody typed may lead: judged when it is saved, and again when it is connected to."""

import asyncio
import logging
import socket

import pytest
from aiohttp.resolver import ThreadedResolver

from tests.factories import make_model
from tests.stub_server import StubServer
from training.engines import Endpoint, EngineError, Sampling, openai_http
from training.engines._reach import looked_up, reach
from training.gateway.failures import Broken
from training.gateway.places import Address
from training.gateway.reading import Heard
from training.gateway.upstream import Upstream
from training.services import capability, reaching, registry

HOME = reach(["public", "private", "loopback"], [5432, 6379], ["db.example"])
OUT = reach(["public", "10.20.0.0/16", "fd00::/8", "vllm-1", "*.models.example"], [5432], ["db.example"])
NEVER = [
    "169.254.169.254", "169.254.0.1", "[fe80::1]", "0.0.0.0", "[::]", "0.1.2.3", "224.0.0.1", "[ff02::1]",  # noqa: S104
    "255.255.255.255", "100.100.100.200", "168.63.129.16", "[fd00:ec2::254]", "[::ffff:169.254.169.254]",
    "[64:ff9b::a9fe:a9fe]", "[2002:a9fe:a9fe::1]", "192.0.0.192", "1.2.3.4.5", "2852039166", "0xa9fea9fe", "[fec0::1]",
    "[::7f00:1]", "[::ffff:0:127.0.0.1]", "[64:ff9b:1::a00:1]", "metadata.google.internal", "METADATA.google.internal.",
]  # fmt: skip


@pytest.mark.parametrize("host", NEVER)
def test_what_belongs_to_the_machine_or_its_cloud_is_never_reached(host):
    everywhere = reach(["public", "private", "loopback", "0.0.0.0/0", "::/0", "metadata.google.internal"])
    assert "no model has" in everywhere.wrong(f"http://{host}/v1")


@pytest.mark.parametrize(
    ("host", "kind"),
    [
        ("127.0.0.1", "loopback"), ("[::1]", "loopback"), ("localhost", "loopback"),
        ("a.localhost.", "loopback"), ("127.1", "loopback"), ("2130706433", "loopback"), ("0x7f000001", "loopback"),
        ("[::ffff:127.0.0.1]", "loopback"), ("10.0.0.1", "private"), ("192.168.1.1", "private"),
        ("172.16.0.1", "private"), ("100.64.0.1", "private"), ("[fc00::1]", "private"),
        ("[::ffff:10.0.0.1]", "private"),
    ],
)  # fmt: skip
def test_the_own_network_is_reached_only_where_it_is_listed(host, kind):
    url = f"http://{host}:8000/v1"
    told = OUT.wrong(url)
    assert f"a {kind} address" in told and "COSA_MODEL_HOSTS" in told
    assert HOME.wrong(url) == ""


@pytest.mark.parametrize("host", ["8.8.8.8", "[2606:4700::1]", "10.20.3.4", "[fd00::1]", "models.example", "nowhere"])
def test_what_is_public_or_listed_or_not_known_yet_may_be_saved(host):
    assert OUT.wrong(f"https://{host}/v1") == ""


@pytest.mark.parametrize(
    ("name", "found", "allowed"),
    [
        ("vllm-1", "172.16.0.9", True), ("VLLM-1", "127.0.0.1", True), ("a.models.example", "10.0.0.9", True),
        ("models.example", "10.0.0.9", False), ("evil-models.example", "10.0.0.9", False),
        ("evil.example", "10.20.0.9", True), ("evil.example", "127.0.0.1", False), ("vllm-1", "169.254.169.254", False),
        ("api.example", "8.8.8.8", True),
    ],
)  # fmt: skip
def test_a_name_is_judged_by_the_address_it_means(name, found, allowed):
    assert (OUT.refusal(name, 8000, found) == "") is allowed


@pytest.mark.parametrize(
    ("host", "port", "found", "allowed"),
    [
        ("127.0.0.1", 6379, "127.0.0.1", False), ("db", 5432, "10.0.0.2", False),
        ("db.example", 5432, "8.8.8.8", False), ("api.example", 5432, "8.8.8.8", True),
        ("127.0.0.1", 8000, "127.0.0.1", True),
    ],
)  # fmt: skip
def test_the_own_database_and_broker_are_no_models(host, port, found, allowed):
    told = HOME.refusal(host, port, found)
    assert (told == "") is allowed and (allowed or f"Port {port}" in told)


def test_the_own_services_are_known_from_the_settings(settings):
    settings.MODEL_HOSTS = ["public"]
    brokers = ("redis://:pw@broker:6380/0", "sentinel://one:26379;sentinel://two:26379", "unix:///run/redis")
    made = reaching._made(("public",), ("db", "5433"), brokers)
    assert made.ports == {5433, 6380, 26379} and made.hosts == {"db", "broker", "one", "two"}
    assert reaching.rules().kinds == {"public"}


@pytest.fixture
def names(monkeypatch):
    """What each name means from now on, one address for each time that it is asked for; the last one stays."""
    meant: dict[str, list[str]] = {}

    async def resolve(_, host, port=0, family=socket.AF_INET):
        found = meant[host].pop(0) if len(meant[host]) > 1 else meant[host][0]
        plain = {"hostname": host, "port": port, "family": socket.AF_INET, "proto": 0, "flags": 0}
        return [plain | {"host": found}]

    monkeypatch.setattr(ThreadedResolver, "resolve", resolve)
    return meant


@pytest.fixture
def stub():
    """A server on loopback."""
    with StubServer() as server:
        yield server


def at(stub, host):
    return stub.base_url.replace("127.0.0.1", host)


def asked(url, rules, model="ok", streamed=False):
    async def call():
        engine = openai_http.engine(Endpoint(url, model, timeout=5, patience=5, reach=rules))
        try:
            if streamed:
                return "".join([text async for text in engine.stream([{"role": "user", "content": "x"}], Sampling())])
            return (await engine.chat([{"role": "user", "content": "x"}], Sampling())).text
        finally:
            await engine.close()

    return asyncio.run(call())


@pytest.mark.parametrize("streamed", [False, True])
def test_a_name_that_leads_home_is_not_connected_to(stub, names, streamed):
    names["evil.example"] = ["127.0.0.1"]
    with pytest.raises(EngineError, match="evil.example is a loopback address") as told:
        asked(at(stub, "evil.example"), OUT, streamed=streamed)
    assert told.value.permanent and stub.calls() == 0


def test_a_listed_name_is_connected_to(stub, names):
    names["vllm-1"] = ["127.0.0.1"]
    assert asked(at(stub, "vllm-1"), OUT).startswith("hello")


def test_a_name_that_changes_its_meaning_is_judged_at_the_connection(stub, names):
    """Saved while it meant a public address; it means this machine when it is asked."""
    names["rebind.example"] = ["8.8.8.8", "127.0.0.1"]
    assert OUT.wrong(at(stub, "rebind.example")) == ""
    names["rebind.example"].pop(0)
    with pytest.raises(EngineError, match="loopback"):
        asked(at(stub, "rebind.example"), OUT)
    assert stub.calls() == 0


@pytest.mark.parametrize("streamed", [False, True])
def test_a_redirect_is_not_followed(stub, streamed):
    with pytest.raises(EngineError):
        asked(stub.base_url, HOME, "redirect", streamed)
    assert stub.calls() == 1


def through_the_gateway(stub, host, rules):
    class One:
        endpoint = Endpoint(at(stub, host), "ok", timeout=5, reach=rules)

    async def call():
        upstream = Upstream()
        try:
            address = Address(One.endpoint.base_url, "ok", rules)
            async with upstream._asked(One, address, {"messages": []}, Heard()) as response:
                return response.status
        finally:
            await upstream.close()

    return asyncio.run(call())


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1"])
def test_the_gateway_connects_to_no_such_place_either(stub, names, host):
    names["evil.example"] = ["127.0.0.1"]
    with pytest.raises(Broken) as told:
        through_the_gateway(stub, host, OUT)
    assert told.value.kind == "upstream_unreachable" and stub.calls() == 0


def test_the_gateway_asks_what_is_listed(stub, names):
    names["vllm-1"] = ["127.0.0.1"]
    assert through_the_gateway(stub, "vllm-1", OUT) == 200


def test_another_program_is_not_sent_there_either():
    assert "loopback" in looked_up(OUT, "http://127.1:8000/v1") and looked_up(HOME, "http://127.1:8000/v1") == ""


@pytest.mark.django_db
def test_what_was_saved_before_the_rules_is_refused_when_it_is_asked(settings):
    model = make_model("near", engine="openai_http", base_url="http://127.0.0.1:9/v1")
    settings.MODEL_HOSTS = ["public"]
    assert "COSA_MODEL_HOSTS" in registry.try_model(model, "hello").error
    with pytest.raises(Exception, match="COSA_MODEL_HOSTS"):
        capability._target(model)


@pytest.mark.django_db
def test_an_address_of_our_own_needs_no_listing(settings, monkeypatch):
    settings.MODEL_HOSTS = ["public"]
    monkeypatch.setenv("COSA_EMBEDDED_URL", "http://127.0.0.1:9/v1")
    assert registry.endpoint(make_model(engine="embedded", base_url="")).reach is None


@pytest.mark.django_db
@pytest.mark.parametrize(
    "url", ["http://169.254.169.254/latest", "http://10.0.0.1/v1", "gopher://x", "file:///etc/passwd"]
)
def test_the_form_refuses_such_an_address(as_person, settings, url, caplog):
    settings.MODEL_HOSTS = ["public"]
    said = {"name": "M", "slug": "m", "engine": "openai_http", "base_url": url, "model": "m", "max_concurrency": "1"}
    said |= {"timeout": "1", "patience": "1", "max_tokens": "1"}
    with caplog.at_level(logging.DEBUG):
        html = as_person("grace").post("/models/new/", said)
    assert html.status_code == 422 and "id_base_url_error" in html.content.decode()
