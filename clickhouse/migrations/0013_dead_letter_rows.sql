-- One row is one record of a topic that could not be processed.
CREATE TABLE IF NOT EXISTS headwater.dead_letter_rows
(
    topic LowCardinality(String) COMMENT 'Kafka topic',
    partition UInt16 COMMENT 'Kafka partition',
    offset UInt64 COMMENT 'Kafka offset',
    site LowCardinality(String) COMMENT 'Slug of the business (tenant)',
    event_id String COMMENT 'Event id where it can be read; else empty',
    reason LowCardinality(String) COMMENT 'Reason from the closed list',
    field String COMMENT 'Field at fault; empty when none',
    detail String COMMENT 'What was found, without personal data',
    failed_at DateTime64(6,'UTC') COMMENT 'When it was refused, UTC',
    requeued UInt8 COMMENT '1 when it was put back into the log',
    version UInt64 COMMENT 'Grows with the offsets of both topics; the greatest of a key counts',
    deleted UInt8 DEFAULT 0 COMMENT '1 when the row has ceased to exist'
)
ENGINE = ReplacingMergeTree(version, deleted)
ORDER BY (topic, partition, offset)
COMMENT 'One record of a topic that could not be processed'
