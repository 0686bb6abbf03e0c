"""Which decoders work on this machine, found out by using them."""

import io
from collections.abc import Callable
from importlib.metadata import version

from msgspec import Struct


class Decoder(Struct, frozen=True):
    """One decoder and whether a tiny picture went through it."""

    name: str
    fact: str
    works: bool


def decoders() -> list[Decoder]:
    """Try everything that photos, videos and recordings need."""
    return [
        _tried("JPEG, PNG, WebP, GIF, TIFF, BMP, JPEG 2000", _pillow),
        _tried("HEIC, HEIF", _heif),
        _tried("AVIF", _avif),
        _tried("JPEG XL", _jxl),
        _tried("Photoshop", _psd),
        _tried("SVG", _svg),
        _tried("RAW", _raw),
        _tried("Metadata", _metadata),
        _tried("Video, audio", _video),
    ]


def _tried(name: str, attempt: Callable[[], str]) -> Decoder:
    try:
        return Decoder(name, attempt(), works=True)
    except Exception as error:
        return Decoder(name, str(error) or type(error).__name__, works=False)


def _round_trip(*formats: str) -> None:
    from PIL import Image

    for name in formats:
        buffer = io.BytesIO()
        Image.new("RGB", (16, 16)).save(buffer, name)
        with Image.open(buffer) as picture:
            picture.load()


def _pillow() -> str:
    from PIL import __version__

    _round_trip("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "JPEG2000")
    return f"Pillow {__version__}"


def _heif() -> str:
    import pillow_heif

    pillow_heif.register_heif_opener()
    _round_trip("HEIF")
    return f"libheif {pillow_heif.libheif_version()}"


def _avif() -> str:
    _round_trip("AVIF")
    return "Pillow's own decoder"


def _jxl() -> str:
    from pillow_jxl import JpegXLImagePlugin

    _round_trip(JpegXLImagePlugin.JXLImageFile.format)
    return f"pillow-jxl-plugin {version('pillow-jxl-plugin')}"


def _psd() -> str:
    from psd_tools import PSDImage

    buffer = io.BytesIO()
    PSDImage.new("RGB", (16, 16)).save(buffer)
    buffer.seek(0)
    PSDImage.open(buffer).topil()
    return f"psd-tools {version('psd-tools')}"


def _svg() -> str:
    import resvg_py

    resvg_py.svg_to_bytes(
        svg_string='<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'
    )
    return f"resvg-py {version('resvg-py')}"


def _raw() -> str:
    import rawpy

    return f"LibRaw {'.'.join(str(part) for part in rawpy.libraw_version)}"


def _metadata() -> str:
    import exiv2

    return f"exiv2 {exiv2.version()}"


def _video() -> str:
    import av

    from lumilio.media.encoders import working_hardware

    for name in ("libx264", "aac", "libmp3lame"):
        av.codec.Codec(name, "w")
    hardware = working_hardware()
    return f"FFmpeg {av.ffmpeg_version_info}, encoder {hardware.name if hardware else 'libx264'}"
