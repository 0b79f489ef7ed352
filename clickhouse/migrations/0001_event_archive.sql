-- One row is one event of the log as it was accepted, whatever became of it.
CREATE TABLE IF NOT EXISTS headwater.event_archive
(
    site LowCardinality(String) COMMENT 'Slug of the business (tenant)',
    event_id String COMMENT 'The producer''s id of the event; unique per site',
    type LowCardinality(String) COMMENT 'Type of the event, visit_seen and so on',
    branch LowCardinality(String) COMMENT 'Slug of the place of the business; empty when unknown',
    occurred_at DateTime64(6,'UTC') COMMENT 'When it happened, UTC',
    partition UInt16 COMMENT 'Kafka partition of headwater.events it was read from',
    offset UInt64 COMMENT 'Kafka offset in that partition',
    payload String COMMENT 'The event as one JSON object' CODEC(ZSTD(3)),
    version UInt64 COMMENT 'Grows with the offsets of both topics; the greatest of a key counts',
    deleted UInt8 DEFAULT 0 COMMENT '1 when the row has ceased to exist'
)
ENGINE = ReplacingMergeTree(version, deleted)
ORDER BY (site, event_id)
COMMENT 'One event of the log as it was accepted, whatever became of it'
