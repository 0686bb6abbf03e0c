"""What all tests share: cheap passwords, one decode pool, libraries over folders of their own."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from argon2 import PasswordHasher
from hypothesis import settings as hypothesis_settings
from hypothesis.configuration import set_hypothesis_home_dir

from lumilio.app import App
from lumilio.library import users
from lumilio.media.pool import DecodePool
from lumilio.settings import Settings
from tests.support.api import Api
from tests.support.contract import ROOT, WATCH
from tests.support.library import Library

set_hypothesis_home_dir(ROOT / ".cache" / "hypothesis")
hypothesis_settings.register_profile("lumilio", deadline=None, derandomize=True, database=None)
hypothesis_settings.load_profile("lumilio")


@pytest.fixture(autouse=True, scope="session")
def cheap_passwords() -> Iterator[None]:
    """Real hashes, but not slow ones."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(users, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield


@pytest.fixture(scope="session")
def pool() -> Iterator[DecodePool]:
    """Decoder processes that start with the first photo and serve all tests."""
    with DecodePool(2) as pool:
        yield pool


@pytest.fixture
def make_library(tmp_path: Path, pool: DecodePool) -> Iterator[Callable[..., Library]]:
    """Makes libraries; each closes after the test."""
    made: list[Library] = []

    def make(**settings: Any) -> Library:
        made.append(Library(tmp_path / f"home{len(made) or ''}", pool, **settings))
        return made[-1]

    yield make
    for library in made:
        library.close()


@pytest.fixture
def fresh(make_library: Callable[..., Library]) -> Library:
    """A library without accounts and repositories."""
    return make_library()


@pytest.fixture
def library(fresh: Library) -> Library:
    """A library with an administrator and a primary repository."""
    return fresh.set_up()


class Running:
    """A whole program with its server and workers, listening on this machine only."""

    def __init__(self, home: Path, **settings: Any) -> None:
        # Tests that count jobs and runs want no scan that they did not ask for.
        quiet = {"scan_enabled": False, "watch_folders": False}
        self.settings = Settings(home=str(home), port=0, decode_workers=1, **quiet | settings)
        self.app = App(self.settings)
        self._stopped = False
        self.url = self.app.start().replace("localhost", "127.0.0.1")
        self.http = httpx2.Client(base_url=self.url, trust_env=False, timeout=30)
        self.api = Api(self.http)

    def stop(self) -> None:
        """Stop as a signal would; harmless when called twice."""
        self.http.close()
        if not self._stopped:
            self._stopped = True
            self.app.stop()


@pytest.fixture
def make_running(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Starts whole programs; each stops after the test."""
    made: list[Running] = []

    def make(home: Path = tmp_path / "home", **settings: Any) -> Running:
        made.append(Running(home, **settings))
        return made[-1]

    yield make
    for running in made:
        running.stop()


@pytest.fixture
def running(make_running: Callable[..., Running]) -> Running:
    """A whole program in a fresh home."""
    return make_running()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Which statuses each operation answered with."""
    if terminalreporter.config.option.verbose > 0:
        for name, statuses in sorted(WATCH.seen.items()):
            terminalreporter.write_line(f"{name}: {sorted(statuses)}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """An undeclared status fails the run, even where a thread swallowed the complaint."""
    if WATCH.undeclared and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
