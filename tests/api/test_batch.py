"""Many files and chunks in one request: what each entry says, and what is in the library then."""

import http.client
import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import blake3
import httpx2
import psutil
import pytest

from lumilio.library import staging
from lumilio.library.upload_advice import advise
from tests.conftest import Running
from tests.support.api import Api
from tests.support.batches import chunk, post, progress, send, send_chunk, split, whole
from tests.support.library import Library
from tests.support.photos import STARTS, jpeg
from tests.support.waiting import wait_until

MIB = 1 << 20
CONTENT = jpeg(1, (64, 64))


def _staged(library: Library) -> list[Path]:
    return list((library.folder() / ".lumilio/staging/incoming").iterdir())


def _originals(folder: Path) -> list[bytes]:
    return sorted(p.read_bytes() for p in (folder / "inbox").rglob("*") if p.is_file())


def _hash(content: bytes) -> str:
    return blake3.blake3(content).hexdigest()


# Whole files


def test_every_file_of_a_batch_gets_its_entry_in_order(library: Library) -> None:
    names = [f"{seed}.jpg" for seed in range(5)]
    results = send(library.admin, *(whole(name, jpeg(at)) for at, name in enumerate(names)))
    assert [result["file_name"] for result in results] == names
    for seed, result in enumerate(results):
        asset = library.admin.ok("GET", f"/assets/{result['asset_id']}")
        assert result == {
            "success": True,
            "file_name": f"{seed}.jpg",
            "content_hash": _hash(jpeg(seed)),
            "task_id": result["task_id"],
            "status": "processing",
            "size": len(jpeg(seed)),
            "message": "File received and queued for processing in repository 'Primary Storage'",
            "asset_id": asset["asset_id"],
        }
    library.work()
    assert _originals(library.folder()) == sorted(jpeg(seed) for seed in range(5))
    assert _staged(library) == []


def test_what_is_wrong_with_one_file_stays_in_its_entry(library: Library) -> None:
    results = send(
        library.admin,
        whole("a.jpg", jpeg(1)),
        whole("b.exe", b"no picture"),
        whole("c.jpg", b""),
        whole("d.jpg", jpeg(2)),
        whole("..", jpeg(3)),
    )
    assert [result["success"] for result in results] == [True, False, False, True, False]
    assert [result["file_name"] for result in results[:4]] == ["a.jpg", "b.exe", "c.jpg", "d.jpg"]
    for result in (results[1], results[2], results[4]):
        assert result["error"]
        assert result["content_hash"] == ""
        assert not {"status", "task_id", "asset_id"} & set(result)
    assert sorted(library.admin.names()) == ["a.jpg", "d.jpg"]
    library.work()
    assert _staged(library) == []


@pytest.mark.parametrize("name", ["e\u0301.jpg", "\u200fa.jpg", "folder/a.jpg", "a .jpg "])
def test_a_result_bears_the_very_name_that_was_sent(library: Library, name: str) -> None:
    results = send(library.admin, whole(name, CONTENT), chunk("s", 0, 2, STARTS["jpg"], name))
    assert [result["file_name"] for result in results] == [name, name]
    assert results[0]["success"]


def test_a_duplicate_is_a_success_that_names_the_asset(library: Library) -> None:
    first = library.admin.uploaded("a.jpg", CONTENT)
    results = send(library.admin, whole("a.jpg", CONTENT), whole("other.jpg", CONTENT))
    for result, name in zip(results, ("a.jpg", "other.jpg"), strict=True):
        assert (result["success"], result["status"]) == (True, "duplicate")
        assert result["file_name"] == name
        assert result["asset_id"] == first["asset_id"]
        assert first["asset_id"] in result["message"]
        assert result["content_hash"] == first["content_hash"]
    assert library.value("SELECT count(*) FROM assets") == 1


def test_the_same_file_twice_in_one_batch_is_one_asset(library: Library) -> None:
    results = send(library.admin, whole("a.jpg", CONTENT), whole("b.jpg", CONTENT))
    assert [result["status"] for result in results] == ["processing", "duplicate"]
    assert results[0]["asset_id"] == results[1]["asset_id"]


@pytest.mark.parametrize(
    "field",
    [
        "file",
        "single",
        "single_",
        "single_a_b",
        "single_" + "a" * 65,
        "single_ä",
        "single_a.b",
        "Single_a",
        "chunk_a",
        "chunk_a_0",
        "chunk_a_0_0",
        "chunk_a_1_1",
        "chunk_a_2_1",
        "chunk_a_-1_2",
        "chunk_a_x_2",
        "chunk_a_0_x",
        "chunk_a_0_1_2",
        "chunk_a_0_1_",
        "chunk__0_1",
        "chunk_a b_0_1",
        "chunk_a_0_99999999999999999999",
        "chunk_a_٠_١",
        "chunk_" + "a" * 65 + "_0_1",
        "",
    ],
)
def test_a_bad_field_name_refuses_the_request_and_changes_nothing(
    library: Library, field: str
) -> None:
    parts = [whole("a.jpg", jpeg(1)), chunk("s", 0, 2, b"12"), (field, "b.jpg", jpeg(2))]
    response = post(library.admin, parts)
    assert response.status_code == 400
    assert response.json()["message"] == "Invalid file field name"
    assert library.value("SELECT count(*) FROM assets") == 0
    assert library.value("SELECT count(*) FROM upload_sessions") == 0
    assert _staged(library) == []


def test_a_request_without_a_file_is_refused(library: Library) -> None:
    boundary = {"content-type": "multipart/form-data; boundary=b"}
    text = b'--b\r\nContent-Disposition: form-data; name="note"\r\n\r\nx\r\n--b--\r\n'
    for body, headers in ((text, boundary), (b"", boundary), (b"{}", {}), (b"--b", boundary)):
        assert library.admin.post("/assets/batch", content=body, headers=headers).status_code == 400


def test_other_text_fields_are_ignored(library: Library) -> None:
    (result,) = send(library.admin, whole("a.jpg", CONTENT), note="x", file="y")
    assert result["success"]


@pytest.mark.parametrize("how", ["field", "query", "both"])
def test_a_batch_goes_into_the_repository_it_names(library: Library, how: str) -> None:
    second = library.admin.ok("POST", "/repositories", {"name": "Second"})["repository"]
    fields = {} if how == "query" else {"repository_id": second["id"]}
    query = {
        "field": "",
        "query": f"?repository_id={second['id']}",
        "both": f"?repository_id={library.primary['id']}",
    }[how]
    (result,) = send(library.admin, whole("a.jpg", CONTENT), query=query, **fields)
    asset = library.admin.ok("GET", f"/assets/{result['asset_id']}")
    assert asset["repository_id"] == second["id"]


def test_a_wrong_repository_refuses_the_request(library: Library) -> None:
    parts = [whole("a.jpg", CONTENT)]
    assert post(library.admin, parts, repository_id="x").status_code == 400
    assert post(library.admin, parts, repository_id=str(uuid4())).status_code == 404
    assert post(library.admin, parts, query="?repository_id=x").status_code == 400
    late = [*parts, ("repository_id", None, library.primary["id"].encode())]
    files = [(field, (name, content)) for field, name, content in late]
    assert library.admin.post("/assets/batch", files=files).status_code == 400
    assert library.value("SELECT count(*) FROM assets") == 0
    assert _staged(library) == []


def test_a_hash_from_the_client_is_only_a_hint(library: Library) -> None:
    response = library.admin.post(
        "/assets/batch",
        files={"single_a": ("a.jpg", CONTENT)},
        headers={"X-Content-Hash": "0" * 64},
    )
    assert response.json()["results"][0]["content_hash"] == _hash(CONTENT)


def test_a_form_that_breaks_off_changes_nothing(library: Library) -> None:
    parts = [("single_a", "a.jpg"), ("chunk_s_0_2", "b.jpg")]
    body = b"".join(
        f'--b\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n\r\n'.encode()
        + CONTENT
        + b"\r\n"
        for field, name in parts
    )
    headers = {"content-type": "multipart/form-data; boundary=b"}
    for cut in (body, body[:-20], body[: len(body) // 2], body + b"--b-"):
        response = library.admin.post("/assets/batch", content=cut, headers=headers)
        assert response.status_code == 400
    assert library.value("SELECT count(*) FROM assets") == 0
    assert library.value("SELECT count(*) FROM upload_sessions") == 0
    assert _staged(library) == []


def test_before_setup_nothing_is_taken(make_library: Callable[..., Library]) -> None:
    fresh = make_library()
    admin = fresh.api.register("admin")
    assert post(admin, [whole("a.jpg", CONTENT)]).status_code == 409
    for path in ("/assets/batch/config", "/assets/batch/progress"):
        assert admin.get(path).status_code == 409
    assert admin.post("/assets/precheck", {"hashes": []}).status_code == 409


def test_a_disk_that_is_full_or_away_is_told_in_the_entries(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(staging.os, "fsync", full)
    results = send(library.admin, whole("a.jpg", CONTENT), chunk("s", 0, 2, STARTS["jpg"], "b.jpg"))
    monkeypatch.undo()
    assert [result["success"] for result in results] == [False, False]
    assert results[0]["error"] == "There is not enough free disk space"
    assert _staged(library) == []
    away = library.folder().rename(library.folder().with_name("away"))
    (result,) = send(library.admin, whole("a.jpg", CONTENT))
    assert not result["success"]
    assert "disk" in result["error"]
    away.rename(library.folder())


def test_a_fault_nobody_foresaw_is_told_without_its_inside(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError(str(library.folder()))

    monkeypatch.setattr("lumilio.library.uploads.admit", broken)
    (result,) = send(library.admin, whole("a.jpg", CONTENT))
    assert not result["success"]
    assert str(library.folder()) not in result["error"]
    assert _staged(library) == []


# Chunks


def test_chunks_become_one_file_when_the_last_one_is_there(library: Library) -> None:
    pieces = split(CONTENT, 8)
    session = str(uuid4())
    for index in range(7):
        result = send_chunk(library.admin, session, index, pieces)
        assert result == {
            "success": True,
            "file_name": "a.jpg",
            "content_hash": "",
            "status": "uploading",
            "message": f"Upload in progress: {(index + 1) * 12.5:.1f}% complete",
        }
    assert library.admin.names() == []
    result = send_chunk(library.admin, session, 7, pieces)
    assert result == {
        "success": True,
        "file_name": "a.jpg",
        "content_hash": _hash(CONTENT),
        "task_id": result["task_id"],
        "status": "processing",
        "size": len(CONTENT),
        "message": "File received and queued for processing in repository 'Primary Storage'",
        "asset_id": result["asset_id"],
    }
    assert len(_staged(library)) == 1
    library.work()
    assert _originals(library.folder()) == [CONTENT]
    assert _staged(library) == []


def test_a_file_of_one_chunk_and_chunks_of_several_files_in_one_request(library: Library) -> None:
    first, second = split(jpeg(1), 2), split(jpeg(2), 2)
    results = send(
        library.admin,
        chunk("one", 0, 1, jpeg(3), "one.jpg"),
        chunk("x", 1, 2, first[1], "x.jpg"),
        chunk("y", 0, 2, second[0], "y.jpg"),
        chunk("x", 0, 2, first[0], "x.jpg"),
        whole("w.jpg", jpeg(4)),
        chunk("y", 1, 2, second[1], "y.jpg"),
    )
    assert [result["status"] for result in results] == [
        *("processing", "uploading", "uploading", "processing", "processing", "processing")
    ]
    library.work()
    assert _originals(library.folder()) == sorted(jpeg(seed) for seed in range(1, 5))


def test_chunks_of_a_file_that_is_there_end_as_its_duplicate(library: Library) -> None:
    first = library.admin.uploaded("a.jpg", CONTENT)
    results = [send_chunk(library.admin, "s", at, split(CONTENT, 3)) for at in range(3)]
    assert results[2]["status"] == "duplicate"
    assert results[2]["asset_id"] == first["asset_id"]
    assert len(_staged(library)) == 1


def test_a_repeated_chunk_changes_nothing(library: Library) -> None:
    pieces = split(CONTENT, 3)
    for _ in range(3):
        result = send_chunk(library.admin, "s", 1, pieces)
        assert result["message"] == "Upload in progress: 33.3% complete"
        assert len(_staged(library)) == 1
    send_chunk(library.admin, "s", 0, pieces)
    result = send_chunk(library.admin, "s", 2, pieces)
    library.work()
    # A client whose connection broke before the answer asks again.
    for index in (0, 1, 2):
        assert send_chunk(library.admin, "s", index, pieces) == result
    assert _originals(library.folder()) == [CONTENT]
    assert library.value("SELECT count(*) FROM assets") == 1
    assert _staged(library) == []


@pytest.mark.parametrize("finished", [False, True])
def test_a_chunk_that_came_before_with_other_content_is_refused(
    library: Library, finished: bool
) -> None:
    pieces = split(CONTENT, 2)
    for index in range(1 + finished):
        send_chunk(library.admin, "s", index, pieces)
    (result,) = send(library.admin, chunk("s", 0, 2, STARTS["jpg"] + b"other"))
    assert not result["success"]
    assert "other content" in result["error"]
    send_chunk(library.admin, "s", 1, pieces)
    library.work()
    assert _originals(library.folder()) == [CONTENT]
    assert _staged(library) == []


def test_a_chunk_of_another_file_or_of_another_count_is_refused(library: Library) -> None:
    pieces = split(CONTENT, 3)
    send_chunk(library.admin, "s", 0, pieces)
    second = library.admin.ok("POST", "/repositories", {"name": "Second"})["repository"]
    wrong = [
        send(library.admin, chunk("s", 1, 4, pieces[1])),
        send(library.admin, chunk("s", 1, 3, pieces[1], "b.jpg")),
        send(library.admin, chunk("s", 1, 3, pieces[1], "a.exe")),
        send(library.admin, chunk("s", 1, 3, pieces[1]), repository_id=second["id"]),
    ]
    for (result,) in wrong:
        assert not result["success"]
        assert result["error"]
    assert progress(library.admin, "s")["sessions"][0]["received"] == [0]
    assert len(_staged(library)) == 1
    for index in (1, 2):
        result = send_chunk(library.admin, "s", index, pieces)
    assert result["content_hash"] == _hash(CONTENT)


def test_later_chunks_need_not_name_the_repository_again(library: Library) -> None:
    second = library.admin.ok("POST", "/repositories", {"name": "Second"})["repository"]
    pieces = split(CONTENT, 2)
    send(library.admin, chunk("s", 0, 2, pieces[0]), repository_id=second["id"])
    result = send_chunk(library.admin, "s", 1, pieces)
    library.work()
    assert "'Second'" in result["message"]
    assert _originals(library.folder(second)) == [CONTENT]


def test_an_empty_file_in_chunks_fails(library: Library) -> None:
    send(library.admin, chunk("s", 0, 2, b""))
    (result,) = send(library.admin, chunk("s", 1, 2, b""))
    assert not result["success"]
    answer = progress(library.admin, "s")
    assert answer["sessions"][0]["status"] == "failed"
    assert answer["sessions"][0]["error"] == "The file is empty"
    assert answer["summary"]["failed_sessions"] == 1
    assert answer["summary"]["active_sessions"] == 0


def test_a_merge_that_failed_is_tried_again_with_any_chunk(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    pieces = split(CONTENT, 2)
    send_chunk(library.admin, "s", 0, pieces)
    with monkeypatch.context() as patch:

        def full(*_: Any, **__: Any) -> None:
            raise OSError(28, "No space left on device")

        patch.setattr("lumilio.library.merging.open", full, raising=False)
        result = send_chunk(library.admin, "s", 1, pieces)
    assert result["error"] == "There is not enough free disk space"
    assert progress(library.admin, "s")["summary"]["failed_sessions"] == 1
    assert len(_staged(library)) == 2
    assert send_chunk(library.admin, "s", 0, pieces)["status"] == "processing"
    library.work()
    assert _originals(library.folder()) == [CONTENT]


def test_a_session_belongs_to_the_account_that_opened_it(library: Library) -> None:
    sam = library.api.register("sam")
    pieces = split(CONTENT, 2)
    send_chunk(library.admin, "s", 0, pieces)
    for name in ("a.jpg", "b.jpg"):
        result = send_chunk(sam, "s", 1, pieces, name)
        assert not result["success"]
        assert result["error"] == "This upload session belongs to another account"
    assert progress(sam, "s")["sessions"] == []
    assert progress(sam)["sessions"] == []
    assert progress(library.admin, "s")["sessions"][0]["received"] == [0]
    assert send_chunk(library.admin, "s", 1, pieces)["status"] == "processing"
    # Also when it is finished.
    assert not send_chunk(sam, "s", 1, pieces)["success"]
    assert library.value("SELECT count(*) FROM assets") == 1


# Progress and advice


def test_progress_tells_true_figures(library: Library) -> None:
    for session, count, sent in (("open", 4, (2, 0, 1)), ("done", 2, (1, 0)), ("none", 10, (9,))):
        pieces = split(jpeg(count), count)
        for index in sent:
            send_chunk(library.admin, session, index, pieces, f"{session}.jpg")
    answer = progress(library.admin, "done", "unknown", "open", "open")
    pieces = split(jpeg(4), 4)
    assert answer["sessions"] == [
        {
            "session_id": "done",
            "filename": "done.jpg",
            "status": "completed",
            "progress": 1.0,
            "received_chunks": 2,
            "total_chunks": 2,
            "bytes_done": len(jpeg(2)),
            "bytes_total": len(jpeg(2)),
            "last_activity": "2031-07-04T09:15:00.123456Z",
            "received": [0, 1],
        },
        {
            "session_id": "open",
            "filename": "open.jpg",
            "status": "uploading",
            "progress": 0.75,
            "received_chunks": 3,
            "total_chunks": 4,
            "bytes_done": sum(map(len, pieces[:3])),
            "bytes_total": 0,
            "last_activity": "2031-07-04T09:15:00.123456Z",
            "received": [0, 1, 2],
        },
    ]
    assert answer["summary"] == {
        "total_sessions": 2,
        "active_sessions": 2,
        "completed_files": 1,
        "failed_sessions": 0,
        "overall_progress": 5 / 6,
    }


def test_without_ids_the_open_sessions_of_the_caller_are_listed(library: Library) -> None:
    sam = library.api.register("sam")
    send_chunk(sam, "of-sam", 0, [STARTS["jpg"], b"2"])
    send_chunk(library.admin, "mine", 0, [STARTS["jpg"], b"2"])
    send_chunk(library.admin, "done", 0, [CONTENT])
    for query in ("", "?session_ids=", "?session_ids=,%20,"):
        answer = library.admin.ok("GET", f"/assets/batch/progress{query}")
        assert [session["session_id"] for session in answer["sessions"]] == ["mine"]
        assert answer["summary"]["total_sessions"] == 1
        assert answer["summary"]["active_sessions"] == 2
    nothing = progress(library.admin, "nothing")
    assert nothing["sessions"] == []
    assert nothing["summary"]["overall_progress"] == 0


@pytest.mark.parametrize(
    ("mib", "chunk_mib", "count"),
    [(8000, 20, 8), (4097, 20, 8), (4096, 10, 5), (2048, 5, 3), (1024, 2, 2), (0, 2, 2)],
)
def test_chunks_are_advised_by_free_memory(mib: int, chunk_mib: int, count: int) -> None:
    config = advise(mib * MIB)
    assert (config.chunk_size, config.max_concurrent) == (chunk_mib * MIB, count)
    assert config.memory_buffer == mib * MIB // 10


def test_without_knowing_the_memory_the_advice_is_moderate() -> None:
    config = advise(None)
    assert (config.chunk_size, config.max_concurrent) == (5 * MIB, 3)
    assert config.memory_buffer == 100 * MIB


def test_the_advice_holds_for_half_a_minute(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Memory:
        available = 3000 * MIB

    monkeypatch.setattr(psutil, "virtual_memory", Memory)
    expected = {
        "chunk_size": 10 * MIB,
        "max_concurrent": 5,
        "memory_buffer": 300 * MIB,
        "merge_concurrency": 2,
        "max_in_flight_requests": 3,
    }
    assert library.admin.ok("GET", "/assets/batch/config") == expected
    monkeypatch.setattr(Memory, "available", 0)
    library.clock.advance(seconds=29)
    assert library.admin.ok("GET", "/assets/batch/config") == expected
    library.clock.advance(seconds=1)
    assert library.admin.ok("GET", "/assets/batch/config")["chunk_size"] == 2 * MIB


def test_memory_that_cannot_be_read_is_no_fault(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreadable() -> None:
        raise OSError("no /proc here")

    monkeypatch.setattr(psutil, "virtual_memory", unreadable)
    assert library.admin.ok("GET", "/assets/batch/config")["max_concurrent"] == 3


# Many at once, over restarts


def _in_parallel(threads: int, calls: list[Callable[[], Any]]) -> list[Any]:
    with ThreadPoolExecutor(threads) as pool:
        return [future.result() for future in [pool.submit(call) for call in calls]]


def _chunk_calls(api: Api, files: dict[str, bytes], count: int) -> list[Callable[[], Any]]:
    calls: list[Callable[[], Any]] = []
    for session, content in files.items():
        pieces = split(content, count)
        for index in range(count):
            calls.append(lambda s=session, i=index, p=pieces: send_chunk(api, s, i, p, f"{s}.jpg"))
    random.Random(7).shuffle(calls)
    return calls


@pytest.mark.parametrize(("files", "chunks"), [(1, 200), (50, 4)], ids=["one file", "many files"])
def test_200_chunks_at_once_make_one_asset_of_each_file(
    running: Running, files: int, chunks: int
) -> None:
    admin = running.api.register("admin")
    folder = Path(admin.create_primary(storage_strategy="flat")["path"])
    contents = {f"s{seed}": jpeg(seed, (96, 96)) for seed in range(files)}
    assert min(map(len, contents.values())) > 200
    results = _in_parallel(100, _chunk_calls(admin, contents, chunks))
    statuses = [result["status"] for result in results]
    assert statuses.count("processing") == files
    assert statuses.count("uploading") == files * (chunks - 1)
    assert admin.page()["total_assets"] == files
    hashes = {r["file_name"]: r["content_hash"] for r in results if r["status"] == "processing"}
    assert hashes == {f"{name}.jpg": _hash(content) for name, content in contents.items()}
    answer = progress(admin, *contents)
    assert answer["summary"]["completed_files"] == files
    assert answer["summary"]["overall_progress"] == 1
    incoming = folder / ".lumilio/staging/incoming"
    assert len(list(incoming.iterdir())) <= files


def test_the_last_chunk_from_many_senders_at_once_completes_the_file_once(
    running: Running,
) -> None:
    admin = running.api.register("admin")
    admin.create_primary()
    pieces = split(CONTENT, 2)
    send_chunk(admin, "s", 0, pieces)
    barrier = threading.Barrier(16)

    def last() -> dict[str, Any]:
        barrier.wait()
        return send_chunk(admin, "s", 1, pieces)

    results = _in_parallel(16, [last] * 16)
    # Whoever answers last, the client learns that the file is there.
    assert [result["status"] for result in results] == ["processing"] * 16
    assert len({(result["asset_id"], result["task_id"]) for result in results}) == 1
    assert admin.page()["total_assets"] == 1


def _begun(running: Running, admin: Api, path: str, field: str) -> http.client.HTTPConnection:
    """An upload whose body does not end."""
    part = f'--b\r\nContent-Disposition: form-data; name="{field}"; filename="a.jpg"\r\n\r\nx'
    connection = http.client.HTTPConnection(running.url.removeprefix("http://"))
    connection.putrequest("POST", f"/api/v1{path}")
    connection.putheader("Authorization", f"Bearer {admin.token}")
    connection.putheader("Content-Type", "multipart/form-data; boundary=b")
    connection.putheader("Content-Length", "1000000")
    connection.endheaders(part.encode())
    return connection


def test_whole_files_and_batches_share_one_limit(running: Running) -> None:
    admin = running.api.register("admin")
    incoming = Path(admin.create_primary()["path"]) / ".lumilio/staging/incoming"
    begun = [_begun(running, admin, "/assets", "file") for _ in range(16)]
    begun += [_begun(running, admin, "/assets/batch", f"chunk_{at}_0_2") for at in range(16)]
    wait_until(lambda: len(list(incoming.iterdir())) == 32)
    files = {"single_a": ("a.jpg", CONTENT)}
    with pytest.raises(httpx2.ReadTimeout):
        admin.post("/assets/batch", files=files, timeout=0.3)
    with pytest.raises(httpx2.ReadTimeout):
        admin.post("/assets", files={"file": ("a.jpg", CONTENT)}, timeout=0.3)
    for connection in begun:
        connection.close()
    wait_until(lambda: not list(incoming.iterdir()))
    assert progress(admin)["sessions"] == []
    assert admin.post("/assets/batch", files=files).json()["results"][0]["success"]


def test_an_upload_goes_on_after_a_restart(make_running: Callable[..., Running]) -> None:
    first = make_running()
    admin = first.api.register("admin")
    folder = Path(admin.create_primary(storage_strategy="flat")["path"])
    pieces = split(CONTENT, 5)
    for index in (4, 1):
        send_chunk(admin, "s", index, pieces)
    abandoned = folder / ".lumilio/staging/incoming/0123456789abcdef0123456789abcdef"
    abandoned.write_bytes(b"half a chunk")
    first.stop()

    second = make_running()
    admin = Api(second.http, admin.session)
    (session,) = progress(admin)["sessions"]
    assert (session["session_id"], session["received"]) == ("s", [1, 4])
    assert not abandoned.exists()
    for index in set(range(5)) - set(session["received"]):
        result = send_chunk(admin, "s", index, pieces)
    assert result["status"] == "processing"
    assert result["content_hash"] == _hash(CONTENT)
    assert admin.page()["total_assets"] == 1


# Discarding


def test_a_discarded_upload_leaves_nothing_behind(library: Library) -> None:
    pieces = split(CONTENT, 3)
    session, other = str(uuid4()), str(uuid4())
    for index in (0, 2):
        send_chunk(library.admin, session, index, pieces)
    send_chunk(library.admin, other, 0, pieces, "b.jpg")
    assert len(_staged(library)) == 3
    answer = library.admin.ok("DELETE", f"/assets/batch/{session}")
    assert answer == {"message": "The upload was discarded"}
    assert len(_staged(library)) == 1
    assert progress(library.admin, session)["sessions"] == []
    assert [s["session_id"] for s in progress(library.admin)["sessions"]] == [other]
    assert library.admin.call("DELETE", f"/assets/batch/{session}").status_code == 404
    # The id is free again, as for whoever changes their mind.
    for index in range(3):
        result = send_chunk(library.admin, session, index, pieces)
    assert result["status"] == "processing"


def test_only_whoever_sends_an_upload_may_discard_it(library: Library) -> None:
    sam = library.admin.register("sam")
    session = str(uuid4())
    send_chunk(sam, session, 0, split(CONTENT, 2))
    path = f"/assets/batch/{session}"
    assert library.admin.anonymous().call("DELETE", path).status_code == 401
    assert library.admin.call("DELETE", path).status_code == 404
    assert len(_staged(library)) == 1
    sam.ok("DELETE", path)
    assert _staged(library) == []


def test_what_has_arrived_is_not_discarded(library: Library) -> None:
    session = str(uuid4())
    pieces = split(CONTENT, 2)
    for index in range(2):
        result = send_chunk(library.admin, session, index, pieces)
    response = library.admin.call("DELETE", f"/assets/batch/{session}")
    assert response.status_code == 409
    library.work()
    assert library.admin.get(f"/assets/{result['asset_id']}/original").content == CONTENT


def test_an_upload_that_failed_can_be_discarded(library: Library) -> None:
    session = str(uuid4())
    pieces = split(CONTENT, 3)
    send_chunk(library.admin, session, 0, pieces)
    (lost,) = _staged(library)
    lost.unlink()
    for index in (1, 2):
        send_chunk(library.admin, session, index, pieces)
    assert progress(library.admin, session)["sessions"][0]["status"] == "failed"
    library.admin.ok("DELETE", f"/assets/batch/{session}")
    assert _staged(library) == []
