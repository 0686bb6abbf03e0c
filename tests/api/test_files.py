"""Sending files: ranges, conditions, names and files that change while they are sent."""

import http.client
import os
import re
from collections.abc import Callable
from email import message_from_bytes
from pathlib import Path

import psutil
import pytest

from lumilio.api import files
from lumilio.media.formats import FORMATS
from tests.conftest import Running
from tests.support.api import Api
from tests.support.library import Library
from tests.support.photos import jpeg
from tests.support.waiting import wait_until

PHOTO = jpeg(1, (480, 320))


@pytest.fixture
def original(library: Library) -> str:
    asset_id = library.admin.uploaded("photo.jpg", PHOTO)["asset_id"]
    library.work()
    return f"/assets/{asset_id}/original"


def _file(library: Library) -> Path:
    return next((library.folder() / "inbox").rglob("photo.jpg"))


@pytest.mark.parametrize(
    "wanted",
    ["bytes=9-2", "bytes=x-y", "bytes=", "bytes", "lines=0-5", "bytes=1-2-3", "bytes=0-5,8-6", ""],
)
def test_a_range_that_says_nothing_counts_as_absent(
    library: Library, original: str, wanted: str
) -> None:
    answer = library.admin.get(original, headers={"range": wanted})
    assert (answer.status_code, answer.content) == (200, PHOTO)


def test_a_range_beyond_the_end_is_cut_to_the_file(library: Library, original: str) -> None:
    answer = library.admin.get(original, headers={"range": f"bytes=10-{10**17}"})
    assert (answer.status_code, answer.content) == (206, PHOTO[10:])
    answer = library.admin.get(original, headers={"range": f"bytes=-{10**17}"})
    assert (answer.status_code, answer.content) == (206, PHOTO)


def test_many_ranges_come_in_one_answer(library: Library, original: str) -> None:
    answer = library.admin.get(original, headers={"range": "bytes=0-9, 100-109,-5"})
    assert answer.status_code == 206
    kind = answer.headers["content-type"]
    assert kind.startswith("multipart/byteranges")
    assert len(answer.content) == int(answer.headers["content-length"])
    whole = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + answer.content)
    parts = whole.get_payload()
    assert isinstance(parts, list)
    size = len(PHOTO)
    assert [(part["content-range"], part["content-type"]) for part in parts] == [
        (f"bytes 0-9/{size}", "image/jpeg"),
        (f"bytes 100-109/{size}", "image/jpeg"),
        (f"bytes {size - 5}-{size - 1}/{size}", "image/jpeg"),
    ]


def test_hundreds_of_ranges_bring_the_whole_file_once(library: Library, original: str) -> None:
    wanted = "bytes=" + ",".join(f"{n}-{n}" for n in range(0, 1000, 2))
    answer = library.admin.get(original, headers={"range": wanted})
    assert (answer.status_code, answer.content) == (200, PHOTO)


def test_a_range_is_sent_only_of_the_file_the_client_knows(library: Library, original: str) -> None:
    whole = library.admin.get(original)
    for known in (whole.headers["etag"], whole.headers["last-modified"]):
        answer = library.admin.get(original, headers={"range": "bytes=0-4", "if-range": known})
        assert (answer.status_code, answer.content) == (206, PHOTO[:5]), known
    for other in ('"other"', "Thu, 01 Jan 1998 00:00:00 GMT", f"W/{whole.headers['etag']}"):
        answer = library.admin.get(original, headers={"range": "bytes=0-4", "if-range": other})
        assert (answer.status_code, answer.content) == (200, PHOTO), other


def test_a_weak_tag_is_enough_to_keep_a_copy(library: Library, original: str) -> None:
    etag = library.admin.get(original).headers["etag"]
    answer = library.admin.get(original, headers={"if-none-match": f"W/{etag}"})
    assert answer.status_code == 304


def test_a_file_that_changed_in_its_place_has_another_tag(library: Library, original: str) -> None:
    etag = library.admin.get(original).headers["etag"]
    _file(library).write_bytes(PHOTO + b"more")
    answer = library.admin.get(original, headers={"if-none-match": etag})
    assert (answer.status_code, answer.content) == (200, PHOTO + b"more")


def test_head_with_a_range_has_no_body(library: Library, original: str) -> None:
    answer = library.admin.call("HEAD", original, headers={"range": "bytes=0-4"})
    assert (answer.status_code, answer.content) == (206, b"")
    assert answer.headers["content-length"] == "5"
    lost = library.admin.call("HEAD", original, headers={"range": "bytes=99999999-"})
    assert (lost.status_code, lost.content) == (416, b"")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read_is_not_found(library: Library, original: str) -> None:
    _file(library).chmod(0)
    assert library.admin.get(original).status_code == 404


def test_a_file_that_goes_away_before_it_is_opened_is_not_found(
    library: Library, original: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = _file(library)

    def look_and_lose(path: Path) -> os.stat_result:
        status = path.stat()
        path.unlink()
        return status

    monkeypatch.setattr(files, "status_of", look_and_lose)
    answer = library.admin.get(original)
    assert not file.exists()
    assert answer.status_code == 404
    assert "content-disposition" not in answer.headers


@pytest.mark.parametrize(
    "name",
    [
        'a"b;c.jpg',
        "a\\b.jpg",
        "a\r\nset-cookie: x=1.jpg",
        "../../etc/passwd.jpg",
        "\u202egpj.exe",
        "写真" * 60 + ".jpg",
        "%41.jpg",
        "a;filename=evil.exe.jpg",
        "\x00\x07.jpg",
    ],
)
def test_a_hostile_name_stays_inside_its_header(library: Library, original: str, name: str) -> None:
    library.run("UPDATE assets SET original_filename = ?", name)
    answer = library.admin.get(original)
    header = answer.headers["content-disposition"]
    assert re.fullmatch(
        r"inline; filename(\*=utf-8''[A-Za-z0-9%._~-]+|=\"[A-Za-z0-9._~-]+\")", header
    )
    assert "set-cookie" not in answer.headers


def test_what_browsers_run_is_only_saved() -> None:
    inert = re.compile(r"(image/(?!svg)|video/|audio/)[\w.+-]+")
    others = {form.mime for form in FORMATS.values() if not inert.fullmatch(form.mime)}
    assert others == files._MAY_RUN


def test_a_thumbnail_under_its_content_hash_is_kept_for_a_year(
    library: Library, original: str
) -> None:
    path = original.replace("original", "thumbnail")
    content_hash = library.admin.ok("GET", original.removesuffix("/original"))["hash"]
    lasting = library.admin.get(path, params={"v": content_hash})
    assert lasting.headers["cache-control"] == "private, max-age=31536000, immutable"
    for other in ("", content_hash[:-1], "0" * 64):
        answer = library.admin.get(path, params={"v": other})
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "private, max-age=86400, must-revalidate"
        assert answer.content == lasting.content


@pytest.fixture
def large(running: Running) -> tuple[Running, str, Path]:
    """A server, the path of an original of many megabytes, and its file."""
    admin = running.api.register("admin")
    running.api = admin
    admin.create_primary()
    asset_id = admin.uploaded("photo.jpg", PHOTO)["asset_id"]
    root = running.settings.storage_path
    file = wait_until(lambda: next(iter((root / "primary" / "inbox").rglob("photo.jpg")), None))
    wait_until(lambda: admin.get(f"/assets/{asset_id}/thumbnail").status_code == 200)
    os.truncate(file, 5 << 30)
    return running, f"/api/v1/assets/{asset_id}/original", file


def _connection(running: Running, path: str, **headers: str) -> http.client.HTTPResponse:
    host = running.url.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=30)
    headers = {"authorization": f"Bearer {running.api.token}", "connection": "close"} | headers
    connection.request("GET", path, headers=headers)
    return connection.getresponse()


def test_the_end_of_a_file_of_five_gigabytes_is_reached(
    large: tuple[Running, str, Path],
) -> None:
    running, path, file = large
    with file.open("r+b") as handle:
        handle.seek(-3, os.SEEK_END)
        handle.write(b"end")
    with _connection(running, path, range="bytes=5368709117-") as answer:
        assert answer.status == 206
        assert answer.headers["content-range"] == "bytes 5368709117-5368709119/5368709120"
        assert answer.read() == b"end"


def test_a_file_that_is_cut_off_while_it_is_sent_ends_the_connection(
    large: tuple[Running, str, Path],
) -> None:
    running, path, file = large
    with _connection(running, path) as answer:
        assert len(answer.read(1 << 16)) == 1 << 16
        os.truncate(file, 1 << 20)
        with pytest.raises((http.client.IncompleteRead, ConnectionError)):
            answer.read()


def test_a_client_that_goes_away_leaves_no_file_open(
    large: tuple[Running, str, Path], probe: Callable[[Path], bool]
) -> None:
    running, path, file = large
    answer = _connection(running, path)
    answer.read(1 << 16)
    wait_until(lambda: probe(file))
    answer.close()
    wait_until(lambda: not probe(file))
    assert Api(running.http).get("/health").status_code == 200


@pytest.fixture
def probe() -> Callable[[Path], bool]:
    """Tells whether this process has a file open."""
    this = psutil.Process()
    return lambda file: str(file) in {opened.path for opened in this.open_files()}
