"""Calling the API as somebody."""

from typing import Any

import httpx2

from tests.support.contract import WATCH

PASSWORD = "Correct-Horse-9"


class Api:
    """An HTTP client of one server, with the tokens of at most one session."""

    def __init__(self, http: httpx2.Client, session: dict[str, Any] | None = None) -> None:
        if WATCH.check not in http.event_hooks["response"]:
            http.event_hooks["response"].append(WATCH.check)
        self.http = http
        self.session = session or {}

    @property
    def token(self) -> str:
        return self.session["token"]

    @property
    def user_id(self) -> int:
        return self.session["user"]["user_id"]

    def call(self, method: str, path: str, **options: Any) -> httpx2.Response:
        """The answer to `/api/v1` + path, with the session's token unless headers name another."""
        headers = dict(options.pop("headers", None) or {})
        if self.session and "authorization" not in headers:
            headers["authorization"] = f"Bearer {self.token}"
        return self.http.request(method, f"/api/v1{path}", headers=headers, **options)

    def get(self, path: str, **options: Any) -> httpx2.Response:
        return self.call("GET", path, **options)

    def post(self, path: str, json: Any = None, **options: Any) -> httpx2.Response:
        return self.call("POST", path, **({} if json is None else {"json": json}), **options)

    def ok(self, method: str, path: str, json: Any = None, **options: Any) -> Any:
        """The JSON of an answer that must be 200."""
        if json is not None:
            options["json"] = json
        response = self.call(method, path, **options)
        assert response.status_code == 200, response.text
        return response.json()

    def register(self, username: str, password: str = PASSWORD) -> "Api":
        """A client signed in as a new account; the first one is the administrator."""
        body = {"username": username, "password": password}
        return Api(self.http, self.ok("POST", "/auth/register/start", body))

    def login(self, username: str, password: str = PASSWORD) -> "Api":
        """A client with a new session of an account."""
        body = {"username": username, "password": password}
        return Api(self.http, self.ok("POST", "/auth/login", body))

    def anonymous(self) -> "Api":
        """The same server without credentials."""
        return Api(self.http)

    def create_primary(self, **wanted: Any) -> dict[str, Any]:
        body = {"name": "Primary Storage", "role": "primary"} | wanted
        return self.ok("POST", "/repositories", body)["repository"]

    def upload(self, name: str, content: bytes, **fields: str) -> httpx2.Response:
        """Upload a file; fields stand before it."""
        return self.post("/assets", data=fields, files={"file": (name, content)})

    def uploaded(self, name: str, content: bytes, **fields: str) -> dict[str, Any]:
        """The receipt of an upload that must succeed."""
        response = self.upload(name, content, **fields)
        assert response.status_code == 200, response.text
        return response.json()

    def media_token(self) -> str:
        return self.ok("GET", "/auth/media-token")["token"]

    def page(self, filter: dict[str, Any] | None = None, **query: Any) -> dict[str, Any]:
        """One page of the library."""
        return self.ok("POST", "/assets/list", {"filter": filter or {}} | query)

    def names(self, filter: dict[str, Any] | None = None, **query: Any) -> list[str]:
        """The file names on one page of the library, in order."""
        page = self.page(filter, pagination={"limit": 100}, **query)
        return [item["asset"]["original_filename"] for item in page.get("items", [])]
