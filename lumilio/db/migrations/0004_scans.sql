-- The job of a run, which goes on with it after a restart. Ids of jobs are never used again.
ALTER TABLE scan_runs ADD COLUMN job_id INTEGER;
-- Up to which path the files of a run are in the queue.
ALTER TABLE scan_runs ADD COLUMN reached TEXT NOT NULL DEFAULT '';
CREATE INDEX scan_runs_by_job ON scan_runs (job_id) WHERE job_id IS NOT NULL;

-- However a scan's job ends, its run ends with it.
CREATE TRIGGER scan_run_ends_with_its_job AFTER UPDATE OF state ON jobs
    WHEN NEW.kind = 'scan_repository' AND NEW.state IN ('cancelled', 'discarded')
BEGIN
    UPDATE scan_runs SET finished_at = NEW.finalized_at, error = NEW.last_error,
        status = CASE NEW.state WHEN 'cancelled' THEN 'cancelled' ELSE 'failed' END
    WHERE job_id = NEW.id AND status = 'running';
END;

-- Work that was given up is not taken up again at once.
CREATE INDEX jobs_given_up ON jobs (unique_key, finalized_at)
    WHERE unique_key IS NOT NULL AND state = 'discarded';
