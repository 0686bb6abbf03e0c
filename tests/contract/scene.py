"""A library with real things in it, for calls by all kinds of people."""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pyotp

from lumilio.library import sessions, users
from lumilio.library.context import Context
from tests.support import clips
from tests.support.api import Api
from tests.support.batches import send_chunk, split
from tests.support.motion import motion_photo
from tests.support.photos import jpeg


class Scene:
    """Accounts come new for every call; media are given to whoever shall own them.

    `settle` waits until all jobs are done.
    """

    def __init__(self, folder: Path, ctx: Context, api: Api, settle: Callable[[], object]) -> None:
        self.ctx = ctx
        self.api = api
        self.admin = api.register("admin")
        self.primary_id: str = self.admin.create_primary()["id"]
        self.admin.ok("PATCH", "/settings/system", {"registration_mode": "invite"})
        self._names = 0
        self._settle = settle
        self.photo = self._taken("a.jpg", jpeg(1))
        clip = clips.video(folder / "a.mp4").read_bytes()
        self.video = self._taken("a.mp4", clip)
        self.moving = self._taken("b.jpg", motion_photo(clip, 2))
        self.recording = self._taken("a.flac", clips.recording(folder / "a.flac").read_bytes())
        self.admin.ok("POST", f"/repositories/{self.primary_id}/scan")
        settle()

    def _taken(self, name: str, content: bytes) -> UUID:
        asset_id = UUID(self.admin.uploaded(name, content)["asset_id"])
        self._settle()
        return asset_id

    def run(self, sql: str, *values: Any) -> None:
        with self.ctx.db.write() as tx:
            tx.run(sql, values)

    def value(self, sql: str) -> Any:
        with self.ctx.db.read() as db:
            return db.value(sql)

    def new_name(self) -> str:
        """A name that no account has."""
        self._names += 1
        return f"person{self._names}"

    def account(self, role: str = "user") -> Api:
        """A new account, signed in."""
        api = self.api.register(self.new_name())
        self.run("UPDATE users SET role = ? WHERE id = ?", role, api.user_id)
        return api

    def give(self, asset_id: UUID, owner: Api) -> str:
        """Make somebody the owner of an asset, which a call before may have put into the trash."""
        self.run(
            "UPDATE assets SET owner_id = ?, deleted_at = NULL, deleted_reason = NULL"
            " WHERE asset_id = ?",
            owner.user_id,
            asset_id.bytes,
        )
        return str(asset_id)

    def trashed(self, owner: Api) -> str:
        """The photo, in the trash of an account."""
        photo = self.give(self.photo, owner)
        self.run(
            "UPDATE assets SET deleted_at = 1, deleted_reason = 'trashed' WHERE asset_id = ?",
            self.photo.bytes,
        )
        return photo

    def session_of(self, owner: Api) -> str:
        """One more session of an account."""
        owner.login(owner.session["user"]["username"])
        return str(self.value("SELECT max(id) FROM sessions"))

    def passkey_of(self, owner: Api) -> str:
        """A passkey of an account."""
        self.run(
            "INSERT INTO passkeys (user_id, credential_id, public_key, sign_count, transports,"
            " label, created_at) VALUES (?, ?, x'00', 0, '[]', 'Phone', 0)",
            owner.user_id,
            owner.user_id.to_bytes(8, "big"),
        )
        return str(self.value("SELECT max(id) FROM passkeys"))

    def album_of(self, owner: Api) -> str:
        """An album of an account with the photo, which it owns from now on."""
        photo = self.give(self.photo, owner)
        album_id = owner.ok("POST", "/albums", {"album_name": "Summer"})["album_id"]
        owner.ok("POST", f"/albums/{album_id}/assets/{photo}")
        return str(album_id)

    def stackable(self, owner: Api) -> list[str]:
        """Two assets in no stack, which an account owns from now on."""
        self.run("DELETE FROM stacks")
        return [self.give(self.photo, owner), self.give(self.video, owner)]

    def stack_of(self, owner: Api) -> str:
        """The cover of a stack of an account."""
        asset_ids = self.stackable(owner)
        owner.post("/assets/stacks", {"asset_ids": asset_ids})
        return asset_ids[0]

    def upload_of(self, owner: Api) -> str:
        """An unfinished upload of an account."""
        session_id = self.new_name()
        send_chunk(owner, session_id, 0, split(jpeg(3), 2))
        return session_id

    def invite(self) -> str:
        """An open invitation."""
        created = self.account("admin").ok("POST", "/invites", {})
        return str(created["invite"]["invite_id"])

    def repository(self) -> str:
        """A new repository."""
        admin = self.account("admin")
        created = admin.ok("POST", "/repositories", {"name": self.new_name()})
        return str(created["repository"]["id"])

    def job(self, state: str) -> str:
        """A job in a state."""
        self.run(
            "INSERT INTO jobs (kind, queue, state, max_attempts, payload, created_at, scheduled_at)"
            " VALUES ('scan_repository', 'scan_repository', ?, 5, '{\"repository_key\": 1}', 0, 0)",
            state,
        )
        return str(self.value("SELECT max(id) FROM jobs"))

    def enable_app(self, actor: Api) -> list[str]:
        """Give an account an authenticator app; its recovery codes."""
        setup = self.begin_app(actor)
        codes: list[str] = actor.ok("POST", "/auth/mfa/totp/enable", setup)["recovery_codes"]
        return codes

    def begin_app(self, actor: Api) -> dict[str, str]:
        """What enables an authenticator app."""
        setup = actor.ok("POST", "/auth/mfa/totp/setup")
        code = pyotp.TOTP(setup["secret"]).at(self.ctx.now())
        return {"setup_token": setup["setup_token"], "code": code}

    def expired_token(self, actor: Api) -> str:
        """An access token of yesterday, whose session is still open."""
        ctx = self.ctx
        before = msgspec.structs.replace(ctx, clock=lambda: ctx.now() - timedelta(days=1))
        with ctx.db.read() as db:
            user = users.find(db, actor.user_id)
        assert user is not None
        return sessions.start(before, user, "").token

    def state(self) -> dict[str, Any]:
        """All rows, and all files of the repositories by their hashes."""
        with self.ctx.db.read() as db:
            tables = db.rows(str, "SELECT name FROM sqlite_schema WHERE type = 'table'")
            rows = {name: db.rows(lambda *row: row, f"SELECT * FROM {name}") for name in tables}
        folder = self.ctx.settings.storage_path
        files = [file for file in folder.rglob("*") if file.is_file()]
        return rows | {str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
