-- A stack is several assets that lists show as one.
CREATE TABLE stacks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    stack_id BLOB NOT NULL UNIQUE,
    kind TEXT NOT NULL CHECK (kind IN ('raw_jpeg', 'live_photo', 'burst', 'manual'))
) STRICT;

CREATE TABLE stack_members (
    asset_id INTEGER PRIMARY KEY REFERENCES assets (id) ON DELETE CASCADE,
    stack_id INTEGER NOT NULL REFERENCES stacks (id) ON DELETE CASCADE,
    position INTEGER NOT NULL CHECK (position >= 0),
    relation TEXT NOT NULL CHECK (relation IN ('raw_original', 'jpeg_original', 'edited_version',
        'alternative', 'live_photo_still', 'live_photo_video')),
    -- A person put it first, and there it stays.
    is_chosen_cover INTEGER NOT NULL DEFAULT 0 CHECK (is_chosen_cover IN (0, 1))
) STRICT;
CREATE INDEX stack_members_by_stack ON stack_members (stack_id, position);

-- What a person took out of a stack, and detection leaves alone.
CREATE TABLE unstacked_assets (
    asset_id INTEGER PRIMARY KEY REFERENCES assets (id) ON DELETE CASCADE
) STRICT;

-- The asset that lists show in place of this one; NULL for one that stands for itself.
ALTER TABLE assets ADD COLUMN stack_cover_id INTEGER REFERENCES assets (id) ON DELETE SET NULL;
CREATE INDEX assets_behind_covers ON assets (stack_cover_id) WHERE stack_cover_id IS NOT NULL;

-- The indexes of the lists again, so that who stands behind whom is read without its row.
DROP INDEX assets_by_capture;
DROP INDEX assets_by_owner_and_capture;
DROP INDEX assets_by_upload;
DROP INDEX assets_by_owner_and_upload;
CREATE INDEX assets_by_capture
    ON assets (capture_order DESC, asset_id DESC, stack_cover_id) WHERE deleted_at IS NULL;
CREATE INDEX assets_by_owner_and_capture
    ON assets (owner_id, capture_order DESC, asset_id DESC, stack_cover_id)
    WHERE deleted_at IS NULL;
CREATE INDEX assets_by_upload
    ON assets (upload_time DESC, asset_id DESC, stack_cover_id) WHERE deleted_at IS NULL;
CREATE INDEX assets_by_owner_and_upload
    ON assets (owner_id, upload_time DESC, asset_id DESC, stack_cover_id)
    WHERE deleted_at IS NULL;

-- Detection looks for files by their names.
CREATE INDEX assets_by_name ON assets (repository_id, folded_filename);

-- What joins the photos of a burst.
ALTER TABLE file_metadata ADD COLUMN burst_id TEXT
    GENERATED ALWAYS AS (facts ->> 'burst_id') VIRTUAL;
CREATE INDEX file_metadata_by_burst ON file_metadata (burst_id) WHERE burst_id IS NOT NULL;

-- Triggers keep the covers right and end stacks of one, whoever trashes, restores or deletes.
-- Whoever writes members updates their stack afterwards.
CREATE TRIGGER stack_updated AFTER UPDATE ON stacks BEGIN
    UPDATE assets SET stack_cover_id = NULLIF(standing.cover_id, assets.id)
    FROM (
        SELECT member.id, first_value(member.id) OVER (
            PARTITION BY member.deleted_at IS NULL ORDER BY position, member.asset_id
        ) AS cover_id
        FROM stack_members JOIN assets AS member ON member.id = stack_members.asset_id
        WHERE stack_id = NEW.id
    ) AS standing
    WHERE assets.id = standing.id;
END;

CREATE TRIGGER stack_ended BEFORE DELETE ON stacks BEGIN
    UPDATE assets SET stack_cover_id = NULL
    WHERE id IN (SELECT asset_id FROM stack_members WHERE stack_id = OLD.id);
END;

CREATE TRIGGER stack_member_left AFTER DELETE ON stack_members BEGIN
    UPDATE assets SET stack_cover_id = NULL WHERE id = OLD.asset_id;
    UPDATE stacks SET kind = kind WHERE id = OLD.stack_id;
    DELETE FROM stacks WHERE id = OLD.stack_id
        AND 2 > (SELECT count(*) FROM stack_members WHERE stack_id = OLD.stack_id);
END;

CREATE TRIGGER stack_member_trashed AFTER UPDATE OF deleted_at ON assets
WHEN (OLD.deleted_at IS NULL) <> (NEW.deleted_at IS NULL) BEGIN
    UPDATE stacks SET kind = kind
    WHERE id = (SELECT stack_id FROM stack_members WHERE asset_id = NEW.id);
END;
