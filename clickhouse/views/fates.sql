-- One row is one offset of a partition with its fate (private).
CREATE OR REPLACE VIEW headwater.fates
(
    topic LowCardinality(String) COMMENT 'Kafka topic',
    partition UInt16 COMMENT 'Kafka partition',
    offset UInt64 COMMENT 'Kafka offset',
    fate LowCardinality(String) COMMENT 'applied, duplicate, dead_lettered or filtered',
    reason LowCardinality(String) COMMENT 'Reason from the closed list; empty when applied'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT topic, partition, arrayJoin(range(first, last + 1)) AS offset, fate, reason
FROM headwater.fate_rows FINAL
COMMENT 'One offset of a partition with its fate (private)'
