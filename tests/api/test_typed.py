"""Declarations that cannot be served stop the start; queries and bodies follow their rules."""

from typing import Annotated, Any
from uuid import UUID

import pytest
from msgspec import Meta, Struct
from starlette.applications import Starlette
from starlette.testclient import TestClient

from lumilio.api.dispatch import routes
from lumilio.api.openapi import document
from lumilio.api.parameters import KEEP_EMPTY, OutOfRange, read_path, read_query
from lumilio.api.typed import Router, WrongDeclaration, collect
from lumilio.errors import BadRequest, Conflict, LumilioError
from lumilio.library.context import Context
from tests.support.library import Library


class Answer(Struct):
    """An answer."""

    text: str


class Query(Struct, frozen=True):
    """All rules at once."""

    plain: int = 1
    word: str = "default"
    kept: Annotated[str, KEEP_EMPTY] = "default"
    flag: bool = True
    falls_back: Annotated[int, Meta(ge=1, le=9), OutOfRange("default", "default", "default")] = 5
    clamped: Annotated[int, Meta(ge=1, le=9), OutOfRange("clamp", "clamp", "default")] = 5
    refused: Annotated[int, Meta(ge=1, le=9)] = 5


@pytest.fixture
def router() -> Router:
    return Router("things", "Things.")


def test_an_operation_without_a_role_stops_the_start(router: Router) -> None:
    with pytest.raises(WrongDeclaration, match="declares no role"):

        @router.get("/things")
        def list_things(ctx: Context) -> Answer:
            """List."""
            raise NotImplementedError


def test_an_argument_without_a_source_stops_the_start(router: Router) -> None:
    with pytest.raises(WrongDeclaration, match="limit"):

        @router.get("/things", role="user")
        def list_things(ctx: Context, limit: int) -> Answer:
            """List."""
            raise NotImplementedError


def test_a_name_in_the_path_that_is_not_taken_stops_the_start(router: Router) -> None:
    with pytest.raises(WrongDeclaration, match="id"):

        @router.get("/things/{id}", role="user")
        def get_thing(ctx: Context) -> Answer:
            """Get."""
            raise NotImplementedError


def test_an_operation_without_an_answer_type_stops_the_start(router: Router) -> None:
    with pytest.raises(WrongDeclaration):

        @router.get("/things", role="user")
        def list_things(ctx: Context):  # type: ignore[no-untyped-def]
            """List."""


@pytest.mark.parametrize(("path", "name"), [("/things", "other"), ("/others", "list_things")])
def test_two_operations_of_one_route_or_one_name_stop_the_start(
    router: Router, path: str, name: str
) -> None:
    def handler(ctx: Context) -> Answer:
        """List."""
        raise NotImplementedError

    handler.__name__ = "list_things"
    router.get("/things", role="user")(handler)

    def second(ctx: Context) -> Answer:
        """List."""
        raise NotImplementedError

    second.__name__ = name
    router.get(path, role="user")(second)
    with pytest.raises(WrongDeclaration, match="taken"):
        collect([router])


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, Query()),
        ({"plain": "7", "word": "x"}, Query(plain=7, word="x")),
        ({"plain": "", "word": "", "refused": ""}, Query()),
        ({"kept": ""}, Query(kept="")),
        ({"unknown": "1", "PLAIN": "3"}, Query()),
        ({"flag": "true"}, Query()),
        ({"flag": "false"}, Query(flag=False)),
        ({"flag": ""}, Query(flag=False)),
        ({"flag": "True"}, Query(flag=False)),
        ({"flag": "1"}, Query(flag=False)),
        ({"falls_back": "0"}, Query()),
        ({"falls_back": "10"}, Query()),
        ({"falls_back": "x"}, Query()),
        ({"falls_back": "1.0"}, Query()),
        ({"falls_back": "9"}, Query(falls_back=9)),
        ({"clamped": "0"}, Query(clamped=1)),
        ({"clamped": "-99"}, Query(clamped=1)),
        ({"clamped": "10"}, Query(clamped=9)),
        ({"clamped": "x"}, Query()),
    ],
)
def test_a_query_is_read_by_the_rules_beside_its_fields(
    given: dict[str, str], expected: Query
) -> None:
    assert read_query(Query, given) == expected


@pytest.mark.parametrize(
    "given",
    [
        {"plain": "x"},
        {"plain": "1.5"},
        {"refused": "0"},
        {"refused": "10"},
        {"refused": "x"},
        {"refused": "9" * 40},
    ],
)
def test_what_no_rule_mends_is_a_bad_request(given: dict[str, str]) -> None:
    with pytest.raises(BadRequest):
        read_query(Query, given)


@pytest.mark.parametrize("text", ["7", "-7", "0"])
def test_a_number_in_a_path_is_read(text: str) -> None:
    assert read_path(int, "id", text) == int(text)


@pytest.mark.parametrize(
    ("kind", "text"),
    [(int, "x"), (int, "1.5"), (int, ""), (UUID, "{" + "1" * 30 + "}"), (UUID, "1_" * 16)],
)
def test_what_is_no_id_is_a_bad_request(kind: type, text: str) -> None:
    with pytest.raises(BadRequest):
        read_path(kind, "id", text)


class Body(Struct, frozen=True):
    """A body."""

    text: str = ""


def _served(library: Library, router: Router) -> TestClient:
    app = Starlette(routes=[*routes(collect([router]), library.ctx)])
    return TestClient(app, raise_server_exceptions=True)


def test_plain_functions_and_coroutines_are_served_alike(fresh: Library, router: Router) -> None:
    @router.post("/plain", role="public")
    def plain(ctx: Context, body: Body | None = None) -> Answer:
        """Plain."""
        return Answer(body.text if body else "none")

    @router.post("/coroutine", role="public")
    async def coroutine(ctx: Context, body: Body) -> Answer:
        """Coroutine."""
        return Answer(body.text)

    client = _served(fresh, router)
    assert client.post("/api/v1/plain").json() == {"text": "none"}
    assert client.post("/api/v1/plain", json={"text": "a"}).json() == {"text": "a"}
    assert client.post("/api/v1/coroutine", json={"text": "b"}).json() == {"text": "b"}


def test_public_operations_act_with_nobodys_rights(fresh: Library, router: Router) -> None:
    admin = fresh.api.register("admin")

    @router.get("/who", role="public")
    def who(ctx: Context) -> Answer:
        """Who."""
        return Answer(f"{ctx.principal.user_id} {ctx.principal.role}")

    headers = {"authorization": f"Bearer {admin.token}"}
    answer = _served(fresh, router).get("/api/v1/who", headers=headers)
    assert answer.json() == {"text": "None user"}


def test_the_document_tells_what_a_declaration_says(router: Router) -> None:
    @router.get("/things/{id}", role="user", gate="first", errors=(Conflict,))
    def get_thing(ctx: Context, id: UUID, query: Query) -> Answer:
        """Get one thing.

        At length.
        """
        raise NotImplementedError

    operation: dict[str, Any] = document([router])["paths"]["/api/v1/things/{id}"]["get"]
    assert operation["operationId"] == "get_thing"
    assert operation["summary"] == "Get one thing"
    assert operation["description"] == "At length."
    assert operation["x-role"] == "user"
    assert operation["security"] == [{"BearerAuth": []}]
    assert set(operation["responses"]) == {"200", "400", "401", "403", "409", "421", "500"}
    parameters = {parameter["name"]: parameter for parameter in operation["parameters"]}
    assert parameters["id"]["schema"] == {"type": "string", "format": "uuid"}
    assert parameters["clamped"]["schema"] == {
        "type": "integer",
        "minimum": 1,
        "maximum": 9,
        "default": 5,
        "x-out-of-range": {"below": "clamp", "above": "clamp", "invalid": "default"},
    }


def test_every_error_says_what_happened_in_words_for_people() -> None:
    pending = [LumilioError]
    while pending:
        kind = pending.pop()
        pending += kind.__subclasses__()
        assert kind.__doc__
        assert 400 <= kind.status < 600
        assert kind.title
