"""Photos that move, made on the spot: with the clip inside, and as one half of a pair."""

import struct
from io import BytesIO
from pathlib import Path

from PIL import Image
from PIL.ExifTags import IFD, Base

from tests.support import clips, photos

_XMP = """<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF
 xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""
 xmlns:GCamera="http://ns.google.com/photos/1.0/camera/" GCamera:MotionPhoto="1"
 xmlns:Container="http://ns.google.com/photos/1.0/container/"
 xmlns:Item="http://ns.google.com/photos/1.0/container/item/">
 <Container:Directory><rdf:Seq>
 <rdf:li rdf:parseType="Resource"><Container:Item Item:Mime="image/jpeg"
  Item:Semantic="Primary" Item:Length="0"/></rdf:li>
 <rdf:li rdf:parseType="Resource"><Container:Item Item:Mime="video/mp4"
  Item:Semantic="MotionPhoto" Item:Length="{}"/></rdf:li>
 </rdf:Seq></Container:Directory></rdf:Description></rdf:RDF></x:xmpmeta>"""


def motion_photo(clip: bytes, seed: int = 0, size: tuple[int, int] = (48, 32)) -> bytes:
    """A JPEG of Google's phones with this clip behind the picture."""
    out = BytesIO()
    with Image.open(BytesIO(photos.jpeg(seed, size))) as picture:
        picture.save(out, "JPEG", xmp=_XMP.format(len(clip)).encode())
    return out.getvalue() + clip


def apple_note(entries: list[tuple[int, int, bytes]]) -> bytes:
    """Apple's maker note of tags, their types and their values."""
    head = b"Apple iOS\0\0\x01MM" + struct.pack(">H", len(entries))
    start = len(head) + 12 * len(entries)
    table, data = b"", b""
    for tag, kind, value in entries:
        table += struct.pack(">HHLL", tag, kind, len(value), start + len(data))
        data += value
    return head + table + data


def live_still(identifier: str, seed: int = 0, size: tuple[int, int] = (48, 32)) -> bytes:
    """The picture of a live photo."""
    exif = Image.Exif()
    exif[Base.Make] = "Apple"
    note = apple_note([(0x0011, 2, identifier.encode() + b"\0")])
    exif.get_ifd(IFD.Exif)[Base.MakerNote] = note
    out = BytesIO()
    with Image.open(BytesIO(photos.jpeg(seed, size))) as picture:
        picture.save(out, "JPEG", exif=exif.tobytes())
    return out.getvalue()


def live_video(path: Path, identifier: str, codec: str = "libx264") -> Path:
    """The video of a live photo, of one second."""
    tags = {"com.apple.quicktime.content.identifier": identifier}
    return clips.video(path, codec=codec, tags=tags)
