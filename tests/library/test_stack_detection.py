"""Detection of stacks: what belongs together, whatever came first, and what people decided."""

import random
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lumilio.library import stack_detection
from lumilio.media.pool import DecodePool
from tests.support.library import Library

SECOND = 1_000_000
NOON = 1_700_000_000 * SECOND


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, pool: DecodePool) -> Any:
    library = Library(tmp_path_factory.mktemp("stacks"), pool).set_up()
    yield library
    library.close()


@pytest.fixture
def library(shared: Library) -> Library:
    """One library for all tests here, emptied for each."""
    for table in ("jobs", "assets"):
        shared.run(f"DELETE FROM {table}")
    return shared


class Photo(msgspec.Struct, frozen=True, kw_only=True):
    """A file before it is in the library."""

    name: str
    folder: str = "photos"
    seconds: float | None = 0
    camera: str | None = "X100"
    live: str | None = None
    burst: str | None = None

    @property
    def path(self) -> str:
        return f"{self.folder}/{self.name}"


def add(library: Library, file: Photo, **columns: Any) -> UUID:
    """A file as it is once its metadata was read."""
    suffix = file.name.rpartition(".")[2]
    metadata = {"content_identifier": file.live} if file.live else {}
    columns = {
        "type": "VIDEO" if suffix in ("mov", "mp4") else "PHOTO",
        "is_raw": int(suffix == "cr2"),
        "storage_path": file.path,
        "taken_time": None if file.seconds is None else NOON + int(file.seconds * SECOND),
        "camera_model": file.camera,
        "specific_metadata": msgspec.json.encode(metadata).decode(),
    } | columns
    asset_id = library.add_asset(file.name, **columns)
    facts = msgspec.json.encode({"burst_id": file.burst} if file.burst else {}).decode()
    library.run(
        "INSERT INTO file_metadata (asset_id, facts, document) VALUES (?, ?, '{}')",
        key_of(library, asset_id),
        facts,
    )
    with library.db.write() as tx:
        stack_detection.queue(tx, key_of(library, asset_id), library.clock())
    return asset_id


def key_of(library: Library, asset_id: UUID) -> int:
    return library.value("SELECT id FROM assets WHERE asset_id = ?", asset_id.bytes)


def stacks_in(library: Library) -> list[tuple[str, list[str]]]:
    """Kind and members of every stack, the cover first."""
    with library.db.read() as db:
        rows = db.rows(
            lambda *row: row,
            "SELECT stacks.id, kind, storage_path FROM stacks"
            " JOIN stack_members ON stack_members.stack_id = stacks.id"
            " JOIN assets ON assets.id = stack_members.asset_id ORDER BY stacks.id, position",
        )
    found: dict[int, tuple[str, list[str]]] = {}
    for key, kind, path in rows:
        found.setdefault(key, (kind, []))[1].append(path)
    return sorted(found.values())


def detect(library: Library) -> int:
    path = f"/repositories/{library.primary['id']}/stacks/detect"
    answer = library.admin.ok("POST", path)
    assert answer["repository_id"] == library.primary["id"]
    return answer["stacks_created"]


def photos(*names: str, **more: Any) -> list[Photo]:
    return [Photo(name=name, **more) for name in names]


def burst(*seconds: float, **more: Any) -> list[Photo]:
    return [
        Photo(name=f"DSC_{number:04}.jpg", seconds=at, **more)
        for number, at in enumerate(seconds, start=7)
    ]


TOGETHER: list[tuple[list[Photo], str, list[str]]] = [
    (photos("IMG_1.cr2", "img_1.JPG"), "raw_jpeg", ["img_1.JPG", "IMG_1.cr2"]),
    (photos("a.cr2", "a.heic", "a.jpg"), "raw_jpeg", ["a.jpg", "a.heic", "a.cr2"]),
    (photos("a.jpg", "a-edited.jpg"), "raw_jpeg", ["a.jpg", "a-edited.jpg"]),
    (photos("IMG_E12.jpg", "IMG_12.heic"), "raw_jpeg", ["IMG_12.heic", "IMG_E12.jpg"]),
    (photos("a-1.jpg", "a.jpg", "a-2.jpg"), "raw_jpeg", ["a.jpg", "a-1.jpg", "a-2.jpg"]),
    (photos("a-1.jpg", "a.cr2"), "raw_jpeg", ["a-1.jpg", "a.cr2"]),
    (
        [*photos("a.jpg", "b.mov", live="7"), Photo(name="a.cr2")],
        "live_photo",
        ["a.jpg", "b.mov", "a.cr2"],
    ),
    (burst(0, 0.5, 1.5), "burst", ["DSC_0007.jpg", "DSC_0008.jpg", "DSC_0009.jpg"]),
    (photos("a.jpg", "c.jpg", burst="7", camera=None), "burst", ["a.jpg", "c.jpg"]),
    (
        [Photo(name="DSC_0008.cr2"), *burst(0, 0, 0)],
        "burst",
        ["DSC_0007.jpg", "DSC_0008.jpg", "DSC_0009.jpg", "DSC_0008.cr2"],
    ),
]
APART: list[list[Photo]] = [
    photos("a.jpg", "a.heic"),
    photos("a.jpg", "b.cr2"),
    [Photo(name="a.jpg"), Photo(name="a.cr2", folder="other")],
    photos("scan-001.jpg", "scan-002.jpg"),
    [Photo(name="2024.jpg"), Photo(name="2024-1.jpg", seconds=60)],
    photos("a.jpg", "b.jpg", "c.mov", live="7"),
    photos("a.jpg", "b.mov", "c.mov", live="7"),
    [*photos("a.jpg", live="7"), *photos("b.mov", live="8")],
    burst(0, 0.5),
    burst(0, 0.5, 2),
    burst(0, 0, 0, camera=None),
    burst(0, 0, 0)[::2],
]


@pytest.mark.parametrize(("files", "kind", "members"), TOGETHER)
def test_what_belongs_together_is_stacked(
    library: Library, files: list[Photo], kind: str, members: list[str]
) -> None:
    for file in files:
        add(library, file)
    library.work()
    expected = [(kind, [f"photos/{name}" for name in members])]
    assert stacks_in(library) == expected
    assert detect(library) == 0
    assert stacks_in(library) == expected
    library.run("DELETE FROM stacks")
    assert detect(library) == 1
    assert stacks_in(library) == expected


@pytest.mark.parametrize("files", APART)
def test_what_does_not_is_not(library: Library, files: list[Photo]) -> None:
    for file in files:
        add(library, file)
    library.work()
    assert detect(library) == 0
    assert stacks_in(library) == []


def test_numbers_that_come_again_in_the_inbox_are_told_apart_by_time(library: Library) -> None:
    one = [Photo(name=name, folder="inbox/2026/01") for name in ("a.jpg", "a.cr2")]
    for file in one:
        add(library, file)
    add(library, Photo(name="a.jpg", folder="inbox/2026/02", seconds=900))
    add(library, Photo(name="a.cr2", folder="inbox/2026/03", seconds=902))
    library.work()
    assert stacks_in(library) == [
        ("raw_jpeg", ["inbox/2026/01/a.jpg", "inbox/2026/01/a.cr2"]),
        ("raw_jpeg", ["inbox/2026/02/a.jpg", "inbox/2026/03/a.cr2"]),
    ]


def test_files_of_two_owners_are_no_stack(library: Library) -> None:
    for file, owner_id in zip(photos("a.jpg", "a.cr2"), (None, library.admin.user_id), strict=True):
        add(library, file, owner_id=owner_id)
    library.work()
    assert detect(library) == 0


def test_a_late_file_joins_the_stack_that_is_there(library: Library) -> None:
    for file in photos("a.jpg", "a-edited.jpg"):
        add(library, file)
    library.work()
    stack_id = library.value("SELECT stack_id FROM stacks")
    add(library, Photo(name="a.cr2"))
    library.work()
    assert library.values("SELECT stack_id FROM stacks") == [stack_id]
    assert len(stacks_in(library)[0][1]) == 3


def test_what_nothing_belongs_to_costs_no_job(library: Library) -> None:
    add(library, Photo(name="a.jpg"))
    add(library, Photo(name="b.jpg"))
    assert library.work() == 0


def test_what_a_person_took_out_stays_out(library: Library) -> None:
    jpeg, raw, edited = (add(library, f) for f in photos("a.jpg", "a.cr2", "a-edited.jpg"))
    library.work()
    before = library.admin.ok("GET", f"/assets/{jpeg}/stack")["stack"]
    library.admin.ok("DELETE", f"/assets/{edited}/stack")
    rest = [("raw_jpeg", ["photos/a.jpg", "photos/a.cr2"])]
    assert detect(library) == 0
    assert stacks_in(library) == rest
    body = {"stack_kind": "raw_jpeg", "members": before["members"]}
    assert library.admin.ok("PUT", f"/assets/{edited}/stack", body)["stack"] == before
    library.admin.ok("DELETE", f"/assets/{raw}/stack?everything=true")
    assert detect(library) == 0
    assert stacks_in(library) == []


def test_a_cover_that_a_person_chose_stays_in_front(library: Library) -> None:
    add(library, Photo(name="a.jpg"))
    raw = add(library, Photo(name="a.cr2"))
    library.work()
    library.admin.ok("PUT", f"/assets/{raw}/stack/cover")
    add(library, Photo(name="a-edited.jpg"))
    library.work()
    ((_, members),) = stacks_in(library)
    assert members == ["photos/a.cr2", "photos/a.jpg", "photos/a-edited.jpg"]


def test_a_stack_made_by_hand_is_only_added_to(library: Library) -> None:
    one, two = (add(library, f) for f in photos("b.jpg", "a.jpg"))
    library.admin.post("/assets/stacks", {"asset_ids": [str(one), str(two)]})
    add(library, Photo(name="a.cr2"))
    library.work()
    expected = [("manual", ["photos/b.jpg", "photos/a.jpg", "photos/a.cr2"])]
    assert stacks_in(library) == expected
    assert detect(library) == 0
    assert stacks_in(library) == expected


def test_members_in_the_trash_keep_their_places(library: Library) -> None:
    jpeg = add(library, Photo(name="a.jpg"))
    add(library, Photo(name="a.cr2"))
    library.work()
    trashed = "UPDATE assets SET deleted_at = 1, deleted_reason = 'trashed' WHERE asset_id = ?"
    library.run(trashed, jpeg.bytes)
    assert detect(library) == 0
    add(library, Photo(name="a-edited.jpg"))
    library.work()
    ((_, members),) = stacks_in(library)
    assert members == ["photos/a.jpg", "photos/a-edited.jpg", "photos/a.cr2"]


def test_only_administrators_detect_in_a_repository_that_is_there(library: Library) -> None:
    path = f"/repositories/{uuid4()}/stacks/detect"
    assert library.admin.post(path).status_code == 400


NAMES = [
    *(f"{stem}.{suffix}" for stem in ("img_1", "img_2", "img_3") for suffix in ("jpg", "cr2")),
    *("img_4.jpg", "img_e2.jpg", "img_1-edited.jpg", "img_1-1.jpg", "img_3-1.jpg"),
    *("img_2.mov", "img_3.mov", "img_1-edited-1.jpg"),
]
FILES = st.lists(
    st.builds(
        Photo,
        name=st.sampled_from(NAMES),
        folder=st.sampled_from(["photos", "inbox/2026"]),
        seconds=st.sampled_from([None, 0, 0.5, 1, 7]),
        camera=st.sampled_from(["X100", None]),
        live=st.sampled_from([None, None, "7", "8"]),
        burst=st.sampled_from([None, None, None, "7"]),
    ),
    max_size=12,
    unique_by=lambda file: file.path,
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(files=FILES, seed=st.integers(0, 1000))
def test_the_order_of_arrival_makes_no_difference(
    library: Library, files: list[Photo], seed: int
) -> None:
    order = random.Random(seed)
    results = []
    for _ in range(2):
        library.run("DELETE FROM jobs")
        library.run("DELETE FROM assets")
        order.shuffle(files)
        for file in files:
            add(library, file)
            if order.random() < 0.5:
                library.work()
        library.work()
        results.append(stacks_in(library))
        again = library.values("SELECT stack_id FROM stacks ORDER BY id")
        assert detect(library) == 0
        assert stacks_in(library) == results[-1]
        assert library.values("SELECT stack_id FROM stacks ORDER BY id") == again
    assert results[0] == results[1]
    members = [path for _, paths in results[0] for path in paths]
    assert len(members) == len(set(members))
    assert all(len(paths) > 1 for _, paths in results[0])
