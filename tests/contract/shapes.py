"""The facts of an OpenAPI operation that clients depend on, without its words."""

from typing import Any

METHODS = ("get", "post", "put", "patch", "delete")
_DEEPEST = 8


def operations(document: dict[str, Any]) -> dict[str, Any]:
    """The facts of every operation by its id."""
    return {
        operation["operationId"]: facts(document, method, path, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    }


def facts(document: dict[str, Any], method: str, path: str, operation: dict[str, Any]) -> Any:
    """Method, path, role, parameters, body and success fields of one operation."""
    parameters = [_resolved(document, p) for p in operation.get("parameters", [])]
    body = operation.get("requestBody", {})
    return {
        "method": method.upper(),
        "path": path,
        "role": operation["x-role"],
        "parameters": sorted(f"{p['in']} {p['name']}" for p in parameters),
        "body": _media_fields(document, body),
        "body_required": body.get("required", False),
        "success": _media_fields(
            document, operation["responses"].get("200") or operation["responses"].get("201", {})
        ),
    }


def _media_fields(document: dict[str, Any], holder: dict[str, Any]) -> dict[str, bool]:
    found: dict[str, bool] = {}
    for media, content in holder.get("content", {}).items():
        if media in ("application/json", "multipart/form-data"):
            _collect(document, content["schema"], "", True, found, 0)
    return dict(sorted(found.items()))


def _collect(
    document: dict[str, Any],
    schema: Any,
    name: str,
    required: bool,
    found: dict[str, bool],
    depth: int,
) -> None:
    """Note each field as `outer.inner[]` with whether it is always there."""
    schema = _resolved(document, schema)
    if not isinstance(schema, dict) or depth > _DEEPEST:
        return
    _collect_alternatives(document, schema, name, required, found, depth)
    for part in schema.get("allOf", []):
        _collect(document, part, name, required, found, depth)
    if "items" in schema:
        _collect(document, schema["items"], f"{name}[]", required, found, depth + 1)
    for field, inner in schema.get("properties", {}).items():
        path = f"{name}.{field}" if name else field
        is_required = required and field in schema.get("required", [])
        found[path] = found.get(path, False) or is_required
        _collect(document, inner, path, is_required, found, depth + 1)


def _collect_alternatives(
    document: dict[str, Any],
    schema: dict[str, Any],
    name: str,
    required: bool,
    found: dict[str, bool],
    depth: int,
) -> None:
    """Note the fields of all alternatives; always there is what every one of them requires."""
    alternatives: list[dict[str, bool]] = []
    for alternative in [*schema.get("anyOf", []), *schema.get("oneOf", [])]:
        alternatives.append({})
        _collect(document, alternative, name, required, alternatives[-1], depth)
    for field in {field for alternative in alternatives for field in alternative}:
        is_required = all(alternative.get(field, False) for alternative in alternatives)
        found[field] = found.get(field, False) or is_required


def _resolved(document: dict[str, Any], node: Any) -> Any:
    while isinstance(node, dict) and "$ref" in node:
        target: Any = document
        for key in node["$ref"].removeprefix("#/").split("/"):
            target = target[key]
        node = target
    return node
