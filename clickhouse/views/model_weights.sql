-- One row is one channel's weight under one data-driven model of a run.
CREATE OR REPLACE VIEW headwater.model_weights
(
    run LowCardinality(String) COMMENT 'Name of the run; the worker''s own is live',
    site LowCardinality(String) COMMENT 'Slug of the business',
    branch LowCardinality(String) COMMENT 'Always empty: it spans the branches',
    stage LowCardinality(String) COMMENT 'Stage whose conversions the model was fitted to',
    model LowCardinality(String) COMMENT 'Attribution model: markov, markov_2 or shapley',
    channel LowCardinality(String) COMMENT 'Channel slug',
    weight Float64 COMMENT 'Share of the conversions, ratio; the channels of a site, stage and model sum to 1',
    low Float64 COMMENT 'Lower end of the share''s bootstrap interval, ratio',
    high Float64 COMMENT 'Upper end of the share''s bootstrap interval, ratio',
    removal_effect Float64 COMMENT 'Share of the conversions that would be lost without the channel, ratio; under shapley of those with it on the path',
    conversions UInt64 COMMENT 'Conversions the model was fitted to',
    journeys UInt64 COMMENT 'Journeys the model was fitted to, converting or not',
    too_few UInt8 COMMENT '1 when there are too few conversions to lean on',
    weight_parts UInt32 COMMENT 'Share of the conversions, parts of 10^-9'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH
    (
        SELECT groupArray((label, model))
        FROM headwater.visible_runs
        ARRAY JOIN arrayPushFront(models, '') AS model
    ) AS visible
SELECT
    extract(weighed.run, '^[^~]*') AS run, site, '' AS branch, stage, model, channel, weight_parts / 1000000000 AS weight,
    low, high, removal_effect, conversions, journeys, too_few, weight_parts
FROM headwater.newest_model_rows AS weighed
WHERE weighed.run IN visible.1 AND (weighed.run, weighed.model) IN visible
COMMENT 'One channel''s weight under one data-driven model of a run'
