from pathlib import Path

import pytest
from blake3 import blake3
from hypothesis import given
from hypothesis import strategies as st

from lumilio.media.hashes import ContentHash, blake3_of

EMPTY = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"


@pytest.mark.parametrize("size", [0, 1, 1024, 1025, 3_000_000])
def test_file_hash_is_blake3_of_all_bytes(tmp_path: Path, size: int) -> None:
    content = bytes(index * 31 % 251 for index in range(size))
    path = tmp_path / "file"
    path.write_bytes(content)
    with path.open("rb") as file:
        assert blake3_of(file) == blake3(content).hexdigest()


def test_empty_file_has_the_published_hash(tmp_path: Path) -> None:
    path = tmp_path / "empty"
    path.touch()
    with path.open("rb") as file:
        assert blake3_of(file) == EMPTY


@given(st.lists(st.binary(max_size=3000)))
def test_pieces_give_the_hash_of_the_whole(pieces: list[bytes]) -> None:
    content = ContentHash()
    for piece in pieces:
        content.update(memoryview(piece))
    assert content.hexdigest() == blake3(b"".join(pieces)).hexdigest()
    assert content.size == sum(map(len, pieces))
