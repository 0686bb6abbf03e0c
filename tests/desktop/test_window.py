"""Whether a window can be shown here."""

import importlib.util
import sys

import pytest

from lumilio.desktop import missing_display


@pytest.fixture(autouse=True)
def with_webview(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name)


@pytest.mark.parametrize(
    ("platform", "variables", "reason"),
    [
        ("linux", {}, "there is no display"),
        ("linux", {"DISPLAY": ""}, "there is no display"),
        ("linux", {"DISPLAY": ":0"}, None),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, None),
        ("darwin", {}, None),
        ("win32", {}, None),
    ],
)
def test_only_linux_needs_a_display_of_its_own(
    monkeypatch: pytest.MonkeyPatch, platform: str, variables: dict[str, str], reason: str | None
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert missing_display() == reason


def test_without_pywebview_there_is_no_window(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert missing_display() == "pywebview is not installed"
