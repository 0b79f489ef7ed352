-- One row is one reading of a part of the line: Kafka's lag, what the collector counts, how long a site has been silent.
CREATE TABLE IF NOT EXISTS headwater.pipeline_rows
(
    at DateTime64(3, 'UTC') COMMENT 'When it was read, UTC',
    part LowCardinality(String) COMMENT 'topic, collector or site',
    name LowCardinality(String) COMMENT 'What was read',
    label String COMMENT 'Which one of several: the partition, the site, the labels of a counter; empty when there is one',
    value Float64 COMMENT 'The reading',
    version UInt64 COMMENT 'Microseconds of the clock when it was written; the greatest of a key counts',
    deleted UInt8 DEFAULT 0 COMMENT '1 when the row has ceased to exist'
)
ENGINE = ReplacingMergeTree(version, deleted)
ORDER BY (name, label, at, part)
TTL toDateTime(at) + INTERVAL 30 DAY
COMMENT 'One reading of a part of the line: Kafka''s lag, what the collector counts, how long a site has been silent'
