"""The root key of an installation."""

import os
from pathlib import Path

import pytest

from lumilio.library.keys import UnusableKey, load_or_create


def test_a_key_is_made_once_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "root_key"
    first = load_or_create(path).derive("access token")
    assert load_or_create(path).derive("access token") == first
    assert len(bytes.fromhex(path.read_text().strip())) == 32


def test_each_purpose_and_installation_has_a_key_of_its_own(tmp_path: Path) -> None:
    one, two = load_or_create(tmp_path / "1" / "key"), load_or_create(tmp_path / "2" / "key")
    derived = {keys.derive(purpose) for keys in (one, two) for purpose in ("a", "b", "")}
    assert len(derived) == 6
    assert all(len(key) == 32 for key in derived)


@pytest.mark.skipif(os.name == "nt", reason="modes are of POSIX")
def test_nobody_else_may_read_the_key(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "root_key"
    load_or_create(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("content", [b"", b"\n", b"nonsense", b"ab" * 31, b"\xff\xfe", b"g" * 64])
def test_a_damaged_key_is_refused_and_never_replaced(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "root_key"
    path.write_bytes(content)
    with pytest.raises(UnusableKey):
        load_or_create(path)
    assert path.read_bytes() == content
