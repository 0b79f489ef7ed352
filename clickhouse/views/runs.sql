-- One row is one run: the live one or a replay.
CREATE OR REPLACE VIEW headwater.runs
(
    run LowCardinality(String) COMMENT 'Name of the run; the worker''s own is live',
    settings String COMMENT 'Settings of the run, JSON',
    catalog_hash String COMMENT 'Digest of the catalog it used',
    code_version LowCardinality(String) COMMENT 'Version of the code',
    started_at DateTime64(6, 'UTC') COMMENT 'When it started, UTC',
    finished_at Nullable(DateTime64(6, 'UTC')) COMMENT 'When it ended, UTC; null while it runs',
    status LowCardinality(String) COMMENT 'running, done or failed',
    event_count UInt64 COMMENT 'Events applied',
    digest String COMMENT 'Digest of its results'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    run, settings, catalog_hash, code_version, started_at, finished_at, status, event_count, digest
FROM headwater.run_rows FINAL
COMMENT 'One run: the live one or a replay'
