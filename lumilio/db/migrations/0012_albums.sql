-- What an album is beside its name and its assets.
ALTER TABLE albums ADD COLUMN description TEXT;
ALTER TABLE albums ADD COLUMN cover_id INTEGER REFERENCES assets (id) ON DELETE SET NULL;
ALTER TABLE albums ADD COLUMN album_type TEXT NOT NULL DEFAULT 'default'
    CHECK (album_type IN ('default', 'bio'));
ALTER TABLE albums ADD COLUMN created_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE albums ADD COLUMN updated_at INTEGER NOT NULL DEFAULT 0;
CREATE INDEX albums_by_user ON albums (user_id, created_at DESC, id DESC);
CREATE INDEX albums_by_cover ON albums (cover_id) WHERE cover_id IS NOT NULL;
