"""Every operation, called by everybody: who is answered what follows from its declaration alone."""

from collections.abc import Callable, Iterator

import pytest
from msgspec import Struct

from lumilio.api.typed import Operation
from lumilio.media.pool import DecodePool
from tests.contract.calls import ASSETS, CALLS, OPERATIONS, Call, send
from tests.contract.scene import Scene
from tests.support.api import Api
from tests.support.library import Library


class Caller(Struct, frozen=True, kw_only=True):
    """Somebody with or without a credential, and what is true of them.

    `sends` turns a live session of the calling account into what is sent: a bearer, a media token.
    """

    sends: Callable[[Scene, Api], tuple[str | None, str | None]]
    is_good: bool = True
    is_owner: bool = True
    is_admin: bool = False
    has_media_token: bool = False
    must_change_password: bool = False


def _bearer(scene: Scene, actor: Api) -> tuple[str | None, str | None]:
    return actor.token, None


def _media_token(scene: Scene, actor: Api) -> tuple[str | None, str | None]:
    return None, actor.media_token()


def _changed(column: str, value: int) -> Callable[[Scene, Api], tuple[str | None, str | None]]:
    def send(scene: Scene, actor: Api) -> tuple[str | None, str | None]:
        scene.run(f"UPDATE users SET {column} = ? WHERE id = ?", value, actor.user_id)
        return actor.token, None

    return send


def _ended(scene: Scene, actor: Api) -> tuple[str | None, str | None]:
    token, media_token = actor.token, actor.media_token()
    actor.ok("POST", "/auth/logout", {"refreshToken": actor.session["refreshToken"]})
    return token, media_token


CALLERS = {
    "nobody": Caller(sends=lambda scene, actor: (None, None), is_good=False),
    "a bad token": Caller(
        sends=lambda scene, actor: (actor.token[:-5] + "AAAAA", None), is_good=False
    ),
    "an expired token": Caller(
        sends=lambda scene, actor: (scene.expired_token(actor), None), is_good=False
    ),
    "an ended session": Caller(sends=_ended, is_good=False),
    "a disabled owner": Caller(sends=_changed("is_active", 0), is_good=False),
    "an owner with a temporary password": Caller(
        sends=_changed("must_change_password", 1), must_change_password=True
    ),
    "the owner": Caller(sends=_bearer),
    "another user": Caller(sends=_bearer, is_owner=False),
    "an administrator": Caller(sends=_bearer, is_owner=False, is_admin=True),
    "the owner's media token": Caller(sends=_media_token, has_media_token=True),
    "the media token of another": Caller(sends=_media_token, is_owner=False, has_media_token=True),
    "the media token of an administrator": Caller(
        sends=_media_token, is_owner=False, is_admin=True, has_media_token=True
    ),
}


def _expected(operation: Operation, call: Call, caller: Caller) -> int:
    """The status that the declaration and the owner of the thing mean, in the order of checks."""
    if operation.role == "public":
        return call.answer
    if not caller.is_good or (caller.has_media_token and not operation.accepts_media_token):
        return 401
    if caller.must_change_password and not operation.restricted:
        return 403
    if operation.role == "admin" and not caller.is_admin:
        return 403
    thing = call.thing
    if thing is not None and thing.foreign is not None and not caller.is_owner:
        return call.answer if caller.is_admin and thing.is_open_to_admins else thing.foreign
    return call.answer


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory, pool: DecodePool) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("scene")
    library = Library(folder / "home", pool)
    yield Scene(folder, library.ctx, library.api, library.work)
    library.close()


def test_every_operation_has_a_call(scene: Scene) -> None:
    document = scene.api.http.get("/api/openapi.json").json()
    served = {
        described["operationId"]: described["x-role"]
        for methods in document["paths"].values()
        for described in methods.values()
    }
    assert served == {name: operation.role for name, operation in OPERATIONS.items()}
    assert served.keys() - CALLS.keys() == set(), "add a line for each to tests/contract/calls.py"
    assert CALLS.keys() - served.keys() == set(), "these are gone; so should be their calls"


@pytest.mark.parametrize("kind", CALLERS)
@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_answers_everybody_as_it_declares(scene: Scene, name: str, kind: str) -> None:
    if name not in CALLS:
        pytest.fail(f"who may call {name}? Add a line for it to tests/contract/calls.py")
    operation, call, caller = OPERATIONS[name], CALLS[name], CALLERS[kind]
    owner = scene.account()
    actor = owner if caller.is_owner else scene.account("admin" if caller.is_admin else "user")
    # The secrets in the body of a public operation are all that counts there.
    writer = scene.account() if operation.role == "public" else actor
    thing_id = call.thing.of(scene, owner) if call.thing else ""
    arguments = call.arguments(scene, writer, thing_id)
    token, media_token = caller.sends(scene, actor)
    if media_token:
        arguments["params"] = arguments.get("params", {}) | {"mt": media_token}
    headers = {"authorization": f"Bearer {token}"} if token else {}
    expected = _expected(operation, call, caller)
    before = scene.state()

    response = send(actor.anonymous(), name, thing_id, headers=headers, **arguments)

    assert response.status_code == expected, response.text
    if operation.role == "public":
        # A 401 here is about the body.
        assert "invalid_token" not in response.headers.get("www-authenticate", "")
    elif expected in (401, 403, 404):
        assert scene.state() == before


def test_what_users_name_in_a_path_belongs_to_somebody() -> None:
    named = {name for name, o in OPERATIONS.items() if o.role == "user" and o.path_types}
    owned = {name for name, call in CALLS.items() if call.thing and call.thing.foreign}
    assert named - owned == set(), "say in tests/contract/calls.py what others are told of it"


@pytest.mark.parametrize("name", [name for name, call in CALLS.items() if call.thing in ASSETS])
def test_what_has_no_owner_is_read_by_all_and_changed_by_administrators(
    scene: Scene, name: str
) -> None:
    operation, call = OPERATIONS[name], CALLS[name]
    user, admin = scene.account(), scene.account("admin")
    assert call.thing is not None
    thing_id = call.thing.of(scene, user)
    arguments = call.arguments(scene, user, thing_id)
    scene.run("UPDATE assets SET owner_id = NULL")
    is_read = operation.method == "GET" or operation.accepts_media_token
    before = scene.state()
    answer = send(user, name, thing_id, **arguments)
    assert answer.status_code == (call.answer if is_read else 403)
    if not is_read:
        assert scene.state() == before
    assert send(admin, name, thing_id, **arguments).status_code == call.answer
