"""One asset over HTTP: details, metadata, the original and its previews."""

import json
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from tests.support.api import Api
from tests.support.library import Library
from tests.support.photos import jpeg

UNKNOWN = "123e4567-e89b-42d3-a456-426614174000"
PHOTO = jpeg(
    1,
    (480, 320),
    taken="2024:05:06 07:08:09",
    offset="+02:00",
    model="Camera One",
    lens="Lens 50mm f/1.8",
    gps=(48.137, -11.575),
)


@pytest.fixture
def asset_id(library: Library) -> str:
    found = library.admin.uploaded("Holiday photo.jpg", PHOTO)["asset_id"]
    library.work()
    return str(found)


def test_an_asset_tells_everything_that_clients_rely_on(library: Library, asset_id: str) -> None:
    asset = library.admin.ok("GET", f"/assets/{asset_id}")
    assert asset["asset_id"] == asset_id
    assert asset["owner_id"] == library.admin.user_id
    assert asset["repository_id"] == library.primary["id"]
    assert asset["type"] == "PHOTO"
    assert asset["original_filename"] == "Holiday photo.jpg"
    assert asset["mime_type"] == "image/jpeg"
    assert asset["file_size"] == len(PHOTO)
    assert (asset["width"], asset["height"], asset["duration"]) == (480, 320, None)
    assert asset["upload_time"] == "2031-07-04T09:15:00.123456Z"
    assert asset["taken_time"] == "2024-05-06T05:08:09Z"
    assert asset["capture_offset_minutes"] == 120
    assert (asset["rating"], asset["liked"], asset["is_deleted"]) == (0, False, False)
    assert "deleted_at" not in asset
    metadata = asset["specific_metadata"]
    assert metadata["camera_model"] == "Camera One"
    assert metadata["lens_model"] == "Lens 50mm f/1.8"
    assert metadata["taken_time"] == asset["taken_time"]
    assert metadata["dimensions"] == "480x320"
    assert metadata["gps_latitude"] == pytest.approx(48.137, abs=1e-4)
    assert metadata["gps_longitude"] == pytest.approx(-11.575, abs=1e-4)
    assert "is_raw" not in metadata


def test_the_status_is_the_bytes_of_the_processing_state(library: Library, asset_id: str) -> None:
    asset = library.admin.ok("GET", f"/assets/{asset_id}")
    assert json.loads(bytes(asset["status"])) == asset["processing"]
    assert asset["processing"]["state"] == "complete"
    assert asset["processing"]["message"] == "Asset processed successfully"


def test_a_photo_that_says_nothing_has_an_empty_description(library: Library) -> None:
    asset_id = library.admin.uploaded("a.jpg", jpeg(2))["asset_id"]
    before = library.admin.ok("GET", f"/assets/{asset_id}")
    assert before["specific_metadata"] == {}
    assert before["width"] is None
    library.work()
    after = library.admin.ok("GET", f"/assets/{asset_id}")
    assert after["specific_metadata"]["exposure"] == 0
    assert "capture_offset_minutes" not in after


def test_thumbnails_are_listed_from_small_to_large(library: Library, asset_id: str) -> None:
    found = library.admin.ok("GET", f"/assets/{asset_id}")["thumbnails"]
    assert [thumbnail["size"] for thumbnail in found] == ["small", "medium", "large"]
    for thumbnail in found:
        assert thumbnail["thumbnail_id"].isdecimal()
        assert thumbnail["mime_type"] == "image/webp"
        assert (library.folder() / thumbnail["storage_path"]).is_file()


@pytest.mark.parametrize(
    ("flag", "shown"),
    [("true", True), ("false", False), ("True", False), ("1", False), ("", False), ("yes", False)],
)
def test_only_the_word_true_switches_a_part_on(
    library: Library, asset_id: str, flag: str, shown: bool
) -> None:
    asset = library.admin.ok(
        "GET", f"/assets/{asset_id}", params={"include_thumbnails": flag, "include_faces": flag}
    )
    assert ("thumbnails" in asset) is shown


def test_exif_is_the_dump_under_the_names_of_exiftool(library: Library, asset_id: str) -> None:
    answer = library.admin.ok("GET", f"/assets/{asset_id}/exif")
    assert answer["asset_id"] == asset_id
    assert answer["exif_raw"]["Model"] == "Camera One"
    assert answer["exif_raw"]["ImageWidth"] == 480


def test_exif_is_not_found_before_it_was_read(library: Library) -> None:
    asset_id = library.admin.uploaded("a.jpg", jpeg(2))["asset_id"]
    assert library.admin.get(f"/assets/{asset_id}/exif").status_code == 404


@pytest.mark.parametrize("part", ["", "/exif", "/original", "/thumbnail"])
def test_an_unknown_asset_is_not_found(library: Library, part: str) -> None:
    assert library.admin.get(f"/assets/{UNKNOWN}{part}").status_code == 404


@pytest.mark.parametrize("part", ["", "/exif", "/original", "/thumbnail"])
def test_an_asset_of_somebody_else_is_forbidden_and_open_to_administrators(
    library: Library, part: str
) -> None:
    sam, kim = library.api.register("sam"), library.api.register("kim")
    asset_id = sam.uploaded("a.jpg", jpeg(3))["asset_id"]
    library.work()
    path = f"/assets/{asset_id}{part}"
    assert sam.get(path).status_code == 200
    assert library.admin.get(path).status_code == 200
    assert kim.get(path).status_code == 403
    assert library.api.get(path).status_code == 401


@pytest.mark.parametrize("part", ["", "/exif", "/original", "/thumbnail"])
def test_an_asset_without_owner_is_open_to_every_account_and_to_nobody_else(
    library: Library, asset_id: str, part: str
) -> None:
    library.run("UPDATE assets SET owner_id = NULL")
    sam = library.api.register("sam")
    path = f"/assets/{asset_id}{part}"
    assert sam.get(path).status_code == 200
    assert library.admin.get(path).status_code == 200
    assert library.api.get(path).status_code == 401


@pytest.mark.parametrize("part", ["", "/exif", "/original", "/thumbnail"])
def test_a_trashed_asset_is_still_shown(library: Library, asset_id: str, part: str) -> None:
    library.run("UPDATE assets SET deleted_at = 1000000, deleted_reason = 'trashed'")
    answer = library.admin.get(f"/assets/{asset_id}{part}")
    assert answer.status_code == 200
    if not part:
        assert answer.json()["is_deleted"] is True
        assert answer.json()["deleted_at"] == "1970-01-01T00:00:01Z"


def test_the_original_comes_byte_for_byte_with_its_name(library: Library, asset_id: str) -> None:
    answer = library.admin.get(f"/assets/{asset_id}/original")
    assert answer.content == PHOTO
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["content-length"] == str(len(PHOTO))
    assert answer.headers["cache-control"] == "private, max-age=86400"
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["content-disposition"].startswith("inline")
    assert "last-modified" in answer.headers
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("name", ['a"b;c.jpg', "Ünïcode 写真.jpg", "a\\b.jpg", "%41.jpg"])
def test_any_name_survives_the_disposition_header(library: Library, name: str) -> None:
    asset_id = library.admin.uploaded("a.jpg", jpeg(4))["asset_id"]
    library.work()
    library.run("UPDATE assets SET original_filename = ?", name)
    header = library.admin.get(f"/assets/{asset_id}/original").headers["content-disposition"]
    assert header.isascii()
    assert "filename*=" in header


def test_an_original_whose_file_is_gone_is_not_found(library: Library, asset_id: str) -> None:
    for path in library.folder().rglob("Holiday photo.jpg"):
        path.unlink()
    assert library.admin.get(f"/assets/{asset_id}/original").status_code == 404
    assert library.admin.get(f"/assets/{asset_id}").status_code == 200


@pytest.mark.parametrize(
    ("size", "longest"), [("small", 400), ("medium", 480), ("large", 480), (None, 480)]
)
def test_a_thumbnail_is_webp_and_never_enlarged(
    library: Library, asset_id: str, size: str | None, longest: int
) -> None:
    query = {"size": size} if size else {}
    answer = library.admin.get(f"/assets/{asset_id}/thumbnail", params=query)
    assert answer.headers["content-type"] == "image/webp"
    assert answer.headers["cache-control"] == "private, max-age=86400, must-revalidate"
    picture = Image.open(BytesIO(answer.content))
    assert (picture.format, max(picture.size)) == ("WEBP", longest)


def test_the_etag_of_a_thumbnail_names_asset_size_and_time(library: Library, asset_id: str) -> None:
    etag = library.admin.get(f"/assets/{asset_id}/thumbnail?size=small").headers["etag"]
    assert etag.startswith(f'"{asset_id[:8]}-small-')


@pytest.mark.parametrize("size", ["huge", "", "Small", "small ", "0"])
def test_an_unknown_size_is_refused_even_for_an_unknown_asset(library: Library, size: str) -> None:
    answer = library.admin.get(f"/assets/{UNKNOWN}/thumbnail", params={"size": size})
    assert answer.status_code == 400


def test_a_thumbnail_is_not_found_until_it_is_made(library: Library) -> None:
    asset_id = library.admin.uploaded("a.jpg", jpeg(5))["asset_id"]
    assert library.admin.get(f"/assets/{asset_id}/thumbnail").status_code == 404
    library.work()
    assert library.admin.get(f"/assets/{asset_id}/thumbnail").status_code == 200
    for file in (library.folder() / ".lumilio/assets/thumbnails/medium").iterdir():
        file.write_bytes(b"")
    assert library.admin.get(f"/assets/{asset_id}/thumbnail").status_code == 404


MEDIA = ["original", "thumbnail"]


@pytest.mark.parametrize("part", MEDIA)
def test_head_tells_the_headers_of_get(library: Library, asset_id: str, part: str) -> None:
    path = f"/assets/{asset_id}/{part}"
    head, whole = library.admin.call("HEAD", path), library.admin.get(path)
    assert head.status_code == 200
    assert head.content == b""
    for name in ("content-type", "content-length", "etag", "accept-ranges", "cache-control"):
        assert head.headers[name] == whole.headers[name]


@pytest.mark.parametrize("part", MEDIA)
@pytest.mark.parametrize(
    ("wanted", "first", "last"),
    [("bytes=0-9", 0, 9), ("bytes=5-", 5, None), ("bytes=-7", -7, None)],
)
def test_a_range_is_sent_as_asked(
    library: Library, asset_id: str, part: str, wanted: str, first: int, last: int | None
) -> None:
    path = f"/assets/{asset_id}/{part}"
    whole = library.admin.get(path).content
    answer = library.admin.get(path, headers={"range": wanted})
    assert answer.status_code == 206
    assert answer.content == whole[first : None if last is None else last + 1]
    start = first % len(whole)
    end = len(whole) - 1 if last is None else last
    assert answer.headers["content-range"] == f"bytes {start}-{end}/{len(whole)}"


@pytest.mark.parametrize("part", MEDIA)
def test_a_range_outside_the_file_is_416(library: Library, asset_id: str, part: str) -> None:
    answer = library.admin.get(f"/assets/{asset_id}/{part}", headers={"range": "bytes=99999999-"})
    assert answer.status_code == 416
    assert answer.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize("part", MEDIA)
def test_what_the_client_has_is_not_sent_again(library: Library, asset_id: str, part: str) -> None:
    path = f"/assets/{asset_id}/{part}"
    etag = library.admin.get(path).headers["etag"]
    for known in (etag, f'"other", {etag}', "*"):
        answer = library.admin.get(path, headers={"if-none-match": known})
        assert (answer.status_code, answer.content) == (304, b""), known
        assert answer.headers["etag"] == etag
    assert library.admin.get(path, headers={"if-none-match": '"other"'}).status_code == 200


@pytest.mark.parametrize("part", MEDIA)
def test_an_unmodified_file_is_not_sent_again(library: Library, asset_id: str, part: str) -> None:
    path = f"/assets/{asset_id}/{part}"
    modified = library.admin.get(path).headers["last-modified"]
    answer = library.admin.get(path, headers={"if-modified-since": modified})
    assert answer.status_code == 304
    old = {"if-modified-since": "Thu, 01 Jan 1998 00:00:00 GMT"}
    assert library.admin.get(path, headers=old).status_code == 200


@pytest.mark.parametrize("part", MEDIA)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_media_token_is_enough_for_media(
    library: Library, asset_id: str, part: str, method: str
) -> None:
    mt = {"mt": library.admin.media_token()}
    path = f"/assets/{asset_id}/{part}"
    assert library.api.call(method, path, params=mt).status_code == 200
    assert library.api.call(method, path, params={"mt": "x"}).status_code == 401
    assert library.api.call(method, path).status_code == 401


def test_a_retry_parameter_of_the_client_changes_nothing(library: Library, asset_id: str) -> None:
    path = f"/assets/{asset_id}/thumbnail"
    assert library.admin.get(path, params={"_r": "2", "size": "small"}).status_code == 200


def test_the_original_of_a_dangerous_type_cannot_run_as_a_page(library: Library) -> None:
    asset_id = library.admin.uploaded("a.gif", b"GIF89a<script>alert(1)</script>")["asset_id"]
    library.work()
    answer = library.admin.get(f"/assets/{asset_id}/original")
    assert answer.headers["content-type"] == "image/gif"
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_lists_show_each_user_what_is_theirs(library: Library) -> None:
    sam, kim = library.api.register("sam"), library.api.register("kim")
    library.admin.uploaded("admin.jpg", jpeg(1))
    sam.uploaded("sam.jpg", jpeg(2))
    assert sam.names() == ["sam.jpg"]
    assert kim.names() == []
    assert sorted(library.admin.names()) == ["admin.jpg", "sam.jpg"]
    for caller, expected in ((sam, ["sam.jpg"]), (library.admin, ["admin.jpg"])):
        found = caller.names({"owner_id": library.admin.user_id})
        assert found == expected
    assert kim.names({"owner_id": sam.user_id}) == []


def test_nobody_lists_without_signing_in(library: Library) -> None:
    library.add_asset()
    answer: Any = Api(library.api.http).post("/assets/list", {})
    assert answer.status_code == 401
