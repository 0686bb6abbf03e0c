"""A library over a folder of its own: the whole program but sockets and worker threads."""

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from starlette.testclient import TestClient

from lumilio.api import server
from lumilio.db import Database, migrate, to_microseconds
from lumilio.home import Home
from lumilio.library import jobs, keys, processing, repositories
from lumilio.library.context import Context
from lumilio.library.file_names import folded
from lumilio.library.repositories import StoredRepository
from lumilio.media.pool import DecodePool
from lumilio.media.transcoder import Transcoder
from lumilio.pipeline.dispatch import Dispatcher
from lumilio.pipeline.tasks import Task, tasks
from lumilio.settings import Settings
from tests.support.api import Api
from tests.support.clock import FakeClock

THIS_MACHINE = ("127.0.0.1", 50000)


class Library:
    """Database, API and jobs under a fake clock; jobs run only when `work` is called."""

    def __init__(self, root: Path, pool: DecodePool, **settings: Any) -> None:
        self.clock = FakeClock()
        self.settings = Settings(home=str(root), **settings)
        self.home = Home(root)
        self.home.create()
        self.db = Database(self.home.database)
        migrate(self.db, self.home.backups)
        self.ctx = Context(
            self.db, self.clock, self.settings, keys.load_or_create(self.home.root_key)
        )
        self.settings.storage_path.mkdir(parents=True, exist_ok=True)
        self.pool = pool
        self.transcoder = Transcoder()
        self._stack = ExitStack()
        self._dispatcher: Dispatcher | None = None
        self.api = Api(self.client())
        self.admin = self.api
        self.primary: dict[str, Any] = {}

    def client(
        self, address: tuple[str, int] = THIS_MACHINE, url: str = "http://localhost"
    ) -> TestClient:
        """An HTTP client that calls the server at `url` from `address`."""
        client = TestClient(
            server.build(self.ctx, self.pool, web_root=self.home.root / "web"),
            base_url=url,
            raise_server_exceptions=False,
            client=address,
        )
        return self._stack.enter_context(client)

    def set_up(self, **repository: Any) -> "Library":
        """Create the administrator and the primary repository."""
        self.admin = self.api.register("admin")
        self.primary = self.admin.create_primary(**repository)
        return self

    def folder(self, repository: Mapping[str, Any] | None = None) -> Path:
        """The folder of a repository, the primary by default."""
        return Path((repository or self.primary)["path"])

    def stored(self, repository: Mapping[str, Any] | None = None) -> StoredRepository:
        return repositories.require(self.ctx, UUID((repository or self.primary)["id"]))

    @property
    def dispatcher(self) -> Dispatcher:
        """Runs jobs in this thread; it is never started."""
        return self.dispatcher_of(tasks(self.pool, 2, self.transcoder))

    def dispatcher_of(self, work: Mapping[str, Task]) -> Dispatcher:
        if self._dispatcher is None:
            self._dispatcher = Dispatcher(self.ctx, work, self.home.queue)
        return self._dispatcher

    def due(self, *queues: str) -> list[int]:
        """Ids of the jobs that are due, marked as handed over."""
        with self.db.write() as tx:
            return [
                job_id
                for queue in queues or jobs.QUEUES
                for job_id in jobs.take_waiting(tx, queue, 1000, self.clock())
            ]

    def work(self, *queues: str) -> int:
        """Run due jobs until none is left; returns how many ran."""
        count = 0
        while ids := self.due(*queues):
            for job_id in ids:
                self.dispatcher.run_jobs([job_id])
                count += 1
        return count

    def scan(self, repository: Mapping[str, Any] | None = None, **body: Any) -> dict[str, Any]:
        """Scan a repository, run all jobs, and return the run."""
        path = f"/repositories/{(repository or self.primary)['id']}"
        self.admin.ok("POST", f"{path}/scan", body or None)
        self.work()
        return self.admin.ok("GET", f"{path}/scans/latest")

    def value(self, sql: str, *values: Any) -> Any:
        with self.db.read() as db:
            return db.value(sql, values)

    def values(self, sql: str, *values: Any) -> list[Any]:
        with self.db.read() as db:
            return db.rows(lambda first, *_: first, sql, values)

    def run(self, sql: str, *values: Any) -> None:
        with self.db.write() as tx:
            tx.run(sql, values)

    def states(self) -> dict[str, int]:
        """How many jobs are in each state."""
        with self.db.read() as db:
            return dict(
                db.rows(lambda *row: row, "SELECT state, count(*) FROM jobs GROUP BY state")
            )

    def add_asset(self, name: str = "a.jpg", **columns: Any) -> UUID:
        """Put a row straight into the table of assets."""
        asset_id = columns.pop("asset_id", None) or uuid4()
        now = to_microseconds(self.clock())
        row = {
            "asset_id": asset_id.bytes,
            "repository_id": self.stored().key,
            "owner_id": self.admin.user_id,
            "type": "PHOTO",
            "original_filename": name,
            "folded_filename": folded(name),
            "storage_path": f"photos/{asset_id}",
            "mime_type": "image/jpeg",
            "file_size": 1,
            "file_modified_at": now,
            "hash": asset_id.bytes * 2,
            "upload_time": now,
            "processing": processing.encode(processing.begin(self.clock())),
        } | columns
        names = ", ".join(row)
        marks = ", ".join("?" * len(row))
        self.run(f"INSERT INTO assets ({names}) VALUES ({marks})", *row.values())
        return asset_id

    def restarted(self) -> "Library":
        """Forget the dispatcher, as a new process would."""
        self._close_dispatcher()
        return self

    def close(self) -> None:
        self._close_dispatcher()
        self._stack.close()
        self.db.close()

    def _close_dispatcher(self) -> None:
        if self._dispatcher is not None:
            for queue in self._dispatcher._queues:
                queue._huey.storage.close()
            self._dispatcher = None
