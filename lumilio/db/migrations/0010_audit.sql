-- Who came through the door and what they changed about it. Names stand as they were then.
CREATE TABLE audit_events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    occurred_at INTEGER NOT NULL,
    action TEXT NOT NULL,
    -- How often within a minute; only refusals are summed, so that a flood of them stays small.
    count INTEGER NOT NULL DEFAULT 1,
    actor_id INTEGER REFERENCES users (id) ON DELETE SET NULL,
    actor TEXT,
    subject_id INTEGER REFERENCES users (id) ON DELETE SET NULL,
    subject TEXT,
    address TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    details TEXT NOT NULL
) STRICT;
CREATE INDEX audit_events_by_time ON audit_events (occurred_at);
