"""Uploading a file: what is taken, what is refused, and what is left behind."""

import http.client
import os
import socket
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import blake3
import pytest

from lumilio.library import staging, uploads
from lumilio.media.formats import FORMATS
from lumilio.media.sniff import sniff
from tests.conftest import Running
from tests.support.api import Api
from tests.support.library import Library
from tests.support.photos import STARTS, jpeg, png
from tests.support.waiting import wait_until

BOUNDARY = "frontier"
FORM = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}


def _part(name: str, content: bytes, filename: str | None = None) -> bytes:
    disposition = f'form-data; name="{name}"'
    if filename is not None:
        disposition += f'; filename="{filename}"'
    head = f"--{BOUNDARY}\r\nContent-Disposition: {disposition}\r\n\r\n"
    return head.encode() + content + b"\r\n"


END = f"--{BOUNDARY}--\r\n".encode()


def _leftovers(library: Library) -> list[str]:
    own = library.folder() / ".lumilio"
    return [
        path.name
        for folder in ("staging/incoming", "staging/failed", "temp")
        for path in (own / folder).iterdir()
    ]


def _originals(library: Library) -> dict[str, bytes]:
    inbox = library.folder() / "inbox"
    return {
        str(path.relative_to(inbox)): path.read_bytes()
        for path in sorted(inbox.rglob("*"))
        if path.is_file()
    }


def test_a_receipt_says_what_was_taken(library: Library) -> None:
    content = jpeg(1)
    receipt = library.admin.uploaded("Holiday.JPG", content)
    assert receipt == {
        "task_id": receipt["task_id"],
        "status": "processing",
        "file_name": "Holiday.JPG",
        "size": len(content),
        "content_hash": blake3.blake3(content).hexdigest(),
        "message": "File received and queued for processing in repository 'Primary Storage'",
        "asset_id": receipt["asset_id"],
    }
    assert receipt["task_id"] == library.value("SELECT id FROM jobs WHERE kind = 'ingest_asset'")


def test_the_bytes_reach_their_place_unchanged(library: Library) -> None:
    content = jpeg(1)
    library.admin.uploaded("Holiday.JPG", content)
    library.work()
    now = library.clock().astimezone()
    assert _originals(library) == {f"{now:%Y/%m}/Holiday.JPG": content}
    assert _leftovers(library) == []


def test_an_asset_is_listed_before_it_is_processed(library: Library) -> None:
    receipt = library.admin.uploaded("a.jpg", jpeg(1))
    asset = library.admin.ok("GET", f"/assets/{receipt['asset_id']}")
    assert asset["processing"]["state"] == "processing"
    assert set(asset["processing"]["tasks"]) == {"metadata_asset", "thumbnail_asset"}
    assert asset["specific_metadata"] == {}
    assert library.admin.names() == ["a.jpg"]


def test_the_same_content_again_is_a_duplicate_and_not_stored_twice(library: Library) -> None:
    first = library.admin.uploaded("a.jpg", jpeg(1))
    for name in ("a.jpg", "other name.jpeg"):
        again = library.admin.uploaded(name, jpeg(1))
        assert again["status"] == "duplicate"
        assert again["asset_id"] == first["asset_id"]
        assert again["file_name"] == name
        assert again["content_hash"] == first["content_hash"]
    library.work()
    assert library.admin.uploaded("c.jpg", jpeg(1))["status"] == "duplicate"
    assert len(_originals(library)) == 1
    assert _leftovers(library) == []
    assert library.value("SELECT count(*) FROM assets") == 1


def test_a_duplicate_is_one_of_the_same_owner_and_repository_only(library: Library) -> None:
    sam = library.api.register("sam")
    second = library.admin.ok("POST", "/repositories", {"name": "Second"})["repository"]
    receipts = [
        library.admin.uploaded("a.jpg", jpeg(1)),
        sam.uploaded("a.jpg", jpeg(1)),
        library.admin.uploaded("a.jpg", jpeg(1), repository_id=second["id"]),
    ]
    assert [receipt["status"] for receipt in receipts] == ["processing"] * 3
    assert len({receipt["asset_id"] for receipt in receipts}) == 3
    library.work()
    assert library.states() == {"completed": 6}
    assert sorted(_originals(library)) == ["2031/07/a (1).jpg", "2031/07/a.jpg"]


def test_trashed_content_is_taken_anew(library: Library) -> None:
    first = library.admin.uploaded("a.jpg", jpeg(1))
    library.work()
    library.run("UPDATE assets SET deleted_at = 1, deleted_reason = 'trashed'")
    again = library.admin.uploaded("a.jpg", jpeg(1))
    assert again["status"] == "processing"
    assert again["asset_id"] != first["asset_id"]
    library.work()
    assert sorted(_originals(library)) == ["2031/07/a (1).jpg", "2031/07/a.jpg"]


def test_content_whose_original_was_lost_is_taken_again_and_not_thrown_away(
    library: Library,
) -> None:
    content = jpeg(1)
    library.admin.uploaded("a.jpg", content)
    library.work()
    (original,) = (library.folder() / "inbox").rglob("a.jpg")
    original.unlink()
    receipt = library.admin.uploaded("a.jpg", content)
    library.work()
    answer = library.admin.get(f"/assets/{receipt['asset_id']}/original")
    assert answer.status_code == 200
    assert answer.content == content


@pytest.mark.parametrize("extension", sorted(FORMATS))
def test_every_extension_is_taken_in_any_case(library: Library, extension: str) -> None:
    start = STARTS[extension]
    library.admin.uploaded(f"a.{extension}", start + extension.encode())
    receipt = library.admin.uploaded(f"a.{extension.upper()}", start + extension.upper().encode())
    asset = library.admin.ok("GET", f"/assets/{receipt['asset_id']}")
    assert asset["type"] == FORMATS[extension].type
    assert asset["mime_type"] == FORMATS[extension].mime


CONTRACT = (
    "jpg jpeg png webp gif bmp tiff tif heic heif cr2 cr3 nef arw dng orf rw2 pef raf mrw srw rwl x3f"
    " mp4 m4v mov avi mkv webm flv wmv 3gp mpg mpeg m2ts mts ogv"
    " mp3 aac m4a flac wav ogg oga aiff wma opus"
)


def test_all_extensions_of_the_contract_are_known() -> None:
    assert set(CONTRACT.split()) <= set(FORMATS)


@pytest.mark.parametrize(
    "name", ["a.txt", "a.pdf", "a", ".jpg", "a.jpg.exe", "a.", "a.jpg", "a.nef"]
)
@pytest.mark.parametrize("content", [b"content", b"%PDF-1.7\n" * 900, bytes(9000)])
def test_content_of_no_supported_kind_is_refused_whatever_its_name(
    library: Library, name: str, content: bytes
) -> None:
    response = library.admin.upload(name, content)
    assert response.status_code == 400
    assert "not supported" in response.json()["message"]
    assert _leftovers(library) == []
    assert library.value("SELECT count(*) FROM assets") == 0


@pytest.mark.parametrize("name", ["a.png", "a.heic", "a.nef", "a.svg", "a.txt", "a", "a.jpg.exe"])
def test_a_wrong_extension_is_tolerated_and_the_content_tells_the_type(
    library: Library, name: str
) -> None:
    receipt = library.admin.uploaded(name, jpeg(1))
    library.work()
    asset = library.admin.ok("GET", f"/assets/{receipt['asset_id']}")
    assert asset["original_filename"] == name
    assert (asset["type"], asset["mime_type"]) == ("PHOTO", "image/jpeg")
    assert asset["processing"]["state"] == "complete"


def test_a_cut_off_photo_is_taken(library: Library) -> None:
    receipt = library.admin.uploaded("a.jpg", jpeg(1)[:300])
    library.work()
    asset = library.admin.ok("GET", f"/assets/{receipt['asset_id']}")
    assert asset["processing"]["state"] in ("warning", "failed")


def test_a_drawing_is_saved_and_never_opened_as_a_page(library: Library) -> None:
    drawing = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    receipt = library.admin.uploaded("a.svg", drawing)
    library.work()
    answer = library.admin.get(f"/assets/{receipt['asset_id']}/original")
    assert answer.content == drawing
    assert answer.headers["content-disposition"].startswith("attachment")
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_replaced_file_has_the_type_of_its_new_content(fresh: Library) -> None:
    fresh.set_up(storage_strategy="flat", duplicate_handling="overwrite")
    for content in (jpeg(1), png(1)):
        receipt = fresh.admin.uploaded("a.jpg", content)
        fresh.work()
    assert fresh.admin.ok("GET", f"/assets/{receipt['asset_id']}")["mime_type"] == "image/png"
    assert fresh.value("SELECT count(*) FROM assets") == 1


def test_an_empty_file_is_refused(library: Library) -> None:
    assert library.admin.upload("a.jpg", b"").status_code == 400
    assert _leftovers(library) == []


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ([], "no part"),
        ([_part("repository_id", b"")], "no file part"),
        ([_part("file", b"content")], "a file part without a name"),
        ([_part("file", b"content", "")], "an empty name"),
        ([_part("file", b"content", "..")], "a name of dots"),
        ([_part("file", b"content", "/")], "a name of separators"),
        ([_part("photo", b"content", "a.jpg")], "another field"),
        ([_part("file", b"1", "a.jpg"), _part("file", b"2", "b.jpg")], "two files"),
        ([_part("repository_id", b"nonsense"), _part("file", b"1", "a.jpg")], "no id"),
        ([_part("repository_id", b"\xff\xfe"), _part("file", b"1", "a.jpg")], "no text"),
        ([_part("repository_id", b"1" * 5000), _part("file", b"1", "a.jpg")], "a long id"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_form_without_exactly_one_named_file_is_refused(
    library: Library, parts: list[bytes], why: str
) -> None:
    response = library.admin.post("/assets", content=b"".join(parts) + END, headers=FORM)
    assert response.status_code == 400
    assert _leftovers(library) == []
    assert library.value("SELECT count(*) FROM assets") == 0


FILE = _part("file", jpeg(1), "a.jpg")


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"", FORM),
        (b"nonsense", FORM),
        (FILE, FORM),
        (FILE[:-2] + END[:-4], FORM),
        (FILE[: len(FILE) // 2], FORM),
        (FILE.replace(b"\r\n\r\n", b"\r\n", 1) + END, FORM),
        (FILE.replace(b"--frontier", b"--elsewhere") + END, FORM),
        (FILE + END, {"content-type": "multipart/form-data"}),
        (FILE + END, {"content-type": "multipart/form-data; boundary="}),
        (FILE + END, {"content-type": "multipart/form-data; boundary=" + "b" * 300}),
        (FILE + END, {"content-type": "multipart/mixed; boundary=frontier"}),
        (FILE + END, {"content-type": "application/json"}),
        (FILE + END, {}),
        (b"--frontier\r\n" + b"X-Long: " + b"a" * 200_000 + b"\r\n\r\n\r\n" + END, FORM),
        (b"--frontier\r\n" + b"X-Many: a\r\n" * 20_000 + b"\r\n\r\n" + END, FORM),
    ],
    ids=range(15),
)
def test_a_broken_form_is_a_bad_request_and_leaves_nothing(
    library: Library, body: bytes, headers: dict[str, str]
) -> None:
    response = library.admin.post("/assets", content=body, headers=headers)
    assert response.status_code == 400
    assert _leftovers(library) == []
    assert library.value("SELECT count(*) FROM assets") == 0


def test_a_form_cut_into_single_bytes_is_read_like_a_whole_one(library: Library) -> None:
    body = _part("repository_id", library.primary["id"].encode()) + FILE + END
    response = library.admin.post(
        "/assets",
        content=iter(body[at : at + 1] for at in range(len(body))),
        headers=FORM,
    )
    assert response.json()["content_hash"] == blake3.blake3(jpeg(1)).hexdigest()


@pytest.mark.parametrize("edge", [b"\r\n", b"--frontier", b"\r\n--frontie", b"--", b"\n\r\r\n"])
def test_content_that_looks_like_a_boundary_is_content(library: Library, edge: bytes) -> None:
    content = STARTS["jpg"] + edge + b"x" + edge
    receipt = library.admin.post(
        "/assets", content=_part("file", content, "a.jpg") + END, headers=FORM
    ).json()
    assert receipt["size"] == len(content)
    assert receipt["content_hash"] == blake3.blake3(content).hexdigest()


def test_an_upload_goes_into_the_repository_it_names(library: Library) -> None:
    second = library.admin.ok("POST", "/repositories", {"name": "Second"})["repository"]
    receipt = library.admin.uploaded("a.jpg", jpeg(1), repository_id=second["id"])
    library.work()
    asset = library.admin.ok("GET", f"/assets/{receipt['asset_id']}")
    assert asset["repository_id"] == second["id"]
    assert "'Second'" in receipt["message"]
    assert (library.folder(second) / asset["storage_path"]).read_bytes() == jpeg(1)


def test_a_repository_named_after_the_file_is_not_silently_replaced_by_the_primary(
    library: Library,
) -> None:
    second = library.admin.ok("POST", "/repositories", {"name": "Second"})["repository"]
    body = FILE + _part("repository_id", second["id"].encode()) + END
    response = library.admin.post("/assets", content=body, headers=FORM)
    if response.status_code == 200:
        asset = library.admin.ok("GET", f"/assets/{response.json()['asset_id']}")
        assert asset["repository_id"] == second["id"]
    else:
        assert response.status_code == 400
        assert library.value("SELECT count(*) FROM assets") == 0


def test_an_unknown_repository_is_not_found(library: Library) -> None:
    unknown = "123e4567-e89b-42d3-a456-426614174000"
    response = library.admin.upload("a.jpg", jpeg(1), repository_id=unknown)
    assert response.status_code == 404
    assert _leftovers(library) == []


def test_a_repository_whose_disk_is_away_takes_no_uploads(library: Library) -> None:
    away = library.folder().rename(library.folder().with_name("away"))
    assert library.admin.upload("a.jpg", jpeg(1)).status_code in (400, 503)
    away.rename(library.folder())
    assert library.admin.upload("a.jpg", jpeg(1)).status_code == 200


def test_a_hash_from_the_client_is_never_believed(library: Library) -> None:
    response = library.admin.post(
        "/assets",
        files={"file": ("a.jpg", jpeg(1))},
        headers={"X-Content-Hash": "../../../etc/passwd"},
    )
    assert response.json()["content_hash"] == blake3.blake3(jpeg(1)).hexdigest()


HOSTILE_NAMES = [
    "../../../etc/passwd.jpg",
    "..\\..\\windows\\win.jpg",
    "/etc/passwd.jpg",
    "C:\\Users\\me\\a.jpg",
    "C:a.jpg",
    "\\\\server\\share\\a.jpg",
    "a\x00b.jpg",
    "a\x00.jpg",
    "gpj.exe\u202e.jpg",
    "\u200fa\u200e.jpg",
    "CON.jpg",
    "nul.jpg",
    "COM1.JPG",
    "aux.tar.jpg",
    "a. .jpg",
    "a...jpg",
    "...a.jpg",
    "-rf.jpg",
    'a:b*c?d<e>f|g"h.jpg',
    "a\nb\tc.jpg",
    "~.jpg",
    "$HOME.jpg",
    "%2e%2e%2fa.jpg",
    "é.jpg",
    "e\u0301.jpg",
    "写真.jpg",
    "👨\u200d👩\u200d👧.jpg",
    "ab\u00adcd.jpg",
    "x" * 250 + ".jpg",
    "写" * 100 + ".jpg",
    "x" * 400 + ".jpg",
    " a.jpg",
    ".hidden.jpg",
    "inbox/.lumilio/a.jpg",
    ".lumiliorepo.jpg",
]


@pytest.mark.parametrize("strategy", ["date", "flat", "cas"])
@pytest.mark.parametrize("name", HOSTILE_NAMES, ids=range(len(HOSTILE_NAMES)))
def test_a_hostile_name_stays_inside_the_inbox(fresh: Library, name: str, strategy: str) -> None:
    fresh.set_up(storage_strategy=strategy)
    before = {path for path in fresh.home.root.rglob("*") if path.is_dir()}
    disposition = f'form-data; name="file"; filename="{name.replace(chr(34), "%22")}"'
    body = f"--{BOUNDARY}\r\nContent-Disposition: {disposition}\r\n\r\n".encode()
    body += STARTS["jpg"] + b"\r\n" + END
    response = fresh.admin.post("/assets", content=body, headers=FORM)
    if response.status_code == 400:
        # A line break ends a header; and no system has names of more than 255 characters.
        assert "\n" in name or len(name) > 255
        return
    assert response.status_code == 200
    fresh.work("ingest_asset")
    asset = fresh.admin.ok("GET", f"/assets/{response.json()['asset_id']}")
    path = asset["storage_path"]
    stored = Path(path)
    assert path.startswith("inbox/")
    assert not {"..", ".", ""} & set(path.split("/"))
    assert "\\" not in path
    assert stored.suffix.lower() == ".jpg"
    assert len(stored.name.encode()) <= 255
    assert not stored.name.startswith((" ", "."))
    assert (fresh.folder() / path).read_bytes() == STARTS["jpg"]
    inbox = fresh.folder() / "inbox"
    new = {path for path in fresh.home.root.rglob("*") if path.is_dir()} - before
    assert all(folder.is_relative_to(inbox) for folder in new)
    assert "/" not in asset["original_filename"]
    assert "\x00" not in asset["original_filename"]


@pytest.mark.parametrize(
    "name",
    [
        "Screenshot 2031-07-04 at 9.15.00\u202fAM.png",
        "👨\u200d👩\u200d👧.png",
        "a\u00a0b.png",
        "写\u3000真.png",
        "e\u0301.png",
    ],
)
def test_an_ordinary_name_of_any_script_is_shown_as_it_was_sent(
    library: Library, name: str
) -> None:
    receipt = library.admin.post(
        "/assets", content=_part("file", png(1), name) + END, headers=FORM
    ).json()
    assert receipt["file_name"] == name
    asset = library.admin.ok("GET", f"/assets/{receipt['asset_id']}")
    assert asset["original_filename"] == name


@pytest.mark.parametrize(("strategy", "folder"), [("date", "inbox/2031/07"), ("flat", "inbox")])
def test_a_taken_name_gets_a_number(fresh: Library, strategy: str, folder: str) -> None:
    fresh.set_up(storage_strategy=strategy)
    expected = [f"{folder}/{name}" for name in ("a.jpg", "a (1).jpg", "a (2).jpg")]
    ids = [fresh.admin.uploaded("a.jpg", jpeg(seed))["asset_id"] for seed in range(3)]
    fresh.work()
    assets = [fresh.admin.ok("GET", f"/assets/{asset_id}") for asset_id in ids]
    assert [asset["storage_path"] for asset in assets] == expected
    assert [asset["original_filename"] for asset in assets] == ["a.jpg"] * 3
    assert [(fresh.folder() / path).read_bytes() for path in expected] == [
        jpeg(seed) for seed in range(3)
    ]


def test_a_taken_name_gets_part_of_a_uuid_where_that_is_wanted(fresh: Library) -> None:
    fresh.set_up(storage_strategy="flat", duplicate_handling="uuid")
    for seed in range(2):
        fresh.admin.uploaded("a.jpg", jpeg(seed))
    fresh.work()
    first, second = sorted(_originals(fresh), key=len)
    assert first == "a.jpg"
    assert len(second) == len("a_12345678.jpg")


def test_content_addressed_files_lie_under_their_hash(fresh: Library) -> None:
    fresh.set_up(storage_strategy="cas")
    receipt = fresh.admin.uploaded("A Name.JPG", jpeg(1))
    fresh.api.register("sam").uploaded("other.jpg", jpeg(1))
    fresh.work()
    hash_ = receipt["content_hash"]
    asset = fresh.admin.ok("GET", f"/assets/{receipt['asset_id']}")
    folder = f"{hash_[:2]}/{hash_[2:4]}/{hash_[4:6]}"
    assert asset["storage_path"] == f"inbox/{folder}/{hash_}.jpg"
    assert len(_originals(fresh)) == 2
    assert set(_originals(fresh).values()) == {jpeg(1)}


def test_a_file_that_a_person_put_into_the_inbox_is_not_overwritten(fresh: Library) -> None:
    fresh.set_up(storage_strategy="flat")
    mine = fresh.folder() / "inbox" / "a.jpg"
    mine.write_bytes(b"mine")
    fresh.admin.uploaded("a.jpg", jpeg(1))
    late = fresh.folder() / "inbox" / "b.jpg"
    fresh.admin.uploaded("b.jpg", jpeg(2))
    late.write_bytes(b"mine, too")
    fresh.work()
    assert mine.read_bytes() == b"mine"
    assert late.read_bytes() == b"mine, too"
    assert _originals(fresh)["a (1).jpg"] == jpeg(1)
    assert _originals(fresh)["b (1).jpg"] == jpeg(2)


@pytest.mark.parametrize("same", [False, True], ids=["other content", "same content"])
def test_parallel_uploads_of_one_name_never_lose_a_file(running: Running, same: bool) -> None:
    admin = running.api.register("admin")
    folder = Path(admin.create_primary(storage_strategy="flat")["path"])
    contents = [jpeg(1 if same else seed) for seed in range(8)]
    receipts: list[dict[str, Any]] = []

    def upload(content: bytes) -> None:
        receipts.append(admin.uploaded("a.jpg", content))

    threads = [threading.Thread(target=upload, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wait_until(lambda: admin.ok("GET", "/admin/river/stats")["completed"] >= 2 * len(set(contents)))
    stored = [path.read_bytes() for path in (folder / "inbox").iterdir()]
    assert sorted(stored) == sorted(set(contents))
    assert [r["status"] for r in receipts].count("processing") == len(set(contents))


def test_a_large_file_streams_through_without_being_held(
    running: Running,
) -> None:
    admin = running.api.register("admin")
    folder = Path(admin.create_primary(storage_strategy="flat")["path"])
    block = STARTS["jpg"] + os.urandom(1 << 16)
    count = 480
    hasher = blake3.blake3()

    def body() -> Iterator[bytes]:
        yield _part("file", b"", "large.jpg")[:-2]
        for _ in range(count):
            hasher.update(block)
            yield block
        yield b"\r\n" + END

    tracemalloc.start()
    receipt = admin.post("/assets", content=body(), headers=FORM).json()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert receipt["size"] == count * len(block)
    assert receipt["content_hash"] == hasher.hexdigest()
    assert peak < 12 << 20
    wait_until(lambda: (folder / "inbox" / "large.jpg").is_file())
    assert (folder / "inbox" / "large.jpg").stat().st_size == count * len(block)


def _begun(running: Running, admin: Api, body: bytes, length: int) -> socket.socket:
    address = running.url.removeprefix("http://").split(":")
    connection = socket.create_connection((address[0], int(address[1])))
    head = (
        "POST /api/v1/assets HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: Bearer {admin.token}\r\nContent-Length: {length}\r\n"
        f"Content-Type: {FORM['content-type']}\r\n\r\n"
    )
    connection.sendall(head.encode() + body)
    return connection


def test_a_client_that_hangs_up_midway_leaves_nothing(
    running: Running, caplog: pytest.LogCaptureFixture
) -> None:
    admin = running.api.register("admin")
    folder = Path(admin.create_primary()["path"])
    incoming = folder / ".lumilio" / "staging" / "incoming"
    part = _part("file", STARTS["jpg"] * 1_000_000, "a.jpg")
    connection = _begun(running, admin, part, length=10_000_000)
    wait_until(lambda: [path for path in incoming.iterdir() if path.stat().st_size])
    connection.close()
    wait_until(lambda: not list(incoming.iterdir()))
    assert admin.page()["total_assets"] == 0
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


def test_a_request_that_is_refused_early_is_answered_although_bytes_are_left(
    running: Running,
) -> None:
    admin = running.api.register("admin")
    admin.create_primary()
    connection = _begun(running, admin, _part("file", b"x" * 5000, "a.exe")[:-2], length=5_000_000)
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    assert answer.status == 400
    assert b"not supported" in answer.read()
    connection.close()


def test_a_full_disk_is_told_as_such(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(staging.os, "fsync", full)
    response = library.admin.upload("a.jpg", jpeg(1))
    monkeypatch.undo()
    assert response.status_code == 507
    assert _leftovers(library) == []
    assert library.value("SELECT count(*) FROM assets") == 0


def test_another_fault_of_the_disk_is_a_server_error_that_tells_no_paths(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(descriptor: int) -> None:
        raise OSError(5, "Input/output error", str(library.folder()))

    monkeypatch.setattr(staging.os, "fsync", broken)
    response = library.admin.upload("a.jpg", jpeg(1))
    monkeypatch.undo()
    assert response.status_code == 500
    assert str(library.folder()) not in response.text
    assert _leftovers(library) == []


def test_a_disk_that_does_not_give_back_what_it_took_is_told_as_such(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(content: Any, name: str) -> Any:
        # The first bytes are looked at before they are written.
        if isinstance(content, BytesIO):
            return sniff(content, name)
        raise OSError(5, "Input/output error", str(library.folder()))

    monkeypatch.setattr(uploads, "sniff", broken)
    response = library.admin.upload("a.jpg", jpeg(1))
    monkeypatch.undo()
    assert response.status_code == 500
    assert response.json()["message"] == "The file could not be stored"
    assert str(library.folder()) not in response.text
    assert _leftovers(library) == []


def test_an_upload_is_on_disk_before_it_is_acknowledged(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[str] = []
    real: Callable[[int], None] = os.fsync

    def record(descriptor: int) -> None:
        events.append("folder" if os.fstat(descriptor).st_mode & 0o040000 else "file")
        real(descriptor)

    monkeypatch.setattr(staging.os, "fsync", record)
    library.db.subscribe("jobs", lambda: events.append("committed"))
    library.admin.uploaded("a.jpg", jpeg(1))
    assert events == ["file", "folder", "committed"]


def test_the_folder_follows_the_time_of_arrival(library: Library) -> None:
    library.clock.advance(days=40)
    library.api.login("admin").uploaded("a.jpg", jpeg(1))
    library.work()
    assert list(_originals(library)) == [f"{library.clock().astimezone():%Y/%m}/a.jpg"]


@pytest.mark.parametrize("strategy", ["date", "flat"])
@pytest.mark.parametrize("waits", [False, True], ids=["each placed", "all waiting"])
def test_where_equal_names_overwrite_the_last_upload_is_what_remains(
    fresh: Library, strategy: str, waits: bool
) -> None:
    fresh.set_up(storage_strategy=strategy, duplicate_handling="overwrite")
    ids = set()
    for seed in range(3):
        ids.add(fresh.admin.uploaded("a.jpg", jpeg(seed))["asset_id"])
        if not waits:
            fresh.work()
    fresh.work()
    assert len(ids) == 1
    assert list(_originals(fresh).values()) == [jpeg(2)]
    asset = fresh.admin.ok("GET", f"/assets/{ids.pop()}")
    assert asset["hash"] == blake3.blake3(jpeg(2)).hexdigest()
    assert asset["file_size"] == len(jpeg(2))
    assert asset["processing"]["state"] == "complete"
    assert fresh.states().keys() == {"completed"}
    assert fresh.admin.get(f"/assets/{asset['asset_id']}/thumbnail").status_code == 200
    assert _leftovers(fresh) == []


def test_overwriting_spares_the_files_of_others_and_those_of_another_name(
    fresh: Library,
) -> None:
    fresh.set_up(storage_strategy="flat", duplicate_handling="overwrite")
    sam = fresh.api.register("sam")
    contents = {}
    for seed, (owner, name) in enumerate(
        [
            (fresh.admin, "a.jpg"),
            (sam, "a.jpg"),
            (fresh.admin, "b:c.jpg"),
            (fresh.admin, "b?c.jpg"),
            (fresh.admin, "x" * 230 + "1.jpg"),
            (fresh.admin, "x" * 230 + "2.jpg"),
        ]
    ):
        contents[owner.uploaded(name, jpeg(seed))["asset_id"]] = jpeg(seed)
    fresh.work()
    assert len(contents) == 6
    assert sorted(_originals(fresh).values()) == sorted(contents.values())
    for asset_id, content in contents.items():
        assert fresh.admin.get(f"/assets/{asset_id}/original").content == content
