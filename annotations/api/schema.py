"""The OpenAPI document: what each endpoint declares about itself, and what surrounds all of them."""

import re
from typing import TYPE_CHECKING, Any, cast

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse

from annotations.api.problems import KINDS, MEDIA_TYPE
from annotations.api.repeating import HEADER, LONGEST, REPLAYED
from annotations.api.shapes import LARGEST_ID, ProblemDetails, Said, page_of

if TYPE_CHECKING:
    from annotations.api.endpoint import Endpoint, Operation

TOKEN, SESSION = "accessToken", "session"
VERBS = {"GET": "get", "POST": "create", "PUT": "replace", "PATCH": "change", "DELETE": "delete"}
DONE = {"list": "A page of the list.", "read": "It.", "create": "It is made.", "change": "How it is now."}
WHAT = {
    400: "A query parameter is unknown or wrong, or the body is no JSON object.",
    401: "Nobody is logged in, and no living access token came along.",
    403: "The token lacks the scope, or the person's roles give no right to it.",
    404: "There is no such thing, or none that this person may see; things that the body names too.",
    409: "Somebody was faster, or the first request with this Idempotency-Key has not ended.",
    413: "The body is larger than the application takes.",
    415: "The body is not application/json.",
    422: "What was sent was refused: `errors` says which fields, `detail` why.",
    429: "Too many requests in a minute; Retry-After says when to go on.",
}
KEY = OpenApiParameter(
    HEADER,
    {"type": "string", "minLength": 1, "maxLength": LONGEST, "pattern": "^[ -~]+$"},
    OpenApiParameter.HEADER,
    description="A word of your own for this one creation. Sent again under it within 24 hours, the same request makes "
    "nothing new and gets the same answer.",
)
AGAIN = OpenApiParameter(
    REPLAYED, str, OpenApiParameter.HEADER, response=[201], enum=["true"], description="Made by an earlier request."
)
WAIT = OpenApiParameter(
    "Retry-After", int, OpenApiParameter.HEADER, response=[429], description="Seconds until the next try."
)
HOW = OpenApiParameter(
    "WWW-Authenticate", str, OpenApiParameter.HEADER, response=[401], description="Always Bearer: send an access token."
)


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """An access token, as the document says it."""

    target_class = "annotations.api.auth.ByToken"
    name = TOKEN

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        """The scheme."""
        words = "An access token of a person, made on the page of their tokens, limited to its scopes."
        return {"type": "http", "scheme": "bearer", "bearerFormat": "pat-…", "description": words}


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """The log-in of the pages, as the document says it."""

    target_class = "annotations.api.auth.BySession"
    name = SESSION

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        """The scheme."""
        words = "The log-in of the pages; what changes something also sends the CSRF token in X-CSRFToken."
        return {"type": "apiKey", "in": "cookie", "name": "sessionid", "description": words}


class Described(AutoSchema):
    """An endpoint's method as an operation of the document, from its declaration and its docstring."""

    @property
    def endpoint(self) -> "Endpoint":
        """What is described."""
        return cast("Endpoint", self.view)

    @property
    def declared(self) -> "Operation":
        """What the method at hand declares."""
        found = self.endpoint.operation(self.method)
        assert found is not None  # noqa: S101  (only methods that are offered are described)
        return found

    def is_excluded(self) -> bool:
        """True for addresses that are no resource: the document, and all that lies outside."""
        return not getattr(self.view, "resource", "")

    def get_operation_id(self) -> str:
        """configs_list, configs_create, configs_get, configs_change, versions_submit, runs_results."""
        stem, _, last = self.endpoint.url_name.replace("-", "_").rpartition("_")
        verb = "list" if self.declared.kind == "list" else VERBS[self.method]
        if last in ("list", "detail"):
            return f"{stem}_{verb}"
        alone = self.method == "GET" or set(self.endpoint.allowed_methods) <= {self.method, "HEAD"}
        return f"{stem}_{last}" if alone else f"{stem}_{last}_{verb}"

    def _docstring(self) -> str:
        return (getattr(self.view, self.method.lower()).__doc__ or "").strip()

    def get_summary(self) -> str:
        """The first sentence of the docstring."""
        return self._docstring().partition("\n")[0].rstrip(".")

    def get_description(self) -> str:  # type: ignore[override]
        """The rest of the docstring, and what a token and a person need."""
        rest = re.sub(r"\n[ \t]+", "\n", self._docstring().partition("\n")[2]).strip()
        roles = self.endpoint.roles_for(self.declared)
        scope = self.endpoint.scope(self.declared)
        needs = f"A token needs the scope `{scope}`." if scope else "Any token opens it, whatever its scopes."
        who = f"For people who are {', '.join(sorted(roles))}." if roles else ""
        return "\n\n".join(part for part in (rest, " ".join(one for one in (needs, who) if one)) if part)

    def get_tags(self) -> list[str]:
        """Its resource."""
        return [self.endpoint.resource or "document"]

    def get_auth(self) -> list[dict[str, Any]]:
        """Token with its scope, or any token, or session."""
        super().get_auth()
        scope = self.endpoint.scope(self.declared)
        return [{TOKEN: [scope] if scope else []}, {SESSION: []}]

    def get_override_parameters(self) -> list[Any]:
        """Query parameters and headers, those of the answers too."""
        asked = [OpenApiParameter(one.name, dict(one.schema), description=one.words) for one in self.declared.filters]
        repeats = [KEY, AGAIN] if self.declared.kind == "create" else []
        return [*asked, *repeats, WAIT, HOW]

    def _resolve_path_parameters(self, variables: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = super()._resolve_path_parameters(variables)  # type: ignore[no-untyped-call]
        for one in found:
            one["description"] = self.endpoint.words.get("pk" if one["name"] == "id" else one["name"], "")
            if one["schema"].get("type") == "integer":
                one["schema"] = {"type": "integer", "minimum": 0, "maximum": LARGEST_ID}
        return found

    def get_request_serializer(self) -> Any:
        """What is taken; of a PATCH no field has to be there."""
        said = self.declared.said
        return said(partial=self.method == "PATCH") if said else None

    def get_response_serializers(self) -> Any:
        """The answer, and every problem there can be."""
        declared = self.declared
        shown = page_of(declared.shown) if declared.kind == "list" and declared.shown else declared.shown
        good = DONE[declared.kind] if shown else "Done."
        told = {(code, MEDIA_TYPE): OpenApiResponse(ProblemDetails, description=WHAT[code]) for code in self._codes()}
        return {declared.status: OpenApiResponse(shown, description=good), **told}

    def _codes(self) -> list[int]:
        """The problems that can come of it."""
        endpoint, declared = self.endpoint, self.declared
        changes = declared.kind in ("create", "change")
        there = {
            400: True,
            401: True,
            403: bool(endpoint.resource) or changes,
            404: "{" in self.path or (declared.kind == "create" and declared.said is not None),
            409: declared.kind == "create" or bool(endpoint.conflicts and changes),
            413: changes,
            415: changes,
            422: changes,
            429: True,
        }
        return [code for code in KINDS if there.get(code)]

    def _is_list_view(self, serializer: Any = None) -> bool:
        return False

    def _map_basic_serializer(self, serializer: Any, direction: Any) -> Any:
        mapped = super()._map_basic_serializer(serializer, direction)  # type: ignore[no-untyped-call]
        if isinstance(serializer, Said) and mapped.get("properties"):
            mapped["additionalProperties"] = False
            if serializer.partial and serializer.needed:
                mapped["required"] = list(serializer.needed)
        return mapped


def share_problems(result: dict[str, Any], generator: Any, **_: Any) -> dict[str, Any]:
    """The document with each kind of problem written once, and named by every operation that can answer so."""
    shared: dict[str, Any] = {}
    for methods in result["paths"].values():
        for operation in methods.values():
            for code, answer in operation["responses"].items():
                if MEDIA_TYPE in answer.get("content", {}):
                    shared[f"Problem{code}"] = answer
                    operation["responses"][code] = {"$ref": f"#/components/responses/Problem{code}"}
    result["components"]["responses"] = dict(sorted(shared.items()))
    return result
