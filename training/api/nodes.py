"""The machines that train and serve, to be read."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

from annotations.access import WORKERS
from annotations.api.endpoint import Endpoint, lists, reads, route
from annotations.api.fields import moment, text, whole, yes
from annotations.api.shapes import Id, Shown
from training import access, node_queries
from training.models import Node


def versions(source: str, words: str) -> serializers.DictField:
    """Versions by package."""
    return serializers.DictField(child=serializers.CharField(), source=source, help_text=words)


class NodeCard(Shown):
    """A graphics card of a node."""

    number = whole("Its number on the node.", source="gpu.number")
    name = text("What its maker calls it.", source="gpu.name")
    memory_bytes = whole("Its memory.", source="gpu.memory_bytes")
    training = Id(help_text="Id of the training run that holds it; null for none.", source="run", allow_null=True)
    model = Id(help_text="Id of the model that is served on it; null for none.", source="gpu.model_id", allow_null=True)
    held_at = moment("Since when it is held; null while it is free.", source="gpu.held_at", allow_null=True)


class NodeRows(serializers.ListSerializer[Any]):
    """Nodes with their cards."""

    def to_representation(self, data: Any) -> list[Any]:
        """The nodes as JSON; four queries for all that is on them."""
        return super().to_representation(_shown(self.context["request"].user, list(data)))


def _shown(person: Any, nodes: list[Node]) -> list[Any]:
    there = {one.node.pk: one for one in node_queries.shown(person)}
    return [there[node.pk] for node in nodes if node.pk in there]


class NodeShown(Shown):
    """A machine whose worker says what it has."""

    class Meta:
        list_serializer_class = NodeRows

    id = Id(help_text="Id of the node.", source="node.pk")
    name = text("Name of the node.", source="node.name")
    seen = yes("Whether its worker reports.")
    seen_at = moment("When its worker was heard last.", source="node.seen_at")
    cores = whole("Cores of its processor.", source="node.cores")
    memory_bytes = whole("Its memory.", source="node.memory_bytes")
    free_bytes = whole("Free bytes of its folder of training runs.", source="node.free_bytes")
    training = versions("node.training", "Versions it trains with, by package.")
    serving = versions("node.serving", "Versions it serves with, by package.")
    problem = text("Why it cannot train; empty when it can.", source="node.problem")
    at_work = whole("Training runs that are queued or at work on it.")
    cards = NodeCard(many=True, help_text="Its graphics cards.")


class Nodes(Endpoint):
    """The nodes."""

    resource, roles = "training", WORKERS

    @lists(NodeShown, order=("name", "pk"))
    def get(self) -> QuerySet[Node]:
        """The nodes by name; forgotten ones are left out."""
        return access.nodes()


class OneNode(Endpoint):
    """One node."""

    resource, roles = "training", WORKERS
    words = {"pk": "Id of the node."}

    @reads(NodeShown)
    def get(self, pk: int) -> Any:
        """What the node has, and who holds its cards."""
        return _shown(self.user, [access.node_for_reader(pk)])[0]


ROUTES = [
    route("nodes/", Nodes, "nodes-list"),
    route("nodes/<int:pk>/", OneNode, "nodes-detail"),
]
