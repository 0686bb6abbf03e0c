"""Whether a browser plays a file as it is, so that no copy of it need be made."""

from pathlib import Path

from av.container import InputContainer
from av.video.stream import VideoStream
from msgspec import structs

from lumilio.errors import CannotDecode
from lumilio.media import toning
from lumilio.media.containers import (
    NO_PICTURE,
    audio_stream,
    codec_name,
    duration_of,
    opened_media,
    video_stream,
)
from lumilio.media.facts import EmbeddedVideo
from lumilio.media.frames import stored_shape

SHORTEST_SIDE = 1080
_MP4 = "mp4"
_PIXELS = ("yuv420p", "yuvj420p")
_VIDEO_SOUNDS = ("aac", "mp3")
_SOUNDS = {
    ("mp3", "mp3"),
    ("aac", "aac"),
    ("mov,mp4,m4a,3gp,3g2,mj2", "aac"),
    ("flac", "flac"),
    ("ogg", "opus"),
    ("ogg", "vorbis"),
    ("ogg", "flac"),
    ("wav", "pcm_u8"),
    ("wav", "pcm_s16le"),
    ("wav", "pcm_s24le"),
    ("wav", "pcm_f32le"),
}
_BOX_HEADER, _LARGE_BOX_HEADER = 8, 16


def plays_video(path: Path, container: InputContainer) -> bool:
    """Whether any browser plays this video from its beginning while the rest is under way."""
    picture = video_stream(container)
    if picture is None or not _is_mp4(container):
        return False
    return is_plain_h264(picture) and is_plain_sound(container) and begins_with_index(path)


def examined(path: Path, clip: EmbeddedVideo) -> EmbeddedVideo:
    """A picture's clip with its length, and whether any browser plays it; CannotDecode.

    It is short enough to be loaded in whole, so that the place of its index does not matter.
    """
    with opened_media(path, clip) as container:
        picture = video_stream(container)
        if picture is None or picture.codec_context.pix_fmt is None:
            raise CannotDecode(path, NO_PICTURE)
        is_plain = is_plain_h264(picture) and is_plain_sound(container)
        return structs.replace(clip, duration=duration_of(container), needs_copy=not is_plain)


def plays_audio(container: InputContainer) -> bool:
    """Whether any browser plays this recording."""
    sound = audio_stream(container)
    return sound is not None and (container.format.name, codec_name(sound)) in _SOUNDS


def is_plain_h264(stream: VideoStream) -> bool:
    """Whether a stream is H.264 with 8 bits and 4:2:0, in SDR and of at most 1080 lines."""
    context = stream.codec_context
    shape = stored_shape(stream)
    return (
        codec_name(stream) == "h264"
        and context.pix_fmt in _PIXELS
        and not toning.is_hdr(context.color_trc)
        and min(shape.width, shape.height) <= SHORTEST_SIDE
    )


def is_plain_sound(container: InputContainer) -> bool:
    """Whether the sound is AAC or MP3, or there is none at all."""
    sound = audio_stream(container)
    return sound is None or codec_name(sound) in _VIDEO_SOUNDS


def begins_with_index(path: Path) -> bool:
    """Whether an MP4 tells where everything is (`moov`) before its media data (`mdat`)."""
    with path.open("rb") as file:
        while len(header := file.read(_BOX_HEADER)) == _BOX_HEADER:
            size, kind = int.from_bytes(header[:4], "big"), header[4:]
            if kind in (b"moov", b"mdat"):
                return kind == b"moov"
            length = _BOX_HEADER
            if size == 1:
                size, length = int.from_bytes(file.read(8), "big"), _LARGE_BOX_HEADER
            if size < length:
                return False
            file.seek(size - length, 1)
    return False


def _is_mp4(container: InputContainer) -> bool:
    return _MP4 in container.format.name.split(",")
