-- One row is one owner's newest step on a partition: announced (done 0), then written (done 1).
CREATE TABLE IF NOT EXISTS headwater.step_rows
(
    label LowCardinality(String) DEFAULT 'live' COMMENT 'Label of the run whose chain of steps it belongs to',
    partition UInt16 COMMENT 'Kafka partition of both topics',
    first UInt64 COMMENT 'First offset of headwater.events in the step',
    catalog_first UInt64 COMMENT 'First offset of headwater.catalog in the step',
    last UInt64 COMMENT 'Offset of headwater.events after the step',
    catalog_last UInt64 COMMENT 'Offset of headwater.catalog after the step',
    owner UInt64 COMMENT 'Number of the ownership it was written under',
    writer String COMMENT 'The worker that wrote it',
    done UInt8 COMMENT '1 when all rows of the step are written',
    at DateTime64(6,'UTC') COMMENT 'When it was written, UTC',
    version UInt64 COMMENT 'Grows along the chain of steps: twice the sum of the first offsets, and one when done'
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY label
ORDER BY (label, partition, owner, writer)
COMMENT 'The newest step of each owner of a partition: announced (done 0), then written (done 1)'
