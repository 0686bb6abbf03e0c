"""What a video or recording says of itself, under the names that ExifTool has for it.

Every container has names of its own ("com.apple.quicktime.make", "TITLE", "location-eng"); FFmpeg
passes them on, and clients know them by ExifTool's.
"""

import re
from pathlib import Path

from av.container import InputContainer

from lumilio.media.capture_time import parse_stamp
from lumilio.media.containers import (
    audio_stream,
    codec_name,
    duration_of,
    frame_rate_of,
    video_stream,
)
from lumilio.media.exif_names import Printed, angle_text, plain
from lumilio.media.formats import format_of
from lumilio.media.places import position_of

_NAMES = {
    "album_artist": "AlbumArtist",
    "com.android.manufacturer": "AndroidMake",
    "creation_time": "CreateDate",
    "creationdate": "CreationDate",
    "date": "Date",
    "disc": "DiskNumber",
    "encoded_by": "EncodedBy",
    "location": "GPSCoordinates",
    "location.iso6709": "GPSCoordinates",
    "tbpm": "BeatsPerMinute",
    "track": "TrackNumber",
}
# FFmpeg repeats a text that is marked with its language; these marks are not names.
_LANGUAGE = re.compile(r"-[a-z]{3}$")
_QUICKTIME = "com.apple.quicktime."
_ANDROID = "com."
_UNWANTED = re.compile(r"id3v2_priv\.|vendor_id|handler_name|^duration$|^language$", re.IGNORECASE)
_LONGEST_TEXT = 2000
_MATROSKA = "matroska"


def tags_of(container: InputContainer) -> dict[str, str]:
    """Return the texts of a file by ExifTool's names; the container's go before a stream's."""
    found = dict(container.metadata)
    for stream in (video_stream(container), audio_stream(container)):
        if stream is not None:
            found = dict(stream.metadata) | found
    tags: dict[str, str] = {}
    for key in sorted(found, key=lambda key: bool(_LANGUAGE.search(key))):
        text = str(found[key]).strip("\0 \r\n\t")[:_LONGEST_TEXT]
        if text and not _UNWANTED.search(key):
            tags.setdefault(tag_name(_LANGUAGE.sub("", key)), text)
    if _MATROSKA in container.format.name and "CreateDate" in tags:
        tags["DateTimeOriginal"] = tags.pop("CreateDate")
    return tags


def tag_name(key: str) -> str:
    """Return ExifTool's name of one of FFmpeg's keys: "location.ISO6709" is GPSCoordinates."""
    key = key.removeprefix(_QUICKTIME)
    if name := _NAMES.get(key.lower()):
        return name
    words = re.split(r"[^A-Za-z0-9]+", key.removeprefix(_ANDROID))
    return "".join(
        word.capitalize() if word.isupper() else word[:1].upper() + word[1:] for word in words
    )


def printed_tags(path: Path, container: InputContainer, tags: dict[str, str]) -> dict[str, Printed]:
    """Return all tags as ExifTool prints them, those of the streams behind those of the file."""
    printed = {name: _printed(name, text) for name, text in tags.items()}
    position = position_of(tags.get("GPSCoordinates", ""))
    if position is not None:
        printed["GPSLatitude"] = _angle(position.latitude, "NS")
        printed["GPSLongitude"] = _angle(position.longitude, "EW")
    found: dict[str, Printed | None] = {
        **_file_tags(path, container),
        **_video_tags(container),
        **_audio_tags(container),
    }
    return printed | {name: value for name, value in found.items() if value not in (None, "")}


def _printed(name: str, text: str) -> Printed:
    if name == "CompatibleBrands":
        return [text[start : start + 4] for start in range(0, len(text), 4)]
    stamp = parse_stamp(text)
    if stamp is not None:
        # A clock by definition in UTC is printed without saying so.
        zone = "" if name == "CreateDate" else _zone(stamp.offset_minutes)
        return f"{stamp.wall:%Y:%m:%d %H:%M:%S}{zone}"
    return plain(text)


def _zone(offset_minutes: int | None) -> str:
    if offset_minutes is None:
        return ""
    hours, minutes = divmod(abs(offset_minutes), 60)
    return f"{'-' if offset_minutes < 0 else '+'}{hours:02}:{minutes:02}"


def _angle(degrees: float, letters: str) -> str:
    return angle_text(f"{abs(degrees)}", letters[degrees < 0]) or ""


def _file_tags(path: Path, container: InputContainer) -> dict[str, Printed | None]:
    seconds = duration_of(container)
    media_format = format_of(path)
    return {
        "FileType": path.suffix.lstrip(".").upper(),
        "MIMEType": media_format.mime if media_format else None,
        "Duration": _duration_text(seconds) if seconds else None,
        "AvgBitrate": bitrate_text(container.bit_rate) if container.bit_rate else None,
    }


def _video_tags(container: InputContainer) -> dict[str, Printed | None]:
    stream = video_stream(container)
    if stream is None:
        return {}
    return {
        "CompressorID": codec_code(stream.codec_context.codec_tag),
        "VideoCodec": codec_name(stream),
        "ImageWidth": stream.width,
        "ImageHeight": stream.height,
        "VideoFrameRate": frame_rate_of(container),
        "PixelFormat": stream.codec_context.pix_fmt,
    }


def _audio_tags(container: InputContainer) -> dict[str, Printed | None]:
    stream = audio_stream(container)
    if stream is None:
        return {}
    return {
        "AudioFormat": codec_code(stream.codec_context.codec_tag) or codec_name(stream),
        "AudioChannels": stream.codec_context.channels,
        "AudioSampleRate": stream.codec_context.sample_rate,
    }


def codec_code(tag: str) -> str | None:
    """Return a container's own code of a codec ("avc1"), None where it is a mere number."""
    return tag.strip() if tag.isascii() and tag.isprintable() and tag.strip() else None


def bitrate_text(bits: int) -> str:
    """Print bits a second as ExifTool does: "12.3 Mbps", "128 kbps"."""
    for unit, size in (("Gbps", 10**9), ("Mbps", 10**6), ("kbps", 10**3)):
        if bits >= size:
            value = bits / size
            return f"{value:.0f} {unit}" if value >= 100 else f"{value:.3g} {unit}"
    return f"{bits} bps"


def _duration_text(seconds: float) -> str:
    if seconds < 30:
        return f"{seconds:.2f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"
