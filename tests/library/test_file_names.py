"""Names of files: what is shown, and what is stored."""

import os
import re
from datetime import datetime
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumilio.errors import BadRequest
from lumilio.library.file_names import candidates, display_name, safe_name

RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
ODD = st.text(
    alphabet=st.one_of(
        st.characters(),
        st.sampled_from(list('\x00\x01\x1f\x7f/\\:*?"<>|. ~%\u202e\u200f\u200d\u00ad\ud800')),
    ),
    max_size=300,
)
SOME_TIME = datetime(2031, 7, 4, 9, 15, 30)


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("a.jpg", "a.jpg"),
        ("/home/me/a.jpg", "a.jpg"),
        ("C:\\Users\\me\\a.jpg", "a.jpg"),
        ("../../a.jpg", "a.jpg"),
        ("  a.jpg  ", "a.jpg"),
        ("a\x00b.jpg", "ab.jpg"),
        ("a\nb.jpg", "ab.jpg"),
        ("evil\u202egpj.jpg", "evilgpj.jpg"),
        ("Ä 写真.jpg", "Ä 写真.jpg"),
    ],
)
def test_the_last_part_is_shown_without_what_misleads(sent: str, shown: str) -> None:
    assert display_name(sent) == shown


@pytest.mark.parametrize("sent", ["", "   ", "/", "\\", "a/", "\x00", "\u202e"])
def test_a_name_of_nothing_is_a_bad_request(sent: str) -> None:
    with pytest.raises(BadRequest):
        display_name(sent)


@given(ODD)
def test_a_shown_name_is_one_line_of_text_without_separators(sent: str) -> None:
    try:
        shown = display_name(sent)
    except BadRequest:
        return
    assert 1 <= len(shown) <= 255
    assert not set("/\\\x00\n\r\u202e") & set(shown)
    shown.encode()


@given(ODD, st.sampled_from([".jpg", ".JPEG", ".Cr2", ".heic"]))
def test_a_stored_name_is_safe_on_every_system_and_keeps_its_extension(
    stem: str, extension: str
) -> None:
    try:
        shown = display_name(stem + extension)
    except BadRequest:
        return
    stored = safe_name(shown)
    assert stored.encode() == os.fsencode(stored)
    assert 1 <= len(stored.encode()) <= 240
    assert not set('/\\:*?"<>|') & set(stored)
    assert not any(ord(character) < 32 for character in stored)
    assert stored == stored.strip(" ")
    assert not stored.endswith(".")
    assert not stored.startswith(".")
    assert not RESERVED.fullmatch(stored)
    if shown.endswith(extension) and shown != extension:
        assert stored.endswith(extension)


@given(ODD)
def test_a_stored_name_stays_the_same_when_it_is_stored_again(name: str) -> None:
    try:
        stored = safe_name(display_name(name))
    except BadRequest:
        return
    assert safe_name(stored) == stored


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("a.jpg", "a.jpg"),
        ("A b-c_d (1).JPG", "A b-c_d (1).JPG"),
        ("写真.heic", "写真.heic"),
        ("a:b.jpg", "a_b.jpg"),
        ("a.tar.jpg", "a.tar.jpg"),
        (".hidden.jpg", "hidden.jpg"),
    ],
)
def test_ordinary_names_are_stored_as_they_are(name: str, stored: str) -> None:
    assert safe_name(name) == stored


def test_long_names_lose_part_of_the_stem_only() -> None:
    for name in ("x" * 251 + ".jpg", "写" * 100 + ".jpg", "é" * 150 + ".HEIC"):
        stored = safe_name(name)
        assert stored.endswith(name[-4:])
        assert len(stored.encode()) <= 200
        assert name.startswith(stored.rsplit(".", 1)[0])


def test_a_name_is_tried_plain_then_numbered_then_dated_then_unique() -> None:
    paths = list(islice(candidates("flat", "rename", "a.jpg", "0" * 64, SOME_TIME), 1003))
    assert paths[:3] == ["inbox/a.jpg", "inbox/a (1).jpg", "inbox/a (2).jpg"]
    assert paths[999] == "inbox/a (999).jpg"
    assert paths[1000] == "inbox/a_20310704_091530.jpg"
    assert re.fullmatch(r"inbox/a_[0-9a-f]{8}\.jpg", paths[1001])
    assert len(set(paths)) == len(paths)


def test_where_uuids_are_wanted_no_numbers_are_tried() -> None:
    paths = list(islice(candidates("flat", "uuid", "a.jpg", "0" * 64, SOME_TIME), 3))
    assert paths[0] == "inbox/a.jpg"
    assert all(re.fullmatch(r"inbox/a_[0-9a-f]{8}\.jpg", path) for path in paths[1:])


@pytest.mark.parametrize("handling", ["rename", "uuid", "overwrite"])
def test_content_addressed_files_are_named_by_their_hash(handling: str) -> None:
    hash_ = "abcdef" + "0" * 58
    first, second = islice(candidates("cas", handling, "Photo.JPG", hash_, SOME_TIME), 2)  # type: ignore[arg-type]
    assert first == f"inbox/ab/cd/ef/{hash_}.jpg"
    assert second != first


def test_the_date_of_arrival_makes_the_folder() -> None:
    assert next(candidates("date", "rename", "a.jpg", "0" * 64, SOME_TIME)) == "inbox/2031/07/a.jpg"
