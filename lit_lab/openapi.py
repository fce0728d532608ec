"""The public OpenAPI 3.1 document, from the route table and the protocol's types."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode
from pydantic_core import core_schema as cs

from lit_lab import protocol, routes

_REFERENCE = "#/components/schemas/{model}"
_COMMON_ERRORS = {
    400: "The request is not valid; `message` says where.",
    401: "Not signed in.",
    403: "Signed in, but not allowed; or the XSRF token is missing.",
    404: "It doesn't exist, or it belongs to another user.",
    409: "Not possible in the current state.",
    413: "The body is larger than this route accepts.",
    422: "Valid, but refused: for example, a prompt that is longer than the limit.",
    429: "Too many jobs are running, or too many requests of one user at a shared service.",
    500: "An error in this server; its log has details.",
    502: "The model service failed to respond.",
    503: "The model service isn't running and can't start, or is still starting; or too many large requests came at once.",
    507: "The disk is full.",
}


class _Generator(GenerateJsonSchema):
    """Answers are sent with all their fields, so none of them is optional; titles would repeat the fields' names."""

    def field_is_required(self, field: cs.ModelField | cs.DataclassField | cs.TypedDictField, total: bool) -> bool:
        return self.mode == "serialization" or super().field_is_required(field, total)

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def _reference(name: str) -> dict[str, Any]:
    return {"$ref": _REFERENCE.format(model=name)}


def _schemas() -> dict[str, Any]:
    """Component schemas: requests as they are accepted, answers as they are sent (with their defaults filled in)."""
    modes: dict[str, JsonSchemaMode] = {"ErrorBody": "serialization"}
    for route in routes.ROUTES:
        if route.request:
            modes[route.request] = "validation"
        for name in filter(None, (route.response, route.stream)):
            modes[name] = "serialization"
    inputs = [(name, mode, TypeAdapter(getattr(protocol, name))) for name, mode in modes.items()]
    by_key, definitions = TypeAdapter.json_schemas(inputs, ref_template=_REFERENCE, schema_generator=_Generator)
    schemas: dict[str, Any] = dict(definitions["$defs"])
    for (name, _mode), schema in by_key.items():
        # Classes have been put among the definitions under their own name; unions (JobRequest, JobEvent) have not.
        if schema != _reference(name):
            schemas[name] = schema
    return dict(sorted(schemas.items()))


def _parameter(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _query(query: routes.Query) -> dict[str, Any]:
    schema = {"type": "integer", "minimum": 0, "default": query.default}
    return {"name": query.name, "in": "query", "description": query.description, "schema": schema}


def _responses(route: routes.Route) -> dict[str, Any]:
    if route.stream:
        # OpenAPI 3.1 has no word for streams: the schema is that of one line.
        content = {"application/x-ndjson": {"schema": _reference(route.stream)}}
    elif route.media:
        content = {route.media: {}}
    else:
        content = {"application/json": {"schema": _reference(route.response or "ErrorBody")}}
    answers: dict[str, Any] = {str(route.status): {"description": route.summary, "content": content}}
    codes = {
        401,
        403,
        500,
        *route.errors,
        *({400, 413, 503} if route.request else ()),
        *({400} if route.queries else ()),
    }
    for code in sorted(codes):
        answers[str(code)] = {
            "description": _COMMON_ERRORS[code],
            "content": {"application/json": {"schema": _reference("ErrorBody")}},
        }
    return answers


def _operation(route: routes.Route) -> dict[str, Any]:
    operation: dict[str, Any] = {"operationId": route.operation, "summary": route.summary}
    if route.description:
        operation["description"] = route.description
    parameters = [*map(_parameter, route.parameters), *map(_query, route.queries)]
    if parameters:
        operation["parameters"] = parameters
    if route.request:
        content = {"application/json": {"schema": _reference(route.request)}}
        operation["requestBody"] = {"required": True, "content": content}
    operation["responses"] = _responses(route)
    operation["x-jupyter-authorization"] = {"resource": routes.RESOURCE, "action": route.action}
    return operation


def document(version: str) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of this version's API."""
    paths: dict[str, dict[str, Any]] = {}
    for route in routes.ROUTES:
        paths.setdefault(f"/{routes.PREFIX}/{route.path}", {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "LIT Lab",
            "version": version,
            "license": {"name": "BSD-3-Clause", "identifier": "BSD-3-Clause"},
            "description": (
                "The REST API of LIT Lab's Jupyter server extension, below the server's base URL. Send the server's token as "
                "`Authorization: token …`, or its cookie and, with POST and DELETE, the `X-XSRFToken` header."
            ),
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}, {"cookie": []}],
        "paths": paths,
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {
                "token": {"type": "apiKey", "in": "header", "name": "Authorization"},
                "cookie": {"type": "apiKey", "in": "cookie", "name": "username-{host}-{port}"},
            },
        },
    }
