-- One row is one channel's weight under one data-driven model of a run.
CREATE TABLE IF NOT EXISTS headwater.model_rows
(
    run LowCardinality(String) COMMENT 'Label of the run that computed the row: its name',
    site LowCardinality(String) COMMENT 'Slug of the business (tenant)',
    stage LowCardinality(String) COMMENT 'Stage whose conversions the model was fitted to',
    model LowCardinality(String) COMMENT 'markov, markov_2 or shapley',
    channel LowCardinality(String) COMMENT 'Channel slug',
    weight_parts UInt32 COMMENT 'Share of the conversions, parts of 10^-9; the channels of a site, stage and model sum to 10^9',
    low Float64 COMMENT 'Lower end of the share''s bootstrap interval, ratio',
    high Float64 COMMENT 'Upper end of the share''s bootstrap interval, ratio',
    removal_effect Float64 COMMENT 'Share of the conversions that would be lost without the channel, ratio; under shapley of those with it on the path',
    conversions UInt64 COMMENT 'Conversions the model was fitted to',
    journeys UInt64 COMMENT 'Journeys the model was fitted to, converting or not',
    too_few UInt8 COMMENT '1 when there are too few conversions to lean on',
    version UInt64 COMMENT 'Grows with the offsets of both topics; the greatest of a key counts',
    deleted UInt8 DEFAULT 0 COMMENT '1 when the row has ceased to exist'
)
ENGINE = ReplacingMergeTree(version, deleted)
PARTITION BY run
ORDER BY (run, site, stage, model, channel)
COMMENT 'One channel''s weight under one data-driven model of a run'
