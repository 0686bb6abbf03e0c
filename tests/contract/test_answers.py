"""What holds of the answers of every operation, generated from the document."""

from collections.abc import Iterator
from typing import Any

import pytest

from lumilio.media.pool import DecodePool
from tests.contract.test_reference import REFERENCE
from tests.support.api import PASSWORD
from tests.support.contract import our_document
from tests.support.library import Library

ID = "123e4567-e89b-42d3-a456-426614174000"
WRONG_VALUES = (7, "word", True, [], {}, 1.5)
OPERATIONS = [
    (method.upper(), path.removeprefix("/api/v1"), operation)
    for path, item in our_document()["paths"].items()
    for method, operation in item.items()
]
WITH_JSON = [
    o for o in OPERATIONS if "application/json" in o[2].get("requestBody", {}).get("content", {})
]
# A stream has no end to wait for; tests of its own listen to it.
FINITE = [
    o
    for o in OPERATIONS
    if "text/event-stream" not in o[2]["responses"].get("200", {}).get("content", {})
]
GUARDED = [o for o in OPERATIONS if o[2]["x-role"] != "public"]
BAD_UUIDS = ("7", "x", "not-a-uuid", "g" * 32, ID + "0", ID[:-1], "%20", "0x" + "1" * 30)
BAD_NUMBERS = ("0", "-1", "x", "1.5", ID, "9" * 30, "%20", "0x1")


def _is_numbered(operation: Any) -> bool:
    ids = (found["schema"] for found in operation.get("parameters", []) if found["name"] == "id")
    return any(schema["type"] == "integer" for schema in ids)


WITH_ID = [o for o in OPERATIONS if "{id}" in o[1]]
WITH_UUID = [o for o in WITH_ID if not _is_numbered(o[2])]
WITH_BAD_ID = [
    (method, path.replace("{id}", bad_id), operation)
    for method, path, operation in WITH_ID
    for bad_id in (BAD_NUMBERS if _is_numbered(operation) else BAD_UUIDS)
]


def _address(library: Library, path: str, operation: Any) -> str:
    """The path with an id of the right form."""
    path = path.replace("{id}", "999" if _is_numbered(operation) else library.primary["id"])
    return path.replace("{assetId}", ID).replace("{albumId}", "999")


def _names(operations: list[Any]) -> list[str]:
    return [operation[2]["operationId"] for operation in operations]


def _fields() -> list[tuple[str, str, str, Any]]:
    schemas = our_document()["components"]["schemas"]
    found = []
    for method, path, operation in WITH_JSON:
        path = path.replace("{id}", "999") if _is_numbered(operation) else path
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        properties = schemas[schema["$ref"].rsplit("/", 1)[1]]["properties"]
        found += [(method, path, name, properties[name]) for name in properties]
    return found


def _code_of(response: Any) -> int:
    body = response.json()
    assert set(body) <= {"code", "message", "error"}
    assert body["code"] == response.status_code
    assert body["message"]
    return response.status_code


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory, pool: DecodePool) -> Iterator[Library]:
    """One for all: nothing here depends on what others leave behind."""
    library = Library(tmp_path_factory.mktemp("answers"), pool).set_up()
    library.add_asset()
    yield library
    library.close()


@pytest.mark.parametrize(("method", "path", "operation"), GUARDED, ids=_names(GUARDED))
@pytest.mark.parametrize(
    "header",
    [
        {"authorization": "Basic dTpw"},
        {"authorization": ""},
    ],
)
def test_without_a_usable_credential_the_answer_is_401(
    library: Library, method: str, path: str, operation: Any, header: dict[str, str]
) -> None:
    response = library.api.call(method, path.replace("{id}", ID), headers=header)
    assert _code_of(response) == 401
    assert response.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(("method", "path", "operation"), WITH_BAD_ID, ids=_names(WITH_BAD_ID))
def test_a_malformed_id_is_a_bad_request(
    library: Library, method: str, path: str, operation: Any
) -> None:
    assert _code_of(library.admin.call(method, path)) == 400


@pytest.mark.parametrize("form", [ID.upper(), ID.replace("-", "")])
@pytest.mark.parametrize(("method", "path", "operation"), WITH_UUID, ids=_names(WITH_UUID))
def test_an_id_is_read_in_any_case_and_without_dashes(
    library: Library, method: str, path: str, operation: Any, form: str
) -> None:
    plain = library.admin.call(method, path.replace("{id}", ID))
    other = library.admin.call(method, path.replace("{id}", form))
    assert (other.status_code, other.content) == (plain.status_code, plain.content)


@pytest.mark.parametrize(("method", "path", "operation"), WITH_JSON, ids=_names(WITH_JSON))
@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"7",
        b'"word"',
        b"null",
        b"\xff\xfe",
        b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"a":1}x',
    ],
    ids=[
        "cut off",
        "array",
        "number",
        "text",
        "null",
        "not text",
        "too deep",
        "trailing",
    ],
)
def test_a_body_that_is_no_json_object_is_a_bad_request(
    library: Library, method: str, path: str, operation: Any, body: bytes
) -> None:
    address = _address(library, path, operation)
    assert _code_of(library.admin.call(method, address, content=body)) == 400


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/auth/register/start", "username"),
        ("/auth/login", "password"),
        ("/auth/refresh", "refreshToken"),
        ("/auth/logout", "refreshToken"),
        ("/repositories", "name"),
        ("/assets/list", "query"),
    ],
)
@pytest.mark.parametrize("text", [b"\xff", b"\\ud800", b"\xed\xa0\x80"])
def test_a_text_that_is_no_unicode_is_a_bad_request(
    library: Library, path: str, field: str, text: bytes
) -> None:
    body = b'{"' + field.encode() + b'":"' + text + b'"}'
    assert _code_of(library.admin.post(path, content=body)) == 400


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/auth/login", {"username": "admin", "password": PASSWORD, "extra": {"a": [1]}}),
        ("/assets/list", {"unknown": None, "filter": {"unknown": 1}}),
        ("/auth/logout", {"refreshToken": "x", "everywhere": True}),
    ],
)
def test_unknown_keys_of_a_body_are_ignored(library: Library, path: str, body: Any) -> None:
    assert library.admin.post(path, body).status_code in (200, 401)


@pytest.mark.parametrize(
    "body",
    [
        {"query": None, "filter": None, "sort_by": None, "pagination": None, "stack_mode": None},
        {"search_type": None, "viewer_timezone": None, "pagination": {"limit": None}},
        {"filter": dict.fromkeys(REFERENCE["query_assets"]["body"], None)},
        {"filter": {"filename": {"value": None, "operator": None}, "date": {"from": None}}},
        {"filter": {"repository_id": "", "camera_model": "", "lens": "", "date": {"from": ""}}},
        {"query": "", "search_type": "", "sort_by": "", "viewer_timezone": "", "stack_mode": ""},
    ],
)
def test_null_and_empty_text_in_a_query_count_as_absent(library: Library, body: Any) -> None:
    assert library.admin.ok("POST", "/assets/list", body)["total_assets"] == 1


def test_a_body_is_decoded_whatever_its_declared_type(library: Library) -> None:
    body = b'{"pagination":{"limit":3}}'
    for media_type in ("text/plain", "application/x-www-form-urlencoded", ""):
        response = library.admin.post(
            "/assets/list", content=body, headers={"content-type": media_type}
        )
        assert response.json()["limit"] == 3


@pytest.mark.parametrize("path", ["/assets/list", "/repositories", "/auth/login"])
def test_an_empty_body_is_a_bad_request_where_one_is_needed(library: Library, path: str) -> None:
    assert _code_of(library.admin.post(path)) == 400
    assert _code_of(library.admin.post(path, content=b"  ")) == 400


@pytest.mark.parametrize(("method", "path", "operation"), WITH_JSON, ids=_names(WITH_JSON))
def test_a_body_over_the_limit_is_refused_before_it_is_read(
    library: Library, method: str, path: str, operation: Any
) -> None:
    body = b'{"x":"' + b"a" * (2 << 20) + b'"}'
    address = _address(library, path, operation)
    assert _code_of(library.admin.call(method, address, content=body)) == 413


@pytest.mark.parametrize(
    ("method", "path", "name", "schema"), _fields(), ids=[f"{f[1]} {f[2]}" for f in _fields()]
)
def test_a_field_of_a_wrong_type_is_a_bad_request(
    library: Library, method: str, path: str, name: str, schema: Any
) -> None:
    accepted = _accepted_types(schema)
    for value in WRONG_VALUES:
        if type(value) in accepted:
            continue
        response = library.admin.call(
            method, path.replace("{id}", library.primary["id"]), json={name: value}
        )
        assert _code_of(response) == 400, value


def _accepted_types(schema: Any) -> set[type]:
    names = {"string": str, "integer": int, "number": float, "boolean": bool, "array": list}
    schemas = [schema, *schema.get("anyOf", [])]
    found = {names[s["type"]] for s in schemas if s.get("type") in names}
    if any("$ref" in s for s in schemas):
        found.add(dict)
    if any("enum" in s for s in schemas):
        found.discard(str)
    return found | ({int} if float in found else set())


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/nothing"),
        ("POST", "/api/v1/nothing"),
        ("GET", "/api"),
        ("GET", "/api/"),
        ("GET", "/api/v2/health"),
        ("GET", "/api/v1/health/"),
        ("PUT", "/api/v1/health"),
        ("DELETE", "/api/v1/capabilities"),
        ("PATCH", "/api/v1/repositories"),
        ("POST", "/api/openapi.json"),
    ],
)
def test_an_unknown_path_or_method_under_api_is_404_in_its_own_shape(
    library: Library, method: str, path: str
) -> None:
    response = library.api.http.request(method, path)
    assert response.status_code == 404
    assert response.json() == {"error": "not found"}


def test_the_document_is_served(library: Library) -> None:
    response = library.api.http.get("/api/openapi.json")
    assert response.status_code == 200
    assert response.json() == our_document()


@pytest.mark.parametrize("operation", [o for o in FINITE if o[0] == "GET"])
def test_a_get_operation_answers_head_without_a_body(
    library: Library, operation: tuple[str, str, Any]
) -> None:
    address = operation[1].replace("{id}", ID)
    response = library.admin.call("HEAD", address)
    assert response.status_code == library.admin.get(address).status_code
    assert response.content == b""
