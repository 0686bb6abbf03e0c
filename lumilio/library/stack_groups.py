"""Which files are one picture, and which pictures one burst: decided from names, times and ids alone.

A shot is one press of the shutter with all its files: RAW and JPEG, edited versions, the still and
the video of a live photo. A burst is several shots. All files here have one owner and lie in one
repository.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from msgspec import Struct

from lumilio.library.repository_folders import INBOX
from lumilio.library.stack_previews import StackKind
from lumilio.library.stacks import Member, Relation
from lumilio.media.formats import MediaType

_SECOND = 1_000_000
_ONE_SHOT = 5 * _SECOND
_UPLOADED_TOGETHER = 300 * _SECOND
_NEXT_SHOT = _SECOND
# Two pictures in a second are nothing special.
_FEWEST_BY_NUMBER = 3

_EDITED = "-edited"
_APPLE_EDITED = re.compile(r"img_e(\d+)")
_APPLE_ORIGINAL = re.compile(r"img_(\d+)")
_ITERATION = re.compile(r"(.+)-\d{1,3}")
_NUMBERED = re.compile(r"(.*?)(\d+)")


class File(Struct, frozen=True):
    """What stacking needs to know of an asset; `name` is folded, instants are microseconds."""

    key: int
    type: MediaType
    name: str
    storage_path: str
    is_raw: bool
    upload_time: int
    taken_time: int | None = None
    camera: str | None = None
    content_identifier: str | None = None
    burst_id: str | None = None

    @property
    def stem(self) -> str:
        """The file name without its extension."""
        return stem_of(self.name)

    @property
    def is_jpeg(self) -> bool:
        """Whether its name says so."""
        return self.name.endswith((".jpg", ".jpeg"))

    @property
    def place(self) -> str:
        """Where its companions lie; an upload may be spread over all of the inbox."""
        folder, _, _ = self.storage_path.rpartition("/")
        return INBOX if folder.partition("/")[0] == INBOX else folder


Shot = tuple[File, ...]


class Group(Struct, frozen=True):
    """Files that are one stack, the cover first."""

    kind: StackKind
    members: tuple[Member, ...]


class Anchor(NamedTuple):
    """The name of the file that another one was made from, and whether the name alone tells."""

    stem: str
    is_certain: bool


def stem_of(name: str) -> str:
    """A file name without its extension."""
    return name.rpartition(".")[0] or name


def anchor_of(stem: str) -> Anchor | None:
    """What a file of this name was made from, if it was."""
    if stem.endswith(_EDITED) and stem != _EDITED:
        return Anchor(stem.removesuffix(_EDITED), True)
    if match := _APPLE_EDITED.fullmatch(stem):
        return Anchor(f"img_{match[1]}", True)
    if match := _ITERATION.fullmatch(stem):
        return Anchor(match[1], False)
    return None


def companions(stem: str) -> set[str]:
    """Stems with which the names of all files begin that may be of the same shot."""
    anchor = anchor_of(stem)
    apple = _APPLE_ORIGINAL.fullmatch(stem)
    return (
        {stem} | ({anchor.stem} if anchor else set()) | ({f"img_e{apple[1]}"} if apple else set())
    )


def neighbours(stem: str) -> set[str]:
    """The stems of the shots before and after."""
    match = _NUMBERED.fullmatch(stem)
    if match is None:
        return set()
    prefix, digits = match.groups()
    numbers = (int(digits) - 1, int(digits) + 1)
    return {f"{prefix}{number:0{len(digits)}}" for number in numbers if number >= 0}


def is_one_shot(one: File, other: File) -> bool:
    """Whether two files are versions of one picture, or of one video, by their names."""
    if one.type != other.type or one.place != other.place:
        return False
    if one.stem == other.stem:
        return one.is_raw != other.is_raw and _fits_place(one, other)
    return is_made_from(one, other) or is_made_from(other, one)


def is_made_from(version: File, original: File) -> bool:
    """Whether a file is an edited version of another one."""
    anchor = anchor_of(version.stem)
    if anchor is None or anchor.stem != original.stem:
        return False
    return _fits_place(version, original) and (anchor.is_certain or _is_together(version, original))


def is_next(one: File, other: File) -> bool:
    """Whether two photos follow one another by camera, number and time."""
    return (
        one.type == other.type == "PHOTO"
        and one.place == other.place
        and one.camera is not None
        and one.camera == other.camera
        and one.taken_time is not None
        and other.taken_time is not None
        and abs(one.taken_time - other.taken_time) <= _NEXT_SHOT
        and other.stem in neighbours(one.stem)
    )


def shots(files: Iterable[File]) -> list[Shot]:
    """The files by the shot that they are of; most shots have only one."""
    by_key = {file.key: file for file in files}
    joined = _Joined(by_key)
    by_name: dict[tuple[MediaType, str, str], list[File]] = defaultdict(list)
    for file in by_key.values():
        by_name[file.type, file.place, file.stem].append(file)
    for file in by_key.values():
        # Of two files of one name one is a RAW; looked at from there, many copies cost little.
        stems = {file.stem} if file.is_raw else set()
        if anchor := anchor_of(file.stem):
            stems.add(anchor.stem)
        for stem in stems:
            for other in by_name.get((file.type, file.place, stem), ()):
                if is_one_shot(file, other):
                    joined.join(file.key, other.key)
    _join_live_photos(by_key.values(), joined)
    return [tuple(by_key[key] for key in keys) for keys in joined.sets()]


def _join_live_photos(files: Iterable[File], joined: "_Joined") -> None:
    """Join the still and the video of each identifier; with two stills or videos it is no pair."""
    parts: dict[str, dict[MediaType, set[int]]] = defaultdict(lambda: defaultdict(set))
    for file in files:
        if file.content_identifier:
            parts[file.content_identifier][file.type].add(joined.root(file.key))
    for part in parts.values():
        stills, videos = part["PHOTO"], part["VIDEO"]
        if len(stills) == len(videos) == 1:
            joined.join(*stills, *videos)


def groups(taken: Sequence[Shot]) -> list[Group]:
    """The stacks of these shots: bursts, and shots with several files."""
    bursts = list(_bursts(taken))
    in_bursts = {shot for burst in bursts for shot in burst}
    alone = [shot for shot in taken if shot not in in_bursts and len(shot) > 1]
    return [
        *(_ordered([file for shot in burst for file in shot], "burst") for burst in bursts),
        *(_ordered(shot, _kind(shot)) for shot in alone),
    ]


def _bursts(taken: Sequence[Shot]) -> Iterator[list[Shot]]:
    shot_of = {file.key: shot for shot in taken for file in shot}
    photos = [file for shot in taken for file in shot if file.type == "PHOTO"]
    joined = _Joined(shot[0].key for shot in taken)
    by_burst: dict[str, list[File]] = defaultdict(list)
    by_name: dict[tuple[str, str], list[File]] = defaultdict(list)
    for photo in photos:
        by_name[photo.place, photo.stem].append(photo)
        if photo.burst_id:
            by_burst[photo.burst_id].append(photo)
    named: set[int] = set()
    for same in by_burst.values():
        if len({shot_of[photo.key] for photo in same}) > 1:
            named.update(photo.key for photo in same)
        for photo in same:
            joined.join(shot_of[same[0].key][0].key, shot_of[photo.key][0].key)
    for photo in photos:
        for stem in neighbours(photo.stem):
            for other in by_name.get((photo.place, stem), ()):
                if is_next(photo, other):
                    joined.join(shot_of[photo.key][0].key, shot_of[other.key][0].key)
    for keys in joined.sets():
        burst = [shot_of[key] for key in keys]
        is_named = any(file.key in named for shot in burst for file in shot)
        if len(burst) >= (2 if is_named else _FEWEST_BY_NUMBER):
            yield burst


def _kind(shot: Shot) -> StackKind:
    return "live_photo" if len({file.type for file in shot}) > 1 else "raw_jpeg"


def _ordered(files: Iterable[File], kind: StackKind) -> Group:
    """The cover is a JPEG as the camera made it, where there is one, and RAW files come last."""
    present = list(files)
    stems = {file.stem for file in present}
    films = {file.content_identifier for file in present if file.type == "VIDEO"} - {None}

    def relation(file: File) -> Relation:
        anchor = anchor_of(file.stem)
        if file.is_raw:
            return "raw_original"
        if anchor and anchor.stem in stems:
            return "edited_version"
        if file.content_identifier in films:
            return "live_photo_video" if file.type == "VIDEO" else "live_photo_still"
        return "jpeg_original" if file.is_jpeg else "alternative"

    def place(file: File) -> tuple[object, ...]:
        own = relation(file)
        rank = 3 if own == "raw_original" else 2 if own == "edited_version" else 0
        is_film = file.type == "VIDEO"
        rank = max(rank, int(is_film))
        moment = file.upload_time if file.taken_time is None else file.taken_time
        return rank, is_film, not file.is_jpeg, moment, file.name, file.storage_path

    return Group(
        kind, tuple(Member(file.key, relation(file)) for file in sorted(present, key=place))
    )


def _fits_place(one: File, other: File) -> bool:
    """Numbers of cameras come again in an inbox, where only time tells them apart."""
    return one.place != INBOX or _is_together(one, other)


def _is_together(one: File, other: File) -> bool:
    if one.taken_time is None or other.taken_time is None:
        return abs(one.upload_time - other.upload_time) <= _UPLOADED_TOGETHER
    return abs(one.taken_time - other.taken_time) <= _ONE_SHOT


class _Joined:
    """Keys in disjoint sets."""

    def __init__(self, keys: Iterable[int]) -> None:
        self._above = {key: key for key in keys}

    def root(self, key: int) -> int:
        """The key that names the set of this one."""
        while self._above[key] != key:
            self._above[key] = key = self._above[self._above[key]]
        return key

    def join(self, one: int, other: int) -> None:
        """Make one set of two."""
        self._above[self.root(one)] = self.root(other)

    def sets(self) -> list[list[int]]:
        """All sets, with their keys in order."""
        found: dict[int, list[int]] = defaultdict(list)
        for key in sorted(self._above):
            found[self.root(key)].append(key)
        return list(found.values())
