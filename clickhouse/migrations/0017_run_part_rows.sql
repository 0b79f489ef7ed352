-- One row is one unit of work of a run that is finished.
CREATE TABLE IF NOT EXISTS headwater.run_part_rows
(
    run LowCardinality(String) COMMENT 'Label of the run',
    partition UInt16 COMMENT 'Kafka partition of both topics',
    bucket UInt32 COMMENT 'Which part of the partition''s sites: crc32(site) % buckets',
    buckets UInt32 COMMENT 'How many parts the partition was cut into',
    events UInt64 COMMENT 'Events applied',
    finished_at DateTime64(6,'UTC') COMMENT 'When its last row was written, UTC',
    version UInt64 COMMENT 'Microseconds of the clock when it was written; the greatest of a key counts',
    deleted UInt8 DEFAULT 0 COMMENT '1 when the row has ceased to exist'
)
ENGINE = ReplacingMergeTree(version, deleted)
PARTITION BY run
ORDER BY (run, partition, bucket)
COMMENT 'One unit of work of a run that is finished'
