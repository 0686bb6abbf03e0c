"""Signing up, in and out: names, passwords, tokens and their ends."""

import base64
import json
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import jwt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lumilio.library import sessions, users
from lumilio.library.sessions import ISSUER
from tests.support.api import PASSWORD, Api
from tests.support.clock import START
from tests.support.library import Library

USERNAMES = {
    "abc": "abc",
    "  Alex  ": "alex",
    "ALEX": "alex",
    "a.b-c_d9": "a.b-c_d9",
    "a" * 32: "a" * 32,
    "z9z": "z9z",
}
BAD_USERNAMES = [
    "ab",
    "a  ",
    "a" * 33,
    "a" * 51,
    "9abc",
    "_abc",
    ".abc",
    "abc.",
    "abc-",
    "alex__dev",
    "alex._dev",
    "alex dev",
    "alex@dev",
    "älex",
    "alex\x00",
    "алекс",
    "",
    "   ",
    "al\nex",
]
GOOD_PASSWORDS = ["Abcdefgh1j", "a" * 35 + "A" * 36 + "1", "Ünïcödé-1A", "ÄÖÜäöü12", "Пароль-0123"]
BAD_PASSWORDS = [
    "",
    "Abcdefgh1",
    "abcdefgh12",
    "ABCDEFGH12",
    "Abcdefghij",
    "A1" + "a" * 71,
    "Ää1" * 15,
    "1234567890",
]


def _body(username: object, password: object) -> dict[str, object]:
    return {"username": username, "password": password}


@pytest.mark.parametrize(("given_name", "stored"), USERNAMES.items())
def test_a_user_name_is_trimmed_and_lower_cased(
    fresh: Library, given_name: str, stored: str
) -> None:
    user = fresh.api.register(given_name).session["user"]
    assert user["username"] == user["display_name"] == stored


@pytest.mark.parametrize("name", BAD_USERNAMES)
def test_a_user_name_against_the_rules_is_a_bad_request(fresh: Library, name: str) -> None:
    assert fresh.api.post("/auth/register/start", _body(name, PASSWORD)).status_code == 400
    assert fresh.value("SELECT count(*) FROM users") == 0


@pytest.mark.parametrize("password", GOOD_PASSWORDS)
def test_a_password_within_the_rules_opens_its_account(fresh: Library, password: str) -> None:
    fresh.api.register("alex", password)
    assert fresh.api.login("alex", password).token


@pytest.mark.parametrize("password", BAD_PASSWORDS)
def test_a_password_against_the_rules_is_a_bad_request(fresh: Library, password: str) -> None:
    response = fresh.api.post("/auth/register/start", _body("alex", password))
    assert response.status_code == 400
    assert fresh.value("SELECT count(*) FROM users") == 0


def test_the_policy_is_told_in_words_for_people(fresh: Library) -> None:
    response = fresh.api.post("/auth/register/start", _body("alex", "abcdefgh12"))
    assert "upper-case" in response.json()["message"]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(max_size=60), password=st.text(max_size=90))
def test_any_text_as_name_and_password_is_answered_by_the_rules(
    fresh: Library, name: str, password: str
) -> None:
    register = fresh.api.post("/auth/register/start", _body(name, password))
    assert register.status_code in (200, 400, 409)
    login = fresh.api.post("/auth/login", _body(name, password))
    assert login.status_code in ((200,) if register.status_code == 200 else (400, 401))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.from_regex(r"[a-z](?:[._-]?[a-z0-9])*", fullmatch=True))
def test_a_name_of_the_grammar_is_refused_for_its_length_alone(name: str) -> None:
    if 3 <= len(name) <= 32:
        assert users.new_username(name) == name
    else:
        with pytest.raises(users.BadRequest):
            users.new_username(name)


def test_the_first_account_is_the_administrator_and_told_so(fresh: Library) -> None:
    session = fresh.api.register("alex").session
    assert session["bootstrap_admin"] is True
    assert session["user"]["role"] == "admin"
    assert session["user"]["permissions"] == [
        "manage_users",
        "manage_settings",
        "view_all_assets",
        "manage_all_assets",
        "manage_own_profile",
    ]


def test_every_later_account_is_an_ordinary_user(fresh: Library) -> None:
    fresh.api.register("alex")
    session = fresh.api.register("sam").session
    assert "bootstrap_admin" not in session
    assert session["user"]["role"] == "user"
    assert session["user"]["permissions"] == [
        "view_own_assets",
        "manage_own_assets",
        "manage_own_profile",
    ]


def test_a_session_has_the_names_that_clients_read(fresh: Library) -> None:
    session = fresh.api.register("alex").session
    assert set(session) == {
        "user",
        "token",
        "refreshToken",
        "expiresAt",
        "requires_mfa",
        "bootstrap_admin",
    }
    assert session["requires_mfa"] is False
    assert len(session["refreshToken"]) == 64
    int(session["refreshToken"], 16)
    assert session["expiresAt"] == (START + timedelta(minutes=15)).isoformat().replace(
        "+00:00", "Z"
    )


def test_registration_is_not_a_sign_in(fresh: Library) -> None:
    alex = fresh.api.register("alex")
    assert "last_login" not in alex.session["user"]
    fresh.clock.advance(minutes=1)
    user = fresh.api.login("alex").session["user"]
    assert user["last_login"] == user["updated_at"] == "2031-07-04T09:16:00.123456Z"


def test_a_taken_name_is_a_conflict_in_any_spelling(fresh: Library) -> None:
    fresh.api.register("alex")
    for name in ("alex", " ALEX "):
        response = fresh.api.post("/auth/register/start", _body(name, PASSWORD))
        assert response.status_code == 409
        assert response.json()["message"] != "app_not_initialized"


def test_of_many_first_registrations_at_once_exactly_one_becomes_administrator(
    fresh: Library,
) -> None:
    clients = [Api(fresh.client()) for _ in range(8)]
    barrier = threading.Barrier(len(clients))
    roles: list[str] = []

    def register(number: int) -> None:
        barrier.wait()
        roles.append(clients[number].register(f"user{number}").session["user"]["role"])

    threads = [threading.Thread(target=register, args=(n,)) for n in range(len(clients))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(roles) == ["admin"] + ["user"] * 7


def test_of_many_registrations_of_one_name_exactly_one_succeeds(fresh: Library) -> None:
    clients = [Api(fresh.client()) for _ in range(6)]
    barrier = threading.Barrier(len(clients))
    statuses: list[int] = []

    def register(client: Api) -> None:
        barrier.wait()
        body = _body("alex", PASSWORD)
        statuses.append(client.post("/auth/register/start", body).status_code)

    threads = [threading.Thread(target=register, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] + [409] * 5


@pytest.mark.parametrize(
    "address", ["192.168.1.20", "8.8.8.8", "fe80::1", "::ffff:192.168.1.20", "10.0.0.1"]
)
def test_accounts_are_not_created_from_another_machine(fresh: Library, address: str) -> None:
    api = Api(fresh.client((address, 40000)))
    assert api.post("/auth/register/start", _body("alex", PASSWORD)).status_code == 403
    assert fresh.value("SELECT count(*) FROM users") == 0


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"])
def test_accounts_are_created_on_this_machine_however_it_is_addressed(
    fresh: Library, address: str
) -> None:
    api = Api(fresh.client((address, 40000)))
    assert api.post("/auth/register/start", _body("alex", PASSWORD)).status_code == 200


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP"])
def test_a_proxy_on_this_machine_does_not_lend_its_address(fresh: Library, header: str) -> None:
    response = fresh.api.post(
        "/auth/register/start", _body("alex", PASSWORD), headers={header: "127.0.0.1"}
    )
    assert response.status_code == 403


@pytest.mark.parametrize(
    ("username", "password"),
    [
        ("nobody", PASSWORD),
        ("alex", "Wrong-Horse-99"),
        ("alex", PASSWORD + "x"),
        ("alex", PASSWORD.lower()),
        ("alex", "x" * 80),
        ("alex", "ü" * 5000),
        ("no such name!", PASSWORD),
        ("a" * 5000, PASSWORD),
        ("disabled", PASSWORD),
    ],
)
def test_every_refused_sign_in_looks_the_same(fresh: Library, username: str, password: str) -> None:
    fresh.api.register("alex")
    fresh.api.register("disabled")
    fresh.run("UPDATE users SET is_active = 0 WHERE username = 'disabled'")
    response = fresh.api.post("/auth/login", _body(username, password))
    assert response.status_code == 401
    assert response.json() == {"code": 401, "message": "The user name or the password is wrong"}


def test_an_unknown_name_costs_a_hash_like_a_known_one(
    fresh: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh.api.register("alex")
    verified: list[str] = []

    class Hasher(type(users._hasher)):  # type: ignore[misc]
        def verify(self, password_hash: str, password: str) -> bool:
            verified.append(password)
            return super().verify(password_hash, password)

    hasher = Hasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(users, "_hasher", hasher)
    for name in ("alex", "nobody"):
        assert fresh.api.post("/auth/login", _body(name, "Wrong-Horse-99")).status_code == 401
    assert verified == ["Wrong-Horse-99"] * 2


def test_passwords_are_stored_as_argon2id_hashes(fresh: Library) -> None:
    fresh.api.register("alex")
    stored = fresh.value("SELECT password_hash FROM users")
    assert stored.startswith("$argon2id$")
    assert PASSWORD not in stored


def test_me_is_the_account_of_the_token(fresh: Library) -> None:
    fresh.api.register("alex")
    sam = fresh.api.register("sam")
    assert sam.ok("GET", "/auth/me") == sam.session["user"]


def test_an_access_token_says_what_the_contract_promises(fresh: Library) -> None:
    alex = fresh.api.register("alex")
    assert jwt.get_unverified_header(alex.token)["alg"] == "HS256"
    claims = jwt.decode(alex.token, options={"verify_signature": False})
    now = int(START.timestamp())
    expected = {"user_id": alex.user_id, "username": "alex", "role": "admin", "iss": ISSUER}
    expected |= {"sub": str(alex.user_id), "iat": now, "nbf": now, "exp": now + 900}
    assert {name: claims[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("minutes", "status"), [(14.9, 200), (15, 401), (15.1, 401), (100_000, 401)]
)
def test_an_access_token_lives_a_quarter_of_an_hour(
    fresh: Library, minutes: float, status: int
) -> None:
    alex = fresh.api.register("alex")
    fresh.clock.advance(minutes=minutes)
    response = alex.get("/auth/me")
    assert response.status_code == status
    if status == 401:
        assert response.headers["www-authenticate"] == 'Bearer error="invalid_token"'


@pytest.mark.parametrize(
    "spoil",
    [
        lambda token: f"bearer {token}",
        lambda token: f"BEARER {token}",
        lambda token: f"Bearer  {token}",
        lambda token: f"Bearer {token} x",
        lambda token: f"Bearer\t{token}",
        lambda token: f"Token {token}",
        lambda token: token,
        lambda token: f"Bearer {token}x",
        lambda token: f"Bearer {token[:-6]}",
        lambda token: f"Bearer {token[1:]}",
        lambda token: f"Bearer {'x' * 10_000}",
        lambda token: "Bearer a.b.c",
        lambda token: "Bearer ..",
    ],
)
def test_only_bearer_one_space_and_an_unchanged_token_signs_in(
    fresh: Library, spoil: Callable[[str], str]
) -> None:
    alex = fresh.api.register("alex")
    header = spoil(alex.token)
    assert fresh.api.get("/auth/me", headers={"authorization": header}).status_code == 401


def _forged(token: str, **claims: Any) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False}) | claims


def _unsigned(claims: dict[str, Any], algorithm: str) -> str:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part({'alg': algorithm, 'typ': 'JWT'})}.{part(claims)}."


def test_a_token_that_we_did_not_sign_opens_nothing(fresh: Library) -> None:
    alex = fresh.api.register("alex")
    claims = _forged(alex.token, role="admin")
    key = fresh.ctx.keys.derive("access token")
    forgeries = [
        _unsigned(claims, "none"),
        _unsigned(claims, "None"),
        _unsigned(claims, "HS256"),
        jwt.encode(claims, b"another key of thirty-two bytes.", algorithm="HS256"),
        jwt.encode(claims, fresh.ctx.keys.derive("media token"), algorithm="HS256"),
        jwt.encode(claims | {"iss": "somebody-else"}, key, algorithm="HS256"),
        jwt.encode({k: v for k, v in claims.items() if k != "exp"}, key, algorithm="HS256"),
        jwt.encode({k: v for k, v in claims.items() if k != "iss"}, key, algorithm="HS256"),
        jwt.encode({k: v for k, v in claims.items() if k != "sid"}, key, algorithm="HS256"),
        jwt.encode(claims | {"user_id": 999}, key, algorithm="HS256"),
        jwt.encode(claims | {"sid": 999}, key, algorithm="HS256"),
    ]
    header, payload, signature = alex.token.split(".")
    changed = base64.urlsafe_b64encode(json.dumps(claims | {"user_id": 2}).encode()).decode()
    forgeries += [f"{header}.{changed.rstrip('=')}.{signature}", f"{header}.{payload}."]
    for forgery in forgeries:
        response = fresh.api.get("/auth/me", headers={"authorization": f"Bearer {forgery}"})
        assert response.status_code == 401, forgery


def test_the_role_comes_from_the_account_and_not_from_the_token(library: Library) -> None:
    library.api.register("sam")
    library.run("UPDATE users SET role = 'admin' WHERE username = 'sam'")
    sam = library.api.login("sam")
    library.run("UPDATE users SET role = 'user' WHERE username = 'sam'")
    assert sam.get("/repositories").status_code == 403
    assert sam.ok("GET", "/auth/me")["role"] == "user"


def _refresh(library: Library, refresh_token: str) -> Any:
    return library.api.post("/auth/refresh", {"refreshToken": refresh_token})


def test_a_refresh_gives_new_tokens_of_the_same_account(fresh: Library) -> None:
    alex = fresh.api.register("alex")
    fresh.clock.advance(minutes=20)
    session = _refresh(fresh, alex.session["refreshToken"]).json()
    assert session["user"]["username"] == "alex"
    assert session["refreshToken"] != alex.session["refreshToken"]
    assert "bootstrap_admin" not in session
    assert "last_login" not in session["user"]
    assert Api(fresh.api.http, session).get("/auth/me").status_code == 200


def test_tabs_that_refresh_at_once_with_the_same_token_all_stay_signed_in(fresh: Library) -> None:
    token = fresh.api.register("alex").session["refreshToken"]
    sessions = [_refresh(fresh, token) for _ in range(3)]
    fresh.clock.advance(seconds=30)
    sessions.append(_refresh(fresh, token))
    assert [response.status_code for response in sessions] == [200] * 4
    for response in sessions:
        assert Api(fresh.api.http, response.json()).get("/auth/me").status_code == 200
        assert _refresh(fresh, response.json()["refreshToken"]).status_code == 200


def test_a_spent_token_that_comes_back_later_ends_the_whole_session(fresh: Library) -> None:
    alex = fresh.api.register("alex")
    thief = _refresh(fresh, alex.session["refreshToken"]).json()
    fresh.clock.advance(seconds=31)
    assert _refresh(fresh, alex.session["refreshToken"]).status_code == 401
    assert _refresh(fresh, thief["refreshToken"]).status_code == 401
    assert Api(fresh.api.http, thief).get("/auth/me").status_code == 401
    assert alex.get("/auth/me").status_code == 401


def test_the_end_of_one_session_leaves_the_others_of_the_account(fresh: Library) -> None:
    alex = fresh.api.register("alex")
    other = fresh.api.login("alex")
    _refresh(fresh, alex.session["refreshToken"])
    fresh.clock.advance(minutes=1)
    assert _refresh(fresh, alex.session["refreshToken"]).status_code == 401
    assert other.get("/auth/me").status_code == 200
    assert _refresh(fresh, other.session["refreshToken"]).status_code == 200


@pytest.mark.parametrize(("hours", "status"), [(167.9, 200), (168, 401), (200, 401)])
def test_a_refresh_token_lives_a_week(fresh: Library, hours: float, status: int) -> None:
    alex = fresh.api.register("alex")
    fresh.clock.advance(hours=hours)
    assert _refresh(fresh, alex.session["refreshToken"]).status_code == status


def test_a_session_in_use_lasts_as_long_as_it_is_used(fresh: Library) -> None:
    token = fresh.api.register("alex").session["refreshToken"]
    for _ in range(5):
        fresh.clock.advance(hours=160)
        response = _refresh(fresh, token)
        assert response.status_code == 200
        token = response.json()["refreshToken"]


@pytest.mark.parametrize("token", ["x", "0" * 64, "0" * 100_000, "é", "\x00"])
def test_an_unknown_refresh_token_is_unauthorized(fresh: Library, token: str) -> None:
    fresh.api.register("alex")
    assert _refresh(fresh, token).status_code == 401
    assert fresh.api.post("/auth/logout", {"refreshToken": token}).status_code == 401


@pytest.mark.parametrize("body", [{}, {"refreshToken": ""}, {"refresh_token": "0" * 64}])
def test_a_refresh_without_its_token_is_a_bad_request(fresh: Library, body: Any) -> None:
    assert fresh.api.post("/auth/refresh", body).status_code == 400
    assert fresh.api.post("/auth/logout", body).status_code == 400


def test_refresh_tokens_are_stored_as_hashes_only(fresh: Library) -> None:
    token = fresh.api.register("alex").session["refreshToken"]
    stored = fresh.values("SELECT token_hash FROM refresh_tokens")
    assert stored
    assert all(bytes.fromhex(token) != value and token.encode() != value for value in stored)
    assert token.encode() not in fresh.home.database.read_bytes()


def test_an_access_token_is_no_refresh_token(fresh: Library) -> None:
    assert _refresh(fresh, fresh.api.register("alex").token).status_code == 401


def test_signing_out_ends_every_token_of_the_session(library: Library) -> None:
    asset_id = library.admin.uploaded("a.jpg", b"\xff\xd8\xff")["asset_id"]
    library.work()
    first = library.api.login("admin")
    media = first.media_token()
    path = f"/assets/{asset_id}/original"
    assert library.api.get(path, params={"mt": media}).status_code == 200
    answer = library.api.ok("POST", "/auth/logout", {"refreshToken": first.session["refreshToken"]})
    assert answer["message"]
    assert first.get("/auth/me").status_code == 401
    assert library.api.get(path, params={"mt": media}).status_code == 401
    for call in ("refresh", "logout"):
        body = {"refreshToken": first.session["refreshToken"]}
        assert library.api.post(f"/auth/{call}", body).status_code == 401
    assert library.admin.get("/auth/me").status_code == 200


def test_signing_out_with_a_spent_token_still_ends_the_session(fresh: Library) -> None:
    alex = fresh.api.register("alex")
    new = _refresh(fresh, alex.session["refreshToken"]).json()
    body = {"refreshToken": alex.session["refreshToken"]}
    assert fresh.api.post("/auth/logout", body).status_code == 200
    assert _refresh(fresh, new["refreshToken"]).status_code == 401


def test_a_disabled_account_is_out_at_once(library: Library) -> None:
    sam = library.api.register("sam")
    media = sam.media_token()
    asset_id = sam.uploaded("a.jpg", b"\xff\xd8\xff")["asset_id"]
    library.work()
    library.run("UPDATE users SET is_active = 0 WHERE username = 'sam'")
    assert sam.get("/auth/me").status_code == 401
    assert sam.post("/assets/list", {}).status_code == 401
    assert _refresh(library, sam.session["refreshToken"]).status_code == 401
    path = f"/assets/{asset_id}/original"
    assert library.api.get(path, params={"mt": media}).status_code == 401
    login = library.api.post("/auth/login", _body("sam", PASSWORD))
    assert login.status_code == 401


def test_a_media_token_stays_the_same_for_a_while(library: Library) -> None:
    library.clock.now = START.replace(minute=0, second=0, microsecond=0)
    first = library.admin.ok("GET", "/auth/media-token")
    library.clock.advance(minutes=59, seconds=59)
    admin = library.admin.login("admin")
    assert library.admin.ok("GET", "/auth/media-token", headers=_bearer(admin)) != first
    session = library.admin.ok(
        "POST", "/auth/refresh", {"refreshToken": library.admin.session["refreshToken"]}
    )
    assert library.admin.ok("GET", "/auth/media-token", headers=_bearer_of(session)) == first
    library.clock.advance(seconds=1)
    assert library.admin.ok("GET", "/auth/media-token", headers=_bearer_of(session)) != first


def _bearer(api: Api) -> dict[str, str]:
    return _bearer_of(api.session)


def _bearer_of(session: dict[str, Any]) -> dict[str, str]:
    return {"authorization": f"Bearer {session['token']}"}


def test_a_media_token_ends(library: Library) -> None:
    path = f"/assets/{library.add_asset()}/thumbnail"
    mt = {"mt": library.admin.media_token()}
    library.clock.now = START.replace(hour=10, minute=59, second=59)
    assert library.api.get(path, params=mt).status_code == 404
    library.clock.advance(seconds=1)
    assert library.api.get(path, params=mt).status_code == 401


def test_a_media_token_is_no_bearer_and_an_access_token_no_media_token(library: Library) -> None:
    media = library.admin.media_token()
    bearer = {"authorization": f"Bearer {media}"}
    assert library.api.get("/auth/me", headers=bearer).status_code == 401
    assert library.api.get("/auth/media-token", headers=bearer).status_code == 401
    asset_id = library.admin.uploaded("a.jpg", b"\xff\xd8\xff")["asset_id"]
    library.work()
    path = f"/assets/{asset_id}/original"
    assert library.api.get(path, headers=bearer).status_code == 401
    assert library.api.get(path, params={"mt": library.admin.token}).status_code == 401
    assert jwt.decode(media, options={"verify_signature": False})["scope"] == "media"


def test_a_media_token_opens_nothing_but_media(library: Library) -> None:
    mt = {"mt": library.admin.media_token()}
    asset_id = library.admin.uploaded("a.jpg", b"\xff\xd8\xff")["asset_id"]
    for path in ("/auth/me", f"/assets/{asset_id}", f"/assets/{asset_id}/exif", "/repositories"):
        assert library.api.get(path, params=mt).status_code == 401
    assert library.api.post("/assets/list", {}, params=mt).status_code == 401


def test_a_valid_bearer_wins_over_a_media_token(library: Library) -> None:
    asset_id = library.admin.uploaded("a.jpg", b"\xff\xd8\xff")["asset_id"]
    library.work()
    sam = library.api.register("sam")
    path, mt = f"/assets/{asset_id}/original", {"mt": library.admin.media_token()}
    assert library.api.get(path, params=mt).status_code == 200
    assert sam.get(path, params=mt).status_code == 403
    assert library.admin.get(path, params={"mt": "broken"}).status_code == 200


def test_a_media_token_shows_only_what_its_user_may_see(library: Library) -> None:
    asset_id = library.admin.uploaded("a.jpg", b"\xff\xd8\xff")["asset_id"]
    library.work()
    sam = library.api.register("sam")
    path = f"/assets/{asset_id}/original"
    assert library.api.get(path, params={"mt": sam.media_token()}).status_code == 403
    assert library.api.get(path, params={"mt": ""}).status_code == 401
    assert library.api.get(path).status_code == 401


def test_expired_sessions_are_forgotten_and_living_ones_kept(fresh: Library) -> None:
    fresh.api.register("alex")
    fresh.clock.advance(hours=100)
    living = fresh.api.login("alex")
    fresh.clock.advance(hours=100)
    sessions.delete_expired(fresh.ctx)
    assert fresh.value("SELECT count(*) FROM sessions") == 1
    assert _refresh(fresh, living.session["refreshToken"]).status_code == 200
