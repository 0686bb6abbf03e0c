"""Requests made to exhaust the server end early, and leave nothing behind."""

from typing import Any

import pytest

from tests.contract.scene import Scene
from tests.support.photos import STARTS

resource = pytest.importorskip("resource", reason="Windows has no such limit")
FORM = {"content-type": "multipart/form-data; boundary=x"}


@pytest.mark.parametrize(
    "body",
    [
        b'{"pagination":{"limit":' + b"9" * 500_000 + b"}}",
        b'{"pagination":{"limit":-' + b"9" * 500_000 + b"}}",
        b'{"filter":{"location":{"north":1e999999,"south":0,"east":0,"west":0}}}',
        b'{"filter":{"rating":1e' + b"9" * 10_000 + b"}}",
        b'{"filter":{"asset_ids":[' + b",".join([b'"' + b"0" * 32 + b'"'] * 20_000) + b"]}}",
        b'{"query":"' + b"%" * 500_000 + b'"}',
        b'{"filter":{"types":[' + b",".join([b'"X"'] * 100_000) + b"]}}",
    ],
    ids=["digits", "negative", "infinite", "exponent", "ids", "pattern", "words"],
)
def test_absurd_json_is_a_bad_request(scene: Scene, body: bytes) -> None:
    assert scene.admin.post("/assets/list", content=body).status_code == 400


@pytest.mark.parametrize("path", ["/assets", "/assets/batch"])
@pytest.mark.parametrize(
    "head",
    [
        b'Content-Disposition: form-data; name="' + b"a" * 2_000_000 + b'"\r\n',
        b"X-Header: x\r\n" * 100_000,
        b"X" * 2_000_000 + b": x\r\n",
    ],
    ids=["long value", "many", "long name"],
)
def test_the_head_of_a_part_is_short(scene: Scene, path: str, head: bytes) -> None:
    body = b"--x\r\n" + head + b"\r\nx\r\n--x--\r\n"
    assert scene.admin.post(path, content=body, headers=FORM).status_code == 400


def test_a_form_of_many_fields_is_read_and_forgotten(scene: Scene) -> None:
    fields = b"".join(_part(f"f{number}", "", b"v") for number in range(20_000))
    answer = scene.admin.post("/assets", content=fields + b"--x--\r\n", headers=FORM)
    assert answer.status_code == 400


def test_a_batch_of_many_files_holds_few_of_them_open(scene: Scene) -> None:
    """Each part is closed when the next begins, however many a request has."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    names = [f"single_{number}" for number in range(300)]
    parts = [_part(name, "a.jpg", STARTS["jpg"] + name.encode()) for name in names]
    resource.setrlimit(resource.RLIMIT_NOFILE, (128, hard))
    try:
        answer = scene.admin.post(
            "/assets/batch", content=b"".join(parts) + b"--x--\r\n", headers=FORM
        )
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    results: list[dict[str, Any]] = answer.json()["results"]
    assert [result["success"] for result in results] == [True] * len(names)


def _part(name: str, filename: str, content: bytes) -> bytes:
    disposition = f'form-data; name="{name}"' + (f'; filename="{filename}"' if filename else "")
    return f"--x\r\nContent-Disposition: {disposition}\r\n\r\n".encode() + content + b"\r\n"
