-- Which part of a running job is done, from 0 to 1, where its work can tell.
ALTER TABLE jobs ADD COLUMN progress REAL;

-- How loud a recording is over time: 16-bit peaks, lower byte first.
CREATE TABLE waveforms (
    asset_id INTEGER PRIMARY KEY REFERENCES assets (id) ON DELETE CASCADE,
    peaks BLOB NOT NULL
) STRICT;
