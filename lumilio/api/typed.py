"""Typed operations: one declaration gives route, validation, role check, errors and documentation.

An operation is a function whose annotations are its contract: parameters named in the path, one
`query` Struct, one `body` Struct (optional when its default is None), and the return annotation.
`ctx`, `request` and `access_token` are supplied when asked for. Only `restricted` operations work for
whoever has to choose a new password first.
"""

import inspect
import re
from collections.abc import Callable, Sequence
from typing import Any, Literal, get_type_hints

from msgspec import Struct

from lumilio.errors import LumilioError

Role = Literal["public", "user", "admin"]
Gate = Literal["none", "first", "after_role"]
Handler = Callable[..., Any]

JSON = "application/json"
API_PREFIX = "/api/v1"

_SUPPLIED = {"ctx", "request", "access_token"}
_PATH_NAME = re.compile(r"{(\w+)}")


class WrongDeclaration(LumilioError):
    """An operation is declared in a way that cannot be served; the program does not start."""

    title = "An operation is declared wrongly"


class Header(Struct, frozen=True):
    """A request header that an operation reads."""

    name: str
    description: str


class Operation(Struct, frozen=True, kw_only=True):
    """One method on one path, and everything that is true of it."""

    method: str
    path: str
    tag: str
    handler: Handler
    role: Role
    gate: Gate
    restricted: bool
    accepts_media_token: bool
    errors: tuple[type[LumilioError], ...]
    media: str
    status: int
    body_limit: int
    multipart: type[Struct] | None
    headers: tuple[Header, ...]
    path_types: dict[str, Any]
    query_type: type[Struct] | None
    body_type: type[Struct] | None
    body_required: bool
    supplied: tuple[str, ...]
    result: Any

    @property
    def name(self) -> str:
        """The operation id: the handler's name."""
        return self.handler.__name__

    @property
    def is_for_own_pages(self) -> bool:
        """Whether pages of other sites are refused: what changes something and needs no token."""
        return self.role == "public" and self.method != "GET"

    @property
    def summary(self) -> str:
        """First line of the handler's docstring."""
        return (inspect.getdoc(self.handler) or self.name).splitlines()[0].rstrip(".")

    @property
    def description(self) -> str:
        """The rest of the handler's docstring."""
        return "\n".join((inspect.getdoc(self.handler) or "").splitlines()[1:]).strip()


class Router:
    """Collects the operations of one resource."""

    def __init__(self, tag: str, description: str, *, gate: Gate = "none") -> None:
        self.tag = tag
        self.description = description
        self.operations: list[Operation] = []
        self._gate: Gate = gate

    def get(self, path: str, **options: Any) -> Callable[[Handler], Handler]:
        """Declare a GET operation; HEAD is answered by the same handler."""
        return self._declare("GET", path, **options)

    def post(self, path: str, **options: Any) -> Callable[[Handler], Handler]:
        """Declare a POST operation."""
        return self._declare("POST", path, **options)

    def put(self, path: str, **options: Any) -> Callable[[Handler], Handler]:
        """Declare a PUT operation."""
        return self._declare("PUT", path, **options)

    def patch(self, path: str, **options: Any) -> Callable[[Handler], Handler]:
        """Declare a PATCH operation."""
        return self._declare("PATCH", path, **options)

    def delete(self, path: str, **options: Any) -> Callable[[Handler], Handler]:
        """Declare a DELETE operation."""
        return self._declare("DELETE", path, **options)

    def _declare(
        self,
        method: str,
        path: str,
        *,
        role: Role | None = None,
        gate: Gate | None = None,
        restricted: bool = False,
        accepts_media_token: bool = False,
        errors: Sequence[type[LumilioError]] = (),
        media: str = JSON,
        status: int = 200,
        answer: Any = None,
        body_limit: int = 1 << 20,
        multipart: type[Struct] | None = None,
        headers: Sequence[Header] = (),
    ) -> Callable[[Handler], Handler]:
        def register(handler: Handler) -> Handler:
            if role is None:
                raise WrongDeclaration(f"{method} {path} ({handler.__name__}) declares no role")
            self.operations.append(
                Operation(
                    method=method,
                    path=API_PREFIX + path,
                    tag=self.tag,
                    handler=handler,
                    role=role,
                    gate=self._gate if gate is None else gate,
                    restricted=restricted,
                    accepts_media_token=accepts_media_token,
                    errors=tuple(errors),
                    media=media,
                    status=status,
                    body_limit=body_limit,
                    multipart=multipart,
                    headers=tuple(headers),
                    **_signature(method, path, handler, answer),
                )
            )
            return handler

        return register


def collect(routers: Sequence[Router]) -> list[Operation]:
    """All operations; raises WrongDeclaration when two share a route or an id."""
    operations = [operation for router in routers for operation in router.operations]
    seen: set[object] = set()
    for operation in operations:
        for key in (operation.name, (operation.method, operation.path)):
            if key in seen:
                raise WrongDeclaration(f"{operation.method} {operation.path}: {key} is taken")
            seen.add(key)
    return operations


def _signature(method: str, path: str, handler: Handler, answer: Any) -> dict[str, Any]:
    hints = get_type_hints(handler, include_extras=True)
    parameters = inspect.signature(handler).parameters
    path_names = _PATH_NAME.findall(path)
    unknown = set(parameters) - _SUPPLIED - set(path_names) - {"query", "body"}
    missing = set(path_names) - set(parameters)
    if unknown or missing or "return" not in hints:
        raise WrongDeclaration(
            f"{method} {path} ({handler.__name__}): no source for {sorted(unknown)},"
            f" not taken {sorted(missing)}, or no return annotation"
        )
    body = parameters.get("body")
    return {
        "path_types": {name: hints[name] for name in path_names},
        "query_type": hints.get("query"),
        "body_type": _without_none(hints.get("body")),
        "body_required": body is not None and body.default is inspect.Parameter.empty,
        "supplied": tuple(name for name in parameters if name in _SUPPLIED),
        # What a handler streams by itself is described apart from the Response it returns.
        "result": answer or hints["return"],
    }


def _without_none(annotation: Any) -> Any:
    alternatives = [kind for kind in getattr(annotation, "__args__", ()) if kind is not type(None)]
    return alternatives[0] if len(alternatives) == 1 else annotation
