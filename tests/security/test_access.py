"""Rights that nobody was given: by fields, types, time, links, and after they were taken away."""

from pathlib import Path
from typing import Any, get_args

import pyotp
import pytest
from msgspec.structs import fields

from lumilio.library import challenges
from lumilio.library.challenges import Purpose
from tests.contract.calls import ASSETS, CALLS, OPERATIONS, send
from tests.contract.scene import Scene
from tests.support.api import PASSWORD, Api
from tests.support.library import Library
from tests.support.photos import jpeg

SECRETS = {
    "password",
    "current_password",
    "new_password",
    "code",
    "refreshToken",
    "mfa_token",
    "setup_token",
    "challenge_token",
}
WRONG_SECRETS = ["", None, True, 0, 1.5, [], {}, [PASSWORD], {"$ne": ""}, {"password": PASSWORD}]
WITH_BODY = [name for name, operation in OPERATIONS.items() if operation.body_type is not None]
WITH_SECRETS = [
    name
    for name in WITH_BODY
    if SECRETS & {field.encode_name for field in fields(OPERATIONS[name].body_type)}
]
OF_ASSETS = [name for name, call in CALLS.items() if call.thing in ASSETS]


@pytest.mark.parametrize("wrong", WRONG_SECRETS, ids=repr)
@pytest.mark.parametrize("name", WITH_SECRETS)
def test_a_secret_of_a_wrong_type_opens_nothing(scene: Scene, name: str, wrong: Any) -> None:
    user = scene.account("admin")
    call = CALLS[name]
    thing_id = call.thing.of(scene, user) if call.thing else ""
    body = call.arguments(scene, user, thing_id)["json"]
    before = scene.state()
    for field in SECRETS & body.keys():
        answer = send(user, name, thing_id, json=body | {field: wrong})
        assert answer.status_code == 400
        assert scene.state() == before


@pytest.mark.parametrize("name", [n for n in WITH_BODY if OPERATIONS[n].role != "admin"])
def test_fields_that_an_operation_does_not_know_change_nothing(scene: Scene, name: str) -> None:
    owner, user = scene.account(), scene.account()
    call = CALLS[name]
    thing_id = call.thing.of(scene, user) if call.thing else ""
    body = call.arguments(scene, user, thing_id).get("json", {})
    extra = {
        "id": owner.user_id,
        "user_id": owner.user_id,
        "owner_id": owner.user_id,
        "role": "admin",
        "is_admin": True,
        "is_active": False,
        "permissions": ["manage_users"],
        "must_change_password": True,
        "repository_id": None,
        "deleted_at": "2031-01-01T00:00:00Z",
    }
    before = _rights(scene)
    answer = send(user, name, thing_id, json=extra | body)
    assert answer.status_code == call.answer
    after = _rights(scene)
    assert before.items() <= after.items()
    assert all(rights == ("user", 1, 0) for key, rights in after.items() if key not in before)


def _rights(scene: Scene) -> dict[Any, Any]:
    """What accounts may do, and who owns which asset."""
    with scene.ctx.db.read() as db:
        users = db.rows(
            lambda key, *rights: (f"user {key}", rights),
            "SELECT id, role, is_active, must_change_password FROM users",
        )
        owners = db.rows(
            lambda key, *owner: (f"asset {key}", owner),
            "SELECT id, owner_id, repository_id, deleted_at FROM assets",
        )
    return dict([*users, *owners])


def test_an_upload_belongs_to_whoever_sends_it(scene: Scene) -> None:
    owner, user = scene.account(), scene.account()
    fields = {name: str(owner.user_id) for name in ("owner_id", "user_id", "username", "role")}
    receipt = user.uploaded("mine.jpg", jpeg(77), **fields)
    assert user.ok("GET", f"/assets/{receipt['asset_id']}")["owner_id"] == user.user_id


def test_every_question_expires(library: Library) -> None:
    """One of each kind is put by its operation; ten minutes later none can be answered."""
    ben = library.api.register("ben")
    setup = ben.ok("POST", "/auth/mfa/totp/setup")
    code = pyotp.TOTP(setup["secret"]).at(library.clock())
    unused = library.api.register("amy").ok("POST", "/auth/mfa/totp/setup")["setup_token"]
    ben.ok("POST", "/auth/mfa/totp/enable", {"setup_token": setup["setup_token"], "code": code})
    credentials = {"username": "ben", "password": PASSWORD}
    tokens: dict[Purpose, str] = {
        "sign-in": library.api.ok("POST", "/auth/login", credentials)["mfa_token"],
        "totp set-up": unused,
        "passkey enrollment": _asked(ben, "/auth/mfa/passkeys/options"),
        "passkey sign-in": _asked(library.api, "/auth/passkeys/login/options", {}),
    }
    assert tokens.keys() == set(get_args(Purpose))
    assert _open(library, tokens) == tokens.keys()
    library.clock.advance(minutes=10)
    assert _open(library, tokens) == set()


def _asked(api: Api, path: str, body: Any = None) -> str:
    token: str = api.ok("POST", path, body)["challenge_token"]
    return token


def _open(library: Library, tokens: dict[Purpose, str]) -> set[Purpose]:
    with library.db.read() as db:
        return {
            purpose
            for purpose, token in tokens.items()
            if challenges.find(library.ctx, db, purpose, token) is not None
        }


@pytest.mark.parametrize("name", OF_ASSETS)
def test_nothing_of_an_unregistered_repository_is_had(scene: Scene, name: str) -> None:
    owner = scene.account()
    call = CALLS[name]
    assert call.thing is not None
    thing_id = call.thing.of(scene, owner)
    arguments = call.arguments(scene, owner, thing_id)
    media_token = owner.media_token()
    scene.run("UPDATE repositories SET unregistered_at = 1")
    try:
        before = scene.state()
        for caller in (owner, scene.admin):
            assert send(caller, name, thing_id, **arguments).status_code == 404
        if OPERATIONS[name].accepts_media_token:
            arguments["params"] = call.query | {"mt": media_token}
            anonymous = owner.anonymous()
            assert send(anonymous, name, thing_id, **arguments).status_code == 404
        assert scene.state() == before
    finally:
        scene.run("UPDATE repositories SET unregistered_at = NULL")


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_link_in_the_place_of_an_original_is_not_followed(
    library: Library, tmp_path: Path, kind: str
) -> None:
    asset_id = library.admin.uploaded("a.jpg", jpeg(1))["asset_id"]
    library.work()
    original = library.folder() / library.admin.ok("GET", f"/assets/{asset_id}")["storage_path"]
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / original.name).write_bytes(jpeg(2))
    if kind == "file":
        original.unlink()
        original.symlink_to(outside / original.name)
    else:
        original.unlink()
        original.parent.rmdir()
        original.parent.symlink_to(outside)
    for path in ("original", "export?format=png"):
        assert library.admin.get(f"/assets/{asset_id}/{path}").status_code == 404
    assert library.admin.post("/assets/download", {"asset_ids": [asset_id]}).status_code == 404
    assert library.admin.post(f"/assets/{asset_id}/reprocess").status_code == 404


def test_a_library_behind_a_link_is_served(library: Library, tmp_path: Path) -> None:
    """Only what leads out of a repository is suspicious, not how the repository is reached."""
    (tmp_path / "disk").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "disk")
    body = {"name": "Disk", "root": str(tmp_path / "link")}
    repository = library.admin.ok("POST", "/repositories", body)["repository"]
    receipt = library.admin.uploaded("a.jpg", jpeg(1), repository_id=repository["id"])
    library.work()
    assert library.admin.get(f"/assets/{receipt['asset_id']}/original").content == jpeg(1)
