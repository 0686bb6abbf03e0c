"""The OpenAPI 3.1 document of all operations."""

from collections.abc import Sequence
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import msgspec
from msgspec import NODEFAULT, Struct
from starlette.responses import Response

from lumilio import __version__
from lumilio.api.files import RANGE
from lumilio.api.parameters import OutOfRange
from lumilio.api.typed import JSON, Operation, Router
from lumilio.errors import (
    BadRequest,
    Forbidden,
    LumilioError,
    MisdirectedRequest,
    NotInitialized,
    TooLarge,
    Unauthorized,
)

REF = "#/components/schemas/{name}"


class Error(Struct, omit_defaults=True):
    """Body of every JSON error."""

    code: int
    message: str
    error: str = ""


def document(routers: Sequence[Router]) -> dict[str, Any]:
    """The whole document, ready for JSON."""
    operations = [operation for router in routers for operation in router.operations]
    schemas, components = _schemas(operations)
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(
            operation, schemas
        )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Lumilio",
            "version": __version__,
            "description": "REST interface of the Lumilio photo library.",
            "license": {"name": "GPL-3.0-or-later", "identifier": "GPL-3.0-or-later"},
        },
        "servers": [{"url": "/"}],
        "tags": _tags(routers),
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": _SECURITY},
    }


def _tags(routers: Sequence[Router]) -> list[dict[str, str]]:
    """One entry for each tag; several modules may share one."""
    descriptions = {router.tag: router.description for router in routers}
    return [{"name": name, "description": text} for name, text in descriptions.items()]


_SECURITY = {
    "BearerAuth": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "MediaToken": {"type": "apiKey", "in": "query", "name": "mt"},
}


def _schemas(operations: Sequence[Operation]) -> tuple[dict[Any, Any], dict[str, Any]]:
    kinds: list[Any] = [Error]
    for operation in operations:
        kinds += [kind for kind in (operation.body_type, operation.multipart) if kind is not None]
        if not _is_response(operation.result):
            kinds.append(operation.result)
    unique = list(dict.fromkeys(kinds))
    found, components = msgspec.json.schema_components(unique, ref_template=REF)
    return dict(zip(unique, found, strict=True)), components


def _operation(operation: Operation, schemas: dict[Any, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "tags": [operation.tag],
        "summary": operation.summary,
        "x-role": operation.role,
        "security": _security(operation),
        "responses": _responses(operation, schemas),
    }
    if operation.description:
        described["description"] = operation.description
    parameters = [
        *_path_parameters(operation),
        *_query_parameters(operation),
        *_header_parameters(operation),
    ]
    if parameters:
        described["parameters"] = parameters
    if operation.multipart is not None:
        form = _content(schemas[operation.multipart], "multipart/form-data")
        described["requestBody"] = form | {"required": True}
    elif operation.body_type is not None:
        described["requestBody"] = _content(schemas[operation.body_type]) | {
            "required": operation.body_required
        }
    return described


def _security(operation: Operation) -> list[dict[str, list[str]]]:
    if operation.role == "public":
        return []
    media: list[dict[str, list[str]]] = [{"MediaToken": []}]
    return [{"BearerAuth": []}, *(media if operation.accepts_media_token else [])]


def _responses(operation: Operation, schemas: dict[Any, Any]) -> dict[str, Any]:
    if _is_response(operation.result):
        schema: Any = {"type": "string", "format": "binary"}
    else:
        schema = schemas[operation.result]
    content = _content(schema, operation.media)
    answers = {str(operation.status): content | {"description": "Success"}}
    if RANGE in operation.headers:
        several = _content(schema, "multipart/byteranges")["content"]
        answers["206"] = {
            "description": "The range asked for, or the ranges",
            "content": content["content"] | several,
        }
        answers["304"] = {"description": "Not changed"}
        answers["416"] = {"description": "The range lies outside the file"}
    for error in sorted(_errors(operation), key=lambda error: (error.status, error.__name__)):
        answers.setdefault(str(error.status), _error_answer(error, schemas))
    return answers


def _errors(operation: Operation) -> set[type[LumilioError]]:
    errors: set[type[LumilioError]] = {
        BadRequest,
        LumilioError,
        MisdirectedRequest,
        *operation.errors,
    }
    if operation.body_type:
        errors.add(TooLarge)
    if operation.role != "public":
        errors.add(Unauthorized)
    if operation.is_for_own_pages or operation.role == "admin":
        errors.add(Forbidden)
    if operation.role != "public" and not operation.restricted:
        errors.add(Forbidden)
    if operation.gate != "none":
        errors.add(NotInitialized)
    return errors


def _error_answer(error: type[LumilioError], schemas: dict[Any, Any]) -> dict[str, Any]:
    reason = (error.__doc__ or error.title).splitlines()[0].rstrip(".")
    return _content(schemas[Error]) | {"description": reason}


def _content(schema: Any, media: str = JSON) -> dict[str, Any]:
    return {"content": {media: {"schema": schema}}}


def _path_parameters(operation: Operation) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": msgspec.json.schema(kind),
        }
        for name, kind in operation.path_types.items()
    ]


def _header_parameters(operation: Operation) -> list[dict[str, Any]]:
    return [
        {
            "name": header.name,
            "in": "header",
            "required": False,
            "description": header.description,
            "schema": {"type": "string"},
        }
        for header in operation.headers
    ]


def _query_parameters(operation: Operation) -> list[dict[str, Any]]:
    if operation.query_type is None:
        return []
    hints = get_type_hints(operation.query_type, include_extras=True)
    return [
        _query_parameter(field, hints[field.name])
        for field in msgspec.structs.fields(operation.query_type)
    ]


def _query_parameter(field: msgspec.structs.FieldInfo, hint: Any) -> dict[str, Any]:
    schema = dict(msgspec.json.schema(hint))
    description = schema.pop("description", "")
    if field.default is not NODEFAULT:
        schema["default"] = field.default
    for mark in get_args(hint) if get_origin(hint) is Annotated else ():
        if isinstance(mark, OutOfRange):
            schema["x-out-of-range"] = msgspec.to_builtins(mark)
    parameter = {"name": field.encode_name, "in": "query", "required": field.required}
    return parameter | ({"description": description} if description else {}) | {"schema": schema}


def _is_response(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Response)
