import errno
import pickle
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from lumilio.errors import CannotDecode, CannotRead
from lumilio.media import develop as develop_module
from lumilio.media.facts import Development

Develop = Callable[..., Development]


def test_one_pass_gives_everything(
    tmp_path: Path, photo: Image.Image, exif: Callable[..., bytes], developed: Develop
) -> None:
    photo.save(tmp_path / "a.jpg", exif=exif({0x010F: "Acme"}))
    development = developed(tmp_path / "a.jpg")
    assert development.metadata_error is None
    assert development.thumbnail_error is None
    assert (development.width, development.height) == (2400, 1600)
    assert [found.size for found in development.thumbnails] == ["large", "medium", "small"]
    assert development.thumbhash
    assert development.perceptual_hash is not None
    assert development.facts is not None
    assert development.facts.camera_make == "Acme"
    assert development.exif_raw is not None
    assert development.exif_raw["Make"] == "Acme"


def test_outcome_is_small_and_can_be_sent(
    tmp_path: Path, photo: Image.Image, developed: Develop
) -> None:
    photo.save(tmp_path / "a.jpg")
    development = developed(tmp_path / "a.jpg")
    sent = pickle.dumps(development)
    assert pickle.loads(sent) == development
    assert len(sent) < 4000


def test_only_metadata(tmp_path: Path, photo: Image.Image, developed: Develop) -> None:
    photo.save(tmp_path / "a.jpg")
    development = developed(tmp_path / "a.jpg", tasks=frozenset({"metadata"}))
    assert development.facts is not None
    assert (development.facts.width, development.height) == (2400, 1600)
    assert development.thumbnails == ()
    assert list((tmp_path / "thumbnails").iterdir()) == []


def test_only_thumbnails(tmp_path: Path, photo: Image.Image, developed: Develop) -> None:
    photo.save(tmp_path / "a.jpg")
    development = developed(tmp_path / "a.jpg", tasks=frozenset({"thumbnails"}))
    assert development.facts is None
    assert development.exif_raw is None
    assert len(development.thumbnails) == 3


def test_a_thumbnail_fault_leaves_the_facts(
    tmp_path: Path, photo: Image.Image, exif: Callable[..., bytes], developed: Develop
) -> None:
    photo.save(tmp_path / "a.jpg", exif=exif({0x010F: "Acme"}))
    (tmp_path / "a.jpg").write_bytes((tmp_path / "a.jpg").read_bytes()[:50_000])
    development = developed(tmp_path / "a.jpg")
    assert development.thumbnail_error is not None
    assert development.metadata_error is None
    assert development.facts is not None
    assert development.facts.camera_make == "Acme"


def test_a_metadata_fault_leaves_the_thumbnails(
    tmp_path: Path, photo: Image.Image, developed: Develop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(path: Path) -> None:
        raise CannotDecode(path, "Its metadata cannot be read")

    monkeypatch.setattr(develop_module, "read_metadata", fail)
    photo.save(tmp_path / "a.jpg")
    development = developed(tmp_path / "a.jpg")
    assert development.metadata_error == "Its metadata cannot be read"
    assert len(development.thumbnails) == 3


def test_damage_that_a_copy_does_not_show_was_an_error_of_the_disk(
    tmp_path: Path, photo: Image.Image, developed: Develop, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "a.jpg"
    photo.save(source)
    real = develop_module.opened_photo

    def opened(path: Path) -> Any:
        if path == source:
            # What decoders make of a read that failed.
            raise CannotDecode(path, "The file is not a picture")
        return real(path)

    monkeypatch.setattr(develop_module, "opened_photo", opened)
    development = developed(source)
    assert development.thumbnail_error is None
    assert len(development.thumbnails) == 3


@pytest.mark.parametrize("step", ["open", "copy"])
def test_what_the_disk_does_not_give_out_is_no_fault_of_the_photo(
    tmp_path: Path, developed: Develop, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    source = tmp_path / "a.jpg"
    source.write_bytes(b"damaged")

    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    if step == "open":
        monkeypatch.setattr(Path, "open", fail)
    else:
        monkeypatch.setattr(develop_module.shutil, "copyfile", fail)
    with pytest.raises(CannotRead) as caught:
        developed(source)
    assert caught.value.message.startswith("The file cannot be read (Input/output error). ")
    assert pickle.loads(pickle.dumps(caught.value)).message == caught.value.message


def test_a_full_disk_is_not_the_photos_fault(
    tmp_path: Path, photo: Image.Image, developed: Develop
) -> None:
    photo.save(tmp_path / "a.jpg")
    (tmp_path / "thumbnails").mkdir()
    (tmp_path / "thumbnails/large").write_text("a file where the folder should be")
    with pytest.raises(OSError):  # noqa: PT011  which one depends on the system
        developed(tmp_path / "a.jpg")


@pytest.mark.parametrize("kind", [1, 3, 4, 5])
def test_a_maker_note_of_another_type_costs_no_metadata(
    tmp_path: Path, corners: Image.Image, developed: Develop, exif: Callable[..., bytes], kind: int
) -> None:
    block = exif({0x010F: "Maker"}, {0x927C: b"note of the maker"})
    at = block.index(b"\x7c\x92") if b"II*\0" in block else block.index(b"\x92\x7c")
    order = "little" if b"II*\0" in block else "big"
    block = block[: at + 2] + kind.to_bytes(2, order) + (1).to_bytes(4, order) + block[at + 8 :]
    corners.save(tmp_path / "a.jpg", exif=block)
    development = developed(tmp_path / "a.jpg")
    assert development.metadata_error is None
    assert development.facts is not None
    assert development.facts.camera_make == "Maker"


def test_metadata_that_ask_for_all_memory_cost_no_picture(
    tmp_path: Path, corners: Image.Image, developed: Develop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(path: Path) -> None:
        raise MemoryError

    monkeypatch.setattr(develop_module, "read_metadata", read)
    corners.save(tmp_path / "a.jpg")
    development = developed(tmp_path / "a.jpg")
    assert len(development.thumbnails) == 3
    assert str(development.metadata_error).startswith("The metadata are damaged")


def test_developing_the_same_photo_at_once_ends_well(
    tmp_path: Path, photo: Image.Image, developed: Develop
) -> None:
    photo.save(tmp_path / "a.jpg")
    outcomes: list[Development] = []
    threads = [
        threading.Thread(target=lambda: outcomes.append(developed(tmp_path / "a.jpg")))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 3
    assert outcomes[0] == outcomes[1] == outcomes[2]
