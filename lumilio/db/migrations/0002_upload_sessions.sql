-- A file that arrives in chunks. The chunks are files in the repository's staging folder.
CREATE TABLE upload_sessions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id TEXT NOT NULL UNIQUE,
    owner_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    repository_id INTEGER NOT NULL REFERENCES repositories (id) ON DELETE CASCADE,
    file_name TEXT NOT NULL,
    total_chunks INTEGER NOT NULL CHECK (total_chunks > 0),
    -- merging: all chunks are there, and whoever holds the session, or the next start, merges them.
    status TEXT NOT NULL CHECK (status IN ('uploading', 'merging', 'completed', 'failed')),
    created_at INTEGER NOT NULL,
    last_activity INTEGER NOT NULL,
    -- What became of it, to tell a client again whose connection broke before the answer.
    content_hash BLOB,
    asset_id BLOB,
    job_id INTEGER,
    is_duplicate INTEGER CHECK (is_duplicate IN (0, 1)),
    error TEXT NOT NULL DEFAULT '',
    CHECK ((status = 'completed') = (asset_id IS NOT NULL))
) STRICT;
CREATE INDEX upload_sessions_by_owner ON upload_sessions (owner_id);
CREATE INDEX upload_sessions_by_status ON upload_sessions (status, last_activity);

CREATE TABLE upload_chunks (
    session_id INTEGER NOT NULL REFERENCES upload_sessions (id) ON DELETE CASCADE,
    chunk_index INTEGER NOT NULL CHECK (chunk_index >= 0),
    size INTEGER NOT NULL,
    hash BLOB NOT NULL,
    -- NULL once the chunk is part of the merged file and its own file is gone.
    staged_name TEXT,
    PRIMARY KEY (session_id, chunk_index)
) STRICT, WITHOUT ROWID;
