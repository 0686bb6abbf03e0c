"""Watches every answer of the tests against our own document and, where it is, the reference."""

import json
import re
from collections import defaultdict
from datetime import datetime
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import msgspec
from jsonschema import Draft202012Validator, FormatChecker

from lumilio.api.openapi import document
from lumilio.api.server import ROUTERS

ROOT = Path(__file__).resolve().parents[2]
REFERENCE_FILE = ROOT.parent / "shared" / "contract" / "openapi.json"
# Beyond this a page is only checked by the tests that are about its content.
_LONGEST_CHECKED_BODY = 60_000

_formats = FormatChecker(formats=())


@_formats.checks("uuid", raises=ValueError)
def _is_uuid(value: object) -> bool:
    return not isinstance(value, str) or str(UUID(value)) == value


@_formats.checks("date-time", raises=ValueError)
def _is_instant(value: object) -> bool:
    return not isinstance(value, str) or (
        "T" in value and datetime.fromisoformat(value).tzinfo is not None
    )


@cache
def our_document() -> dict[str, Any]:
    """The document that this version serves."""
    return json.loads(msgspec.json.encode(document(ROUTERS)))


@cache
def reference_document() -> dict[str, Any] | None:
    """The contract itself; it lies beside a checkout of the project, not in it."""
    if not REFERENCE_FILE.is_file():
        return None
    return json.loads(REFERENCE_FILE.read_text(encoding="utf-8"))


@cache
def validator(name: str, method: str, path: str, status: str) -> Draft202012Validator | None:
    """Checks a JSON answer against the `ours` or the `reference` document."""
    described = our_document() if name == "ours" else reference_document()
    if described is None:
        return None
    # What we offer beyond the contract is described by our own document alone.
    operation = described["paths"].get(path, {}).get(method, {"responses": {}})
    answer = operation["responses"].get(status, {})
    if "$ref" in answer:
        answer = described["components"]["responses"][answer["$ref"].rsplit("/", 1)[1]]
    schema = answer.get("content", {}).get("application/json", {}).get("schema")
    if schema is None:
        return None
    schema = {"allOf": [schema], "components": described["components"]}
    return Draft202012Validator(schema, format_checker=_formats)


def _check_media_type(response: httpx2.Response, described: dict[str, Any]) -> None:
    # What is empty is of no type, whatever the header says.
    is_empty = response.headers.get("content-length") == "0"
    sent = "" if is_empty else response.headers.get("content-type", "").partition(";")[0]
    declared = described.get("content", {})
    assert not sent or any(fnmatch(sent, media) for media in declared), f"{sent}, undeclared"


class Watch:
    """Collects the statuses of every operation and complains about undeclared answers."""

    def __init__(self) -> None:
        self.seen: dict[str, set[int]] = defaultdict(set)
        self.undeclared: set[tuple[str, int]] = set()
        self._routes = [
            (re.compile(re.sub(r"{\w+}", r"[^/]+", path)), path, method)
            for path, methods in sorted(our_document()["paths"].items())
            for method in methods
        ]

    def operation(self, method: str, path: str) -> tuple[str, str] | None:
        """Method and path template of a request, None when it is not one of the operations'."""
        method = "get" if method == "HEAD" else method.lower()
        exact = [r for r in self._routes if r[1] == path and r[2] == method]
        found = exact or [r for r in self._routes if r[2] == method and r[0].fullmatch(path)]
        return (found[0][2], found[0][1]) if found else None

    def check(self, response: httpx2.Response) -> None:
        """Event hook of every client."""
        found = self.operation(response.request.method, response.request.url.path)
        if found is None:
            return
        method, path = found
        described = our_document()["paths"][path][method]
        self.seen[described["operationId"]].add(response.status_code)
        if str(response.status_code) not in described["responses"]:
            self.undeclared.add((described["operationId"], response.status_code))
            raise AssertionError(f"{method} {path} answers {response.status_code}, undeclared")
        _check_media_type(response, described["responses"][str(response.status_code)])
        if response.request.method != "HEAD" and response.status_code not in (206, 304, 416):
            self._check_body(response, method, path)

    def _check_body(self, response: httpx2.Response, method: str, path: str) -> None:
        is_json = response.headers.get("content-type", "").startswith("application/json")
        if response.status_code >= 400:
            assert is_json, f"{method} {path}: an error without a JSON body"
        if not is_json or int(response.headers.get("content-length", 0)) > _LONGEST_CHECKED_BODY:
            return
        assert response.headers["content-type"] == "application/json; charset=utf-8"
        body = json.loads(response.read())
        if response.status_code >= 400:
            assert set(body) <= {"code", "message", "error"}
            assert body["code"] == response.status_code
            assert body["message"]
            assert body.get("error") != ""
        # A session in a cookie is beyond the contract, which knows none.
        documents = ("ours",) if "set-cookie" in response.headers else ("ours", "reference")
        for name in documents:
            checker = validator(name, method, path, str(response.status_code))
            faults = [] if checker is None else [f.message for f in checker.iter_errors(body)]
            assert not faults, f"{method} {path} against {name}: {faults[:3]}"


WATCH = Watch()
