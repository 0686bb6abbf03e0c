"""How accounts come to be: who may create one, from where, and what it takes."""

import re
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from lumilio.library import accounts, invites, setup_codes
from tests.conftest import Running
from tests.support.api import PASSWORD, Api
from tests.support.library import Library

LAPTOP = ("192.168.1.20", 40000)
PHONE = ("192.168.1.21", 40000)
PROXIED = {"x-forwarded-for": "192.168.1.20"}
MODES = ("closed", "invite", "open")


def _register(api: Api, username: str = "alex", **more: Any) -> Any:
    headers = more.pop("headers", None)
    body = {"username": username, "password": PASSWORD} | more
    return api.post("/auth/register/start", body, headers=headers)


def _allow(library: Library, mode: str) -> None:
    library.admin.ok("PATCH", "/settings/system", {"registration_mode": mode})


def _invite(library: Library, **wanted: Any) -> dict[str, Any]:
    issued: dict[str, Any] = library.admin.ok("POST", "/invites", wanted)
    return issued


def _count(library: Library) -> int:
    return int(library.value("SELECT count(*) FROM users"))


def _at_once(count: int, call: Callable[[int], int]) -> list[int]:
    """The statuses of calls that start together."""
    barrier = threading.Barrier(count)
    statuses: list[int] = []

    def run(number: int) -> None:
        barrier.wait()
        statuses.append(call(number))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(statuses)


@pytest.fixture
def laptop(library: Library) -> Api:
    """Somebody at another machine."""
    return Api(library.client(LAPTOP))


@pytest.mark.parametrize(("mode", "status"), [("closed", 403), ("invite", 403), ("open", 200)])
@pytest.mark.parametrize("headers", [{}, PROXIED, {"forwarded": "for=10.0.0.1"}])
def test_other_machines_and_proxies_get_what_the_mode_allows(
    library: Library, laptop: Api, mode: str, status: int, headers: dict[str, str]
) -> None:
    _allow(library, mode)
    caller = library.api if headers else laptop
    assert caller.ok("GET", "/setup/status", headers=headers)["registration"] == mode
    response = _register(caller, headers=headers)
    assert response.status_code == status
    assert _count(library) == 1 + (status == 200)
    if status == 200:
        assert response.json()["user"]["role"] == "user"
        assert "bootstrap_admin" not in response.json()


@pytest.mark.parametrize("mode", MODES)
def test_this_machine_may_always_create_accounts(library: Library, mode: str) -> None:
    _allow(library, mode)
    assert library.api.ok("GET", "/setup/status")["registration"] == "open"
    assert library.api.register("alex").session["user"]["role"] == "user"


def test_registration_is_closed_until_an_administrator_opens_it(
    library: Library, laptop: Api
) -> None:
    assert library.admin.ok("GET", "/settings/system")["registration_mode"] == "closed"
    assert _register(laptop).status_code == 403
    ben = library.api.register("ben")
    assert ben.call("PATCH", "/settings/system", json={}).status_code == 403
    bad = library.admin.call("PATCH", "/settings/system", json={"registration_mode": "ajar"})
    assert bad.status_code == 400


def test_an_invitation_makes_exactly_one_account(library: Library, laptop: Api) -> None:
    _allow(library, "invite")
    issued = _invite(library, note=" For Sam ")
    token = issued["invite_token"]
    assert issued["invite"]["note"] == "For Sam"
    assert issued["invite"]["state"] == "open"
    assert issued["invite"]["created_by"] == "admin"
    assert len(token) == 43
    sam = _register(laptop, "sam", invite_token=token)
    assert sam.json()["user"]["role"] == "user"
    assert _register(laptop, "tom", invite_token=token).status_code == 401
    (invite,) = library.admin.ok("GET", "/invites")["invites"]
    assert (invite["state"], invite["used_by"]) == ("used", "sam")
    assert token not in library.admin.get("/invites").text


def test_an_invitation_is_kept_as_a_keyed_hash_only(library: Library) -> None:
    _allow(library, "invite")
    token = _invite(library)["invite_token"]
    stored = b"".join(path.read_bytes() for path in library.home.root.glob("**/*.db*"))
    assert token.encode() not in stored
    assert library.value("SELECT hex(token_hash) FROM invites") == (
        library.ctx.keys.digest("invites", token.encode()).hex().upper()
    )


def test_every_invitation_that_opens_nothing_is_refused_alike(
    library: Library, laptop: Api
) -> None:
    _allow(library, "invite")
    used, revoked, expired = (_invite(library, expires_in_days=days) for days in (7, 7, 1))
    assert _register(laptop, "sam", invite_token=used["invite_token"]).status_code == 200
    path = f"/invites/{revoked['invite']['invite_id']}"
    assert library.admin.call("DELETE", path).status_code == 200
    assert library.admin.call("DELETE", path).status_code == 404
    library.clock.advance(days=1)
    answers = {
        (response.status_code, response.text)
        for token in (used["invite_token"], revoked["invite_token"], expired["invite_token"], "x")
        for response in [_register(laptop, "tom", invite_token=token)]
    }
    ((status, text),) = answers
    assert status == 401
    assert "cannot be used any more" in text
    assert _count(library) == 2


@pytest.mark.parametrize(("hours", "status"), [(7 * 24 - 1, 200), (7 * 24, 401)])
def test_an_invitation_lasts_a_week(library: Library, laptop: Api, hours: int, status: int) -> None:
    _allow(library, "invite")
    token = _invite(library)["invite_token"]
    library.clock.advance(hours=hours)
    assert _register(laptop, invite_token=token).status_code == status
    library.admin = library.api.login("admin")
    (invite,) = library.admin.ok("GET", "/invites")["invites"]
    assert invite["state"] == ("used" if status == 200 else "expired")


@pytest.mark.parametrize("fault", [{"username": "ab1-"}, {"password": "short1"}, {}])
def test_a_registration_that_fails_costs_no_invitation(
    library: Library, laptop: Api, fault: dict[str, str]
) -> None:
    _allow(library, "invite")
    library.api.register("alex")
    token = _invite(library)["invite_token"]
    body = {"username": "alex", "password": PASSWORD, "invite_token": token} | fault
    assert laptop.post("/auth/register/start", body).status_code == (400 if fault else 409)
    assert _register(laptop, "sam", invite_token=token).status_code == 200


def test_of_many_who_use_one_invitation_at_once_one_gets_in(library: Library) -> None:
    _allow(library, "invite")
    token = _invite(library)["invite_token"]
    clients = [Api(library.client(LAPTOP)) for _ in range(6)]
    statuses = _at_once(
        6, lambda n: int(_register(clients[n], f"user{n}", invite_token=token).status_code)
    )
    assert statuses == [200] + [401] * 5
    assert _count(library) == 2


def test_an_invitation_opens_nothing_while_registration_is_closed(
    library: Library, laptop: Api
) -> None:
    refused = library.admin.post("/invites", {})
    assert refused.status_code == 409
    assert "settings" in refused.json()["message"]
    _allow(library, "invite")
    token = _invite(library)["invite_token"]
    _allow(library, "closed")
    assert _register(laptop, invite_token=token).status_code == 403
    _allow(library, "open")
    assert _register(laptop, invite_token=token).status_code == 200


def test_invitations_are_for_administrators(library: Library) -> None:
    _allow(library, "invite")
    ben = library.api.register("ben")
    for caller, status in ((library.api, 401), (ben, 403)):
        assert caller.post("/invites", {}).status_code == status
        assert caller.get("/invites").status_code == status
        assert caller.call("DELETE", "/invites/1").status_code == status


@pytest.mark.parametrize(
    "wanted", [{"expires_in_days": 0}, {"expires_in_days": 366}, {"note": "x" * 201}]
)
def test_an_invitation_against_the_rules_is_a_bad_request(
    library: Library, wanted: dict[str, Any]
) -> None:
    _allow(library, "invite")
    assert library.admin.post("/invites", wanted).status_code == 400


def test_invitations_that_expired_long_ago_are_forgotten(library: Library) -> None:
    _allow(library, "invite")
    _invite(library, expires_in_days=1)
    _invite(library, expires_in_days=40)
    library.clock.advance(days=32)
    invites.forget_old(library.ctx)
    assert library.value("SELECT count(*) FROM invites") == 1


def test_guessing_invitations_is_slowed_down(library: Library, laptop: Api) -> None:
    _allow(library, "invite")
    answers = [_register(laptop, invite_token="x").status_code for _ in range(62)]
    assert answers == [401] * 60 + [429] * 2
    phone = Api(library.client(PHONE))
    assert _register(phone, invite_token=_invite(library)["invite_token"]).status_code == 200


def test_one_address_creates_only_so_many_accounts(library: Library, laptop: Api) -> None:
    _allow(library, "open")
    answers = [_register(laptop, f"user{number}").status_code for number in range(21)]
    assert answers == [200] * 20 + [429]
    assert _register(Api(library.client(PHONE)), "sam").status_code == 200
    library.clock.advance(hours=1)
    assert _register(laptop, "tom").status_code == 200


def test_the_first_account_from_elsewhere_takes_the_setup_code(fresh: Library) -> None:
    code = setup_codes.renew(fresh.ctx)
    assert code is not None
    assert re.fullmatch(r"[A-Z2-9]{4}-[A-Z2-9]{4}", code)
    laptop = Api(fresh.client(LAPTOP))
    assert laptop.ok("GET", "/setup/status")["registration"] == "setup_code"
    assert fresh.api.ok("GET", "/setup/status")["registration"] == "open"
    assert _register(laptop).status_code == 403
    assert _register(laptop, setup_code="AAAA-AAAA").status_code == 401
    assert _count(fresh) == 0
    written = code.lower().replace("-", " ")
    session = _register(laptop, setup_code=written).json()
    assert session["bootstrap_admin"] is True
    assert session["user"]["role"] == "admin"
    # It has done its duty, and no start makes another one.
    assert fresh.value("SELECT count(*) FROM setup_code") == 0
    assert setup_codes.renew(fresh.ctx) is None
    assert _register(laptop, "sam", setup_code=code).status_code == 403


def test_the_setup_code_may_come_as_a_header(fresh: Library) -> None:
    code = setup_codes.renew(fresh.ctx)
    headers = {"X-Setup-Code": str(code)} | PROXIED
    assert _register(fresh.api, headers=PROXIED).status_code == 403
    assert _register(fresh.api, headers=headers).json()["user"]["role"] == "admin"


def test_a_new_start_makes_a_new_setup_code(fresh: Library) -> None:
    first, second = setup_codes.renew(fresh.ctx), setup_codes.renew(fresh.ctx)
    laptop = Api(fresh.client(LAPTOP))
    assert _register(laptop, setup_code=first).status_code == 401
    assert _register(laptop, setup_code=second).status_code == 200


def test_the_setup_code_is_kept_as_a_keyed_hash_only(fresh: Library) -> None:
    code = str(setup_codes.renew(fresh.ctx))
    stored = b"".join(path.read_bytes() for path in fresh.home.root.glob("**/*.db*"))
    assert code.encode() not in stored
    assert code.replace("-", "").encode() not in stored


def test_this_machine_needs_no_setup_code_and_voids_it(fresh: Library) -> None:
    code = setup_codes.renew(fresh.ctx)
    assert fresh.api.register("alex").session["bootstrap_admin"] is True
    laptop = Api(fresh.client(LAPTOP))
    assert laptop.ok("GET", "/setup/status")["registration"] == "closed"
    assert _register(laptop, "sam", setup_code=code).status_code == 403


def test_guessing_the_setup_code_is_slowed_down_wherever_it_comes_from(fresh: Library) -> None:
    code = setup_codes.renew(fresh.ctx)
    answers = [
        _register(Api(fresh.client((f"10.0.0.{host}", 40000))), setup_code="x").status_code
        for host in range(1, 10)
    ]
    assert answers == [401] * 8 + [429]
    refused = _register(Api(fresh.client(LAPTOP)), setup_code=code)
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) == timedelta(minutes=5).seconds
    # Whoever sits at the machine is not kept out by them.
    assert fresh.api.register("alex").session["bootstrap_admin"] is True


def test_of_two_who_would_be_the_first_one_is_administrator(fresh: Library) -> None:
    code = setup_codes.renew(fresh.ctx)
    remote = [Api(fresh.client((f"10.0.0.{n}", 40000))) for n in range(4)]
    statuses = _at_once(
        4, lambda n: int(_register(remote[n], f"user{n}", setup_code=code).status_code)
    )
    assert statuses == [200, 403, 403, 403]
    assert fresh.values("SELECT role FROM users") == ["admin"]


@pytest.mark.parametrize("mode", MODES)
def test_a_page_of_another_site_has_no_privilege_of_this_machine(
    library: Library, mode: str
) -> None:
    _allow(library, mode)
    foreign = {"origin": "https://evil.example"}
    status = library.api.ok("GET", "/setup/status", headers=foreign)
    assert status["registration"] == mode
    assert _register(library.api, headers=foreign).status_code == 403
    assert _count(library) == 1


def test_a_running_server_tells_forwarded_requests_from_its_own_machine(running: Running) -> None:
    code = running.app.setup_code
    assert code is not None
    assert running.api.ok("GET", "/setup/status")["registration"] == "open"
    status = running.api.ok("GET", "/setup/status", headers=PROXIED)
    assert status["registration"] == "setup_code"
    assert _register(running.api, headers=PROXIED).status_code == 403
    assert _register(running.api, headers=PROXIED, setup_code="AAAA-AAAA").status_code == 401
    admin = Api(running.http, _register(running.api, headers=PROXIED, setup_code=code).json())
    admin.create_primary()
    assert _register(running.api, "sam", headers=PROXIED).status_code == 403
    admin.ok("PATCH", "/settings/system", {"registration_mode": "invite"})
    token = admin.ok("POST", "/invites", {})["invite_token"]
    sam = _register(running.api, "sam", headers=PROXIED, invite_token=token)
    assert sam.json()["user"]["role"] == "user"
    assert running.api.register("tom").session["user"]["role"] == "user"


def test_an_administrator_creates_an_account_with_a_one_time_password(library: Library) -> None:
    body = {"username": " Sam ", "display_name": "Sam of the Hills"}
    created = library.admin.ok("POST", "/users", body)
    user = created["user"]
    assert (user["username"], user["display_name"]) == ("sam", "Sam of the Hills")
    assert (user["role"], user["must_change_password"]) == ("user", True)
    once = created["temporary_password"]
    sam = library.api.login("sam", once)
    refused = sam.post("/assets/list", {})
    assert (refused.status_code, refused.json()["error"]) == (403, "password_change_required")
    change = {"current_password": once, "new_password": PASSWORD}
    assert sam.call("PATCH", "/users/me/password", json=change).status_code == 200
    assert library.api.login("sam").post("/assets/list", {}).status_code == 200
    assert once not in library.admin.get("/users").text


def test_a_created_account_may_be_an_administrator(library: Library) -> None:
    created = library.admin.ok("POST", "/users", {"username": "sam", "role": "admin"})
    assert created["user"]["role"] == "admin"
    assert created["user"]["display_name"] == "sam"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"username": "admin"}, 409),
        ({"username": "a__b"}, 400),
        ({"username": "sam", "role": "owner"}, 400),
        ({"username": "sam", "display_name": "x" * 65}, 400),
        ({}, 400),
    ],
)
def test_an_account_against_the_rules_is_not_created(
    library: Library, body: dict[str, Any], status: int
) -> None:
    assert library.admin.post("/users", body).status_code == status
    assert _count(library) == 1


def test_accounts_for_others_are_created_by_administrators_only(library: Library) -> None:
    ben = library.api.register("ben")
    assert ben.post("/users", {"username": "sam"}).status_code == 403
    assert library.api.post("/users", {"username": "sam"}).status_code == 401


def _told(library: Library) -> list[tuple[str, str | None, str | None, dict[str, Any]]]:
    events = library.admin.ok("GET", "/admin/audit")["events"][::-1]
    return [
        (event["action"], event.get("actor"), event.get("subject"), event["details"])
        for event in events
        if event["action"] != "login"
    ]


def test_how_accounts_came_to_be_stands_in_the_audit_log(library: Library, laptop: Api) -> None:
    before = len(_told(library))
    _allow(library, "invite")
    used, revoked = _invite(library), _invite(library)
    first, second = used["invite"]["invite_id"], revoked["invite"]["invite_id"]
    _register(laptop, "sam", invite_token=used["invite_token"])
    library.admin.ok("DELETE", f"/invites/{second}")
    library.admin.ok("POST", "/users", {"username": "tom"})
    accounts.create(library.ctx, "kim", "", "user")
    assert _told(library)[before:] == [
        ("settings_updated", "admin", None, {"changed": ["registration_mode"]}),
        ("invite_created", "admin", None, {"invite_id": first}),
        ("invite_created", "admin", None, {"invite_id": second}),
        ("user_registered", "sam", None, {"role": "user", "invite_id": first}),
        ("invite_revoked", "admin", None, {"invite_id": second}),
        ("user_created", "admin", "tom", {"role": "user"}),
        ("user_created", None, "kim", {"role": "user"}),
    ]
