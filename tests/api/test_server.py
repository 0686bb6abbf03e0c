"""What is served beside the operations: the client's files, headers, and what nobody foresaw."""

from collections.abc import Callable
from pathlib import Path

import pytest

from lumilio.library import setup
from tests.support.library import Library

INDEX = "<!doctype html><title>Lumilio</title>"


@pytest.fixture
def web(library: Library) -> Path:
    root = library.home.root / "web"
    (root / "assets").mkdir(parents=True)
    (root / "index.html").write_text(INDEX)
    (root / "assets" / "app-1a2b3c.js").write_text("1")
    (root / "icon.svg").write_text("<svg/>")
    (root.parent / "secret.txt").write_text("secret")
    return root


@pytest.mark.parametrize("path", ["/", "/login", "/photos/1", "/a/b/c", "/apis", "/index.html"])
def test_every_address_of_the_client_is_its_page(library: Library, web: Path, path: str) -> None:
    answer = library.api.http.get(path)
    assert answer.status_code == 200
    assert answer.text == INDEX
    assert answer.headers["cache-control"] == "no-cache"


def test_files_with_a_hash_in_their_name_last_and_others_are_asked_for(
    library: Library, web: Path
) -> None:
    lasting = library.api.http.get("/assets/app-1a2b3c.js")
    assert lasting.text == "1"
    assert "immutable" in lasting.headers["cache-control"]
    assert library.api.http.get("/icon.svg").headers["cache-control"] == "no-cache"


def test_a_missing_file_of_the_client_is_not_its_page(library: Library, web: Path) -> None:
    assert library.api.http.get("/assets/gone.js").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/..%2fsecret.txt",
        "/%2e%2e/secret.txt",
        "/assets/..%2f..%2fsecret.txt",
        "/%2fetc%2fpasswd",
        "//etc/passwd",
        "/..%5csecret.txt",
    ],
)
def test_no_address_leads_out_of_the_clients_folder(library: Library, web: Path, path: str) -> None:
    answer = library.api.http.get(f"http://localhost{path}")
    assert "secret" not in answer.text
    assert "root:" not in answer.text


@pytest.mark.parametrize("path", ["/%00", "/a%00b", "/" + "x" * 300, "/" + "x/" * 3000, "/%ff"])
def test_an_absurd_address_is_answered_like_any_other(
    library: Library, web: Path, path: str
) -> None:
    assert library.api.http.get(path).status_code in (200, 400, 404)


def test_without_a_built_client_the_api_works_and_the_page_says_so(library: Library) -> None:
    answer = library.api.http.get("/")
    assert answer.status_code == 503
    assert "not built" in answer.text
    assert library.api.get("/health").status_code == 200


@pytest.mark.parametrize("path", ["/", "/api/v1/health", "/api/nothing", "/api/openapi.json"])
def test_every_answer_carries_the_headers_that_protect_it(
    library: Library, web: Path, path: str
) -> None:
    headers = library.api.http.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "server" not in headers


@pytest.mark.parametrize("path", ["/", "/api/v1/health"])
def test_other_sites_neither_embed_nor_hold_what_is_served(
    library: Library, web: Path, path: str
) -> None:
    headers = library.api.http.get(path).headers
    assert headers["cross-origin-resource-policy"] == "same-site"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]
    # Browsers complain about it on a page from elsewhere without TLS.
    http = library.client(url="http://127.0.0.1:6680")
    assert "cross-origin-opener-policy" not in http.get(path).headers


def test_pages_of_listed_origins_show_pictures(make_library: Callable[..., Library]) -> None:
    http = make_library(cors_allowed_origins=("https://friend.example",)).api.http
    headers = http.get("/api/v1/health").headers
    assert headers["cross-origin-resource-policy"] == "cross-origin"


def test_a_file_that_is_opened_by_itself_runs_no_script(library: Library) -> None:
    policy = library.api.http.get("/api/v1/health").headers["content-security-policy"]
    directives = {part.split()[0]: part.split()[1:] for part in policy.split(";")}
    assert directives["default-src"] == ["'none'"]
    assert directives["sandbox"] == []
    assert "script-src" not in directives


def test_pages_run_their_own_scripts_and_webassembly_but_no_text(library: Library) -> None:
    policy = library.api.http.get("/").headers["content-security-policy"]
    directives = dict(part.split(maxsplit=1) for part in policy.split(";"))
    assert directives["script-src"] == "'self' 'wasm-unsafe-eval'"
    assert directives["style-src"] == "'self'"


def test_a_crash_is_a_json_500_that_tells_nothing_of_the_inside(
    library: Library, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(ctx: object) -> None:
        raise ZeroDivisionError("a secret detail")

    monkeypatch.setattr(setup, "status", broken)
    answer = library.api.get("/setup/status")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert answer.json()["code"] == 500
    assert answer.json()["message"]


def test_a_preflight_from_elsewhere_gets_no_permission(library: Library) -> None:
    answer = library.api.http.options(
        "/api/v1/assets/list",
        headers={"origin": "https://evil.example", "access-control-request-method": "POST"},
    )
    assert "access-control-allow-origin" not in answer.headers
