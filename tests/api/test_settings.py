"""Settings that administrators change, and what the server says it can do."""

from collections.abc import Callable, Iterator
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.support.library import Library
from tests.support.models import language_model

KEY = "sk-very-secret-7f3a"
PATH = "/settings/system"


@pytest.fixture
def model() -> Iterator[Any]:
    with language_model() as server:
        yield server


def _patch(library: Library, **change: Any) -> Any:
    return library.admin.call("PATCH", PATH, json=change)


def test_nothing_is_switched_on_towards_the_outside_at_first(library: Library) -> None:
    shown = library.admin.ok("GET", PATH)
    assert shown["llm"] == {
        "agent_enabled": False,
        "provider": "ark",
        "model_name": "",
        "api_key_configured": False,
        "allow_private_network": False,
    }
    assert set(shown["ml"].values()) == {True}
    assert "updated_by" not in shown


def test_what_is_named_changes_and_the_rest_stays(library: Library) -> None:
    _patch(library, llm={"model_name": " m1 ", "base_url": "https://a.example/v1"})
    shown = _patch(library, ml={"face_enabled": False}, llm={"agent_enabled": True}).json()
    assert shown["llm"]["model_name"] == "m1"
    assert shown["llm"]["base_url"] == "https://a.example/v1"
    assert shown["ml"]["face_enabled"] is False
    assert shown["ml"]["ocr_enabled"] is True
    assert shown["updated_by"] == library.admin.user_id
    assert library.admin.ok("GET", PATH) == shown
    assert "base_url" not in _patch(library, llm={"base_url": ""}).json()["llm"]


def test_a_key_goes_in_and_never_comes_out(library: Library) -> None:
    for change in ({"api_key": KEY}, {"model_name": "m"}, {"api_key": None}):
        answer = _patch(library, llm=change)
        assert answer.json()["llm"]["api_key_configured"] is True
        assert KEY not in answer.text
    assert KEY not in library.admin.get(PATH).text
    stored = b"".join(path.read_bytes() for path in library.home.root.glob("**/*.db*"))
    assert KEY.encode() not in stored
    assert _patch(library, llm={"api_key": " "}).json()["llm"]["api_key_configured"] is False


def test_a_key_goes_with_its_provider(library: Library) -> None:
    _patch(library, llm={"api_key": KEY})
    same = _patch(library, llm={"provider": "ark"}).json()
    assert same["llm"]["api_key_configured"] is True
    other = _patch(library, llm={"provider": "openai"}).json()
    assert other["llm"]["api_key_configured"] is False
    both = _patch(library, llm={"provider": "deepseek", "api_key": KEY}).json()
    assert both["llm"]["api_key_configured"] is True


@pytest.mark.parametrize(
    "change",
    [
        {"llm": {"provider": "skynet"}},
        {"llm": {"provider": ""}},
        {"llm": {"base_url": "file:///etc/passwd"}},
        {"llm": {"base_url": "localhost"}},
        {"llm": {"base_url": "http://"}},
        {"llm": {"base_url": "http://["}},
        {"llm": {"base_url": "http://a b"}},
        {"llm": {"base_url": "http://:80"}},
        {"llm": {"base_url": "http://x:99999"}},
        {"llm": {"base_url": "http://x\x00y"}},
        {"llm": {"api_key": "ключ"}},
        {"llm": {"api_key": "a\nb"}},
        {"ml": {"ocr_enabled": 1}},
    ],
)
def test_settings_against_the_rules_change_nothing(library: Library, change: Any) -> None:
    before = library.admin.ok("GET", PATH)
    assert _patch(library, **change).status_code == 400
    assert library.admin.ok("GET", PATH) == before


def test_an_incomplete_model_is_not_asked(library: Library) -> None:
    assert library.admin.post(f"{PATH}/validate-llm").status_code == 400


def test_a_model_of_ones_own_is_asked(library: Library, model: Any) -> None:
    url = f"http://localhost:{model.server_port}"
    _patch(library, llm={"provider": "ollama", "model_name": "tiny", "base_url": url})
    assert library.admin.ok("POST", f"{PATH}/validate-llm") == {"valid": True}
    path, authorization, question = model.asked[0]
    assert (path, authorization) == ("/v1/chat/completions", None)
    assert question["model"] == "tiny"


def test_a_provider_is_given_its_key(library: Library, model: Any) -> None:
    llm = {
        "provider": "openai",
        "model_name": "m",
        "base_url": f"http://127.0.0.1:{model.server_port}/v1/",
        "api_key": KEY,
        "allow_private_network": True,
    }
    _patch(library, llm=llm)
    assert library.admin.ok("POST", f"{PATH}/validate-llm") == {"valid": True}
    assert model.asked[0][:2] == ("/v1/chat/completions", f"Bearer {KEY}")


def test_a_draft_is_tried_and_not_stored(library: Library, model: Any) -> None:
    draft = {
        "provider": "ollama",
        "model_name": "draft",
        "base_url": f"http://localhost:{model.server_port}",
    }
    before = library.admin.ok("GET", PATH)
    assert library.admin.ok("POST", f"{PATH}/validate-llm", draft) == {"valid": True}
    assert model.asked[0][2]["model"] == "draft"
    assert library.admin.ok("GET", PATH) == before
    assert library.admin.post(f"{PATH}/validate-llm", {"base_url": "no address"}).status_code == 400
    assert len(model.asked) == 1


def test_a_private_address_has_to_be_allowed(library: Library, model: Any) -> None:
    llm = {
        "provider": "openai",
        "model_name": "m",
        "base_url": f"http://127.0.0.1:{model.server_port}/v1",
        "api_key": KEY,
    }
    _patch(library, llm=llm)
    answer = library.admin.post(f"{PATH}/validate-llm")
    assert answer.status_code == 400
    assert "private network" in answer.json()["message"]
    assert model.asked == []


def test_a_model_that_refuses_is_told_with_its_cause(library: Library, model: Any) -> None:
    model.status = 401
    url = f"http://localhost:{model.server_port}"
    _patch(library, llm={"provider": "ollama", "model_name": "tiny", "base_url": url})
    answer = library.admin.post(f"{PATH}/validate-llm")
    assert answer.status_code == 400
    assert "401" in answer.json()["message"]


def test_capabilities_are_open_to_all_and_tell_no_secret(library: Library) -> None:
    llm = {"provider": "openai", "model_name": "m", "api_key": KEY}
    _patch(library, llm=llm, ml={"ocr_enabled": False})
    answer = library.api.anonymous().get("/capabilities")
    assert KEY not in answer.text
    shown = answer.json()
    assert shown["llm"] == {
        "agent_enabled": False,
        "configured": True,
        "provider": "openai",
        "model_name": "m",
    }
    assert shown["ml"]["tasks"]["ocr"] == {"enabled": False, "available": False}
    assert shown["ml"]["tasks"]["face_recognition"] == {"enabled": True, "available": False}


def test_the_runtime_is_told_to_administrators(library: Library) -> None:
    shown = library.admin.ok("GET", "/settings/runtime-info")
    assert shown["storage_root"] == str(library.settings.storage_path)
    assert shown["server_port"].isdecimal()
    assert shown["repository_scan_enabled"] is library.settings.scan_enabled
    assert shown["repository_scan_interval_seconds"] == library.settings.scan_interval_seconds
    assert (shown["is_open_to_network"], shown["network_urls"]) == (False, [])
    ben = library.api.register("ben")
    assert ben.get("/settings/runtime-info").status_code == 403
    assert ben.get(PATH).status_code == 403


def test_the_network_is_let_in_by_an_administrator(library: Library) -> None:
    assert library.admin.ok("GET", PATH)["lan_enabled"] is False
    assert _patch(library, lan_enabled=True).json()["lan_enabled"] is True
    assert _patch(library, ml={"ocr_enabled": False}).json()["lan_enabled"] is True
    # The socket is opened at the start.
    assert library.admin.ok("GET", "/settings/runtime-info")["is_open_to_network"] is False
    assert _patch(library, lan_enabled=False).json()["lan_enabled"] is False


def test_others_are_told_where_to_find_an_open_server(make_library: Callable[..., Library]) -> None:
    admin = make_library(host="192.168.7.5").set_up().admin
    shown = admin.ok("GET", "/settings/runtime-info")
    assert shown["is_open_to_network"] is True
    assert shown["network_urls"] == [f"http://192.168.7.5:{shown['server_port']}"]
    admin = make_library(lan=True).set_up().admin
    shown = admin.ok("GET", "/settings/runtime-info")
    assert shown["is_open_to_network"] is True
    for url in shown["network_urls"]:
        assert not ip_address(urlsplit(url).hostname or "").is_loopback
