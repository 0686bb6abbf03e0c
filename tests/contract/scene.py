"""A library with real things in it, for calls by all kinds of people."""

import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pyotp

from lumilio.library import sessions, users
from lumilio.media.pool import DecodePool
from tests.support import clips
from tests.support.api import Api
from tests.support.library import Library
from tests.support.photos import jpeg


class Scene:
    """Accounts come new for every call; media are given to whoever shall own them."""

    def __init__(self, root: Path, pool: DecodePool) -> None:
        self.library = Library(root / "home", pool).set_up()
        self._names = 0
        self.photo = self._taken("a.jpg", jpeg(1))
        self.video = self._taken("a.mp4", clips.video(root / "a.mp4").read_bytes())
        self.recording = self._taken("a.mp3", clips.recording(root / "a.mp3").read_bytes())
        self.library.scan()

    def _taken(self, name: str, content: bytes) -> UUID:
        asset_id = UUID(self.library.admin.uploaded(name, content)["asset_id"])
        self.library.work()
        return asset_id

    def new_name(self) -> str:
        """A name that no account has."""
        self._names += 1
        return f"person{self._names}"

    def account(self, role: str = "user") -> Api:
        """A new account, signed in."""
        api = self.library.api.register(self.new_name())
        self.library.run("UPDATE users SET role = ? WHERE id = ?", role, api.user_id)
        return api

    def give(self, asset_id: UUID, owner: Api) -> str:
        """Make somebody the owner of an asset."""
        self.library.run(
            "UPDATE assets SET owner_id = ? WHERE asset_id = ?", owner.user_id, asset_id.bytes
        )
        return str(asset_id)

    def session_of(self, owner: Api) -> str:
        """One more session of an account."""
        owner.login(owner.session["user"]["username"])
        return str(self.library.value("SELECT max(id) FROM sessions"))

    def passkey_of(self, owner: Api) -> str:
        """A passkey of an account."""
        self.library.run(
            "INSERT INTO passkeys (user_id, credential_id, public_key, sign_count, transports,"
            " label, created_at) VALUES (?, ?, x'00', 0, '[]', 'Phone', 0)",
            owner.user_id,
            owner.user_id.to_bytes(8, "big"),
        )
        return str(self.library.value("SELECT max(id) FROM passkeys"))

    def repository(self) -> str:
        """A new repository."""
        body = {"name": self.new_name()}
        repository_id: str = self.library.admin.ok("POST", "/repositories", body)["repository"][
            "id"
        ]
        return repository_id

    def job(self, state: str) -> str:
        """A job in a state."""
        self.library.run(
            "INSERT INTO jobs (kind, queue, state, max_attempts, payload, created_at, scheduled_at)"
            " VALUES ('scan_repository', 'scan_repository', ?, 5, '{}', 0, 0)",
            state,
        )
        return str(self.library.value("SELECT max(id) FROM jobs"))

    def enable_app(self, actor: Api) -> list[str]:
        """Give an account an authenticator app; its recovery codes."""
        setup = self.begin_app(actor)
        codes: list[str] = actor.ok("POST", "/auth/mfa/totp/enable", setup)["recovery_codes"]
        return codes

    def begin_app(self, actor: Api) -> dict[str, str]:
        """What enables an authenticator app."""
        setup = actor.ok("POST", "/auth/mfa/totp/setup")
        code = pyotp.TOTP(setup["secret"]).at(self.library.clock())
        return {"setup_token": setup["setup_token"], "code": code}

    def expired_token(self, actor: Api) -> str:
        """An access token of yesterday, whose session is still open."""
        ctx = self.library.ctx
        before = msgspec.structs.replace(ctx, clock=lambda: ctx.now() - timedelta(days=1))
        with ctx.db.read() as db:
            user = users.find(db, actor.user_id)
        assert user is not None
        return sessions.start(before, user, "").token

    def state(self) -> dict[str, Any]:
        """All rows, and all files of the repositories by their hashes."""
        tables = self.library.values("SELECT name FROM sqlite_schema WHERE type = 'table'")
        with self.library.db.read() as db:
            rows = {name: db.rows(lambda *row: row, f"SELECT * FROM {name}") for name in tables}
        folder = self.library.settings.storage_path
        files = [file for file in folder.rglob("*") if file.is_file()]
        return rows | {str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
