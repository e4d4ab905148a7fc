"""Settings of the API and of its document. What every endpoint does is set on `annotations.api.endpoint.Endpoint`."""

from typing import Any

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_AUTHENTICATION_CLASSES": ["annotations.api.auth.ByToken", "annotations.api.auth.BySession"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_SCHEMA_CLASS": "annotations.api.schema.Described",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "CoSA Web",
    "DESCRIPTION": "Everything people have on the pages, for programs. How to begin: docs/api.md.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "SORT_OPERATION_PARAMETERS": False,
    "SORT_OPERATIONS": False,
    "ENABLE_DJANGO_DEPLOY_CHECK": False,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "POSTPROCESSING_HOOKS": ["annotations.api.schema.share_problems"],
}


def caches(redis: str) -> dict[str, Any]:
    """The caches: one of each process for figures, and one of all processes together in which requests are counted.

    `redis` is the server's address; without one each process counts for itself.
    """
    local = "django.core.cache.backends.locmem.LocMemCache"
    quick = {"socket_connect_timeout": 0.5, "socket_timeout": 0.5}
    shared = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": redis, "OPTIONS": quick}
    counts = shared if redis.startswith(("redis://", "rediss://", "unix://")) else {"BACKEND": local, "LOCATION": "api"}
    return {"default": {"BACKEND": local}, "throttles": counts | {"KEY_PREFIX": "cosa"}}
