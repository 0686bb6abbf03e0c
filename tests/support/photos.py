"""Small pictures, made on the spot; different seeds give different content."""

import struct
from io import BytesIO

from PIL import Image
from PIL.ExifTags import GPS, IFD, Base

# A sidecar that gives a photo so many stars.
XMP = """<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF
 xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""
 xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="{}"/></rdf:RDF></x:xmpmeta>"""


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


def _boxes(*brands: str) -> bytes:
    names = b"".join(brand.encode() for brand in brands)
    return (len(names) + 12).to_bytes(4, "big") + b"ftyp" + names[:4] + bytes(4) + names[4:]


def tiff_start(make: str = "", *tags: tuple[int, int]) -> bytes:
    """The directory of a little-endian TIFF: its camera, and further tags of one short each."""
    entries = [(0x010F, 2, len(make) + 1, 10 + 12 * (1 + len(tags)) + 6)] if make else []
    entries += [(tag, 3, 1, value) for tag, value in tags]
    table = b"".join(struct.pack("<HHII", *entry) for entry in sorted(entries))
    directory = struct.pack("<H", len(entries)) + table + bytes(4)
    head = b"II*\0" + struct.pack("<I", 8) + directory
    return head.ljust(10 + 12 * (1 + len(tags)) + 6, b"\0") + make.encode() + b"\0"


# How files of each format begin; what follows is for the decoders to complain about.
STARTS: dict[str, bytes] = {
    "jpg": b"\xff\xd8\xff\xe0",
    "png": b"\x89PNG\r\n\x1a\n",
    "webp": b"RIFF\x24\0\0\0WEBPVP8 ",
    "gif": b"GIF89a",
    "bmp": b"BM" + bytes(12) + b"\x28\0\0\0",
    "tif": tiff_start(),
    "heic": _boxes("heic", "mif1", "heic"),
    "heif": _boxes("mif1", "heic"),
    "hif": _boxes("heix", "mif1"),
    "avif": _boxes("avif", "mif1"),
    "avifs": _boxes("avis", "msf1"),
    "jxl": b"\0\0\0\x0cJXL \r\n\x87\n",
    "jp2": b"\0\0\0\x0cjP  \r\n\x87\n",
    "j2k": b"\xff\x4f\xff\x51",
    "psd": b"8BPS\0\x01",
    "psb": b"8BPS\0\x02",
    "svg": b'<?xml version="1.0"?>\n<!-- by hand -->\n<svg xmlns="http://www.w3.org/2000/svg">',
    "dng": tiff_start("Canon", (0xC612, 1)),
    "cr2": b"II*\0\x10\0\0\0CR\x02\0" + bytes(4) + bytes(6),
    "cr3": _boxes("crx ", "isom"),
    "crw": b"II\x1a\0\0\0HEAPCCDR",
    "nef": tiff_start("NIKON CORPORATION", (0x0106, 32803)),
    "arw": tiff_start("SONY", (0x0103, 32767)),
    "pef": tiff_start("PENTAX Corporation", (0x0103, 65535)),
    "srw": tiff_start("SAMSUNG", (0x0106, 32803)),
    "3fr": tiff_start("Hasselblad", (0x0106, 32803)),
    "dcr": tiff_start("Kodak", (0x0103, 65000)),
    "erf": tiff_start("SEIKO EPSON CORP.", (0x0106, 32803)),
    "mef": tiff_start("Mamiya-OP Co.,Ltd.", (0x0106, 32803)),
    "mos": tiff_start("Leaf", (0x0106, 32803)),
    "iiq": b"II*\0\x10\0\0\0IIII" + bytes(10),
    "orf": b"IIRO",
    "rw2": b"IIU\0",
    "raf": b"FUJIFILMCCD-RAW 0201",
    "mrw": b"\0MRM",
    "x3f": b"FOVb",
    "mp4": _boxes("isom", "mp42"),
    "mov": _boxes("qt  "),
    "3gp": _boxes("3gp5", "isom"),
    "m4a": _boxes("M4A ", "mp42"),
    "avi": b"RIFF\x24\0\0\0AVI LIST",
    "mkv": b"\x1a\x45\xdf\xa3\x9f\x42\x82\x88matroska",
    "webm": b"\x1a\x45\xdf\xa3\x9f\x42\x82\x84webm",
    "flv": b"FLV\x01",
    "wmv": b"\x30\x26\xb2\x75\x8e\x66\xcf\x11",
    "mpg": b"\0\0\x01\xba",
    "mts": (b"G" + bytes(187)) * 3,
    "m2ts": (bytes(4) + b"G" + bytes(187)) * 3,
    "ogv": b"OggS\0\x02" + bytes(22) + b"\x80theora",
    "mp3": b"ID3\x03",
    "aac": b"\xff\xf1",
    "flac": b"fLaC",
    "wav": b"RIFF\x24\0\0\0WAVEfmt ",
    "ogg": b"OggS\0\x02",
    "opus": b"OggS\0\x02" + bytes(22) + b"OpusHead",
    "aiff": b"FORM\0\0\0\x04AIFF",
}
_SAME_START = {
    "m4v": "mp4",
    "insv": "mp4",
    "mpeg": "mpg",
    "oga": "ogg",
    "wma": "wmv",
    "jpeg": "jpg",
    "jpe": "jpg",
    "jfif": "jpg",
    "insp": "jpg",
    "tiff": "tif",
    "jpf": "jp2",
    "jpx": "jp2",
    "j2c": "j2k",
    "rwl": "rw2",
    "fff": "3fr",
    "kdc": "dcr",
    "nrw": "nef",
    "sr2": "arw",
    "srf": "arw",
}
STARTS |= {extension: STARTS[other] for extension, other in _SAME_START.items()}


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
