"""The command line, as a person runs it."""

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lumilio import __version__
from lumilio.cli import importing
from tests.cli.conftest import READY, Server
from tests.conftest import Running
from tests.support.api import PASSWORD, Api
from tests.support.contract import our_document
from tests.support.photos import jpeg
from tests.support.waiting import wait_until

pytestmark = pytest.mark.timeout(180)

BROKEN = b"\xff\xd8\xff this is no picture"


@pytest.fixture
def set_up(make_running: Callable[..., Running], home: Path) -> dict[str, Any]:
    """A home with an administrator and a primary repository; nothing runs in it."""
    running = make_running(home)
    primary = running.api.register("admin").create_primary(storage_strategy="flat")
    running.stop()
    return primary


@pytest.fixture
def holiday(tmp_path: Path) -> Path:
    folder = tmp_path / "holiday"
    (folder / "day 2").mkdir(parents=True)
    (folder / ".hidden").mkdir()
    (folder / "a.jpg").write_bytes(jpeg(1))
    (folder / "day 2" / "b.jpg").write_bytes(jpeg(2))
    (folder / "day 2" / "copy of a.jpg").write_bytes(jpeg(1))
    (folder / "notes.txt").write_text("x")
    (folder / "broken.jpg").write_bytes(BROKEN)
    (folder / ".hidden" / "c.jpg").write_bytes(jpeg(3))
    return folder


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serve_says_where_it_is_and_ends_in_order(
    serve: Callable[..., Server], home: Path, number: int
) -> None:
    server = serve("serve")
    assert server.lines == [server.lines[0]]
    assert server.api().ok("GET", "/health") == {"status": "ok"}
    status, errors, seconds = server.end(number)
    assert (status, errors) == (0, "")
    assert seconds < 4
    assert not (home / "lumilio.url").exists()


def test_serve_ends_quickly_although_a_client_holds_a_connection(
    serve: Callable[..., Server],
) -> None:
    server = serve("serve")
    api = server.api()
    api.register("admin")
    api.get("/health")
    status, errors, seconds = server.end()
    assert (status, errors) == (0, "")
    assert seconds < 8


def _all_done(admin: Api, least: int) -> bool:
    """Whether nothing is left to do; the scan at the start counts, too."""
    counts = admin.ok("GET", "/admin/river/stats")
    unfinished = ("available", "scheduled", "running", "retryable")
    return counts["completed"] >= least and not any(counts[state] for state in unfinished)


def test_a_killed_server_leaves_no_lock_and_loses_no_upload(
    serve: Callable[..., Server], home: Path
) -> None:
    first = serve("serve")
    admin = first.api().register("admin")
    folder = Path(admin.create_primary(storage_strategy="flat")["path"])
    for seed in range(8):
        admin.uploaded(f"{seed}.jpg", jpeg(seed))
    first.process.kill()
    first.process.communicate()
    second = serve("serve")
    admin = second.api().login("admin", PASSWORD)
    wait_until(lambda: _all_done(admin, 16), seconds=60)
    stored = {path.name: path.read_bytes() for path in (folder / "inbox").iterdir()}
    assert stored == {f"{seed}.jpg": jpeg(seed) for seed in range(8)}
    assert second.end()[0] == 0


def test_a_second_serve_on_the_same_home_is_refused_in_one_line(
    serve: Callable[..., Server], lumilio: Callable[..., Any]
) -> None:
    server = serve("serve")
    second = lumilio("serve")
    assert second.returncode == 1
    assert "Traceback" not in second.stderr
    assert second.stderr.strip().splitlines() == [
        f"lumilio: Lumilio is already running at {server.shown_url}"
    ]
    assert server.api().get("/health").status_code == 200


def test_a_taken_port_is_told_in_one_line(
    serve: Callable[..., Server], lumilio: Callable[..., Any], tmp_path: Path
) -> None:
    port = serve("serve").url.rsplit(":", 1)[1]
    second = lumilio("serve", "--port", port, "--home", tmp_path / "other")
    assert second.returncode == 1
    assert "Traceback" not in second.stderr
    assert port in second.stderr


def test_without_a_display_lumilio_serves_and_says_so(serve: Callable[..., Server]) -> None:
    server = serve()
    assert server.lines[0].startswith("No window: there is no display. Serving instead")
    assert READY.fullmatch(server.lines[1])
    assert server.end()[0] == 0


def test_all_wrong_settings_are_named_in_one_message(
    lumilio: Callable[..., Any], home: Path
) -> None:
    home.mkdir()
    (home / "lumilio.toml").write_text("prot = 1\ndecode_memory_mb = -1\n")
    result = lumilio("serve", "--port", 70_000, LUMILIO_LOG_LEVEL="loud")
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    for word in ("lumilio: ", "prot", "decode_memory_mb", "port", "log_level"):
        assert word in result.stderr


@pytest.mark.parametrize("command", ["serve", "import"])
def test_a_damaged_database_is_told_in_one_line(
    lumilio: Callable[..., Any], home: Path, command: str
) -> None:
    home.mkdir()
    (home / "lumilio.db").write_bytes(b"this is no database")
    result = lumilio(command, *([home] if command == "import" else []))
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert result.stderr.startswith("lumilio: ")


def test_doctor_reports_a_damaged_database_as_a_finding(
    lumilio: Callable[..., Any], home: Path
) -> None:
    home.mkdir()
    (home / "lumilio.db").write_bytes(b"this is no database")
    result = lumilio("doctor")
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert "Database" in result.stdout


def test_a_home_named_before_the_command_is_the_home_of_the_command(
    lumilio: Callable[..., Any], tmp_path: Path
) -> None:
    result = lumilio("--home", tmp_path / "named", "doctor", COLUMNS="300")
    assert f"{tmp_path / 'named'}: writable" in result.stdout


def test_doctor_examines_without_changing_anything(lumilio: Callable[..., Any], home: Path) -> None:
    result = lumilio("doctor", COLUMNS="300")
    assert result.returncode == int("✗" in result.stdout)
    for word in (__version__, "apsw", "Home", "Storage", "Free space", "Database", "Processor"):
        assert word in result.stdout
    assert not home.exists()


def test_doctor_tells_of_a_running_server(
    serve: Callable[..., Server], lumilio: Callable[..., Any]
) -> None:
    server = serve("serve")
    result = lumilio("doctor", COLUMNS="300")
    assert server.shown_url in result.stdout
    assert server.api().get("/health").status_code == 200


def test_version_and_openapi_are_printed(lumilio: Callable[..., Any]) -> None:
    assert lumilio("version").stdout.strip() == __version__
    assert json.loads(lumilio("openapi").stdout) == our_document()


def test_import_before_the_setup_says_what_to_do(
    lumilio: Callable[..., Any], holiday: Path
) -> None:
    result = lumilio("import", holiday)
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert "Set up Lumilio first" in result.stderr


def _flat(text: str) -> str:
    return " ".join(text.split())


def test_import_copies_a_folder_names_what_it_refused_and_is_safe_to_repeat(
    set_up: dict[str, Any], lumilio: Callable[..., Any], holiday: Path
) -> None:
    first = lumilio("import", holiday, COLUMNS="300")
    assert first.returncode == 1, first.stderr
    assert "Traceback" not in first.stderr
    assert "2 added, 1 already there, 2 refused or failed" in first.stdout
    assert f"{holiday / 'notes.txt'}: " in first.stdout
    assert f"{holiday / 'broken.jpg'}: " in first.stdout
    inbox = Path(set_up["path"]) / "inbox"
    assert sorted(path.read_bytes() for path in inbox.iterdir()) == sorted(
        [jpeg(1), jpeg(2), BROKEN]
    )
    (holiday / "notes.txt").unlink()
    (holiday / "broken.jpg").unlink()
    second = lumilio("import", holiday)
    assert second.returncode == 0, second.stdout
    assert "0 added, 3 already there, 0 refused or failed" in _flat(second.stdout)
    assert len(list(holiday.rglob("*.jpg"))) == 4


def test_import_names_a_file_that_is_not_there(
    set_up: dict[str, Any], lumilio: Callable[..., Any], holiday: Path
) -> None:
    result = lumilio("import", holiday / "a.jpg", holiday / "gone.jpg", COLUMNS="300")
    assert result.returncode == 1
    assert f"{holiday / 'gone.jpg'}: " in result.stdout
    assert "1 added, 0 already there, 1 refused or failed" in result.stdout


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_import_copes_with_a_name_that_is_no_text(
    set_up: dict[str, Any], lumilio: Callable[..., Any], holiday: Path
) -> None:
    odd = os.fsencode(holiday / "day 2") + b"/caf\xe9.jpg"
    with open(odd, "wb") as file:
        file.write(jpeg(9))
    result = lumilio("import", holiday / "day 2", COLUMNS="300")
    assert "Traceback" not in result.stderr
    assert "added" in result.stdout


def test_import_beside_a_running_server_uses_it(
    set_up: dict[str, Any], serve: Callable[..., Server], lumilio: Callable[..., Any], holiday: Path
) -> None:
    server = serve("serve")
    result = lumilio("import", holiday / "day 2")
    assert result.returncode == 0, result.stderr
    assert "2 added" in _flat(result.stdout)
    admin = server.api().login("admin", PASSWORD)
    assert sorted(admin.names()) == ["b.jpg", "copy of a.jpg"]
    assert server.end()[:2] == (0, "")


def test_import_into_a_named_repository(
    set_up: dict[str, Any], lumilio: Callable[..., Any], holiday: Path
) -> None:
    unknown = lumilio("import", "--repository", "Elsewhere", holiday)
    assert unknown.returncode == 1
    assert unknown.stderr.strip() == "lumilio: There is no repository Elsewhere"
    for name in (set_up["name"], set_up["id"]):
        result = lumilio("import", "--repository", name, holiday / "day 2" / "b.jpg")
        assert result.returncode == 0


def test_scan_indexes_in_place_and_tells_what_it_found(
    set_up: dict[str, Any], lumilio: Callable[..., Any]
) -> None:
    folder = Path(set_up["path"])
    (folder / "Rome").mkdir()
    (folder / "Rome" / "a.jpg").write_bytes(jpeg(1))
    (folder / "Rome" / "notes.txt").write_text("x")
    first = lumilio("scan", COLUMNS="300")
    assert first.returncode == 0, first.stderr
    expected = "Primary Storage: completed; 1 new, 0 changed, 0 gone, 1 passed over"
    assert expected in first.stdout
    again = lumilio("scan", "--force", "Primary Storage", COLUMNS="300")
    assert "0 new, 1 changed" in again.stdout
    assert lumilio("scan", "Elsewhere").returncode == 1


def test_a_scan_that_comes_by_itself_is_not_taken_for_the_one_that_was_asked_for() -> None:
    class Server:
        """Answers with a history whose latest run nobody asked for."""

        def get(self, path: str) -> dict[str, Any]:
            runs = [("periodic", "c"), ("manual", "b"), ("manual", "a")]
            return {"scans": [{"mode": mode, "scan_id": scan_id} for mode, scan_id in runs]}

    found = importing._latest_run(Server(), "some repository")  # type: ignore[arg-type]
    assert found["scan_id"] == "b"


def test_scan_of_a_disk_that_is_away_ends_and_fails(
    set_up: dict[str, Any], lumilio: Callable[..., Any]
) -> None:
    folder = Path(set_up["path"])
    folder.rename(folder.with_name("away"))
    result = lumilio("scan", COLUMNS="300")
    assert result.returncode == 1
    assert "failed" in result.stdout
    assert "Traceback" not in result.stderr
