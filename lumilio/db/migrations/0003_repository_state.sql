-- An unregistered repository keeps its row, so that its assets keep their ids, ratings and albums.
-- It has no folder: its `path` then holds its id in hex, and another may stand where it stood.
ALTER TABLE repositories ADD COLUMN unregistered_at INTEGER;

-- Queues from which nothing is handed out until an administrator resumes them.
CREATE TABLE paused_queues (
    name TEXT PRIMARY KEY,
    paused_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
