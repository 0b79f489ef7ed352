-- One row is one record of a topic that could not be processed.
CREATE OR REPLACE VIEW headwater.dead_letters
(
    topic LowCardinality(String) COMMENT 'Kafka topic',
    partition UInt16 COMMENT 'Kafka partition',
    offset UInt64 COMMENT 'Kafka offset',
    site LowCardinality(String) COMMENT 'Slug of the business',
    branch LowCardinality(String) COMMENT 'Always empty: an unusable record is read no further',
    event_id String COMMENT 'Event id where it can be read; else empty',
    reason LowCardinality(String) COMMENT 'Reason from the closed list',
    field String COMMENT 'Field at fault; empty when none',
    detail String COMMENT 'What was found, without personal data',
    failed_at DateTime64(6, 'UTC') COMMENT 'When it was refused, UTC',
    requeued UInt8 COMMENT '1 when it was put back into the log'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT topic, partition, offset, site, '' AS branch, event_id, reason, field, detail, failed_at, requeued
FROM headwater.dead_letter_rows FINAL
COMMENT 'One record of a topic that could not be processed'
