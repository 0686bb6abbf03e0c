"""Many originals as one ZIP archive over HTTP."""

import http.client
import json
import os
import shutil
import subprocess
import tracemalloc
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import psutil
import pytest

from lumilio.library import archives
from lumilio.library.archives import Member
from tests.conftest import Running
from tests.support.clock import START
from tests.support.library import Library
from tests.support.photos import jpeg
from tests.support.waiting import wait_until

UNKNOWN = "123e4567-e89b-42d3-a456-426614174000"


def _uploaded(library: Library, *names: str) -> list[str]:
    """Ids of new assets of these names, each of its own content."""
    count = library.value("SELECT count(*) FROM assets")
    ids = [
        library.admin.uploaded(f"{count + number}.jpg", jpeg(count + number))["asset_id"]
        for number in range(len(names))
    ]
    library.work("ingest_asset")
    for asset_id, name in zip(ids, names, strict=True):
        hex_id = asset_id.replace("-", "")
        library.run(
            "UPDATE assets SET original_filename = ? WHERE hex(asset_id) = upper(?)", name, hex_id
        )
    return ids


def _download(library: Library, ids: list[str], **options: Any) -> Any:
    return library.admin.post("/assets/download", {"asset_ids": ids}, **options)


def _archive(library: Library, ids: list[str]) -> zipfile.ZipFile:
    response = _download(library, ids)
    assert response.status_code == 200, response.text
    return zipfile.ZipFile(BytesIO(response.content))


def _check(path: Path) -> None:
    """Let another program test the archive, where there is one."""
    assert zipfile.ZipFile(path).testzip() is None
    if program := shutil.which("unzip"):
        subprocess.run([program, "-tqq", path], check=True)


def test_originals_come_byte_for_byte_in_the_order_asked_for(
    library: Library, tmp_path: Path
) -> None:
    ids = _uploaded(library, "b.jpg", "a.jpg")
    response = _download(library, [ids[1], ids[0], ids[1]])
    assert response.headers["content-type"] == "application/zip"
    assert response.headers["cache-control"] == "no-store"
    name = START.astimezone().strftime("lumilio-assets-%Y%m%d-%H%M%S.zip")
    assert response.headers["content-disposition"] == f'attachment; filename="{name}"'
    (tmp_path / "a.zip").write_bytes(response.content)
    _check(tmp_path / "a.zip")
    archive = zipfile.ZipFile(tmp_path / "a.zip")
    assert archive.namelist() == ["a.jpg", "b.jpg"]
    assert (archive.read("b.jpg"), archive.read("a.jpg")) == (jpeg(0), jpeg(1))
    assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}


def test_equal_names_are_numbered_also_where_only_case_differs(library: Library) -> None:
    names = ["a.jpg", "a.jpg", "A.JPG", "a (2).jpg", "a.jpg", "é.jpg", "e\u0301.jpg", "skipped.txt"]
    assert _archive(library, _uploaded(library, *names)).namelist() == [
        "a.jpg",
        "a (2).jpg",
        "A (3).JPG",
        "a (2) (2).jpg",
        "a (4).jpg",
        "é.jpg",
        "e\u0301 (2).jpg",
        "skipped (2).txt",
    ]


def test_names_are_unicode_and_never_lead_out_of_the_folder(
    library: Library, tmp_path: Path
) -> None:
    names = ["写真 🏔.jpg", "..\\..\\boot.jpg", "CON.jpg", 'a:b"c?.jpg', "x\r\ny.jpg", "../up.jpg"]
    response = _download(library, _uploaded(library, *names))
    (tmp_path / "a.zip").write_bytes(response.content)
    _check(tmp_path / "a.zip")
    found = zipfile.ZipFile(tmp_path / "a.zip").namelist()
    assert found[0] == "写真 🏔.jpg"
    assert not [name for name in found if set(name) & set('/\\:"?\r\n')]
    assert "CON.jpg" not in found


@pytest.mark.parametrize(
    ("taken", "offset", "shown"),
    [
        ("2024:05:06 07:08:10", "+02:00", (2024, 5, 6, 7, 8, 10)),
        ("1901:05:06 07:08:10", None, (1980, 1, 1, 7, 8, 10)),
    ],
)
def test_entries_bear_the_wall_clock_at_capture(
    library: Library, taken: str, offset: str | None, shown: tuple[int, ...]
) -> None:
    photo = jpeg(1, taken=taken, offset=offset)
    asset_id = library.admin.uploaded("a.jpg", photo)["asset_id"]
    library.work()
    assert _archive(library, [asset_id]).getinfo("a.jpg").date_time == shown


@pytest.mark.parametrize(
    "body", [{}, {"asset_ids": []}, {"asset_ids": ["x"]}, {"asset_ids": None}, {"asset_ids": [1]}]
)
def test_no_ids_or_bad_ones_are_refused(library: Library, body: Any) -> None:
    assert library.admin.post("/assets/download", body).status_code == 400


def test_one_asset_that_cannot_be_had_refuses_all_before_a_byte_is_sent(library: Library) -> None:
    ids = _uploaded(library, "a.jpg", "b.jpg")
    assert _download(library, [*ids, UNKNOWN]).status_code == 404
    sam = library.api.register("sam")
    own = sam.uploaded("sam.jpg", jpeg(9))["asset_id"]
    library.work("ingest_asset")
    assert sam.post("/assets/download", {"asset_ids": [own]}).status_code == 200
    assert sam.post("/assets/download", {"asset_ids": [own, ids[0]]}).status_code == 403
    next((library.folder() / "inbox").rglob("1.jpg")).unlink()
    answer = _download(library, ids)
    assert answer.status_code == 404
    assert "b.jpg" in answer.json()["message"]


def test_a_media_token_is_enough(library: Library) -> None:
    ids = _uploaded(library, "a.jpg")
    token = {"mt": library.admin.media_token()}
    body = {"asset_ids": ids}
    assert library.api.post("/assets/download", body, params=token).status_code == 200
    assert library.admin.post("/assets/download", body, params=token).status_code == 200
    assert library.api.post("/assets/download", body, params={"mt": "x"}).status_code == 401
    assert library.api.post("/assets/download", body).status_code == 401


def _members(folder: Path, *sizes: int) -> list[Member]:
    found = []
    for number, size in enumerate(sizes):
        path = folder / f"{number}.bin"
        path.write_bytes(bytes([number]) * size)
        found.append(Member(path.name, path, START))
    return found


def test_what_goes_away_in_between_is_named_in_the_archive(tmp_path: Path) -> None:
    contents = _members(tmp_path, 3_000_000, 10, 3_000_000, 20)
    pieces = archives.stream(contents)
    received = next(pieces)
    (tmp_path / "1.bin").unlink()
    while len(received) < 3_500_000:
        received += next(pieces)
    os.truncate(tmp_path / "2.bin", 1_500_000)
    received += b"".join(pieces)
    (tmp_path / "a.zip").write_bytes(received)
    _check(tmp_path / "a.zip")
    archive = zipfile.ZipFile(tmp_path / "a.zip")
    assert archive.namelist() == ["0.bin", "2.bin", "3.bin", "skipped.txt"]
    assert archive.getinfo("0.bin").file_size == 3_000_000
    assert archive.read("3.bin") == b"\3" * 20
    told = archive.read("skipped.txt").decode()
    assert "1.bin: No such file or directory" in told
    assert "2.bin: only 1500000 of 3000000 bytes (the file was cut off)" in told
    assert "0.bin" not in told


def test_a_read_error_is_named_and_the_rest_follows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    contents = _members(tmp_path, 10, 20)

    class Broken(BytesIO):
        def fileno(self) -> int:
            return opened.fileno()

        def read(self, size: int | None = -1) -> bytes:
            raise OSError(5, "Input/output error")

    opened = (tmp_path / "0.bin").open("rb")
    plain = Path.open
    monkeypatch.setattr(
        Path,
        "open",
        lambda path, *mode: Broken() if path == contents[0].path else plain(path, *mode),
    )
    with opened:
        archive = zipfile.ZipFile(BytesIO(b"".join(archives.stream(contents))))
    assert archive.testzip() is None
    assert archive.read("1.bin") == b"\1" * 20
    assert "0.bin: only 0 of 10 bytes (Input/output error)" in archive.read("skipped.txt").decode()


def test_large_files_and_archives_are_zip64(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    contents = _members(tmp_path, 5000, 100, 6000)
    with monkeypatch.context() as patch:
        patch.setattr(zipfile, "ZIP64_LIMIT", 4000)
        content = b"".join(archives.stream(contents))
    assert b"PK\x06\x06" in content
    (tmp_path / "a.zip").write_bytes(content)
    _check(tmp_path / "a.zip")
    archive = zipfile.ZipFile(tmp_path / "a.zip")
    assert [info.file_size for info in archive.infolist()] == [5000, 100, 6000]


def test_memory_does_not_grow_with_the_archive(tmp_path: Path) -> None:
    contents = _members(tmp_path, 0)
    os.truncate(contents[0].path, 200 << 20)
    tracemalloc.start()
    try:
        total = sum(len(piece) for piece in archives.stream(contents))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert total > 200 << 20
    assert peak < 16 << 20


def test_ten_thousand_files_fit_into_one_archive(library: Library, tmp_path: Path) -> None:
    folder = library.folder() / "photos"
    folder.mkdir()
    ids = []
    with library.db.write() as tx:
        row = {
            "repository_id": library.stored().key,
            "type": "PHOTO",
            "original_filename": "same.jpg",
            "folded_filename": "same.jpg",
            "mime_type": "image/jpeg",
            "file_size": 5,
            "file_modified_at": 0,
            "upload_time": 10**15,
            "processing": "{}",
        }
        names = ", ".join(row)
        for number in range(10_000):
            (folder / str(number)).write_bytes(b"%05d" % number)
            key = number.to_bytes(16, "big")
            ids.append(f"{number:032x}")
            tx.run(
                f"INSERT INTO assets (asset_id, hash, storage_path, {names})"
                f" VALUES (?, ?, ?, {', '.join('?' * len(row))})",
                (key, key, f"photos/{number}", *row.values()),
            )
    response = _download(library, ids)
    (tmp_path / "a.zip").write_bytes(response.content)
    _check(tmp_path / "a.zip")
    archive = zipfile.ZipFile(tmp_path / "a.zip")
    assert len(set(archive.namelist())) == 10_000
    assert archive.namelist()[-1] == "same (10000).jpg"
    assert archive.read("same (10000).jpg") == b"09999"


def test_a_client_that_goes_away_leaves_nothing_open(running: Running) -> None:
    admin = running.api.register("admin")
    admin.create_primary()
    asset_id = admin.uploaded("a.jpg", jpeg(1))["asset_id"]
    wait_until(lambda: admin.get(f"/assets/{asset_id}/thumbnail").status_code == 200)
    file = next((running.settings.storage_path / "primary" / "inbox").rglob("a.jpg"))
    os.truncate(file, 2 << 30)
    this = psutil.Process()

    def is_open() -> bool:
        return str(file) in {opened.path for opened in this.open_files()}

    connection = http.client.HTTPConnection(running.url.removeprefix("http://"), timeout=30)
    headers = {"authorization": f"Bearer {admin.token}", "connection": "close"}
    body = json.dumps({"asset_ids": [asset_id]})
    connection.request("POST", "/api/v1/assets/download", body, headers)
    answer = connection.getresponse()
    answer.read(1 << 16)
    assert is_open()
    answer.close()
    connection.close()
    wait_until(lambda: not is_open())
