-- Few of many: finds assets whose steps wait although no job does them.
CREATE INDEX assets_in_processing ON assets (repository_id)
    WHERE processing ->> 'state' = 'processing';
