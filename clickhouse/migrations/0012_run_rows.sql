-- One row is one run: a replay, or a rebuild of live under its label.
CREATE TABLE IF NOT EXISTS headwater.run_rows
(
    run LowCardinality(String) COMMENT 'Label of the run; a replay''s is its name',
    settings String COMMENT 'What was set, JSON in canonical form; {} when nothing',
    catalog String COMMENT 'Every catalog entry that counted, canonical JSON, one a line, sorted' CODEC(ZSTD(3)),
    catalog_hash String COMMENT 'SHA-256 of catalog, hex',
    code_version LowCardinality(String) COMMENT 'Version of the code',
    offsets String COMMENT 'What it read, JSON: topic, partition, [first offset, end offset, mark of the first record]',
    models Array(String) COMMENT 'Attribution models it has, in their fixed order',
    started_at DateTime64(6,'UTC') COMMENT 'When it started, UTC',
    finished_at Nullable(DateTime64(6,'UTC')) COMMENT 'When it ended, UTC; null while it runs',
    status LowCardinality(String) COMMENT 'running, done, dropping or failed; its rows may be seen when done',
    event_count UInt64 COMMENT 'Events applied',
    seconds Float64 COMMENT 'Working time from start to end, pauses apart, seconds',
    digest String COMMENT 'SHA-256 over its rows in every table, hex; empty until it is done',
    counts_from DateTime('UTC') DEFAULT toDateTime(0) COMMENT 'Queries begun before this second go by the status before: so the views in one query agree',
    version UInt64 COMMENT 'Microseconds of the clock when it was written; the greatest of a key counts',
    deleted UInt8 DEFAULT 0 COMMENT '1 when the row has ceased to exist'
)
ENGINE = ReplacingMergeTree(version, deleted)
ORDER BY run
COMMENT 'One run: a replay, or a rebuild of live under its label'
