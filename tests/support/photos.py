"""Small pictures, made on the spot; different seeds give different content."""

from io import BytesIO

from PIL import Image
from PIL.ExifTags import GPS, IFD, Base


def jpeg(
    seed: int = 0,
    size: tuple[int, int] = (48, 32),
    *,
    taken: str | None = None,
    offset: str | None = None,
    model: str | None = None,
    lens: str | None = None,
    gps: tuple[float, float] | None = None,
) -> bytes:
    """A JPEG; `taken` is "YYYY:MM:DD HH:MM:SS", `gps` latitude and longitude in degrees."""
    exif = Image.Exif()
    details = exif.get_ifd(IFD.Exif)
    if taken:
        details[Base.DateTimeOriginal] = taken
    if offset:
        details[Base.OffsetTimeOriginal] = offset
    if model:
        exif[Base.Model] = model
    if lens:
        details[Base.LensModel] = lens
    if gps:
        exif.get_ifd(IFD.GPSInfo).update(_position(*gps))
    out = BytesIO()
    _picture(seed, size).save(out, "JPEG", quality=85, exif=exif.tobytes())
    return out.getvalue()


def png(seed: int = 0, size: tuple[int, int] = (48, 32)) -> bytes:
    """A PNG without metadata."""
    out = BytesIO()
    _picture(seed, size).save(out, "PNG")
    return out.getvalue()


def _picture(seed: int, size: tuple[int, int]) -> Image.Image:
    colour = (seed * 37 % 256, seed * 101 % 256, (seed // 256 * 53 + 90) % 256)
    picture = Image.new("RGB", size, colour)
    picture.putpixel((seed % size[0], seed // size[0] % size[1]), (255, 255, 255))
    return picture


def _position(latitude: float, longitude: float) -> dict[int, object]:
    return {
        GPS.GPSLatitudeRef: "N" if latitude >= 0 else "S",
        GPS.GPSLatitude: _sexagesimal(abs(latitude)),
        GPS.GPSLongitudeRef: "E" if longitude >= 0 else "W",
        GPS.GPSLongitude: _sexagesimal(abs(longitude)),
    }


def _sexagesimal(degrees: float) -> tuple[float, float, float]:
    whole = int(degrees)
    minutes = int((degrees - whole) * 60)
    return float(whole), float(minutes), round((degrees - whole - minutes / 60) * 3600, 4)
