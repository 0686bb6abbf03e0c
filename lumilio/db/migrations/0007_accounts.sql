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

-- What authenticators call an account; random, so that it tells nothing.
ALTER TABLE users ADD COLUMN webauthn_handle BLOB;
CREATE UNIQUE INDEX users_by_webauthn_handle ON users (webauthn_handle)
    WHERE webauthn_handle IS NOT NULL;

CREATE TABLE totp_credentials (
    user_id INTEGER PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    sealed_secret BLOB NOT NULL,
    enabled_at INTEGER NOT NULL,
    -- The latest step whose code was taken, so that none is taken twice.
    last_step INTEGER NOT NULL
) STRICT;

CREATE TABLE recovery_codes (
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    code_hash BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    used_at INTEGER,
    PRIMARY KEY (user_id, code_hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE passkeys (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    credential_id BLOB NOT NULL UNIQUE,
    public_key BLOB NOT NULL,
    sign_count INTEGER NOT NULL,
    transports TEXT NOT NULL,
    label TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER
) STRICT;
CREATE INDEX passkeys_by_user ON passkeys (user_id);

-- Questions that wait for their one answer: second factors, set-ups, passkey ceremonies.
CREATE TABLE challenges (
    token_hash BLOB PRIMARY KEY,
    purpose TEXT NOT NULL,
    user_id INTEGER REFERENCES users (id) ON DELETE CASCADE,
    payload TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    wrong_answers INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX challenges_by_expiry ON challenges (expires_at);

-- What administrators change while the program runs, as one JSON text.
CREATE TABLE system_settings (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    content TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by INTEGER REFERENCES users (id) ON DELETE SET NULL
) STRICT;
