"""The whole program: start, stop, one at a time, and what must not keep it from starting."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from lumilio import app
from lumilio.app import App, CannotListen
from lumilio.errors import LumilioError
from lumilio.home import AlreadyRunning, Home, HomeLock
from lumilio.settings import Settings
from tests.conftest import Running
from tests.support.api import Api


def _settings(home: Path, **settings: object) -> Settings:
    return Settings(home=str(home), port=0, **settings)  # type: ignore[arg-type]


def test_a_fresh_home_gets_everything_it_needs(running: Running) -> None:
    home = running.app.home
    assert home.database.is_file()
    assert home.root_key.is_file()
    assert running.settings.storage_path.is_dir()
    assert home.address.read_text().startswith("http://localhost:")


@pytest.mark.skipif(os.name == "nt", reason="modes are of POSIX")
def test_the_home_is_closed_to_other_accounts(running: Running) -> None:
    assert running.app.home.root.stat().st_mode & 0o077 == 0


def test_only_this_machine_is_served_by_default(running: Running) -> None:
    assert running.settings.host == "127.0.0.1"
    port = int(running.url.rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port)):
        pass


def test_the_switch_for_the_network_counts_from_the_next_start(
    make_running: Callable[..., Running], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    listen = app._listen

    def listen_here(host: str, port: int) -> socket.socket:
        asked.append(host)
        return listen("127.0.0.1", port)

    # Tests listen on this machine only, whatever the program wants.
    monkeypatch.setattr(app, "_listen", listen_here)
    first = make_running()
    admin = first.api.register("admin")
    admin.create_primary()
    admin.ok("PATCH", "/settings/system", {"lan_enabled": True})
    first.stop()
    second = make_running()
    assert asked == ["127.0.0.1", "0.0.0.0"]
    shown = second.api.login("admin").ok("GET", "/settings/runtime-info")
    assert shown["is_open_to_network"] is True
    assert first.app.network_urls == []
    assert shown["network_urls"] == second.app.network_urls


def test_a_second_program_on_the_same_home_is_refused_with_the_address(running: Running) -> None:
    with pytest.raises(AlreadyRunning) as caught:
        App(_settings(running.app.home.root))
    assert caught.value.url == running.app.home.address.read_text()
    assert running.api.get("/health").status_code == 200


def test_after_a_stop_the_home_is_free_and_says_so(make_running: Callable[..., Running]) -> None:
    first = make_running()
    home = first.app.home
    first.stop()
    assert home.running_url() is None
    assert not home.address.exists()
    make_running()
    assert home.running_url() is not None


def test_stopping_twice_is_harmless(make_running: Callable[..., Running]) -> None:
    running = make_running()
    running.stop()
    running.app.stop()
    assert running.app.home.running_url() is None


def test_a_program_that_never_started_can_be_stopped(tmp_path: Path) -> None:
    app = App(_settings(tmp_path / "home"))
    app.stop()
    assert Home(tmp_path / "home").running_url() is None


def test_a_taken_port_is_told_and_everything_let_go(running: Running, tmp_path: Path) -> None:
    port = int(running.url.rsplit(":", 1)[1])
    app = App(Settings(home=str(tmp_path / "other"), port=port))
    with pytest.raises(CannotListen) as caught:
        app.start()
    assert str(port) in caught.value.message
    app.stop()
    App(_settings(tmp_path / "other")).stop()


@pytest.mark.parametrize("host", ["256.1.1.1", "no-such-host.invalid", "8.8.8.8"])
def test_an_address_that_is_not_ours_is_told(tmp_path: Path, host: str) -> None:
    app = App(_settings(tmp_path / "home", host=host))
    with pytest.raises(CannotListen):
        app.start()
    app.stop()


def test_sign_ins_outlive_a_restart(make_running: Callable[..., Running]) -> None:
    first = make_running()
    session = first.api.register("admin").session
    first.stop()
    second = make_running()
    assert Api(second.http, session).ok("GET", "/auth/me")["username"] == "admin"


def test_a_failed_start_lets_the_home_go(tmp_path: Path) -> None:
    home = tmp_path / "home"
    App(_settings(home)).stop()
    key = Home(home).root_key
    good = key.read_bytes()
    key.write_bytes(b"damaged")
    with pytest.raises(LumilioError):
        App(_settings(home))
    key.write_bytes(good)
    App(_settings(home)).stop()


@pytest.mark.parametrize("content", [b"this is no database", b"SQLite format 3\x00" + b"x" * 5000])
def test_a_damaged_database_is_told_in_words_and_left_as_it_is(
    tmp_path: Path, content: bytes
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "lumilio.db").write_bytes(content)
    with pytest.raises(LumilioError):
        App(_settings(home))
    assert (home / "lumilio.db").read_bytes() == content


def test_a_home_that_cannot_be_made_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LumilioError):
        App(_settings(tmp_path / "file" / "home"))


def test_a_damaged_queue_file_does_not_stop_the_start(
    make_running: Callable[..., Running],
) -> None:
    first = make_running()
    first.api.register("admin").create_primary()
    first.stop()
    for file in first.app.home.root.glob("queue.db*"):
        file.write_bytes(b"garbage" * 1000)
    second = make_running()
    assert second.api.get("/health").status_code == 200


def test_one_unusable_repository_does_not_stop_the_start(
    make_running: Callable[..., Running], tmp_path: Path
) -> None:
    first = make_running()
    admin = first.api.register("admin")
    admin.create_primary()
    body = {"name": "Second", "root": str(tmp_path / "disk")}
    folder = Path(admin.ok("POST", "/repositories", body)["repository"]["path"])
    first.stop()
    (folder / "inbox").rmdir()
    (folder / "inbox").write_text("a file where a folder is needed")
    second = make_running()
    assert second.api.login("admin").page()["total_assets"] == 0


def test_a_repository_whose_disk_is_away_does_not_stop_the_start(
    make_running: Callable[..., Running], tmp_path: Path
) -> None:
    first = make_running()
    admin = first.api.register("admin")
    admin.create_primary(root=str(tmp_path / "disk"))
    first.stop()
    (tmp_path / "disk").rename(tmp_path / "away")
    second = make_running()
    assert second.api.login("admin").page()["total_assets"] == 0
    assert not (tmp_path / "disk").exists()


def test_folders_of_ours_that_went_missing_are_made_again(
    make_running: Callable[..., Running],
) -> None:
    first = make_running()
    folder = Path(first.api.register("admin").create_primary()["path"])
    first.stop()
    (folder / "inbox").rmdir()
    (folder / ".lumilio/staging/incoming").rmdir()
    second = make_running()
    assert second.api.login("admin").upload("a.jpg", b"\xff\xd8\xff").status_code == 200


def test_the_lock_is_dropped_with_its_holder_and_held_by_one(tmp_path: Path) -> None:
    home = Home(tmp_path)
    first, second = HomeLock(home), HomeLock(home)
    first.acquire()
    with pytest.raises(AlreadyRunning):
        second.acquire()
    first.release()
    second.acquire()
    second.release()


def test_asking_for_the_running_program_does_not_disturb_it(running: Running) -> None:
    for _ in range(3):
        assert running.app.home.running_url() == running.app.home.address.read_text()
    assert Home(running.app.home.root / "nowhere").running_url() is None


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6")
def test_listening_everywhere_still_registers_from_this_machine(
    make_running: Callable[..., Running],
) -> None:
    try:
        running = make_running(host="::")
    except CannotListen:
        pytest.skip("this machine has no IPv6")
    port = running.app.home.address.read_text().rsplit(":", 1)[1]
    running.http.base_url = f"http://127.0.0.1:{port}"
    assert running.api.register("admin").session["bootstrap_admin"]


def test_the_database_is_whole_after_a_stop(make_running: Callable[..., Running]) -> None:
    running = make_running()
    running.api.register("admin").create_primary()
    running.stop()
    connection = apsw.Connection(str(running.app.home.database))
    assert connection.pragma("integrity_check") == "ok"
    connection.close()


def test_a_dead_mount_closes_only_its_own_repository(
    running: Running, make_running: Callable[..., Running], monkeypatch: pytest.MonkeyPatch
) -> None:
    running.api.register("admin").create_primary()
    home = running.app.home.root
    running.stop()
    read_bytes = Path.read_bytes

    def hanging(path: Path) -> bytes:
        if path.name == ".lumiliorepo":
            raise OSError(107, "Transport endpoint is not connected")
        return read_bytes(path)

    monkeypatch.setattr(Path, "read_bytes", hanging)
    again = make_running(home)
    api = again.api.login("admin")
    response = api.post("/assets", files={"file": ("a.jpg", b"x")})
    assert response.status_code == 503


def test_the_address_of_a_killed_holder_is_forgotten(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.address.write_text("http://localhost:1")
    lock = HomeLock(home)
    lock.acquire()
    assert not home.address.exists()
    lock.release()


def test_nothing_is_made_where_a_disk_for_the_repositories_is_away(
    make_running: Callable[..., Running], tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    first = make_running(storage_root=str(disk))
    first.api.register("admin").create_primary()
    first.stop()
    disk.rename(tmp_path / "away")
    make_running(storage_root=str(disk))
    assert not disk.exists()
