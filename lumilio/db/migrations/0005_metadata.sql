-- What the file of an asset says, as it was read last: every fact, and the document made of them.
CREATE TABLE file_metadata (
    asset_id INTEGER PRIMARY KEY REFERENCES assets (id) ON DELETE CASCADE,
    facts TEXT NOT NULL,
    document TEXT NOT NULL
) STRICT;

-- What people typed over it, by the document's keys; null where they took away what the file says.
-- `assets` holds both merged, for lists and filters.
CREATE TABLE typed_metadata (
    asset_id INTEGER PRIMARY KEY REFERENCES assets (id) ON DELETE CASCADE,
    document TEXT NOT NULL DEFAULT '{}',
    rating INTEGER CHECK (rating BETWEEN 0 AND 5)
) STRICT;

-- Until now a document could only come from a file, and a rating only from a person.
INSERT INTO file_metadata (asset_id, facts, document)
    SELECT id, '{}', specific_metadata FROM assets WHERE specific_metadata IS NOT NULL;
INSERT INTO typed_metadata (asset_id, rating) SELECT id, rating FROM assets WHERE rating > 0;
