-- One row is one reading of a part of the line: Kafka's lag, what the collector counts, how long a site has been silent.
CREATE OR REPLACE VIEW headwater.pipeline
(
    at DateTime64(3, 'UTC') COMMENT 'When it was read, UTC; kept for 30 days',
    part LowCardinality(String) COMMENT 'topic, collector or site',
    name LowCardinality(String) COMMENT 'What was read: lag_events, open_minutes_silent, or a metric of the collector without headwater_collector_',
    label String COMMENT 'Which one of several: the partition, the site, the labels of a counter; empty when there is one',
    value Float64 COMMENT 'The reading; counters begin again at 0 when the collector starts'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT at, part, name, label, value
FROM headwater.pipeline_rows FINAL
COMMENT 'One reading of a part of the line: Kafka''s lag, what the collector counts, how long a site has been silent'
