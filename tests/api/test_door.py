"""The door of a real server: hosts, origins and preflights, each refused or let in."""

import socket
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest

from tests.conftest import Running
from tests.support.api import PASSWORD
from tests.support.library import Library

LISTED = "https://friend.example"
CREDENTIALS = {"username": "alex", "password": PASSWORD}
# Everything that changes something and takes no access token.
UNSIGNED = [
    ("/setup", {}),
    ("/auth/register/start", CREDENTIALS),
    ("/auth/login", CREDENTIALS),
    ("/auth/refresh", {"refreshToken": "x"}),
    ("/auth/logout", {"refreshToken": "x"}),
    ("/auth/mfa/verify", {"mfa_token": "x", "code": "x", "method": "totp"}),
    ("/auth/passkeys/login/options", {}),
    (
        "/auth/passkeys/login/verify",
        {
            "challenge_token": "x",
            "credential": {
                "id": "AA",
                "rawId": "AA",
                "type": "public-key",
                "response": {"clientDataJSON": "AA"},
            },
        },
    ),
]

Ask = Callable[..., httpx2.Response]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One program for all, with a name and an origin in its settings."""
    running = Running(
        tmp_path_factory.mktemp("home"),
        allowed_hosts=("photos.example.org",),
        cors_allowed_origins=(LISTED,),
    )
    running.api.register("alex")
    yield running
    running.stop()


@pytest.fixture
def ask(running: Running) -> Ask:
    """Sends a request with exactly these headers."""

    def ask(method: str, path: str, json: Any = None, **headers: str) -> httpx2.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return running.http.request(method, path, json=json, headers=named)

    return ask


def _port(running: Running) -> str:
    return running.url.rpartition(":")[2]


@pytest.mark.parametrize(
    "name",
    [
        "localhost",
        "LOCALHOST",
        "localhost.",
        "127.0.0.1",
        "127.8.9.1",
        "[::1]",
        "photos.example.org",
        "Photos.Example.Org",
        socket.gethostname(),
        f"{socket.gethostname().partition('.')[0]}.local",
    ],
)
def test_a_name_of_ours_is_answered_with_and_without_port(
    running: Running, ask: Ask, name: str
) -> None:
    for host in (name, f"{name}:{_port(running)}", f"{name}:1234"):
        assert ask("GET", "/api/v1/health", host=host).status_code == 200


@pytest.mark.parametrize(
    "path", ["/api/v1/health", "/api/v1/auth/me", "/api/openapi.json", "/", "/icon.svg", "/nowhere"]
)
@pytest.mark.parametrize(
    "name",
    [
        "evil.example",
        "localhost.evil.example",
        "photos.example.org.evil.example",
        "sub.photos.example.org",
        "192.168.77.77",
        "[fe80::1]",
        "0.0.0.0",
    ],
)
def test_a_name_that_was_rebound_to_this_machine_is_refused_on_every_path(
    running: Running, ask: Ask, name: str, path: str
) -> None:
    answer = ask("GET", path, host=f"{name}:{_port(running)}")
    assert answer.status_code == 421
    body = answer.json()
    assert body["code"] == 421
    assert "allowed_hosts" in body["message"]
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


def test_a_rebound_page_cannot_act_with_a_stolen_look_of_its_own(
    running: Running, ask: Ask
) -> None:
    host = f"evil.example:{_port(running)}"
    same = {"host": host, "origin": f"http://{host}", "sec_fetch_site": "same-origin"}
    for path, body in UNSIGNED:
        assert ask("POST", f"/api/v1{path}", body, **same).status_code == 421


def test_an_address_that_cannot_be_is_not_ours(ask: Ask) -> None:
    assert ask("GET", "/api/v1/health", host="[::1:::]").status_code == 421


def test_the_name_that_it_listens_on_is_a_name_of_ours(
    make_library: Callable[..., Library],
) -> None:
    http = make_library(host="attic.home.arpa").api.http
    for host, status in (("attic.home.arpa:6680", 200), ("cellar.home.arpa", 421)):
        assert http.get("/api/v1/health", headers={"host": host}).status_code == status
    http = make_library(host="0.0.0.0").api.http
    assert http.get("/api/v1/health", headers={"host": "0.0.0.0"}).status_code == 421


def test_on_the_network_the_address_of_the_connection_is_a_name_of_ours(
    library: Library,
) -> None:
    http = library.client(("192.168.7.20", 40000), "http://192.168.7.5:6680")
    assert http.get("/api/v1/health").status_code == 200
    for host in ("192.168.7.6:6680", "10.0.0.1", "evil.example"):
        assert http.get("/api/v1/health", headers={"host": host}).status_code == 421


@pytest.mark.parametrize(
    "host", ["", "a b", "a/b", "user@localhost", "[::1", "[::1:::]x", "localhost:x", "::1"]
)
def test_a_malformed_host_is_a_bad_request(ask: Ask, host: str) -> None:
    answer = ask("GET", "/api/v1/health", host=host)
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_request_host"


@pytest.mark.parametrize(("path", "body"), UNSIGNED)
@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "http://localhost:1"},
        {"origin": "http://127.0.0.1"},
        {"origin": "chrome-extension://abcdef"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
    ],
)
def test_a_page_of_another_site_acts_without_a_token_nowhere(
    ask: Ask, path: str, body: Any, headers: dict[str, str]
) -> None:
    answer = ask("POST", f"/api/v1{path}", body, **headers)
    assert answer.status_code == 403
    assert answer.json()["error"] == "foreign_request_origin"
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(("path", "body"), UNSIGNED)
def test_our_page_a_listed_one_and_programs_get_further(
    running: Running, ask: Ask, path: str, body: Any
) -> None:
    own = {"origin": running.url, "sec_fetch_site": "same-origin"}
    for headers in ({}, own, {"origin": LISTED, "sec_fetch_site": "cross-site"}):
        answer = ask("POST", f"/api/v1{path}", body, **headers)
        assert answer.json().get("error") != "foreign_request_origin"
        assert answer.status_code != 421


def test_an_own_page_behind_a_proxy_with_tls_is_known_by_its_name(ask: Ask) -> None:
    for origin in ("https://photos.example.org", "https://photos.example.org:443"):
        headers = {"host": "photos.example.org", "origin": origin}
        assert ask("POST", "/api/v1/auth/login", CREDENTIALS, **headers).status_code == 200


@pytest.mark.parametrize("path", ["/api/v1/health", "/api/v1/auth/me", "/"])
@pytest.mark.parametrize(
    "origin", ["null", "", "evil.example", "http://", "http://a b", "http://a/b"]
)
def test_a_malformed_origin_is_a_bad_request_everywhere(ask: Ask, path: str, origin: str) -> None:
    answer = ask("GET", path, origin=origin)
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_request_origin"


def test_two_origins_are_a_bad_request(running: Running) -> None:
    headers = [("origin", running.url), ("origin", running.url)]
    answer = running.http.get("/api/v1/health", headers=headers)
    assert answer.status_code == 400


def test_a_listed_origin_may_read_with_credentials(ask: Ask) -> None:
    answer = ask("GET", "/api/v1/health", origin=LISTED)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == LISTED
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert "Origin" in answer.headers["vary"]


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "http://friend.example", "https://friend.example:8443"]
)
def test_a_foreign_origin_is_served_but_may_not_read(ask: Ask, origin: str) -> None:
    answer = ask("GET", "/api/v1/health", origin=origin)
    assert answer.json() == {"status": "ok"}
    assert [name for name in answer.headers if name.startswith("access-control")] == []
    assert "Origin" in answer.headers["vary"]


def _preflight(ask: Ask, origin: str, wanted: str = "POST", **headers: str) -> httpx2.Response:
    return ask(
        "OPTIONS",
        "/api/v1/assets/list",
        origin=origin,
        access_control_request_method=wanted,
        **headers,
    )


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"])
def test_a_preflight_of_a_listed_origin_permits_what_clients_send(ask: Ask, method: str) -> None:
    wanted = "authorization, content-type, x-content-hash, x-csrf-token"
    answer = _preflight(ask, LISTED, method, access_control_request_headers=wanted)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == LISTED
    assert method in answer.headers["access-control-allow-methods"]
    allowed = answer.headers["access-control-allow-headers"].lower().split(", ")
    assert set(wanted.split(", ")) <= set(allowed)
    assert "Origin" in answer.headers["vary"]


def test_a_preflight_of_a_foreign_origin_is_forbidden(ask: Ask) -> None:
    answer = _preflight(ask, "https://evil.example")
    assert answer.status_code == 403
    assert answer.json()["code"] == 403
    assert [name for name in answer.headers if name.startswith("access-control")] == []


def test_options_without_an_origin_are_answered(ask: Ask) -> None:
    answer = ask("OPTIONS", "/api/v1/assets/list")
    assert (answer.status_code, answer.content) == (200, b"")
