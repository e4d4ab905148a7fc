"""The machines that train and serve."""

from typing import cast

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from annotations.access import WORKERS, for_roles
from annotations.models import User
from annotations.models.people import ADMIN
from annotations.models.work import QUEUES
from annotations.web import page_or_fragment
from training import access, node_queries
from training.models.nodes import queue_of
from training.services.trainer import nodes

PAGE, LIVE = "training/node_list.html", "training/_nodes_live.html"


@require_safe
@for_roles(*WORKERS)
def node_list(request: HttpRequest) -> HttpResponse:
    """Every node: what it has, who holds its cards, and when its worker was last heard."""
    person = cast(User, request.user)
    may_train = access.may_train(person)
    queues = ",".join((*QUEUES, queue_of(settings.NODE)))
    command = f"celery -A cosa_web worker -P threads -c 4 -Q {queues}"
    context = {"rows": node_queries.shown(person), "may_train": may_train, "command": command}
    return page_or_fragment(request, PAGE, LIVE, context)


@require_POST
@for_roles(ADMIN)
def node_forget(request: HttpRequest, pk: int) -> HttpResponse:
    """Offer the node no more, until a worker of it reports again."""
    node = access.node_for_reader(pk)
    try:
        nodes.forget(node=node, actor=cast(User, request.user))
        messages.success(
            request, gettext("%(name)s is forgotten. It comes back when a worker of it reports.") % {"name": node.name}
        )
    except nodes.NodeProblem as problem:
        messages.error(request, str(problem))
    return redirect("training:node-list")
