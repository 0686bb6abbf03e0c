"""All metadata tags of a file under ExifTool's names, read by exiv2 or, in its gaps, by Pillow.

Only for the decode worker: exiv2's binding can crash the process when a value outlives its image,
so every value is copied into a Python text before the next one is touched.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import exiv2
import msgspec
from msgspec import Struct, structs
from PIL import Image

from lumilio.errors import CannotDecode, CannotRead
from lumilio.media import file_structures, maker_notes, pictures, sniff
from lumilio.media.exif_names import (
    EXIF_NAMES,
    HIDDEN_NAMES,
    IPTC_NAMES,
    MAKER_NAMES,
    XMP_NAMES,
    Printed,
    plain,
    print_value,
)
from lumilio.media.numbers import number

EXIF_RAW_LIMIT_BYTES = 64 * 1024
_HEAD_BYTES = 256 * 1024
# Sigma's RAW keeps its EXIF in a preview behind the pixels.
_SIGMA_RAW = b"FOVb"
# EXIF blocks are marked by their name, in CR3 by the names of its first two boxes.
_EXIF_MARK = re.compile(rb"(?:Exif\0\0|CMT[12])(?=II\*\0|MM\0\*)")
_XMP_PACKET = re.compile(rb"<x:xmpmeta.{1,200000}?</x:xmpmeta>", re.DOTALL)
_MAX_SIDE = 1_000_000
_MOST_STRUCTURES = 2000
_TEXT_LIMIT = 2000
_BINARY_LIMIT_BYTES = 256
_MAIN_GROUPS = frozenset({"Image", "Photo", "GPSInfo", "Iop", "PanasonicRaw"})
_CHARSET = re.compile(r"^charset=\S+\s?")
# Names that exiv2 does not know, or not in the main directory, where CR3 has its camera tags.
_UNNAMED_TAGS = {
    "0x882a": "TimeZoneOffset",
    "0x8832": "RecommendedExposureIndex",
    "0x9004": "CreateDate",
    "0x9010": "OffsetTime",
    "0x9011": "OffsetTimeOriginal",
    "0x9012": "OffsetTimeDigitized",
    "0x9291": "SubSecTimeOriginal",
    "0xa432": "LensInfo",
    "0xa434": "LensModel",
}
# What exiv2 takes for the size of Panasonic's picture are edges on the sensor.
_SENSOR_BORDERS = {"ImageWidth": "SensorRightBorder", "ImageHeight": "SensorBottomBorder"}
_CHANGE_DATES = ("ModifyDate", "DateTime", "MetadataDate")
_LENS_NUMBERS = frozenset({"LensType", "LensIDNumber", "LensID"})
_LENS_NAME = re.compile(r"[A-Za-z].*\d ?mm|[A-Za-z].*\d-\d")
_BYTE_TYPES = frozenset({exiv2.TypeId.undefined, exiv2.TypeId.unsignedByte})
_TEXT_TYPES = frozenset({exiv2.TypeId.asciiString, exiv2.TypeId.comment})
_ARRAY_TYPES = frozenset({exiv2.TypeId.xmpBag, exiv2.TypeId.xmpSeq, exiv2.TypeId.xmpAlt})
_UNREAD = frozenset(
    {
        exiv2.ErrorCode.kerDataSourceOpenFailed,
        exiv2.ErrorCode.kerFileOpenFailed,
        exiv2.ErrorCode.kerFailedToReadImageData,
        exiv2.ErrorCode.kerInputDataReadFailed,
    }
)

exiv2.LogMsg.setLevel(exiv2.LogMsg.Level.mute)


class Tags(Struct, frozen=True):
    """Tags by ExifTool name: `texts` exact ("56/10"), `lists` of arrays, `printed` for people.

    `width` and `height` are the stored size in pixels as the header tells it, 0 when unknown.
    `structures` are the simple values inside XMP structures by exiv2's path to them.
    """

    texts: dict[str, str]
    lists: dict[str, list[str]]
    printed: dict[str, Printed]
    width: int = 0
    height: int = 0
    structures: dict[str, str] = {}


def read_tags(path: Path) -> Tags:
    """Read the tags of a file; CannotRead, or CannotDecode when no reader understands it at all."""
    found = list(_tags_of_primary(path))
    why = ""
    for reader in (_tags_by_exiv2, _tags_by_pillow, _tags_in_head):
        try:
            found.append(reader(path))
        except (CannotDecode, exiv2.Exiv2Error) as error:
            why = error.why if isinstance(error, CannotDecode) else why
        except OSError as error:
            raise CannotRead(path, error.strerror or str(error)) from error
        if any("Make" in tags.texts for tags in found):
            break
    if not found:
        raise CannotDecode(path, why or "Its metadata cannot be read")
    return _merged(*found, _tags_of_container(path))


def read_xmp(packet: str) -> Tags:
    """Read the properties of an XMP packet on its own; a broken packet has none.

    When the packet itself was changed is left out.
    """
    collector = _Collector()
    with suppress(exiv2.Exiv2Error):
        collector.add_xmp(opened_by_exiv2(packet.encode()).xmpData())
    tags = collector.tags()
    for name in _CHANGE_DATES:
        tags.texts.pop(name, None)
    return tags


def bounded(printed: dict[str, Printed]) -> dict[str, Printed]:
    """Return the first tags that together stay below `EXIF_RAW_LIMIT_BYTES` of JSON."""
    room = EXIF_RAW_LIMIT_BYTES - 2
    kept: dict[str, Printed] = {}
    for name, value in printed.items():
        room -= len(msgspec.json.encode({name: value}))
        if room < 0:
            break
        kept[name] = value
    return kept


def _tags_of_primary(path: Path) -> Iterator[Tags]:
    """The tags of the picture that HEIF shows: exiv2 takes those of the last one of a stereo pair."""
    # What cannot be read at all is told by the readers that follow.
    with suppress(CannotDecode, OSError):
        with path.open("rb") as file:
            head = file.read(12)
        if head[4:8] == b"ftyp" and head[8:12] in sniff.HEIF_BRANDS:
            # How HEIF turns and crops its pictures is counted in here already.
            yield structs.replace(_tags_by_pillow(path), width=0, height=0)


def _tags_by_exiv2(path: Path) -> Tags:
    try:
        return _tags_of(str(path))
    except exiv2.Exiv2Error as error:
        if error.code not in _UNREAD:
            raise
    # Whether the disk or the file is to blame, only our own reading can tell.
    return _tags_of(path.read_bytes())


def _tags_by_pillow(path: Path) -> Tags:
    """Take the EXIF and XMP blocks out with Pillow and let exiv2 read them from memory."""
    with pictures.opened(path) as image:
        blocks = [image.info.get("exif"), image.info.get("xmp")]
        if image.format == "TIFF":
            # exiv2 does not read BigTIFF, but the same tags in the common form.
            blocks.append(Image.Image.getexif(image).tobytes())
        width, height = image.size
    return _merged(Tags({}, {}, {}, width, height), *_tags_of_blocks(blocks))


def _tags_in_head(path: Path) -> Tags:
    """Find the EXIF and XMP blocks by their marks, where the file's own structure does not help."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
        if head.startswith(_SIGMA_RAW):
            head += file.read()
    exif = [head[match.end() :] for match in _EXIF_MARK.finditer(head)]
    xmp = [match[0] for match in _XMP_PACKET.finditer(head)]
    tags = _tags_of_blocks([*exif[:2], *xmp[:1]])
    if not tags:
        raise exiv2.Exiv2Error(exiv2.ErrorCode.kerNoImageInInputData, "")
    return _merged(*tags)


def _tags_of_container(path: Path) -> Tags:
    texts = {}
    with suppress(OSError):
        if time := file_structures.png_time(path):
            texts["ModifyDate"] = time
        if size := file_structures.raf_size(path):
            texts["RawImageCroppedSize"] = "{}x{}".format(*size)
    return Tags(texts, {}, dict(texts))


def _tags_of_blocks(blocks: list[object]) -> list[Tags]:
    found = []
    for block in blocks:
        if isinstance(block, bytes) and block:
            with suppress(exiv2.Exiv2Error):
                found.append(_tags_of(block.removeprefix(b"Exif\0\0")))
    return found


def _merged(*all_tags: Tags) -> Tags:
    """Join tags, the first holder of a name wins; the size is the first that is known."""
    merged = Tags({}, {}, {})
    for tags in reversed(all_tags):
        merged = Tags(
            merged.texts | tags.texts,
            merged.lists | tags.lists,
            merged.printed | tags.printed,
            tags.width or merged.width,
            tags.height or merged.height,
            merged.structures | tags.structures,
        )
    return merged


def opened_by_exiv2(source: str | bytes) -> Any:
    """Open a file or a block in memory; Exiv2Error. Nothing read from the image may outlive it."""
    image = exiv2.ImageFactory.open(source)
    image.readMetadata()
    return image


def _tags_of(source: str | bytes) -> Tags:
    image = opened_by_exiv2(source)
    exif = image.exifData()
    collector = _Collector()
    collector.add_exif(exif, main=True)
    collector.add_lens(exif)
    collector.add_speed(exif)
    collector.add_xmp(image.xmpData())
    collector.add_iptc(image.iptcData())
    collector.add_exif(exif, main=False)
    return collector.tags(*_stored_size(image))


def _stored_size(image: Any) -> tuple[int, int]:
    """exiv2 reads sizes unsigned: a bitmap stored top-down comes out four thousand million high."""
    width, height = image.pixelWidth(), image.pixelHeight()
    return (width, height) if max(width, height) <= _MAX_SIDE else (0, 0)


class _Collector:
    """Gathers tags; the first to come keeps the name, so the order of the calls is the ranking."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.lists: dict[str, list[str]] = {}
        self.printed: dict[str, Printed] = {}
        self.structures: dict[str, str] = {}
        self._fallbacks: dict[str, str] = {}

    def tags(self, width: int = 0, height: int = 0) -> Tags:
        """What has been gathered."""
        for name, text in self._fallbacks.items():
            if number(self.texts.get(name, "")) is None:
                self.texts[name], self.printed[name] = text, plain(text)
        return Tags(self.texts, self.lists, self.printed, width, height, self.structures)

    def add_exif(self, exif: Any, *, main: bool) -> None:
        """Add the standard EXIF tags (`main`) or those of the maker notes."""
        names = EXIF_NAMES if main else MAKER_NAMES
        for datum in exif:
            group, name = datum.groupName(), datum.tagName()
            name = _UNNAMED_TAGS.get(name, name)
            if main and name == "MakerNote":
                self._add_maker_note(datum)
            if name in HIDDEN_NAMES or name.startswith("0x") or group.startswith("Thumbnail"):
                continue
            if (group in _MAIN_GROUPS) is not main or group.startswith("SubImage"):
                continue
            if group == "PanasonicRaw":
                name = _SENSOR_BORDERS.get(name, name)
            self._add_exif_datum(exif, datum, names.get(name, name))

    def add_xmp(self, xmp: Any) -> None:
        """Add the simple and the list properties; those in structures have no flat name."""
        for datum in xmp:
            name = datum.tagName()
            if "/" in name or "[" in name:
                if len(self.structures) < _MOST_STRUCTURES:
                    self.structures[name] = clean(datum.toString())
                continue
            name = "RatingPercent" if datum.groupName() == "MicrosoftPhoto" else name
            self._add_xmp_datum(datum, XMP_NAMES.get(name, name[:1].upper() + name[1:]))

    def add_iptc(self, iptc: Any) -> None:
        """Add the IPTC records; repeated ones form a list."""
        created: dict[str, str] = {}
        for datum in iptc:
            if datum.groupName() != "Application2" or datum.size() > _TEXT_LIMIT:
                continue
            name, text = datum.tagName(), clean(datum.toString())
            if name == "Keywords":
                self.lists.setdefault(name, []).append(text)
                words: list[str | int | float] = [plain(word) for word in self.lists[name]]
                self.printed[name] = words if len(words) > 1 else words[0]
            else:
                self._add(IPTC_NAMES.get(name, name), text, plain(text))
                created.setdefault(name, text)
        if {"DateCreated", "TimeCreated"} <= created.keys():
            moment = f"{created['DateCreated']} {created['TimeCreated'][:8]}"
            self._add("DateTimeCreated", moment, moment)

    def add_lens(self, exif: Any) -> None:
        """Add the name of the lens that exiv2 finds by the maker's number for it."""
        for datum in exif:
            if datum.tagName() in _LENS_NUMBERS and datum.groupName() not in _MAIN_GROUPS:
                name = clean(datum.print(exif)).removeprefix("Nikon ")
                if _LENS_NAME.search(name):
                    self._add("LensID", name, name)

    def add_speed(self, exif: Any) -> None:
        """Add the ISO speed that Canon's older cameras tell by two numbers."""
        noted = {
            datum.tagName(): datum.toString()
            for datum in exif
            if datum.groupName() == "CanonSi" and datum.tagName() in ("AutoISO", "ISOSpeed")
        }
        base, automatic = (number(noted.get(name, "")) for name in ("ISOSpeed", "AutoISO"))
        speed = maker_notes.canon_speed(base or 0, automatic or 0)
        if speed:
            self._fallbacks["ISO"] = str(speed)

    def _add_exif_datum(self, exif: Any, datum: Any, name: str) -> None:
        size = datum.size()
        is_text = datum.typeId() in _TEXT_TYPES or name == "UserComment" or name[:2] == "XP"
        if not is_text and size > _BINARY_LIMIT_BYTES:
            self.printed.setdefault(name, f"(binary data, {size} bytes)")
            return
        spoken = clean(datum.print(exif))
        if name == "UserComment" and datum.typeId() == exiv2.TypeId.unsignedByte:
            spoken = clean(_comment(bytes(int(code) for code in datum.toString().split())))
        is_number = datum.groupName() in _MAIN_GROUPS and not is_text
        text = clean(datum.toString()) if is_number else spoken
        self._add(name, text, print_value(name, text, spoken, self.texts.get(f"{name}Ref", "")))

    def _add_xmp_datum(self, datum: Any, name: str) -> None:
        if datum.typeId() in _ARRAY_TYPES:
            items = [clean(item) for item in datum.value()][:100]
            if items and name not in self.texts:
                self.lists.setdefault(name, items)
                printed = [plain(item) for item in items]
                self._add(name, items[0], printed if len(items) > 1 else printed[0])
            return
        if datum.typeId() == exiv2.TypeId.langAlt:
            languages = dict(datum.value())
            text = clean(languages.get("x-default") or next(iter(languages.values()), ""))
        else:
            text = clean(datum.toString())
        if not text.startswith("type="):
            self._add(name, text, print_value(name, text, text))

    def _add_maker_note(self, datum: Any) -> None:
        if datum.typeId() not in _BYTE_TYPES:
            return
        note = bytes(datum.value().data())
        if identifier := maker_notes.content_identifier(note):
            self._add("ContentIdentifier", identifier, identifier)
        if burst := maker_notes.burst_id(note):
            self._add("BurstUUID", burst, burst)
        if time := maker_notes.trail_camera_time(note):
            self._fallbacks["DateTimeOriginal"] = time
        if speed := maker_notes.kodak_speed(note):
            self._fallbacks["ISO"] = str(speed)

    def _add(self, name: str, text: str, printed: Printed) -> None:
        if text and name not in self.texts:
            self.texts[name] = text
            self.printed.setdefault(name, printed)


def _comment(content: bytes) -> str:
    """The text of a comment that was written as mere numbers, behind the name of its code."""
    code, text = content[:8], content[8:]
    if code != b"UNICODE\0":
        return text.decode("utf-8", "surrogateescape")
    return text.decode("utf-16-be" if text.startswith(b"\0") else "utf-16-le", "replace")


def clean(text: str) -> str:
    """Return the text up to its first NUL, without outer blanks; bytes that are no UTF-8 become Latin-1."""
    text = _CHARSET.sub("", text.split("\0", 1)[0]).strip()[:_TEXT_LIMIT]
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        text = text.encode("utf-8", "surrogateescape").decode("latin-1")
    return text
