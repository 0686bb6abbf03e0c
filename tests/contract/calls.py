"""One call of every operation that works for whoever may make it.

**A new operation needs one line in CALLS**: what its path names, and a body where it takes one.
Who may call it is not said here; `test_authorisation` derives that from its declaration.
"""

import re
from collections.abc import Callable
from typing import Any

import httpx2
from msgspec import Struct

from lumilio.api.server import ROUTERS
from lumilio.api.typed import API_PREFIX, collect
from tests.contract.scene import Scene
from tests.support.api import PASSWORD, Api
from tests.support.photos import png

Body = Callable[[Scene, Api, str], Any]


class Thing(Struct, frozen=True):
    """What a path names: makes one for an account and returns its id, or the ids with a space between.

    `foreign` is the status that other accounts get, None where the role alone decides.
    """

    of: Callable[[Scene, Api], str]
    foreign: int | None = None
    is_open_to_admins: bool = False


class Call(Struct, frozen=True):
    """What to send, and the answer where there is no way to make it 200.

    A function as `body` is given the scene, the caller's account and the id of the thing.
    """

    thing: Thing | None = None
    body: Any | Body = None
    answer: int = 200
    query: dict[str, str] = {}
    files: dict[str, tuple[str, bytes]] | None = None
    method: str | None = None

    def arguments(self, scene: Scene, actor: Api, thing_id: str) -> dict[str, Any]:
        """What the client sends, as arguments of a request."""
        body = self.body(scene, actor, thing_id) if callable(self.body) else self.body
        found = {"params": self.query, "json": body, "files": self.files}
        return {name: value for name, value in found.items() if value is not None}


PHOTO = Thing(lambda scene, owner: scene.give(scene.photo, owner), 403, is_open_to_admins=True)
VIDEO = Thing(lambda scene, owner: scene.give(scene.video, owner), 403, is_open_to_admins=True)
MOVING = Thing(lambda scene, owner: scene.give(scene.moving, owner), 403, is_open_to_admins=True)
RECORDING = Thing(
    lambda scene, owner: scene.give(scene.recording, owner), 403, is_open_to_admins=True
)
TRASHED = Thing(Scene.trashed, 403, is_open_to_admins=True)
ASSETS = (PHOTO, MOVING, VIDEO, RECORDING)
SESSION = Thing(Scene.session_of, 404)
PASSKEY = Thing(Scene.passkey_of, 404)
UPLOAD = Thing(Scene.upload_of, 404)
ALBUM = Thing(Scene.album_of, 403, is_open_to_admins=True)
ALBUM_AND_ASSET = Thing(
    lambda scene, owner: f"{scene.album_of(owner)} {scene.photo}", 403, is_open_to_admins=True
)
ASSET_AND_ALBUM = Thing(
    lambda scene, owner: f"{scene.photo} {scene.album_of(owner)}", 403, is_open_to_admins=True
)
STACKED = Thing(Scene.stack_of, 403, is_open_to_admins=True)
ACCOUNT = Thing(lambda scene, owner: str(owner.user_id))
INVITE = Thing(lambda scene, owner: scene.invite())
REPOSITORY = Thing(lambda scene, owner: scene.repository())
SCANNED = Thing(lambda scene, owner: scene.primary_id)
FAILED_JOB = Thing(lambda scene, owner: scene.job("discarded"))
WAITING_JOB = Thing(lambda scene, owner: scene.job("available"))
QUEUE = Thing(lambda scene, owner: "scan_repository")

NOBODYS = "0" * 32
_PICTURE = ("b.png", png(7))
_PASSWORD = {"current_password": PASSWORD}
_RUBBISH = {
    "challenge_token": "x",
    "credential": {
        "id": "AAAA",
        "rawId": "AAAA",
        "type": "public-key",
        "response": {"clientDataJSON": "AAAA"},
    },
}


def _newcomer(scene: Scene, actor: Api, thing_id: str) -> Any:
    return {"username": scene.new_name(), "password": PASSWORD}


def _credentials(scene: Scene, actor: Api, thing_id: str) -> Any:
    return {"username": actor.session["user"]["username"], "password": PASSWORD}


def _refresh_token(scene: Scene, actor: Api, thing_id: str) -> Any:
    """Of another session, as the caller's own is in the header."""
    name = actor.session["user"]["username"]
    return {"refreshToken": actor.login(name).session["refreshToken"]}


def _with_app(scene: Scene, actor: Api, thing_id: str) -> Any:
    scene.enable_app(actor)
    return _PASSWORD


def _first_code(scene: Scene, actor: Api, thing_id: str) -> Any:
    return scene.begin_app(actor)


def _second_factor(scene: Scene, actor: Api, thing_id: str) -> Any:
    codes = scene.enable_app(actor)
    asked = actor.anonymous().ok("POST", "/auth/login", _credentials(scene, actor, thing_id))
    return {"mfa_token": asked["mfa_token"], "code": codes[0], "method": "recovery_code"}


def _chosen(scene: Scene, actor: Api, thing_id: str) -> Any:
    return {"asset_ids": [thing_id]}


def _liked(scene: Scene, actor: Api, thing_id: str) -> Any:
    return {"asset_ids": [thing_id], "liked": True}


def _new_account(scene: Scene, actor: Api, thing_id: str) -> Any:
    return {"username": scene.new_name()}


def _new_repository(scene: Scene, actor: Api, thing_id: str) -> Any:
    return {"name": scene.new_name()}


def _in_album(scene: Scene, actor: Api, thing_id: str) -> Any:
    return {"asset_ids": [str(scene.photo)]}


def _stackable(scene: Scene, actor: Api, thing_id: str) -> Any:
    return {"asset_ids": scene.stackable(actor)}


def _stack(scene: Scene, actor: Api, thing_id: str) -> Any:
    members = [
        {"asset_id": str(asset_id), "position": position, "relation": "alternative"}
        for position, asset_id in enumerate((scene.video, scene.photo))
    ]
    return {"stack_kind": "manual", "members": members}


CALLS = {
    "add_album_asset": Call(ALBUM_AND_ASSET, {"position": 1}),
    "add_album_assets": Call(ALBUM, _in_album),
    "add_asset_to_album": Call(ASSET_AND_ALBUM),
    "arrange_album_assets": Call(ALBUM, _in_album),
    "begin_passkey_enrollment": Call(body=_with_app),
    "begin_passkey_login": Call(body={}),
    "begin_totp_setup": Call(),
    "cancel_job": Call(WAITING_JOB),
    "change_own_password": Call(body=_PASSWORD | {"new_password": PASSWORD[::-1]}),
    "create_album": Call(body={"album_name": "Summer"}),
    "create_invite": Call(body={"note": "Aunt"}),
    "create_repository": Call(body=_new_repository),
    "create_stack": Call(body=_stackable, answer=201),
    "create_user": Call(body=_new_account),
    "delete_album": Call(ALBUM),
    "delete_asset": Call(PHOTO),
    "delete_passkey": Call(PASSKEY),
    "delete_repository": Call(REPOSITORY),
    "delete_trashed_assets": Call(body={"asset_ids": [NOBODYS], "count": 1}),
    "detect_repository_stacks": Call(REPOSITORY),
    "disable_totp": Call(body=_with_app),
    "discard_upload_session": Call(UPLOAD),
    "download_assets_zip": Call(PHOTO, _chosen),
    # There is another number of things in it.
    "empty_trash": Call(body={"count": 1000}, answer=409),
    "enable_totp": Call(body=_first_code),
    "export_asset": Call(PHOTO, query={"format": "png"}),
    # There is no authenticator here; tests/browser/test_passkeys.py has one.
    "finish_passkey_enrollment": Call(body=_RUBBISH, answer=400),
    "finish_passkey_login": Call(body=_RUBBISH, answer=401),
    "get_album": Call(ALBUM),
    "get_asset": Call(PHOTO),
    "get_asset_exif": Call(PHOTO),
    "get_asset_motion": Call(MOVING),
    "get_asset_original": Call(PHOTO),
    "get_asset_sidecar": Call(PHOTO),
    "get_asset_stack": Call(STACKED),
    "get_asset_thumbnail": Call(PHOTO),
    "get_asset_waveform": Call(RECORDING),
    "get_asset_web_audio": Call(RECORDING),
    "get_asset_web_video": Call(VIDEO),
    "get_capabilities": Call(),
    # The cookie that it belongs to is for our own page; tests/api/test_door.py has one.
    "get_csrf_token": Call(answer=401),
    "get_current_user": Call(),
    "get_health": Call(),
    "get_job_state_counts": Call(),
    "get_latest_repository_scan": Call(SCANNED),
    "get_mfa_status": Call(),
    "get_queue_summary": Call(),
    "get_repository": Call(REPOSITORY),
    "get_runtime_info": Call(),
    "get_setup_status": Call(),
    "get_system_settings": Call(),
    "get_trash": Call(),
    "get_upload_config": Call(),
    "get_upload_progress": Call(),
    "issue_media_token": Call(),
    "list_album_assets": Call(ALBUM),
    "list_albums": Call(),
    "list_asset_albums": Call(PHOTO),
    "list_asset_types": Call(),
    "list_audit_events": Call(),
    "list_invites": Call(),
    "list_passkeys": Call(),
    "list_repositories": Call(),
    "list_repository_scans": Call(SCANNED),
    "list_sessions": Call(),
    "list_users": Call(),
    "login": Call(body=_credentials),
    "logout": Call(body=_refresh_token),
    "move_album_asset": Call(ALBUM_AND_ASSET, {"position": 1}),
    "pause_queue": Call(QUEUE),
    "precheck_assets": Call(body={"hashes": ["0" * 64]}),
    "put_asset_sidecar": Call(PHOTO, {"adjustments": {"contrast": 10}}),
    "query_assets": Call(body={}),
    "queue_repository_scan": Call(REPOSITORY),
    "refresh_session": Call(body=_refresh_token),
    "regenerate_recovery_codes": Call(body=_with_app),
    "register_account": Call(body=_newcomer),
    "remove_album_asset": Call(ALBUM_AND_ASSET),
    "remove_album_assets": Call(ALBUM, _in_album),
    "remove_asset_from_stack": Call(STACKED),
    "rename_passkey": Call(PASSKEY, {"label": "Watch"}),
    "reprocess_asset": Call(PHOTO),
    "reset_user_access": Call(ACCOUNT),
    "restore_asset": Call(TRASHED),
    "restore_asset_stack": Call(STACKED, _stack),
    "restore_assets": Call(body={"asset_ids": [NOBODYS]}),
    "resume_queue": Call(QUEUE),
    "retry_job": Call(FAILED_JOB),
    "retry_queue": Call(QUEUE),
    "revoke_invite": Call(INVITE),
    "revoke_other_sessions": Call(),
    "revoke_session": Call(SESSION),
    # Before the first request is answered, everything is set up.
    "run_setup": Call(answer=409),
    "set_asset_description": Call(PHOTO, {"description": "Lake"}),
    "set_asset_like": Call(PHOTO, {"liked": True}),
    "set_asset_likes": Call(PHOTO, _liked),
    "set_asset_rating": Call(PHOTO, {"rating": 3}),
    "set_asset_rating_and_like": Call(PHOTO, {"rating": 4, "liked": False}),
    # A stream has no end to wait for; its rules are those of its headers.
    "set_stack_cover": Call(STACKED),
    "stream_events": Call(method="HEAD"),
    "trash_assets": Call(body={"asset_ids": [NOBODYS]}),
    "update_album": Call(ALBUM, {"album_name": "Winter"}),
    "update_asset_metadata": Call(PHOTO, {"specific_metadata": None}),
    "update_own_profile": Call(body={"display_name": "Somebody"}),
    "update_repository": Call(REPOSITORY, {"name": "Attic"}),
    "update_system_settings": Call(body={"llm": {"model_name": "small"}}),
    "update_user": Call(ACCOUNT, {"display_name": "Somebody"}),
    "upload_asset": Call(files={"file": _PICTURE}),
    "upload_asset_batch": Call(files={"single_a": _PICTURE}),
    # No language model is named yet.
    "validate_llm_settings": Call(answer=400),
    "verify_mfa_login": Call(body=_second_factor),
}

OPERATIONS = {operation.name: operation for operation in collect(ROUTERS)}


def send(api: Api, name: str, thing_id: str, **options: Any) -> httpx2.Response:
    """The answer to an operation on a thing."""
    operation = OPERATIONS[name]
    path = operation.path.removeprefix(API_PREFIX)
    path = path.format_map(in_path(path, thing_id))
    return api.call(CALLS[name].method or operation.method, path, **options)


def in_path(path: str, thing_id: str) -> dict[str, str]:
    """What a path names, by the names in it."""
    names = re.findall(r"{(\w+)}", path)
    return dict(zip(names, thing_id.split() if names else (), strict=True))
