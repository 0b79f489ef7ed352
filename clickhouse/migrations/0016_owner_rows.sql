-- One row is one claim of a worker on a partition.
CREATE TABLE IF NOT EXISTS headwater.owner_rows
(
    label LowCardinality(String) DEFAULT 'live' COMMENT 'Label of the run whose rows the worker writes',
    partition UInt16 COMMENT 'Kafka partition',
    owner UInt64 COMMENT 'Number of the ownership; the greatest holds the partition',
    writer String COMMENT 'The worker that claims it',
    at DateTime64(6,'UTC') COMMENT 'When it was claimed, UTC'
)
ENGINE = MergeTree
PARTITION BY label
ORDER BY (label, partition, owner, writer)
COMMENT 'One claim of a worker on a partition'
