-- One row is one event of the log as it was accepted.
CREATE OR REPLACE VIEW headwater.events
(
    site LowCardinality(String) COMMENT 'Slug of the business',
    branch LowCardinality(String) COMMENT 'Slug of the place of the business; empty when unknown',
    event_id String COMMENT 'The producer''s id of the event; unique per site',
    type LowCardinality(String) COMMENT 'Type of the event',
    occurred_at DateTime64(6, 'UTC') COMMENT 'When it happened, UTC',
    partition UInt16 COMMENT 'Kafka partition it was read from',
    offset UInt64 COMMENT 'Kafka offset in that partition',
    payload String COMMENT 'The event as one JSON object'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    site, branch, event_id, type, occurred_at, partition, offset, payload
FROM headwater.event_archive FINAL
COMMENT 'One event of the log as it was accepted'
