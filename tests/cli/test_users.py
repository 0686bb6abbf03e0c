"""Accounts from the command line, and the code that lets another machine create the first one."""

import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Server
from tests.support.api import PASSWORD, Api

pytestmark = pytest.mark.timeout(180)

Run = Callable[..., Any]
FORWARDED = {"x-forwarded-for": "192.168.1.20"}


def _once(result: Any) -> str:
    """The one-time password, which is all that stands on standard output."""
    assert result.returncode == 0, result.stderr
    (password,) = result.stdout.split()
    assert len(password) == 24
    assert password not in result.stderr
    return str(password)


def _must_change(api: Api) -> bool:
    return bool(api.ok("GET", "/auth/me").get("must_change_password"))


def test_the_first_account_of_an_empty_home_is_an_administrator(
    lumilio: Run, serve: Callable[..., Server]
) -> None:
    refused = lumilio("user", "create", "ada", "--role", "user")
    assert refused.returncode == 1
    assert refused.stderr.strip() == "lumilio: The first account has to be an administrator"
    once = _once(lumilio("user", "create", "Ada", "--name", "Ada of the Hills"))
    server = serve("serve")
    ada = server.api().login("ada", once)
    assert ada.session["user"]["role"] == "admin"
    assert ada.session["user"]["display_name"] == "Ada of the Hills"
    assert _must_change(ada)
    # With an administrator there is nothing to set up from elsewhere.
    status = server.api().ok("GET", "/setup/status", headers=FORWARDED)
    assert status["registration"] == "closed"


def test_accounts_are_created_and_reset_beside_a_running_server(
    lumilio: Run, serve: Callable[..., Server]
) -> None:
    server = serve("serve")
    admin = server.api().register("ada")
    ben = server.api().login("ben", _once(lumilio("user", "create", "ben")))
    assert ben.session["user"]["role"] == "user"
    assert _must_change(ben)
    once = _once(lumilio("user", "reset", " ADA "))
    assert admin.get("/auth/me").status_code == 401
    old = server.api().post("/auth/login", {"username": "ada", "password": PASSWORD})
    assert old.status_code == 401
    ada = server.api().login("ada", once)
    assert _must_change(ada)
    ada.ok(
        "PATCH", "/users/me/password", {"current_password": once, "new_password": f"{PASSWORD}0"}
    )
    ada = server.api().login("ada", f"{PASSWORD}0")
    (reset,) = ada.ok("GET", "/admin/audit", params={"action": "access_reset"})["events"]
    assert (reset["subject"], reset["user_agent"]) == ("ada", "lumilio command line")
    assert "actor" not in reset
    assert server.end()[:2] == (0, "")


def test_accounts_are_listed_for_people_and_programs(lumilio: Run) -> None:
    once = _once(lumilio("user", "create", "ada"))
    lumilio("user", "create", "ben")
    shown = lumilio("user", "list")
    assert re.search(r"ada +ada +admin +yes +never +0", shown.stdout)
    listed = json.loads(lumilio("user", "list", "--json").stdout)
    assert [(user["username"], user["role"]) for user in listed] == [
        ("ada", "admin"),
        ("ben", "user"),
    ]
    assert once not in json.dumps(listed)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("create", "ada"), "This user name is taken"),
        (("create", "a__b"), "A user name has 3 to 32 characters"),
        (("reset", "nobody"), "There is no account nobody"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_line(
    lumilio: Run, arguments: tuple[str, ...], sentence: str
) -> None:
    _once(lumilio("user", "create", "ada"))
    result = lumilio("user", *arguments)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith(f"lumilio: {sentence}")


@pytest.mark.parametrize("arguments", [("list",), ("reset", "ada")])
def test_a_home_without_a_library_stays_untouched(
    lumilio: Run, home: Path, arguments: tuple[str, ...]
) -> None:
    result = lumilio("user", *arguments)
    assert result.returncode == 1
    assert result.stderr.strip() == f"lumilio: There is no library in {home} yet"
    assert not home.exists()


def test_a_home_named_before_the_group_is_the_home_of_the_command(
    lumilio: Run, tmp_path: Path
) -> None:
    result = lumilio("--home", tmp_path / "named", "user", "list")
    assert str(tmp_path / "named") in result.stderr


def test_serve_shows_a_setup_code_until_there_is_an_account(
    serve: Callable[..., Server], home: Path
) -> None:
    first = serve("serve")
    found = re.search(r"setup code ([A-Z2-9]{4}-[A-Z2-9]{4})$", first.next_line())
    assert found is not None
    body = {"username": "ada", "password": PASSWORD}
    path = "/auth/register/start"
    assert first.api().post(path, body, headers=FORWARDED).status_code == 403
    headers = FORWARDED | {"X-Setup-Code": found[1]}
    answer = first.api().post(path, body, headers=headers)
    assert answer.json()["bootstrap_admin"] is True
    assert first.end()[:2] == (0, "")
    assert found[1] not in (home / "logs" / "lumilio.log").read_text()
    second = serve("serve")
    second.process.terminate()
    assert second.next_line() == ""
    second.end()


def test_the_settings_in_force_are_shown_with_their_sources(lumilio: Run, home: Path) -> None:
    home.mkdir()
    (home / "lumilio.toml").write_text("log_level = 'error'\n")
    shown = lumilio("config", "show", LUMILIO_HOST="0.0.0.0")
    assert shown.returncode == 0, shown.stderr
    lines = shown.stdout.splitlines()
    assert f'home = "{home}"  # environment' in lines
    assert 'log_level = "error"  # file' in lines
    assert 'host = "0.0.0.0"  # environment' in lines
    assert "scan_enabled = true  # default" in lines
    assert len(tomllib.loads(shown.stdout)) == len(lines)
    assert f'home = "{home}"  # flag' in lumilio("config", "show", "--home", home).stdout


def test_all_problems_of_the_settings_are_listed(lumilio: Run, home: Path) -> None:
    fine = lumilio("config", "check")
    assert (fine.returncode, fine.stdout) == (0, "The settings can be used.\n")
    home.mkdir()
    (home / "lumilio.toml").write_text("prot = 1\ndecode_memory_mb = 'much'\n")
    broken = lumilio("config", "check", LUMILIO_LOG_LEVEL="loud")
    assert broken.returncode == 1
    assert [line.partition(":")[0] for line in broken.stdout.splitlines()] == [
        "prot (lumilio.toml)",
        "decode_memory_mb (lumilio.toml)",
        "log_level (environment)",
    ]
