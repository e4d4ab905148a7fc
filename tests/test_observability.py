"""docs/observability.md and the alerts speak of metrics that there are, and of all of them."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from cosa_web import metrics, metrics_inside
from training.gateway.metrics import Counted as GatewayCounted
from training.metric_files import Metrics
from training.services import broker

ROOT = Path(__file__).parents[1]
DOC = (ROOT / "docs/observability.md").read_text(encoding="utf-8")
ALERTS = yaml.safe_load((ROOT / "docker/prometheus/alerts.yaml").read_text(encoding="utf-8"))
RULES = [rule for group in ALERTS["groups"] for rule in group["rules"]]
SUFFIX = re.compile(r"_(?:bucket|count|sum)$")
Described = dict[str, tuple[str, tuple[str, ...]]]


def samples(text: str) -> dict[tuple[str, tuple[str, ...]], float]:
    """Every sample by its name and the values of its labels, in the order of their names."""
    families = text_string_to_metric_families(text)
    return {(one.name, tuple(one.labels.values())): one.value for family in families for one in family.samples}


def table() -> Described:
    """Kind and labels of each metric, as the table has them."""
    lines = [[part.strip() for part in line.strip("|").split("|")] for line in DOC.splitlines() if "| `cosa_" in line]
    return {line[0].strip("`"): (line[1], tuple(sorted(filter(None, line[2].split(", "))))) for line in lines}


def described(registry: CollectorRegistry) -> Described:
    """Kind and labels of each metric that a process counts, whether or not it has counted yet."""
    found: Described = {}
    for metric in set(registry._collector_to_names):
        for family in metric.collect():
            name = f"{family.name}_total" if family.type == "counter" else family.name
            found[name] = (family.type, tuple(sorted(metric._labelnames)))  # type: ignore[attr-defined]
    return found


def inside() -> Described:
    """The same of the inside."""
    return {
        one.name: ("counter" if one.name.endswith("_total") else "gauge", tuple(sorted(one.labels)))
        for one in metrics_inside.figures()
    }


@pytest.mark.django_db
def test_the_table_has_every_metric_and_no_other(monkeypatch: pytest.MonkeyPatch, rare: Mapping[str, object]) -> None:
    web, gateway = Metrics("web"), Metrics("gateway")
    metrics.Counted(web), GatewayCounted(gateway)
    assert table() == described(web.registry) | described(gateway.registry) | inside()


@pytest.fixture
def rare(monkeypatch: pytest.MonkeyPatch) -> None:
    """What has a figure only sometimes is there: a broker, a sweep, a scored run."""
    from django.utils import timezone

    from tests.factories import make_run
    from training.models import EvaluationRun, Worker

    monkeypatch.setattr(broker, "depths", lambda queues: dict.fromkeys(queues, 0))
    Worker.objects.create(name="a:1", node="a", swept_at=timezone.now())
    kept = {"state": "finished", "finished_at": timezone.now(), "figures": {"overall": [0.5, 3, 4]}}
    EvaluationRun.every.filter(pk=make_run(1).pk).update(**kept)


@pytest.mark.django_db
def test_what_is_told_can_be_read_by_prometheus(rare: None) -> None:
    web = Metrics("web")
    metrics.Counted(web).count("home", "GET", "2xx").inc()
    found = list(text_string_to_metric_families(web.told(metrics.Inside()).decode()))
    assert {family.type for family in found} == {"counter", "gauge", "histogram"}
    assert all(family.documentation.endswith(".") for family in found)
    assert len({family.name for family in found}) == len(found)


def names(expression: str) -> set[str]:
    """The metrics that an expression asks for."""
    return {SUFFIX.sub("", name) for name in re.findall(r"cosa_\w+", expression)}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule["alert"]))
def test_an_alert_asks_for_metrics_and_labels_that_there_are(rule: Mapping[str, str]) -> None:
    known = table()
    assert names(rule["expr"]) and names(rule["expr"]) <= known.keys()
    for name, inner in re.findall(r"(cosa_\w+)\{(.*?)\}", rule["expr"]):
        assert set(re.findall(r"(\w+)=", inner)) <= set(known[name][1])
    histograms = re.findall(r"(cosa_\w+)_bucket", rule["expr"])
    assert all(known[name][0] == "histogram" for name in histograms)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule["alert"]))
def test_an_alert_says_what_it_means_and_what_to_do(rule: Mapping[str, Mapping[str, str]]) -> None:
    assert all(rule["annotations"][part].endswith(".") for part in ("summary", "description"))
    assert rule["labels"]["severity"] in {"warning", "critical"}
