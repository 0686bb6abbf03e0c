"""Where the program may connect to, however the address is written and whatever names mean."""

import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import httpx2
import pytest

from lumilio import outbound
from lumilio.outbound import AddressRefused

INSIDE = [
    "http://127.0.0.1/",
    "http://127.1/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0177.0.0.1/",
    "http://0.0.0.0/",
    "http://10.1.2.3/",
    "http://172.16.0.1/",
    "http://192.168.1.1/",
    "http://100.64.0.1/",
    "http://169.254.169.254/latest/meta-data",
    "http://224.0.0.1/",
    "http://255.255.255.255/",
    "http://[::1]/",
    "http://[::]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:a00:1]/",
    "http://[fe80::1]/",
    "http://[fc00::1]/",
    "http://[2002:7f00:1::]/",
    "http://localhost/",
    "http://LOCALHOST./",
]
# Some are no addresses to begin with.
REFUSED = (AddressRefused, httpx2.InvalidURL, httpx2.UnsupportedProtocol)


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.hosts.append(self.headers["host"])  # type: ignore[attr-defined]
        self.send_response(302 if self.path == "/away" else 200)
        self.send_header("location", "http://169.254.169.254/")
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"OK")

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    server = HTTPServer(("127.0.0.1", 0), _Handler)
    server.hosts = []  # type: ignore[attr-defined]
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What names mean; each look takes the next meaning, the last one stays."""
    meanings: dict[str, list[str]] = {}
    real = socket.getaddrinfo

    def look(host: str, *rest: Any, **options: Any) -> Any:
        found = meanings.get(host)
        if found is None:
            return real(host, *rest, **options)
        address = found.pop(0) if len(found) > 1 else found[0]
        return real(address, *rest, **options)

    monkeypatch.setattr(socket, "getaddrinfo", look)
    return meanings


@pytest.mark.parametrize("url", INSIDE)
def test_addresses_inside_are_refused_however_they_are_written(url: str) -> None:
    with outbound.client() as client, pytest.raises(REFUSED):
        client.get(url)


@pytest.mark.parametrize("url", ["ftp://example.com/", "file:///etc/passwd", "gopher://x/"])
def test_only_http_goes_out(url: str) -> None:
    with outbound.client() as client, pytest.raises(REFUSED):
        client.get(url)


def test_a_name_that_means_something_inside_is_refused(
    names: dict[str, list[str]], server: HTTPServer
) -> None:
    names["evil.example"] = ["127.0.0.1"]
    with outbound.client() as client, pytest.raises(AddressRefused):
        client.get(f"http://evil.example:{server.server_port}/")
    assert server.hosts == []  # type: ignore[attr-defined]


def test_a_name_is_looked_up_once(names: dict[str, list[str]], server: HTTPServer) -> None:
    """A second look would find the inside."""
    meanings = ["127.0.0.1", "10.0.0.1"]
    names["box.lan"] = meanings
    with outbound.client(private_hosts=["box.lan"]) as client:
        answer = client.get(f"http://box.lan:{server.server_port}/")
    assert answer.status_code == 200
    assert meanings == ["10.0.0.1"]


def test_a_host_that_was_allowed_is_asked_by_its_name(
    names: dict[str, list[str]], server: HTTPServer
) -> None:
    names["box.lan"] = ["127.0.0.1"]
    with outbound.client(private_hosts=["BOX.lan"]) as client:
        assert client.get(f"http://box.lan:{server.server_port}/").text == "OK"
    assert server.hosts == [f"box.lan:{server.server_port}"]  # type: ignore[attr-defined]


def test_a_redirect_is_judged_like_an_address(
    names: dict[str, list[str]], server: HTTPServer
) -> None:
    names["box.lan"] = ["127.0.0.1"]
    url = f"http://box.lan:{server.server_port}/away"
    with outbound.client(private_hosts=["box.lan"]) as client:
        assert client.get(url).status_code == 302
        with pytest.raises(AddressRefused):
            client.get(url, follow_redirects=True)


def test_proxies_of_the_environment_are_not_asked(
    monkeypatch: pytest.MonkeyPatch, names: dict[str, list[str]], server: HTTPServer
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    names["box.lan"] = ["127.0.0.1"]
    with outbound.client(private_hosts=["box.lan"]) as client:
        assert client.get(f"http://box.lan:{server.server_port}/").status_code == 200


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a" * 300, "x..y"])
def test_names_that_mean_nothing_are_refused(host: str) -> None:
    with outbound.client() as client, pytest.raises(REFUSED):
        client.get(f"http://{host}/")
