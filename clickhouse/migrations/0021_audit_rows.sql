-- One row is one audit of a partition: what was computed anew and compared with what is stored.
CREATE TABLE IF NOT EXISTS headwater.audit_rows
(
    partition UInt16 COMMENT 'Kafka partition of both topics',
    events_end UInt64 COMMENT 'Offset of headwater.events up to which was compared',
    catalog_end UInt64 COMMENT 'Offset of headwater.catalog up to which was compared',
    started_at DateTime64(6,'UTC') COMMENT 'When it started, UTC',
    finished_at DateTime64(6,'UTC') COMMENT 'When it ended, UTC',
    sites_compared UInt32 COMMENT 'Sites compared',
    sites_skipped UInt32 COMMENT 'Sites left out because they changed meanwhile',
    differences UInt64 COMMENT 'Rows that were not what the log says',
    repaired UInt64 COMMENT 'Of these, put right',
    found String COMMENT 'The differences, JSON: a list of site, table, key and offsets; at most the first thousand',
    version UInt64 COMMENT 'Microseconds of the clock when it was written; the greatest of a key counts',
    deleted UInt8 DEFAULT 0 COMMENT '1 when the row has ceased to exist'
)
ENGINE = ReplacingMergeTree(version, deleted)
ORDER BY (partition, started_at)
COMMENT 'One audit of a partition: what was computed anew and compared with what is stored'
