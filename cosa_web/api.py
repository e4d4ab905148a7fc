"""The addresses of the API: every resource of both apps, the document, and the page that shows it."""

from importlib import import_module

from django.urls import URLPattern, include, path, re_path

from annotations.api.document import Document, Unknown
from annotations.api.endpoint import route
from annotations.core import folder
from annotations.views.api_viewer import api_viewer

PACKAGES = ("annotations.api", "training.api")


def resources() -> list[URLPattern]:
    """The addresses of every module with ROUTES, in alphabetical order of the modules."""
    modules = [import_module(f"{package}.{name}") for package in PACKAGES for name in folder.names(package)]
    return [one for module in modules for one in getattr(module, "ROUTES", [])]


api = (
    [
        *resources(),
        route("openapi.json", Document, "document"),
        re_path(r"^[\s\S]*$", Unknown.as_view(), name="unknown"),
    ],
    "api",
)
urlpatterns = [path("", api_viewer, name="api-viewer"), path("v1/", include(api))]
