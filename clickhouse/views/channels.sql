-- One row is one channel a site's catalog or the shipped one defines.
CREATE OR REPLACE VIEW headwater.channels
(
    run LowCardinality(String) COMMENT 'Name of the run; the worker''s own is live',
    site LowCardinality(String) COMMENT 'Slug of the business',
    branch LowCardinality(String) COMMENT 'Always empty: it spans the branches',
    channel LowCardinality(String) COMMENT 'Channel slug',
    kind LowCardinality(String) COMMENT 'Kind of the channel, word_of_mouth and so on; empty when none',
    free UInt8 COMMENT '1 when the channel is declared free',
    names String COMMENT 'Name per language, JSON',
    hours_limit Nullable(Float64) COMMENT 'Hours of staff time a month that the channel has at most; null when not limited',
    hours_limit_cost Nullable(Int64) COMMENT 'What these hours cost a month at the site''s rate, won; null when not limited or without a rate',
    rules String COMMENT 'Rule sets in force, JSON'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH
    (
        SELECT groupArray((label, model))
        FROM headwater.visible_runs
        ARRAY JOIN arrayPushFront(models, '') AS model
    ) AS visible
SELECT extract(defined.run, '^[^~]*') AS run, site, '' AS branch, channel, kind, free, names, hours_limit, hours_limit_cost, rules
FROM headwater.newest_channel_rows AS defined
WHERE defined.run IN visible.1
COMMENT 'One channel a site''s catalog or the shipped one defines'
