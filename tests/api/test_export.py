"""Exports over HTTP: parameters, names, headers, and what stays behind."""

import http.client
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.conftest import Running
from tests.support.library import Library
from tests.support.photos import jpeg
from tests.support.waiting import wait_until

UNKNOWN = "123e4567-e89b-42d3-a456-426614174000"


@pytest.fixture
def path(library: Library) -> str:
    photo = jpeg(1, (480, 320), model="Camera One", gps=(48.137, 11.575))
    asset_id = library.admin.uploaded("Holiday photo.jpg", photo)["asset_id"]
    library.work()
    return f"/assets/{asset_id}/export"


@pytest.fixture
def exported(library: Library, path: str) -> Callable[..., Image.Image]:
    """The picture that an export with these parameters sends."""

    def export(**query: Any) -> Image.Image:
        answer = library.admin.get(path, params={"format": "jpeg"} | query)
        assert answer.status_code == 200, answer.text
        image = Image.open(BytesIO(answer.content))
        image.load()
        return image

    return export


def _leftovers(library: Library) -> list[Path]:
    return list(library.home.temp.iterdir())


@pytest.mark.parametrize(
    ("format_", "kind", "extension"),
    [
        ("jpeg", "jpeg", "jpg"),
        ("jpg", "jpeg", "jpg"),
        ("PNG", "png", "png"),
        ("WebP", "webp", "webp"),
        ("avif", "avif", "avif"),
    ],
)
def test_a_photo_is_converted_and_sent_as_a_download(
    library: Library, path: str, format_: str, kind: str, extension: str
) -> None:
    answer = library.admin.get(path, params={"format": format_})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == f"image/{kind}"
    assert answer.headers["content-disposition"] == (
        f"attachment; filename*=utf-8''Holiday%20photo.{extension}"
    )
    assert answer.headers["cache-control"] == "private, max-age=0"
    assert answer.headers["content-length"] == str(len(answer.content))
    assert "sandbox" in answer.headers["content-security-policy"]
    assert Image.open(BytesIO(answer.content)).format == kind.upper()
    assert _leftovers(library) == []


@pytest.mark.parametrize("format_", ["", "gif", "jpeg\n", "svg", "jpe", None])
def test_another_format_is_refused_even_for_an_unknown_asset(
    library: Library, format_: str | None
) -> None:
    query = {} if format_ is None else {"format": format_}
    assert library.admin.get(f"/assets/{UNKNOWN}/export", params=query).status_code == 400


@pytest.mark.parametrize(
    ("query", "size"),
    [
        ({"max_width": "100"}, (100, 67)),
        ({"max_height": "90"}, (90, 60)),
        ({"max_width": "100", "max_height": "30"}, (45, 30)),
        ({"max_width": "99999999999999999999"}, (480, 320)),
        ({"max_width": "-5"}, (480, 320)),
        ({"max_width": "words", "max_height": ""}, (480, 320)),
    ],
)
def test_bounds_are_kept_clamped_or_ignored(
    exported: Callable[..., Image.Image], query: dict[str, str], size: tuple[int, int]
) -> None:
    assert exported(**query).size == size


def test_quality_is_clamped_and_words_count_as_absent(library: Library, path: str) -> None:
    def export(quality: str) -> bytes:
        return library.admin.get(path, params={"format": "webp", "quality": quality}).content

    assert export("0") == export("-7") == export("1")
    assert export("900") == export("100")
    assert export("good") == export("") == export("75")
    assert len({export("1"), export("75"), export("100")}) == 3


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        ("beach", "beach.jpg"),
        ("beach.jpg", "beach.jpg"),
        ("my.beach", "my.beach.jpg"),
        ("../../etc/passwd", "passwd.jpg"),
        ("..\\..\\boot.ini", "boot.ini.jpg"),
        ("CON", "CON_.jpg"),
        ('a"b:c', "a_b_c.jpg"),
        ("x\r\nset-cookie: y=1", "xset-cookie_%20y%3D1.jpg"),
        ("写真", "%E5%86%99%E7%9C%9F.jpg"),
    ],
)
def test_any_wanted_name_becomes_one_that_can_be_stored(
    library: Library, path: str, wanted: str, name: str
) -> None:
    answer = library.admin.get(path, params={"format": "jpeg", "filename": wanted})
    assert answer.status_code == 200
    header = answer.headers["content-disposition"]
    assert header.removeprefix("attachment; ") in (
        f'filename="{name}"',
        f"filename*=utf-8''{name}",
    )
    assert "set-cookie" not in answer.headers


def test_metadata_stays_unless_its_place_is_not_wanted(
    exported: Callable[..., Image.Image],
) -> None:
    whole, stripped = exported().getexif(), exported(strip_location="true").getexif()
    assert whole[0x0110] == stripped[0x0110] == "Camera One"
    assert whole.get_ifd(0x8825)
    assert not stripped.get_ifd(0x8825)


def test_an_export_is_not_sent_in_ranges(library: Library, path: str) -> None:
    answer = library.admin.get(path, params={"format": "jpeg"}, headers={"range": "bytes=0-9"})
    assert answer.status_code == 200
    assert answer.headers["accept-ranges"] == "none"
    assert Image.open(BytesIO(answer.content)).size == (480, 320)
    assert _leftovers(library) == []


@pytest.mark.parametrize("content", [b"\xff\xd8\xffwords", jpeg(3, (400, 300))[:900]])
def test_what_cannot_be_decoded_is_told_in_a_sentence(library: Library, content: bytes) -> None:
    asset_id = library.admin.uploaded("a.jpg", content)["asset_id"]
    library.work()
    answer = library.admin.get(f"/assets/{asset_id}/export", params={"format": "png"})
    assert answer.status_code == 422
    assert answer.json()["message"].startswith("The ")
    assert _leftovers(library) == []


def test_what_is_no_photo_is_not_exported(library: Library, path: str) -> None:
    library.run("UPDATE assets SET mime_type = 'video/mp4'")
    answer = library.admin.get(path, params={"format": "jpeg"})
    assert answer.status_code == 422
    assert "Only photos" in answer.json()["message"]


def test_an_export_obeys_owners_and_takes_a_media_token(library: Library, path: str) -> None:
    query = {"format": "jpeg"}
    assert library.api.get(path, params=query).status_code == 401
    assert library.api.register("sam").get(path, params=query).status_code == 403
    assert library.admin.get(f"/assets/{UNKNOWN}/export", params=query).status_code == 404
    token = {"mt": library.admin.media_token()}
    assert library.api.get(path, params=query | token).status_code == 200
    library.run("UPDATE assets SET deleted_at = 1000000, deleted_reason = 'trashed'")
    assert library.admin.get(path, params=query).status_code == 200
    for file in (library.folder() / "inbox").rglob("*.jpg"):
        file.unlink()
    assert library.admin.get(path, params=query).status_code == 404


def test_an_export_whose_client_goes_away_is_given_up(running: Running, tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (3000, 4500, 3), np.uint8)
    buffer = BytesIO()
    Image.fromarray(noise).save(buffer, "JPEG")
    admin = running.api.register("admin")
    admin.create_primary()
    asset_id = admin.uploaded("noise.jpg", buffer.getvalue())["asset_id"]
    wait_until(lambda: admin.get(f"/assets/{asset_id}/thumbnail").status_code == 200)
    temp = running.app.home.temp
    connection = http.client.HTTPConnection(running.url.removeprefix("http://"), timeout=30)
    path = f"/api/v1/assets/{asset_id}/export"
    headers = {"authorization": f"Bearer {admin.token}"}
    connection.request("GET", f"{path}?format=avif&quality=100", headers=headers)
    # Written to only by the encoder, when everything is compressed.
    wait_until(lambda: temp.is_dir() and [f for f in temp.iterdir() if not f.stat().st_size])
    connection.close()
    wait_until(lambda: list(temp.iterdir()) == [], what="the temporary file to go")
    # The only decoder is free again.
    small = admin.get(f"/assets/{asset_id}/export?format=jpeg&max_width=50")
    assert small.status_code == 200


def test_what_a_killed_run_left_is_gone_after_the_start(
    make_running: Callable[..., Running],
) -> None:
    first = make_running()
    temp = first.app.home.temp
    first.stop()
    temp.mkdir(exist_ok=True)
    (temp / "0123").write_bytes(b"half")
    make_running()
    assert list(temp.iterdir()) == []
