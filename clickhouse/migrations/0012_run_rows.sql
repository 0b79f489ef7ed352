-- One row is one run: the live one or a replay.
CREATE TABLE IF NOT EXISTS headwater.run_rows
(
    run LowCardinality(String) COMMENT 'Name of the run that computed the row; the worker''s own is live',
    settings String COMMENT 'Settings of the run, JSON',
    catalog_hash String COMMENT 'Digest of the catalog it used',
    code_version LowCardinality(String) COMMENT 'Version of the code',
    started_at DateTime64(6,'UTC') COMMENT 'When it started, UTC',
    finished_at Nullable(DateTime64(6,'UTC')) COMMENT 'When it ended, UTC; null while it runs',
    status LowCardinality(String) COMMENT 'running, done or failed',
    event_count UInt64 COMMENT 'Events applied',
    digest String COMMENT 'Digest of its results',
    version UInt64 COMMENT 'Grows with the offsets of both topics; the greatest of a key counts',
    deleted UInt8 DEFAULT 0 COMMENT '1 when the row has ceased to exist'
)
ENGINE = ReplacingMergeTree(version, deleted)
ORDER BY (run)
COMMENT 'One run: the live one or a replay'
