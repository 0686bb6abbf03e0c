"""The layers of metadata in the database: what later features find, and what older libraries had."""

from pathlib import Path

import msgspec
import pytest

from lumilio.db import Database, migrate
from lumilio.db.migrations import known
from lumilio.media.facts import FaceRegion, PhotoFacts
from tests.support.library import Library
from tests.support.photos import jpeg

STEP = "0005_metadata"
XMP = b"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF
 xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:MP="http://ns.microsoft.com/photo/1.2/"
 xmlns:MPRI="http://ns.microsoft.com/photo/1.2/t/RegionInfo#"
 xmlns:MPReg="http://ns.microsoft.com/photo/1.2/t/Region#">
 <dc:subject><rdf:Bag><rdf:li>sea</rdf:li></rdf:Bag></dc:subject>
 <MP:RegionInfo rdf:parseType="Resource"><MPRI:Regions><rdf:Bag><rdf:li
  MPReg:PersonDisplayName="Ada" MPReg:Rectangle="0.25, 0.5, 0.125, 0.25"/></rdf:Bag>
 </MPRI:Regions></MP:RegionInfo></rdf:Description></rdf:RDF></x:xmpmeta>"""


def test_every_fact_of_a_file_is_kept_for_later_features(library: Library) -> None:
    file = library.folder() / "a.jpg"
    file.write_bytes(jpeg(1, model="Camera One"))
    file.with_name("a.xmp").write_bytes(XMP)
    library.scan()
    (text,) = library.values("SELECT facts FROM file_metadata")
    facts = msgspec.json.decode(text, type=PhotoFacts)
    assert facts.camera_model == "Camera One"
    assert facts.keywords == ("sea",)
    assert facts.faces == (FaceRegion("Ada", "Face", 0.25, 0.5, 0.125, 0.25),)


@pytest.mark.parametrize(
    ("document", "rating"), [('{"camera_model":"Camera One"}', 4), ("NULL", 0)]
)
def test_what_an_older_library_knew_becomes_the_files_word(
    tmp_path: Path, document: str, rating: int
) -> None:
    names = [step.name for step in known()]
    before = known()[: names.index(STEP)]
    database = Database(tmp_path / "old.db")
    migrate(database, tmp_path, before)
    with database.write() as tx:
        tx.run(
            "INSERT INTO repositories (id, repository_id, name, path, role, storage_strategy,"
            " duplicate_handling, created_at, updated_at)"
            " VALUES (1, x'01', 'a', '/a', 'primary', 'date', 'rename', 0, 0)"
        )
        tx.run(
            "INSERT INTO assets (asset_id, repository_id, type, original_filename,"
            " folded_filename, storage_path, mime_type, file_size, file_modified_at, hash,"
            " upload_time, processing, specific_metadata, rating) VALUES (x'02', 1, 'PHOTO',"
            " 'a.jpg', 'a.jpg', 'a.jpg', 'image/jpeg', 1, 0, x'03', 0, '{}', NULLIF(?, 'NULL'), ?)",
            (document, rating),
        )
    migrate(database, tmp_path)
    with database.read() as db:
        files = db.rows(str, "SELECT document FROM file_metadata")
        ratings = db.rows(int, "SELECT rating FROM typed_metadata")
    database.close()
    assert files == ([] if document == "NULL" else [document])
    assert ratings == ([rating] if rating else [])
