-- What joins the still of a live photo and its video.
ALTER TABLE assets ADD COLUMN content_identifier TEXT
    GENERATED ALWAYS AS (specific_metadata ->> 'content_identifier') VIRTUAL;
CREATE INDEX assets_by_content_identifier ON assets (content_identifier)
    WHERE content_identifier IS NOT NULL;

-- The clip inside a motion photo, which lists ask for without reading all facts.
ALTER TABLE file_metadata ADD COLUMN embedded_video TEXT
    GENERATED ALWAYS AS (facts ->> 'embedded_video') VIRTUAL;
CREATE INDEX motion_photos ON file_metadata (asset_id, embedded_video)
    WHERE embedded_video IS NOT NULL;

-- When the XMP sidecar that a scan saw beside a file had changed last; NULL where there was none.
ALTER TABLE assets ADD COLUMN sidecar_modified_at INTEGER;
