"""A client of the local server for commands: the one that runs, or one started for the command."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import msgspec

from lumilio.app import App
from lumilio.cli.local import opened
from lumilio.errors import LumilioError
from lumilio.home import AlreadyRunning, Home
from lumilio.library import sessions
from lumilio.settings import Settings

# A server that is there for one command does nothing that the command does not ask for.
_FOR_ONE_COMMAND = {
    "host": "127.0.0.1",
    "port": 0,
    "scan_enabled": False,
    "watch_folders": False,
}


class Refused(LumilioError):
    """The server refused a request; the message is the server's."""

    title = "The server refused the request"


class Unreachable(LumilioError):
    """The server went away in the middle of a command."""

    title = "The server cannot be reached any more; start it again and repeat the command"


class Client:
    """Calls operations as the owner of the installation."""

    def __init__(self, settings: Settings, url: str) -> None:
        self._settings = settings
        self._url = url.replace("//localhost", "//127.0.0.1") + "/api/v1"
        self._http = httpx2.Client(timeout=httpx2.Timeout(60, read=600), trust_env=False)
        self._token = _local_token(settings)

    def get(self, path: str) -> Any:
        """The JSON answer of a GET operation; raises Refused."""
        return self._call("GET", path)

    def post(self, path: str, **content: Any) -> Any:
        """The JSON answer of a POST operation; raises Refused."""
        return self._call("POST", path, **content)

    def upload(self, file: Path, repository_id: str) -> Any:
        """Send one file; raises Refused and OSError."""
        with open(file, "rb") as content:
            return self.post(
                "/assets",
                data={"repository_id": repository_id},
                files={"file": (file.name, content)},
            )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _call(self, method: str, path: str, **content: Any) -> Any:
        answer = self._send(method, path, **content)
        if answer.status_code == 401:
            # A long import outlives its access token.
            self._token = _local_token(self._settings)
            for _, file in (content.get("files") or {}).values():
                file.seek(0)
            answer = self._send(method, path, **content)
        if answer.is_success:
            return msgspec.json.decode(answer.content)
        raise Refused(_message(answer))

    def _send(self, method: str, path: str, **content: Any) -> httpx2.Response:
        headers = {"authorization": f"Bearer {self._token}"}
        try:
            return self._http.request(method, self._url + path, headers=headers, **content)
        except httpx2.HTTPError as error:
            raise Unreachable(cause=str(error)) from error


@contextmanager
def connect(settings: Settings) -> Iterator[Client]:
    """A client of the running server; without one, of a private server for as long as needed."""
    url = Home(settings.home_path).running_url()
    app: App | None = None
    if url is None:
        try:
            app = App(msgspec.structs.replace(settings, **_FOR_ONE_COMMAND))
            url = app.start()
        except AlreadyRunning as running:
            if running.url is None:
                raise
            url = running.url
    try:
        client = Client(settings, url)
        try:
            yield client
        finally:
            client.close()
    finally:
        if app is not None:
            app.stop()


def _local_token(settings: Settings) -> str:
    """Who can read the secrets of an installation may act as its owner."""
    with opened(settings) as ctx:
        return sessions.mint_local_token(ctx)


def _message(answer: httpx2.Response) -> str:
    try:
        body = msgspec.json.decode(answer.content)
    except msgspec.DecodeError:
        return f"HTTP {answer.status_code}"
    return str(body.get("message") or body.get("error") or answer.status_code)
