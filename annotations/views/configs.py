"""Safety configs: the list, one config, one version."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from annotations import access, queries
from annotations.access import WORKERS, for_roles
from annotations.models import ConfigVersion


@require_safe
@for_roles(*WORKERS)
def config_list(request: HttpRequest) -> HttpResponse:
    """Every config the person may read."""
    configs = queries.configs_with_versions(access.configs(request.user))
    return render(request, "annotations/config_list.html", {"configs": configs})


@require_safe
@for_roles(*WORKERS)
def config_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """The newest version of a config."""
    config = access.config_for_reader(request.user, pk)
    newest = config.versions.order_by("-number").first()
    return _version_page(request, access.version_for_reader(request.user, pk, newest.number if newest else 0))


@require_safe
@for_roles(*WORKERS)
def version_detail(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """One version of a config, at its permanent address."""
    return _version_page(request, access.version_for_reader(request.user, pk, number))


def _version_page(request: HttpRequest, version: ConfigVersion) -> HttpResponse:
    config = version.config
    context = {
        "config": config,
        "version": version,
        "versions": config.versions.order_by("-number"),
        "categories": queries.categories(version.allowed),
        "coverage": queries.config_coverage(config),
    }
    return render(request, "annotations/config_detail.html", context)
