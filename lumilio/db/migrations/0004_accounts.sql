ALTER TABLE users ADD COLUMN avatar_asset_id INTEGER REFERENCES assets (id) ON DELETE SET NULL;
-- Whoever signs in with a one-time password may only choose a password of their own.
ALTER TABLE users ADD COLUMN must_change_password INTEGER NOT NULL DEFAULT 0
    CHECK (must_change_password IN (0, 1));

-- Attempts at secrets within a window of time. Names and addresses stand as keyed hashes.
CREATE TABLE attempts (
    subject BLOB PRIMARY KEY,
    count INTEGER NOT NULL,
    window_began_at INTEGER NOT NULL,
    blocked_until INTEGER
) STRICT, WITHOUT ROWID;
