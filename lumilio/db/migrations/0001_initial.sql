-- Instants are whole microseconds since 1970, UTC. UUIDs and hashes are blobs.

CREATE TABLE users (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    username TEXT NOT NULL UNIQUE,
    display_name TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('admin', 'user')),
    is_active INTEGER NOT NULL DEFAULT 1 CHECK (is_active IN (0, 1)),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    last_login INTEGER
) STRICT;

-- A session is one sign-in: the family of refresh tokens that grew out of it.
CREATE TABLE sessions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    user_agent TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT;
CREATE INDEX sessions_by_user ON sessions (user_id);

CREATE TABLE refresh_tokens (
    token_hash BLOB PRIMARY KEY,
    session_id INTEGER NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    expires_at INTEGER NOT NULL,
    rotated_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX refresh_tokens_by_session ON refresh_tokens (session_id);

CREATE TABLE repositories (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    repository_id BLOB NOT NULL UNIQUE,
    name TEXT NOT NULL,
    path TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL CHECK (role IN ('primary', 'regular')),
    default_owner_id INTEGER REFERENCES users (id) ON DELETE SET NULL,
    storage_strategy TEXT NOT NULL CHECK (storage_strategy IN ('date', 'flat', 'cas')),
    duplicate_handling TEXT NOT NULL CHECK (duplicate_handling IN ('rename', 'uuid', 'overwrite')),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX one_primary_repository ON repositories (role) WHERE role = 'primary';

CREATE TABLE assets (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    asset_id BLOB NOT NULL UNIQUE,
    repository_id INTEGER NOT NULL REFERENCES repositories (id),
    owner_id INTEGER REFERENCES users (id) ON DELETE SET NULL,
    type TEXT NOT NULL CHECK (type IN ('PHOTO', 'VIDEO', 'AUDIO')),
    original_filename TEXT NOT NULL,
    -- Without case and in composed form, for filters by name.
    folded_filename TEXT NOT NULL,
    storage_path TEXT NOT NULL,
    mime_type TEXT NOT NULL,
    file_size INTEGER NOT NULL,
    file_modified_at INTEGER NOT NULL,
    hash BLOB NOT NULL,
    width INTEGER,
    height INTEGER,
    duration REAL,
    upload_time INTEGER NOT NULL,
    taken_time INTEGER,
    capture_offset_minutes INTEGER,
    rating INTEGER NOT NULL DEFAULT 0 CHECK (rating BETWEEN 0 AND 5),
    liked INTEGER NOT NULL DEFAULT 0 CHECK (liked IN (0, 1)),
    is_raw INTEGER NOT NULL DEFAULT 0 CHECK (is_raw IN (0, 1)),
    camera_model TEXT,
    lens_model TEXT,
    gps_latitude REAL,
    gps_longitude REAL,
    specific_metadata TEXT,
    processing TEXT NOT NULL,
    thumbhash BLOB,
    perceptual_hash BLOB,
    deleted_at INTEGER,
    -- A missing file may come back by itself; what a person put into the trash may not.
    deleted_reason TEXT CHECK (deleted_reason IN ('trashed', 'missing')),
    -- The wall clock at capture orders the timeline, so that days never interleave.
    capture_order INTEGER GENERATED ALWAYS AS (
        COALESCE(taken_time + COALESCE(capture_offset_minutes, 0) * 60000000, upload_time)
    ) VIRTUAL,
    CHECK ((deleted_at IS NULL) = (deleted_reason IS NULL)),
    UNIQUE (repository_id, storage_path)
) STRICT;
CREATE INDEX assets_by_capture ON assets (capture_order DESC, asset_id DESC)
    WHERE deleted_at IS NULL;
CREATE INDEX assets_by_owner_and_capture ON assets (owner_id, capture_order DESC, asset_id DESC)
    WHERE deleted_at IS NULL;
CREATE INDEX assets_by_upload ON assets (upload_time DESC, asset_id DESC)
    WHERE deleted_at IS NULL;
CREATE INDEX assets_by_owner_and_upload ON assets (owner_id, upload_time DESC, asset_id DESC)
    WHERE deleted_at IS NULL;
CREATE INDEX assets_in_trash ON assets (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX assets_by_hash ON assets (hash, repository_id);
CREATE INDEX assets_by_camera ON assets (camera_model) WHERE camera_model IS NOT NULL;
CREATE INDEX assets_by_lens ON assets (lens_model) WHERE lens_model IS NOT NULL;
CREATE INDEX assets_by_place ON assets (gps_latitude, gps_longitude)
    WHERE gps_latitude IS NOT NULL;

-- The whole dump of a file's metadata, apart from the row that lists read.
CREATE TABLE asset_exif (
    asset_id INTEGER PRIMARY KEY REFERENCES assets (id) ON DELETE CASCADE,
    exif_raw TEXT NOT NULL
) STRICT;

CREATE TABLE thumbnails (
    id INTEGER PRIMARY KEY,
    asset_id INTEGER NOT NULL REFERENCES assets (id) ON DELETE CASCADE,
    size TEXT NOT NULL CHECK (size IN ('small', 'medium', 'large')),
    storage_path TEXT NOT NULL,
    mime_type TEXT NOT NULL,
    UNIQUE (asset_id, size)
) STRICT;

CREATE TABLE albums (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    album_name TEXT NOT NULL
) STRICT;

CREATE TABLE album_assets (
    album_id INTEGER NOT NULL REFERENCES albums (id) ON DELETE CASCADE,
    asset_id INTEGER NOT NULL REFERENCES assets (id) ON DELETE CASCADE,
    position INTEGER,
    added_time INTEGER NOT NULL,
    PRIMARY KEY (album_id, asset_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX album_assets_by_asset ON album_assets (asset_id);

CREATE TABLE tags (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    tag_name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE asset_tags (
    asset_id INTEGER NOT NULL REFERENCES assets (id) ON DELETE CASCADE,
    tag_id INTEGER NOT NULL REFERENCES tags (id) ON DELETE CASCADE,
    confidence REAL NOT NULL,
    source TEXT NOT NULL
        CHECK (source IN ('system', 'user', 'ai', 'bioclip_classify', 'zeroshot')),
    PRIMARY KEY (asset_id, tag_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX asset_tags_by_tag ON asset_tags (tag_id, asset_id);

-- The job ledger: written in the transaction of the change that needs the job.
CREATE TABLE jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    queue TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('available', 'scheduled', 'running', 'retryable',
        'completed', 'cancelled', 'discarded')),
    attempt INTEGER NOT NULL DEFAULT 0,
    max_attempts INTEGER NOT NULL,
    payload TEXT NOT NULL,
    unique_key TEXT,
    asset_id INTEGER REFERENCES assets (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    scheduled_at INTEGER NOT NULL,
    -- When the id was handed to Huey, so that nothing is handed over twice by mistake.
    dispatched_at INTEGER,
    attempted_at INTEGER,
    finalized_at INTEGER,
    last_error TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX jobs_waiting ON jobs (queue, scheduled_at, id)
    WHERE state IN ('available', 'scheduled', 'retryable') AND dispatched_at IS NULL;
CREATE INDEX jobs_dispatched ON jobs (queue, dispatched_at)
    WHERE state IN ('available', 'scheduled', 'retryable') AND dispatched_at IS NOT NULL;
CREATE INDEX jobs_by_state ON jobs (queue, state);
CREATE INDEX jobs_finished ON jobs (finalized_at) WHERE finalized_at IS NOT NULL;
CREATE UNIQUE INDEX jobs_unique ON jobs (unique_key)
    WHERE unique_key IS NOT NULL AND state IN ('available', 'scheduled', 'running', 'retryable');
CREATE INDEX jobs_by_asset ON jobs (asset_id) WHERE asset_id IS NOT NULL;

CREATE TABLE scan_runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    scan_id BLOB NOT NULL UNIQUE,
    repository_id INTEGER NOT NULL REFERENCES repositories (id) ON DELETE CASCADE,
    mode TEXT NOT NULL CHECK (mode IN ('periodic', 'manual')),
    requested_by TEXT,
    status TEXT NOT NULL
        CHECK (status IN ('queued', 'running', 'completed', 'failed', 'cancelled')),
    started_at INTEGER NOT NULL,
    finished_at INTEGER,
    discovered_count INTEGER NOT NULL DEFAULT 0,
    updated_count INTEGER NOT NULL DEFAULT 0,
    deleted_count INTEGER NOT NULL DEFAULT 0,
    skipped_count INTEGER NOT NULL DEFAULT 0,
    error TEXT
) STRICT;
CREATE INDEX scan_runs_by_repository ON scan_runs (repository_id, id DESC);
