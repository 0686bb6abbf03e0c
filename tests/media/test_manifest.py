"""The sample media against what ExifTool says of them (MANIFEST.csv)."""

import csv
import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from lumilio.errors import DecoderFailed
from lumilio.media.facts import Development, PhotoFacts
from lumilio.media.formats import format_of
from lumilio.media.pool import DecodePool

SHARED = Path(os.environ.get("LUMILIO_SHARED") or Path(__file__).parents[2].parent / "shared")
MANIFEST = SHARED / "media" / "MANIFEST.csv"
pytestmark = pytest.mark.skipif(
    not MANIFEST.exists(), reason=f"no sample media at {MANIFEST}; set LUMILIO_SHARED"
)

REQUIRED_AGREEMENT = 0.98  # and one miss is allowed to the rarer facts
RAW_SIZE_TOLERANCE = 0.02
Row = dict[str, str]
Outcome = Development | DecoderFailed


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Row, Outcome]]:
    """Every photo of a supported extension, developed through a pool of two."""
    with MANIFEST.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if _is_photo(row["file"])]
    folder = tmp_path_factory.mktemp("thumbnails")

    with DecodePool(2) as pool, ThreadPoolExecutor(4) as threads:

        def outcome(row: Row) -> Outcome:
            source = SHARED / "media" / row["file"]
            try:
                return pool.develop(source, thumbnails_dir=folder, stem=row["sha256"])
            except DecoderFailed as error:
                return error

        return list(zip(rows, threads.map(outcome, rows), strict=True))


def _is_photo(name: str) -> bool:
    found = format_of(name)
    return found is not None and found.type == "PHOTO"


def healthy(outcomes: list[tuple[Row, Outcome]]) -> Iterator[tuple[Row, Development]]:
    for row, outcome in outcomes:
        if row["theme"] != "corrupt":
            assert isinstance(outcome, Development), row["file"]
            yield row, outcome


def check(name: str, results: dict[str, tuple[object, object]]) -> None:
    """Require that nearly all wanted and found values agree, and print those that do not."""
    misses = {file: pair for file, pair in results.items() if pair[0] != pair[1]}
    print(f"\n{name}: {len(results) - len(misses)} of {len(results)} agree")
    for file, (wanted, found) in misses.items():
        print(f"  {file}: {wanted!r} wanted, {found!r} found")
    assert len(misses) <= max(1, (1 - REQUIRED_AGREEMENT) * len(results))


def facts(outcome: Development) -> PhotoFacts:
    found = outcome.facts or PhotoFacts()
    assert isinstance(found, PhotoFacts)
    return found


def test_times_agree(outcomes: list[tuple[Row, Outcome]]) -> None:
    def wall(found: PhotoFacts) -> str | None:
        if found.taken_time is None:
            return None
        local = found.taken_time + timedelta(minutes=found.capture_offset_minutes or 0)
        return f"{local:%Y:%m:%d %H:%M:%S}"

    check(
        "time",
        {
            row["file"]: (row["datetime_original"][:19], wall(facts(outcome)))
            for row, outcome in healthy(outcomes)
            if row["datetime_original"] and not row["datetime_original"].startswith("0000")
        },
    )


def test_offsets_agree(outcomes: list[tuple[Row, Outcome]]) -> None:
    def minutes(text: str) -> int:
        sign, hours, rest = re.fullmatch(r"([+-])(\d\d):(\d\d)", text).groups()  # type: ignore[union-attr]
        return int(f"{sign}1") * (int(hours) * 60 + int(rest))

    check(
        "offset",
        {
            row["file"]: (minutes(row["offset"]), facts(outcome).capture_offset_minutes)
            for row, outcome in healthy(outcomes)
            if row["offset"]
        },
    )


def displayed_size(row: Row) -> tuple[int, int]:
    width, height = int(row["width"]), int(row["height"])
    turned = (
        row["rotation"] in ("90", "270")
        if row["mime"] in ("image/heic", "image/avif")
        else row["orientation"] in ("5", "6", "7", "8")
    )
    return (height, width) if turned else (width, height)


def test_sizes_agree(outcomes: list[tuple[Row, Outcome]]) -> None:
    results: dict[str, tuple[object, object]] = {}
    for row, outcome in healthy(outcomes):
        if not row["width"]:
            continue
        wanted, found = displayed_size(row), (outcome.width, outcome.height)
        is_close = all(
            abs(a - (b or 0)) <= a * RAW_SIZE_TOLERANCE for a, b in zip(wanted, found, strict=True)
        )
        is_raw = "/x-" in row["mime"]
        results[row["file"]] = (wanted, wanted if is_raw and is_close else found)
    check("size", results)


def test_places_agree(outcomes: list[tuple[Row, Outcome]]) -> None:
    def place(latitude: str | float | None, longitude: str | float | None) -> object:
        if latitude is None or longitude is None:
            return None
        return round(float(latitude), 4), round(float(longitude), 4)

    check(
        "place",
        {
            row["file"]: (
                place(row["gps_lat"], row["gps_lon"]),
                place(facts(outcome).gps_latitude, facts(outcome).gps_longitude),
            )
            for row, outcome in healthy(outcomes)
            if row["gps_lat"]
        },
    )


@pytest.mark.parametrize(("column", "field"), [("make", "camera_make"), ("model", "camera_model")])
def test_cameras_agree(outcomes: list[tuple[Row, Outcome]], column: str, field: str) -> None:
    check(
        field,
        {
            row["file"]: (row[column], getattr(facts(outcome), field))
            for row, outcome in healthy(outcomes)
            if row[column]
        },
    )


# Where the file holds only a number for the lens, or names two, ExifTool looks it up or picks
# another one; what is found instead names the same kind of lens.
LENSES_BY_EXIFTOOLS_TABLES = {
    "animals-plants/el_torcal_rocks.jpg",
    "jpeg-exif/Nikon D5000.jpg",
}


def test_lenses_agree(outcomes: list[tuple[Row, Outcome]]) -> None:
    def bare(name: str | None) -> str:
        text = (name or "").removeprefix("Canon ").replace(" ", "")
        return text.replace(".0-", "-").replace(".0mm", "mm")

    check(
        "lens",
        {
            row["file"]: (bare(row["lens"]), bare(facts(outcome).lens_model))
            for row, outcome in healthy(outcomes)
            if row["lens"] and row["file"] not in LENSES_BY_EXIFTOOLS_TABLES
        },
    )


@pytest.mark.parametrize(
    ("column", "field"), [("rating", "rating"), ("apple_content_id", "content_identifier")]
)
def test_further_facts_agree(outcomes: list[tuple[Row, Outcome]], column: str, field: str) -> None:
    check(
        column,
        {
            row["file"]: (row[column], str(getattr(facts(outcome), field)))
            for row, outcome in healthy(outcomes)
            if row[column] and row["mime"].startswith("image/")
        },
    )


def test_whole_pictures_get_thumbnails(outcomes: list[tuple[Row, Outcome]]) -> None:
    check(
        "thumbnails",
        {
            row["file"]: (None, outcome.thumbnail_error)
            for row, outcome in healthy(outcomes)
            if "pillow:ok" in row["decode_outcome"]
        },
    )


def test_every_fault_is_a_sentence(outcomes: list[tuple[Row, Outcome]]) -> None:
    for row, outcome in outcomes:
        assert isinstance(outcome, Development), f"{row['file']}: {outcome}"
        for error in (outcome.metadata_error, outcome.thumbnail_error):
            assert error is None or re.match(r"(The|A|Its) [\w ]{8}", error), row["file"]
        assert outcome.thumbnail_error or len(outcome.thumbnails) == 3


def test_same_pictures_have_near_hashes(outcomes: list[tuple[Row, Outcome]]) -> None:
    groups: dict[str, list[int]] = {}
    for row, outcome in healthy(outcomes):
        if row["expected_match"] in ("exact", "near") and outcome.perceptual_hash is not None:
            groups.setdefault(row["duplicate_group"], []).append(outcome.perceptual_hash)
    pairs = {
        f"{group} {index}": (True, (value ^ values[0]).bit_count() <= 6)
        for group, values in groups.items()
        for index, value in enumerate(values[1:], 1)
    }
    agreeing = sum(wanted == found for wanted, found in pairs.values())
    print(f"\nnear duplicates: {agreeing} of {len(pairs)} within 6 bits")
    assert agreeing >= 0.9 * len(pairs)
