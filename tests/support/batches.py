"""Batches of uploads as clients send them."""

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from tests.support.api import Api

Part = tuple[str, str, bytes]


def whole(name: str, content: bytes) -> Part:
    """The part of a whole file."""
    return f"single_{uuid4()}", name, content


def chunk(session: str, index: int, total: int, content: bytes, name: str = "a.jpg") -> Part:
    """The part of one chunk."""
    return f"chunk_{session}_{index}_{total}", name, content


def split(content: bytes, count: int) -> list[bytes]:
    """A file in so many chunks, all but the last of one size."""
    size = -(-len(content) // count)
    return [content[at * size : (at + 1) * size] for at in range(count)]


def send(api: Api, *parts: Part, query: str = "", **fields: str) -> list[dict[str, Any]]:
    """The results of a batch that must be answered with 200; fields stand before the files."""
    response = post(api, parts, query=query, **fields)
    assert response.status_code == 200, response.text
    results: list[dict[str, Any]] = response.json()["results"]
    assert [bool(result["file_name"]) for result in results] == [True] * len(parts)
    return results


def post(api: Api, parts: Sequence[Part], query: str = "", **fields: str) -> Any:
    """The answer to a batch."""
    files = [(field, (name, content)) for field, name, content in parts]
    return api.post(f"/assets/batch{query}", data=fields, files=files)


def send_chunk(
    api: Api, session: str, index: int, pieces: Sequence[bytes], name: str = "a.jpg"
) -> dict[str, Any]:
    """The result of one chunk sent alone, as the web client does."""
    (result,) = send(api, chunk(session, index, len(pieces), pieces[index], name))
    return result


def progress(api: Api, *session_ids: str) -> dict[str, Any]:
    """The progress of these sessions, or of the open ones."""
    query = f"?session_ids={','.join(session_ids)}" if session_ids else ""
    answer: dict[str, Any] = api.ok("GET", f"/assets/batch/progress{query}")
    return answer
