-- One row is one claim of a worker on a partition.
CREATE TABLE IF NOT EXISTS headwater.owner_rows
(
    partition UInt16 COMMENT 'Kafka partition',
    owner UInt64 COMMENT 'Number of the ownership; the greatest holds the partition',
    writer String COMMENT 'The worker that claims it',
    at DateTime64(6,'UTC') COMMENT 'When it was claimed, UTC'
)
ENGINE = MergeTree
ORDER BY (partition, owner, writer)
COMMENT 'One claim of a worker on a partition'
