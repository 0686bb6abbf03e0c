"""Listening to the event stream as a client."""

import json
import threading
from typing import Any

import httpx2

from tests.support.api import Api
from tests.support.waiting import wait_until


class Stream:
    """What the server tells one account, collected on a thread until `close` or its end."""

    def __init__(self, api: Api) -> None:
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.heartbeats = 0
        self.has_ended = False
        self._http = httpx2.Client(base_url=api.http.base_url, trust_env=False, timeout=60)
        self._request = self._http.stream(
            "GET", "/api/v1/events", headers={"authorization": f"Bearer {api.token}"}
        )
        self.response = self._request.__enter__()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        wait_until(lambda: self.data_of("ready") or self.has_ended, what="the first event")

    def data_of(self, name: str) -> list[dict[str, Any]]:
        """The data of all events of this name so far."""
        return [data for told, data in list(self.told) if told == name]

    def changed(self, name: str) -> list[dict[str, Any]]:
        """Everything that events of this name said had changed."""
        return [change for data in self.data_of(name) for change in data["changed"]]

    def close(self) -> None:
        """Hang up."""
        self._http.close()
        self._thread.join(10)

    def _read(self) -> None:
        name = ""
        try:
            for line in self.response.iter_lines():
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                elif line.startswith("data: "):
                    self.told.append((name, json.loads(line.removeprefix("data: "))))
                elif line.startswith(":"):
                    self.heartbeats += 1
        except (httpx2.HTTPError, httpx2.StreamError, OSError):
            pass
        self.has_ended = True
