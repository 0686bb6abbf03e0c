"""Edits over HTTP: saved beside the originals, found again, and applied by exports."""

import json
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from lumilio.library import repository_folders
from lumilio.media.adjustments import NEUTRAL, Adjustments
from tests.conftest import Running
from tests.support import edited
from tests.support.api import Api
from tests.support.library import Library
from tests.support.photos import jpeg

UNKNOWN = "123e4567-e89b-42d3-a456-426614174000"
ZERO = msgspec.to_builtins(NEUTRAL)
PHOTO = jpeg(1, (48, 32))

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture
def asset_id(library: Library) -> str:
    found = library.admin.uploaded("a.jpg", PHOTO)["asset_id"]
    library.work()
    return str(found)


def file_of(library: Library, asset_id: str) -> Path:
    return library.folder() / ".lumilio" / "sidecars" / f"{asset_id}.lumilio-sidecar"


def save(api: Api, asset_id: str, **adjustments: Any) -> Any:
    return api.ok("PUT", f"/assets/{asset_id}/sidecar", {"adjustments": adjustments})


def test_a_photo_without_edits_has_a_neutral_document(library: Library, asset_id: str) -> None:
    found = library.admin.ok("GET", f"/assets/{asset_id}/sidecar")
    assert found["asset_id"] == found["sidecar"]["asset_id"] == asset_id
    assert found["exists"] is False
    assert found["sidecar"]["adjustments"] == ZERO
    assert not file_of(library, asset_id).exists()


def test_edits_are_saved_whole_and_restored(library: Library, asset_id: str) -> None:
    inbox = {path: path.read_bytes() for path in (library.folder() / "inbox").rglob("*.jpg")}
    crop = {"x": 0.25, "y": 0, "width": 0.5, "height": 1}
    saved = save(library.admin, asset_id, exposure=-1.5, noiseReduction=7, crop=crop, rotation=450)
    assert saved["exists"] is True
    document = saved["sidecar"]
    expected = {"exposure": -1.5, "noiseReduction": 7, "crop": crop, "rotation": 450}
    assert document["adjustments"] == ZERO | expected
    assert document["version"] == 1
    assert document["source"] == {
        "original_filename": "a.jpg",
        "storage_path": library.value("SELECT storage_path FROM assets"),
        "mime_type": "image/jpeg",
        "file_size": len(PHOTO),
        "hash": library.value("SELECT hash FROM assets").hex(),
        "width": 48,
        "height": 32,
    }
    assert library.admin.ok("GET", f"/assets/{asset_id}/sidecar") == saved
    text = file_of(library, asset_id).read_text()
    assert json.loads(text) == document
    assert text.startswith('{\n  "version": 1,\n')
    save(library.admin, asset_id, contrast=3)
    second = library.admin.ok("GET", f"/assets/{asset_id}/sidecar")["sidecar"]
    assert second["adjustments"] == ZERO | {"contrast": 3}
    assert [path.name for path in file_of(library, asset_id).parent.iterdir()] == [
        f"{asset_id}.lumilio-sidecar"
    ]
    assert inbox == {path: path.read_bytes() for path in inbox}


def test_only_adjustments_are_taken_from_what_a_client_sends(
    library: Library, asset_id: str
) -> None:
    document = library.admin.ok("GET", f"/assets/{asset_id}/sidecar")["sidecar"]
    document |= {"version": 9, "asset_id": UNKNOWN, "unknown": [1]}
    document["source"] |= {"hash": None, "original_filename": "other.png"}
    document["adjustments"] |= {"tint": 1e9, "crop": None, "more": {}}
    saved = library.admin.ok("PUT", f"/assets/{asset_id}/sidecar", document)["sidecar"]
    assert (saved["version"], saved["asset_id"]) == (1, asset_id)
    assert saved["source"]["original_filename"] == "a.jpg"
    assert saved["adjustments"] == ZERO | {"tint": 1e9}


@pytest.mark.parametrize(
    "body",
    [
        '{"adjustments":{"exposure":NaN}}',
        '{"adjustments":{"exposure":1e999}}',
        '{"adjustments":{"exposure":"1"}}',
        '{"adjustments":{"exposure":null}}',
        '{"adjustments":{"flipVertical":1}}',
        '{"adjustments":{"crop":[0,0,1,1]}}',
        '{"adjustments":{"crop":{"x":"0"}}}',
        '{"adjustments":null}',
        '{"updated_at":"yesterday"}',
        '{"updated_at":"2026-01-01T00:00:00"}',
        '{"asset_id":"me"}',
        '{"source":{"file_size":"1"}}',
        f'{{"adjustments":{{"exposure":1{"0" * 400}}}}}',
    ],
)
def test_what_makes_no_sense_is_refused_and_keeps_the_former_edits(
    library: Library, asset_id: str, body: str
) -> None:
    former = save(library.admin, asset_id, exposure=1)
    answer = library.admin.call("PUT", f"/assets/{asset_id}/sidecar", content=body)
    assert answer.status_code == 400
    assert library.admin.ok("GET", f"/assets/{asset_id}/sidecar") == former


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(name=st.sampled_from([*ZERO, "crop"]), value=json_values)
def test_whatever_is_sent_is_stored_and_read_back_or_refused(
    library: Library, asset_id: str, name: str, value: Any
) -> None:
    path, body = f"/assets/{asset_id}/sidecar", json.dumps({"adjustments": {name: value}})
    answer = library.admin.call("PUT", path, content=body)
    assert answer.status_code in (200, 400)
    if answer.status_code == 200:
        assert library.admin.ok("GET", path) == answer.json()


def test_edits_obey_owners_and_the_trash(library: Library, asset_id: str) -> None:
    path, body = f"/assets/{asset_id}/sidecar", {"adjustments": {"exposure": 1}}
    sam = library.api.register("sam")
    own = sam.uploaded("b.jpg", jpeg(2))["asset_id"]
    library.work()
    save(sam, own, exposure=1)
    assert save(library.admin, own, exposure=2)["sidecar"]["adjustments"]["exposure"] == 2
    for call in (("GET", {}), ("PUT", {"json": body})):
        assert sam.call(call[0], path, **call[1]).status_code == 403
        assert (
            library.admin.call(call[0], f"/assets/{UNKNOWN}/sidecar", **call[1]).status_code == 404
        )
    library.run("UPDATE assets SET deleted_at = 1000000, deleted_reason = 'trashed'")
    for call in (("GET", {}), ("PUT", {"json": body})):
        assert library.admin.call(call[0], path, **call[1]).status_code == 404


def test_a_repository_that_is_away_is_not_one_without_edits(
    library: Library, asset_id: str
) -> None:
    save(library.admin, asset_id, exposure=1)
    folder, path = library.folder(), f"/assets/{asset_id}/sidecar"
    folder.rename(folder.with_name("away"))
    for method, options in (("GET", {}), ("PUT", {"json": {}})):
        answer = library.admin.call(method, path, **options)
        assert answer.status_code == 503
        assert "disk" in answer.json()["message"]
    assert not folder.exists()
    folder.with_name("away").rename(folder)
    assert library.admin.ok("GET", path)["sidecar"]["adjustments"]["exposure"] == 1


def test_a_folder_of_edits_that_somebody_removed_is_made_again(
    library: Library, asset_id: str
) -> None:
    file_of(library, asset_id).parent.rmdir()
    assert library.admin.ok("GET", f"/assets/{asset_id}/sidecar")["exists"] is False
    save(library.admin, asset_id, exposure=1)
    assert file_of(library, asset_id).is_file()


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff\xfe", b"[]", b'{"version":2}', b"[" * 200_000, b" " * (1 << 20) + b"{}"],
)
def test_a_damaged_document_is_told_and_can_be_replaced(
    library: Library, asset_id: str, content: bytes
) -> None:
    save(library.admin, asset_id, exposure=1)
    file_of(library, asset_id).write_bytes(content)
    for path in ("sidecar", "export?format=png&apply_edits=true"):
        answer = library.admin.get(f"/assets/{asset_id}/{path}")
        assert answer.status_code == 500
        assert "Save edits anew" in answer.json()["message"]
    assert library.admin.get(f"/assets/{asset_id}/export?format=png").status_code == 200
    save(library.admin, asset_id, exposure=2)
    assert library.admin.ok("GET", f"/assets/{asset_id}/sidecar")["exists"] is True


def test_a_full_disk_keeps_the_former_edits(
    library: Library, asset_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    former = save(library.admin, asset_id, exposure=1)

    def full(path: Path, content: bytes) -> None:
        path.write_bytes(content[:10])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(repository_folders, "_write_new", full)
    answer = library.admin.call("PUT", f"/assets/{asset_id}/sidecar", json={})
    assert answer.status_code == 507
    assert library.admin.ok("GET", f"/assets/{asset_id}/sidecar") == former
    assert len(list(file_of(library, asset_id).parent.iterdir())) == 1


def test_edits_find_their_file_when_it_is_registered_under_a_new_id(
    make_library: Callable[..., Library], library: Library, asset_id: str
) -> None:
    saved = save(library.admin, asset_id, exposure=1.25)["sidecar"]
    other = make_library().set_up()
    copy = other.settings.storage_path / "copy"
    shutil.copytree(library.folder(), copy)
    # A document that says nothing is in nobody's way.
    (copy / ".lumilio" / "sidecars" / f"{UNKNOWN}.lumilio-sidecar").write_text("{")
    (copy / "mine").mkdir()
    (copy / "mine" / "again.jpg").write_bytes(PHOTO)
    (copy / "mine" / "other.jpg").write_bytes(jpeg(2))
    repository = other.admin.ok("POST", "/repositories", {"name": "copy", "role": "regular"})
    other.scan(repository["repository"])
    ids = {
        item["asset"]["original_filename"]: item["asset"]["asset_id"]
        for item in other.admin.page()["items"]
    }
    found = other.admin.ok("GET", f"/assets/{ids['again.jpg']}/sidecar")
    assert found["asset_id"] == ids["again.jpg"] != asset_id
    assert found["exists"] is True
    assert found["sidecar"] == saved | {"asset_id": ids["again.jpg"]}
    assert other.admin.ok("GET", f"/assets/{ids['other.jpg']}/sidecar")["exists"] is False
    # From now on it has edits of its own.
    save(other.admin, ids["again.jpg"], exposure=2)
    assert other.admin.ok("GET", f"/assets/{ids['again.jpg']}/sidecar")["sidecar"][
        "adjustments"
    ] == ZERO | {"exposure": 2}


def test_the_edits_of_one_copy_are_not_those_of_another(library: Library) -> None:
    folder = library.folder()
    for name in ("one.jpg", "two.jpg"):
        (folder / name).write_bytes(PHOTO)
    library.scan()
    one, two = (item["asset"]["asset_id"] for item in library.admin.page()["items"])
    save(library.admin, one, exposure=1)
    assert library.admin.ok("GET", f"/assets/{two}/sidecar")["exists"] is False


def test_of_many_who_save_at_once_one_remains_whole(running: Running) -> None:
    admin = running.api.register("admin")
    folder = Path(admin.create_primary()["path"])
    asset_id = admin.uploaded("a.jpg", PHOTO)["asset_id"]
    path = f"/assets/{asset_id}/sidecar"

    def put(number: int) -> int:
        text = {"adjustments": dict.fromkeys(("exposure", "tint", "whites"), number)}
        return admin.call("PUT", path, json=text).status_code

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(put, range(1, 25))) == {200}
    found = admin.ok("GET", path)["sidecar"]["adjustments"]
    assert found["exposure"] == found["tint"] == found["whites"] in range(1, 25)
    assert len(list((folder / ".lumilio" / "sidecars").iterdir())) == 1


def _picture(library: Library, asset_id: str, **query: Any) -> Image.Image:
    answer = library.admin.get(f"/assets/{asset_id}/export", params={"format": "png"} | query)
    assert answer.status_code == 200, answer.text
    image = Image.open(BytesIO(answer.content))
    image.load()
    return image


@pytest.fixture
def noise() -> Image.Image:
    generator = np.random.default_rng(3)
    return Image.fromarray(generator.integers(0, 256, (64, 128, 3), np.uint8))


@pytest.fixture
def noise_id(library: Library, noise: Image.Image) -> str:
    buffer = BytesIO()
    noise.save(buffer, "PNG")
    found = library.admin.uploaded("noise.png", buffer.getvalue())["asset_id"]
    library.work()
    return str(found)


def test_an_export_applies_edits_on_request_alone(
    library: Library, noise: Image.Image, noise_id: str
) -> None:
    wanted = dict.fromkeys(edited.SLIDERS, 25.0) | {"exposure": 0.5}
    adjustments = msgspec.structs.replace(NEUTRAL, **wanted)
    save(library.admin, noise_id, **msgspec.to_builtins(adjustments))
    plain = _picture(library, noise_id)
    assert np.array_equal(plain, noise)
    found = np.asarray(_picture(library, noise_id, apply_edits="true"), int)
    assert abs(found - edited.toned(np.asarray(noise), adjustments)).max() <= 1
    original = library.admin.get(f"/assets/{noise_id}/original").content
    assert np.array_equal(Image.open(BytesIO(original)), noise)


@pytest.mark.parametrize("saved", [False, True])
def test_an_export_of_a_photo_without_edits_is_the_same_to_the_byte(
    library: Library, asset_id: str, saved: bool
) -> None:
    if saved:
        save(library.admin, asset_id)
    plain, applied = (
        library.admin.get(f"/assets/{asset_id}/export", params={"format": "jpeg"} | query).content
        for query in ({}, {"apply_edits": "true"})
    )
    assert plain == applied


def test_what_is_left_of_a_cut_photo_fills_the_bounds(library: Library, noise_id: str) -> None:
    crop = {"x": 0.5, "y": 0.25, "width": 0.25, "height": 0.5}
    save(library.admin, noise_id, rotation=90, crop=crop)
    assert _picture(library, noise_id, apply_edits="true").size == (16, 64)
    assert _picture(library, noise_id, apply_edits="true", max_width=40).size == (10, 40)
    assert _picture(library, noise_id, max_width=40).size == (40, 20)


def test_the_largest_numbers_are_stored_and_applied(library: Library, asset_id: str) -> None:
    extreme = {name: -1e308 for name in ZERO if not name.startswith("flip")}
    crop = dict.fromkeys(("x", "y", "width", "height"), 1e308)
    saved = save(library.admin, asset_id, **extreme, flipHorizontal=True, crop=crop)
    assert msgspec.convert(saved["sidecar"]["adjustments"], Adjustments).exposure == -1e308
    assert _picture(library, asset_id, apply_edits="true").size == (1, 1)
