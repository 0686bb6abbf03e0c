"""First-run setup: the stages a new installation goes through."""

import httpx2
import pytest

from lumilio.library import accounts
from tests.support.api import PASSWORD, Api
from tests.support.library import Library


def test_a_fresh_installation_waits_for_its_administrator(fresh: Library) -> None:
    assert fresh.api.ok("GET", "/setup/status") == {
        "initialized": False,
        "database_initialized": True,
        "admin_initialized": False,
        "primary_repository_initialized": False,
        "next_registration_role": "admin",
        "repository_defaults": {
            "default_root": str(fresh.home.root / "storage"),
            "strategy": "date",
            "duplicate_handling": "rename",
        },
        "registration": "open",
    }


def test_after_registration_the_primary_repository_is_missing(fresh: Library) -> None:
    fresh.api.register("admin")
    status = fresh.api.ok("GET", "/setup/status")
    assert status["admin_initialized"]
    assert status["next_registration_role"] == "user"
    assert not status["primary_repository_initialized"]
    assert not status["initialized"]


def test_the_primary_repository_finishes_the_setup(library: Library) -> None:
    status = library.api.ok("GET", "/setup/status")
    assert status["initialized"]
    assert status["primary_repository_initialized"]


@pytest.mark.parametrize("body", [None, {}, {"anything": 1}])
def test_setup_itself_is_always_done_already(fresh: Library, body: object) -> None:
    response = fresh.api.post("/setup", body)
    assert response.status_code == 409
    assert response.json()["message"]


def test_setup_with_a_broken_body_is_a_bad_request(fresh: Library) -> None:
    assert fresh.api.post("/setup", content=b"{").status_code == 400


@pytest.mark.parametrize(
    "path", ["/health", "/setup/status", "/assets/types", "/auth/login", "/auth/refresh"]
)
@pytest.mark.parametrize("header", ["Bearer broken", "Bearer ", "nonsense", "Bearer a b c"])
def test_a_bad_bearer_never_makes_a_public_path_answer_401(
    library: Library, path: str, header: str
) -> None:
    method = "POST" if path.startswith("/auth") else "GET"
    response = library.api.call(method, path, headers={"authorization": header}, json={})
    assert response.status_code == (400 if method == "POST" else 200)


def test_health_is_answered_before_anything_is_set_up(fresh: Library) -> None:
    assert fresh.api.ok("GET", "/health") == {"status": "ok"}


GATED_FIRST = [
    ("POST", "/assets"),
    ("POST", "/assets/list"),
    ("GET", "/assets/types"),
    ("GET", "/assets/123e4567-e89b-42d3-a456-426614174000"),
    ("GET", "/assets/not-an-id/exif"),
    ("GET", "/assets/123e4567-e89b-42d3-a456-426614174000/original"),
    ("GET", "/assets/123e4567-e89b-42d3-a456-426614174000/thumbnail?size=huge"),
]
GATED_AFTER_ROLE = [
    ("GET", "/repositories"),
    ("GET", "/repositories/not-an-id"),
    ("POST", "/repositories/not-an-id/scan"),
    ("GET", "/repositories/not-an-id/scans"),
    ("GET", "/repositories/not-an-id/scans/latest"),
    ("GET", "/admin/river/stats"),
    ("GET", "/admin/river/queue-summary"),
]


def _is_not_initialized(response: httpx2.Response) -> bool:
    return (response.status_code, response.json()["message"]) == (409, "app_not_initialized")


@pytest.mark.parametrize(("method", "path"), GATED_FIRST)
def test_under_assets_the_setup_gate_comes_before_everything_else(
    fresh: Library, method: str, path: str
) -> None:
    admin = fresh.api.register("admin")
    for caller in (fresh.api, admin):
        assert _is_not_initialized(caller.call(method, path))


@pytest.mark.parametrize(("method", "path"), GATED_AFTER_ROLE)
def test_under_repositories_and_admin_the_gate_comes_after_sign_in_and_role(
    fresh: Library, method: str, path: str
) -> None:
    admin = fresh.api.register("admin")
    user = fresh.api.register("someone")
    assert fresh.api.call(method, path).status_code == 401
    assert user.call(method, path).status_code == 403
    assert _is_not_initialized(admin.call(method, path))


def test_the_gate_tells_its_key_as_message_and_error(fresh: Library) -> None:
    body = fresh.api.post("/assets/list", {}).json()
    assert body == {"code": 409, "message": "app_not_initialized", "error": "app_not_initialized"}


def test_sign_in_works_before_the_setup_is_finished(fresh: Library) -> None:
    admin = fresh.api.register("admin")
    assert admin.ok("GET", "/auth/me")["role"] == "admin"
    assert admin.media_token()
    assert fresh.api.login("admin").ok("GET", "/auth/me")["username"] == "admin"


def test_a_repository_is_created_through_the_gate_but_only_by_an_administrator(
    fresh: Library,
) -> None:
    body = {"name": "Primary Storage", "role": "primary"}
    assert fresh.api.post("/repositories", body).status_code == 401
    admin = fresh.api.register("admin")
    assert fresh.api.register("someone").post("/repositories", body).status_code == 403
    assert admin.post("/repositories", body).status_code == 200


def test_who_is_anonymous_stays_so_on_public_paths(library: Library) -> None:
    assert Api(library.api.http).ok("GET", "/assets/types") == {
        "types": ["PHOTO", "VIDEO", "AUDIO"]
    }


def test_who_was_given_the_first_account_chooses_a_password_before_the_setup(
    fresh: Library,
) -> None:
    _, once = accounts.create(fresh.ctx, "ada", "", "admin")
    ada = fresh.api.login("ada", once)
    change = {"current_password": once, "new_password": PASSWORD}
    assert ada.post("/repositories", {"name": "Home", "role": "primary"}).status_code == 403
    assert ada.call("PATCH", "/users/me/password", json=change).status_code == 200
    assert _is_not_initialized(fresh.api.login("ada").call("PATCH", "/users/me/password", json={}))
