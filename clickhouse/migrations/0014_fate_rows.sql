-- One row is one range of offsets of a partition with one fate.
CREATE TABLE IF NOT EXISTS headwater.fate_rows
(
    topic LowCardinality(String) COMMENT 'Kafka topic',
    partition UInt16 COMMENT 'Kafka partition',
    first UInt64 COMMENT 'First offset of the range',
    last UInt64 COMMENT 'Last offset of the range, included',
    fate LowCardinality(String) COMMENT 'applied, duplicate, dead_lettered or filtered',
    reason LowCardinality(String) COMMENT 'Reason from the closed list; empty when applied',
    version UInt64 COMMENT 'Grows with the offsets of both topics; the greatest of a key counts',
    deleted UInt8 DEFAULT 0 COMMENT '1 when the row has ceased to exist'
)
ENGINE = ReplacingMergeTree(version, deleted)
ORDER BY (topic, partition, first)
COMMENT 'One range of offsets of a partition with one fate'
