"""Settings: where they come from, which wins, and what is refused."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from lumilio.settings import InvalidSettings, Settings, default_home, load, load_with_sources
from tests.support.contract import ROOT


def _toml(home: Path, text: str) -> None:
    home.mkdir(exist_ok=True)
    (home / "lumilio.toml").write_text(text, encoding="utf-8")


def test_flags_win_over_environment_over_file_over_defaults(tmp_path: Path) -> None:
    _toml(tmp_path, "port = 1\nhost = '0.0.0.0'\nlog_level = 'error'\n")
    environment = {"LUMILIO_PORT": "2", "LUMILIO_HOST": "::1"}
    settings = load({"home": str(tmp_path), "port": 3, "host": None}, environment)
    assert (settings.port, settings.host, settings.log_level) == (3, "::1", "error")
    assert settings.access_token_minutes == 15


def test_the_home_comes_from_flag_then_environment_then_platform(tmp_path: Path) -> None:
    environment = {"LUMILIO_HOME": str(tmp_path / "env")}
    assert load({"home": str(tmp_path)}, environment).home_path == tmp_path
    assert load({}, environment).home_path == tmp_path / "env"
    assert load({}, {}).home_path == default_home()


def test_an_empty_variable_counts_as_absent(tmp_path: Path) -> None:
    environment = {"LUMILIO_HOME": str(tmp_path), "LUMILIO_PORT": "", "LUMILIO_HOST": ""}
    assert load({}, environment).port == 6680


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ("port = -1", ["port"]),
        ("port = 65536", ["port"]),
        ("port = 'http'", ["port"]),
        ("port = true", ["port"]),
        ("log_level = 'loud'", ["log_level"]),
        ("access_token_minutes = 0", ["access_token_minutes"]),
        ("decode_memory_mb = 1", ["decode_memory_mb"]),
        ("decode_workers = -1", ["decode_workers"]),
        ("scan_enabled = 'perhaps'", ["scan_enabled"]),
        ("scan_interval_seconds = 0", ["scan_interval_seconds"]),
        ("scan_settle_seconds = -1", ["scan_settle_seconds"]),
        ("watch_folders = 3", ["watch_folders"]),
        ("allowed_hosts = 'photos.example.org'", ["allowed_hosts"]),
        ("allowed_hosts = ['http://photos.example.org']", ["allowed_hosts"]),
        ("allowed_hosts = ['a:80']", ["allowed_hosts"]),
        ("allowed_hosts = [1]", ["allowed_hosts"]),
        ("cors_allowed_origins = ['*']", ["cors_allowed_origins"]),
        ("cors_allowed_origins = ['friend.example']", ["cors_allowed_origins"]),
        ("cors_allowed_origins = ['https://friend.example/']", ["cors_allowed_origins"]),
        ("prot = 1", ["prot", "unknown"]),
        ("[server]\nport = 1", ["server", "unknown"]),
        ("storage_root = 5", ["storage_root"]),
        ("storage_root = ['a']", ["storage_root"]),
        ("storage_root = '~nobody-of-this-name/x'", ["storage_root"]),
        ("port =", ["lumilio.toml"]),
        ("port = 1\nport = 2", ["lumilio.toml"]),
    ],
)
def test_an_unusable_setting_is_named(tmp_path: Path, toml: str, words: list[str]) -> None:
    _toml(tmp_path, toml)
    with pytest.raises(InvalidSettings) as caught:
        load({"home": str(tmp_path)}, {})
    for word in words:
        assert word in caught.value.message


def test_all_unusable_settings_are_named_together(tmp_path: Path) -> None:
    _toml(tmp_path, "prot = 1\ndecode_workers = -1\n")
    with pytest.raises(InvalidSettings) as caught:
        load({"home": str(tmp_path), "port": 70_000}, {"LUMILIO_LOG_LEVEL": "loud"})
    for name in ("prot", "decode_workers", "port", "log_level"):
        assert name in caught.value.message


def test_a_list_is_an_array_in_the_file_and_has_commas_in_the_environment(tmp_path: Path) -> None:
    _toml(tmp_path, "allowed_hosts = ['a.example', 'fd00::1']\ncors_allowed_origins = []\n")
    settings = load({"home": str(tmp_path)}, {})
    assert settings.allowed_hosts == ("a.example", "fd00::1")
    assert settings.cors_allowed_origins == ()
    environment = {
        "LUMILIO_ALLOWED_HOSTS": "b.example, c",
        "LUMILIO_CORS_ALLOWED_ORIGINS": "https://b.example:8443,http://[::1]",
    }
    settings = load({"home": str(tmp_path)}, environment)
    assert settings.allowed_hosts == ("b.example", "c")
    assert settings.cors_allowed_origins == ("https://b.example:8443", "http://[::1]")
    with pytest.raises(InvalidSettings, match="allowed_hosts"):
        load({"home": str(tmp_path)}, {"LUMILIO_ALLOWED_HOSTS": "a.example,,"})


def test_what_another_source_hides_is_checked_all_the_same(tmp_path: Path) -> None:
    _toml(tmp_path, "port = 'http'\n")
    with pytest.raises(InvalidSettings) as caught:
        load({"home": str(tmp_path), "port": 3}, {"LUMILIO_PORT": "ftp"})
    assert [problem.partition(":")[0] for problem in caught.value.problems] == [
        "port (lumilio.toml)",
        "port (environment)",
    ]


@pytest.mark.parametrize("toml", ["port =", "home = '/elsewhere'"])
def test_a_broken_file_hides_no_other_problem(tmp_path: Path, toml: str) -> None:
    _toml(tmp_path, toml)
    with pytest.raises(InvalidSettings) as caught:
        load({"home": str(tmp_path), "decode_workers": -1}, {"LUMILIO_LOG_LEVEL": "loud"})
    assert len(caught.value.problems) == 3
    for word in ("lumilio.toml", "log_level (environment)", "decode_workers (command line)"):
        assert word in caught.value.message


def test_a_home_that_cannot_be_named_hides_no_other_problem() -> None:
    with pytest.raises(InvalidSettings) as caught:
        load({"home": "~nobody-of-this-name/x"}, {"LUMILIO_PORT": "ftp"})
    assert len(caught.value.problems) == 2


def test_each_value_is_told_with_its_source(tmp_path: Path) -> None:
    _toml(tmp_path, "port = 1\nlog_level = 'error'\nhost = '::1'\n")
    flags = {"home": str(tmp_path), "port": 3}
    settings, sources = load_with_sources(flags, {"LUMILIO_HOST": "0.0.0.0"})
    assert (settings.port, settings.host, settings.log_level) == (3, "0.0.0.0", "error")
    assert sources == {"home": "flag", "port": "flag", "host": "environment", "log_level": "file"}


@pytest.mark.parametrize(
    ("given", "listening", "is_open"),
    [
        ({}, "127.0.0.1", False),
        ({"lan": True}, "0.0.0.0", True),
        ({"lan": True, "host": "localhost"}, "0.0.0.0", True),
        ({"lan": True, "host": "::"}, "::", True),
        ({"lan": True, "host": "192.168.7.5"}, "192.168.7.5", True),
        ({"host": "192.168.7.5"}, "192.168.7.5", True),
        ({"host": "::1"}, "::1", False),
        ({"host": "127.0.0.9"}, "127.0.0.9", False),
    ],
)
def test_the_network_is_let_in_only_when_asked(
    tmp_path: Path, given: dict[str, Any], listening: str, is_open: bool
) -> None:
    settings = load({"home": str(tmp_path), **given}, {})
    assert (settings.listening_host, settings.is_open_to_network) == (listening, is_open)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "lumilio.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(InvalidSettings):
        load({"home": str(tmp_path)}, {})


def test_paths_are_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    settings = load({"home": "home", "storage_root": "~/photos"}, {})
    assert settings.home_path == tmp_path / "home"
    assert settings.storage_path == tmp_path / "me" / "photos"
    assert load({"home": "home"}, {}).storage_path == tmp_path / "home" / "storage"


def test_settings_cannot_be_changed_while_the_program_runs(tmp_path: Path) -> None:
    with pytest.raises(AttributeError):
        Settings(home=str(tmp_path)).port = 1  # type: ignore[misc]


def test_the_number_of_decoders_follows_the_machine_unless_it_is_set(tmp_path: Path) -> None:
    assert 1 <= Settings(home=str(tmp_path)).decoders <= 8
    assert Settings(home=str(tmp_path), decode_workers=3).decoders == 3


def test_every_setting_and_its_default_stand_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = [line for line in readme.splitlines() if line.startswith("| `")]
    for field in msgspec.structs.fields(Settings):
        (row,) = [row for row in rows if row.startswith(f"| `{field.name}` ")]
        default: Any = field.default
        if isinstance(default, bool):
            assert f"`{str(default).lower()}`" in row
        elif isinstance(default, int) and default:
            assert f"`{default}`" in row
        if isinstance(default, str) and default:
            assert f"`{default}`" in row
