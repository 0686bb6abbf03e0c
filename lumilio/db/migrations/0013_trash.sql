-- What is being deleted for good: noted before its file goes, so that a start finishes what was begun.
CREATE TABLE deletions (
    asset_id INTEGER PRIMARY KEY REFERENCES assets (id) ON DELETE CASCADE,
    begun_at INTEGER NOT NULL,
    -- Whether the file may go where its disk has no bin.
    without_bin INTEGER NOT NULL CHECK (without_bin IN (0, 1)),
    -- Why the asset stays in the trash after all; NULL while it is being deleted.
    problem TEXT CHECK (problem IN ('changed', 'no_bin', 'not_removable'))
) STRICT;
