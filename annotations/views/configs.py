"""Safety configs: the list, one config, one version."""

from typing import cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from annotations import access
from annotations.access import WORKERS, for_roles
from annotations.models import ConfigVersion, User
from annotations.models.configs import DRAFT
from annotations.queries.benchmarks import config_coverage
from annotations.queries.configs import categories, configs_with_versions
from annotations.queries.demonstrations import current

SHOWN_VERSIONS = 10


@require_safe
@for_roles(*WORKERS)
def config_list(request: HttpRequest) -> HttpResponse:
    """Every config the person may read."""
    configs = configs_with_versions(access.configs(cast(User, request.user)))
    may_begin = access.organisations_to_write_in(cast(User, request.user)).exists()
    return render(request, "annotations/config_list.html", {"configs": configs, "may_begin": may_begin})


@require_safe
@for_roles(*WORKERS)
def config_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """The newest version of a config."""
    config = access.config_for_reader(cast(User, request.user), pk)
    newest = config.versions.order_by("-number").first()
    return version_page(
        request, access.version_for_reader(cast(User, request.user), pk, newest.number if newest else 0)
    )


@require_safe
@for_roles(*WORKERS)
def version_detail(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """One version of a config, at its permanent address."""
    return version_page(request, access.version_for_reader(cast(User, request.user), pk, number))


def version_page(request: HttpRequest, version: ConfigVersion, *, status: int = 200, **more: object) -> HttpResponse:
    """The page of one version; `more` is what a form on it said that was refused."""
    config = version.config
    context = {
        "config": config,
        "version": version,
        "versions": config.versions.order_by("-number")[:SHOWN_VERSIONS],
        "version_count": config.versions.count(),
        "newest": config.versions.order_by("-number").first(),
        "draft": config.versions.filter(state=DRAFT).first(),
        "may_write": access.may_write(cast(User, request.user), config.organisation_id),
        "as_written": request.GET.get("policy") == "written",
        "lines": version.policy.split("\n"),
        "link": request.build_absolute_uri(reverse("annotations:version-detail", args=[config.pk, version.number])),
        "authors": version.authors.order_by("pk"),
        "decisions": version.reviews.select_related("reviewer"),
        "categories": categories(version.allowed),
        "coverage": config_coverage(config),
        "demonstrations": current(config).count(),
    }
    return render(request, "annotations/config_detail.html", context | more, status=status)
