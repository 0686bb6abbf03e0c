"""A video's or a recording's way through the decoder: facts, and thumbnails of poster or cover."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import msgspec
from av.container import InputContainer
from PIL import Image

from lumilio.errors import CannotDecode
from lumilio.media import frames, media_tags
from lumilio.media.capture_time import CaptureTime, parse_stamp
from lumilio.media.containers import (
    NO_AUDIO,
    NO_VIDEO,
    audio_stream,
    codec_name,
    duration_of,
    frame_rate_of,
    is_cover,
    opened_media,
    video_stream,
)
from lumilio.media.facts import AudioFacts, Development, Task, VideoFacts
from lumilio.media.pictures import PillowPicture, identified
from lumilio.media.places import position_of
from lumilio.media.posters import poster_of
from lumilio.media.previews import pictured
from lumilio.media.tags import bounded
from lumilio.media.thumbnails import LONGEST_SIDES

_STATED_TIMES = ("CreationDate", "DateTimeOriginal", "SubSecDateTimeOriginal", "Date")
_FILE_TIMES = ("CreateDate", "MediaCreateDate", "TrackCreateDate")
_MODELS = ("Model", "AndroidModel", "Make", "CameraModelName", "RecorderModel")
_MAKERS = ("Make", "AndroidMake")
_VIDEO_TEXTS = ("Description", "Comment", "Title", "Synopsis")
_YEARS = ("Year", "Date", "ReleaseDate", "RecordingDate", "Originaldate")
_FIRST_YEAR, _YEARS_AHEAD = 1800, 10


def develop_video(
    source: Path, *, thumbnails_dir: Path, stem: str, tasks: frozenset[Task]
) -> Development:
    """Read one video; what is told, and where thumbnails stand, is as `develop.develop` says."""
    poster: Image.Image | None = None
    development = Development()
    try:
        with opened_media(source) as container:
            development = _read_video(source, container)
            if "thumbnails" in tasks:
                poster, development = _read_poster(source, container, development)
    except CannotDecode as error:
        development = _failed(development, tasks, error.why)
    if "metadata" not in tasks:
        development = msgspec.structs.replace(development, facts=None, exif_raw=None)
    return pictured(development, poster, thumbnails_dir, stem) if poster else development


def develop_audio(
    source: Path, *, thumbnails_dir: Path, stem: str, tasks: frozenset[Task]
) -> Development:
    """Read one recording; its thumbnails show its cover, without one there are none."""
    cover: Image.Image | None = None
    development = Development()
    try:
        with opened_media(source) as container:
            development = _read_audio(source, container)
            if "thumbnails" in tasks:
                cover = _cover(source, container)
    except CannotDecode as error:
        development = msgspec.structs.replace(development, metadata_error=error.why)
    return pictured(development, cover, thumbnails_dir, stem) if cover else development


def _failed(development: Development, tasks: frozenset[Task], why: str) -> Development:
    """Blame the poster when the facts are there already, else both."""
    has_facts = development.facts is not None
    return msgspec.structs.replace(
        development,
        metadata_error=None if has_facts or "metadata" not in tasks else why,
        thumbnail_error=why if "thumbnails" in tasks else None,
    )


def _read_video(source: Path, container: InputContainer) -> Development:
    stream = video_stream(container)
    if stream is None and audio_stream(container) is None:
        raise CannotDecode(source, NO_VIDEO)
    tags = media_tags.tags_of(container)
    shape = frames.stored_shape(stream) if stream else None
    return Development(
        facts=_video_facts(container, tags),
        exif_raw=bounded(media_tags.printed_tags(source, container, tags)),
        width=shape.width if shape else None,
        height=shape.height if shape else None,
        duration=duration_of(container),
    )


def _read_poster(
    source: Path, container: InputContainer, development: Development
) -> tuple[Image.Image, Development]:
    stream = video_stream(container)
    if stream is None:
        raise CannotDecode(source, NO_VIDEO)
    poster = poster_of(source, container, stream, LONGEST_SIDES["large"])
    shape = poster.shape
    printed = dict(development.exif_raw or {}) | {"Rotation": shape.rotation}
    return poster.picture, msgspec.structs.replace(
        development, width=shape.width, height=shape.height, exif_raw=printed
    )


def _read_audio(source: Path, container: InputContainer) -> Development:
    if audio_stream(container) is None:
        raise CannotDecode(source, NO_AUDIO)
    tags = media_tags.tags_of(container)
    return Development(
        facts=_audio_facts(container, tags),
        exif_raw=bounded(media_tags.printed_tags(source, container, tags)),
        duration=duration_of(container),
    )


def _cover(source: Path, container: InputContainer) -> Image.Image | None:
    """The picture that a recording brings; a damaged one is none."""
    for stream in container.streams.video:
        if not is_cover(stream):
            continue
        try:
            content = BytesIO(bytes(next(container.demux(stream))))
            with identified(content, source) as image:
                return PillowPicture(source, image).render(LONGEST_SIDES["large"])
        except (CannotDecode, StopIteration):
            continue
    return None


def _video_facts(container: InputContainer, tags: Mapping[str, str]) -> VideoFacts:
    time = _recorded_time(tags)
    position = position_of(tags.get("GPSCoordinates", ""))
    stream = video_stream(container) or audio_stream(container)
    assert stream is not None
    return VideoFacts(
        recorded_time=time.utc if time else None,
        capture_offset_minutes=time.offset_minutes if time else None,
        codec=media_tags.codec_code(stream.codec_context.codec_tag) or codec_name(stream),
        bitrate=stream.codec_context.bit_rate or container.bit_rate or None,
        frame_rate=frame_rate_of(container),
        camera_make=_first(tags, _MAKERS),
        camera_model=_first(tags, _MODELS),
        description=_first(tags, _VIDEO_TEXTS),
        gps_latitude=position.latitude if position else None,
        gps_longitude=position.longitude if position else None,
        gps_altitude=position.altitude if position else None,
        content_identifier=tags.get("ContentIdentifier"),
    )


def _audio_facts(container: InputContainer, tags: Mapping[str, str]) -> AudioFacts:
    stream = audio_stream(container)
    assert stream is not None
    return AudioFacts(
        codec=media_tags.codec_code(stream.codec_context.codec_tag) or codec_name(stream),
        bitrate=stream.codec_context.bit_rate or container.bit_rate or None,
        sample_rate=stream.codec_context.sample_rate or None,
        channels=stream.codec_context.channels or None,
        artist=_first(tags, ("Artist", "AlbumArtist", "Performer", "Author")),
        album=_first(tags, ("Album", "AlbumTitle")),
        title=_first(tags, ("Title", "SongTitle", "TrackTitle")),
        genre=_first(tags, ("Genre", "ContentType")),
        year=_year(tags),
        description=_first(tags, ("Comment", "Description", "Lyrics", "Synopsis")),
    )


def _first(tags: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    return next((tags[name] for name in names if tags.get(name)), None)


def _recorded_time(tags: Mapping[str, str]) -> CaptureTime | None:
    """When a video was recorded: as a camera states it with its offset, else the file's own clock.

    That clock (QuickTime's and Matroska's) is in UTC by definition, and says nothing of the offset.
    """
    for name in _STATED_TIMES:
        stamp = parse_stamp(tags.get(name, ""))
        if stamp is not None:
            zulu = tags[name].rstrip().endswith("Z")
            offset = None if zulu else stamp.offset_minutes
            return CaptureTime(_utc(stamp.wall, stamp.offset_minutes or 0), offset)
    stamps = (parse_stamp(tags.get(name, "")) for name in _FILE_TIMES)
    clock = next((stamp for stamp in stamps if stamp is not None), None)
    return CaptureTime(_utc(clock.wall, clock.offset_minutes or 0), None) if clock else None


def _utc(wall: datetime, offset_minutes: int) -> datetime:
    try:
        return (wall - timedelta(minutes=offset_minutes)).replace(tzinfo=UTC)
    except OverflowError:
        return wall.replace(tzinfo=UTC)


def _year(tags: Mapping[str, str]) -> int | None:
    """The first year from 1800 to some years ahead that a tag of a date names."""
    last = datetime.now(UTC).year + _YEARS_AHEAD
    for name in _YEARS:
        for digits in re.findall(r"\b\d{4}", tags.get(name, "")):
            if _FIRST_YEAR <= int(digits) <= last:
                return int(digits)
    return None
