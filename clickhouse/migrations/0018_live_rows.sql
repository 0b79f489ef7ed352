-- One row is one rebuild of live that was swapped in.
CREATE TABLE IF NOT EXISTS headwater.live_rows
(
    number UInt32 COMMENT 'Number of the rebuild; the greatest is live',
    label String COMMENT 'Label its rows have in the column run',
    swapped_at DateTime64(6,'UTC') COMMENT 'Whole second from which on queries read it, UTC'
)
ENGINE = MergeTree
ORDER BY number
COMMENT 'One rebuild of live that was swapped in'
