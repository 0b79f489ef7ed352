-- One row is the identity of one partition of a topic.
CREATE TABLE IF NOT EXISTS headwater.log_rows
(
    topic LowCardinality(String) COMMENT 'Kafka topic',
    partition UInt16 COMMENT 'Kafka partition',
    first UInt64 COMMENT 'Offset of the first record when it was seen first',
    mark String COMMENT 'Digest of the first record; empty while there is none',
    seen_at DateTime64(6,'UTC') COMMENT 'When it was seen first, UTC',
    version UInt64 COMMENT 'Microseconds of the clock when it was written; the greatest of a key counts',
    deleted UInt8 DEFAULT 0 COMMENT '1 when the row has ceased to exist'
)
ENGINE = ReplacingMergeTree(version, deleted)
ORDER BY (topic, partition)
COMMENT 'The identity of one partition of a topic'
