-- One row is one channel a site's catalog or the shipped one defines.
CREATE TABLE IF NOT EXISTS headwater.channel_rows
(
    run LowCardinality(String) COMMENT 'Label of the run that computed the row: its name; live may be live~2 and on after a rebuild',
    site LowCardinality(String) COMMENT 'Slug of the business (tenant)',
    channel LowCardinality(String) COMMENT 'Channel slug',
    kind LowCardinality(String) COMMENT 'Kind of the channel, word_of_mouth and so on; empty when none',
    free UInt8 COMMENT '1 when the channel is declared free',
    names String COMMENT 'Name per language, JSON',
    hours_limit Nullable(Float64) COMMENT 'Hours of staff time a month that the channel has at most; null when not limited',
    hours_limit_cost Nullable(Int64) COMMENT 'What these hours cost a month at the site''s rate, won; null when not limited or without a rate',
    rules String COMMENT 'Rule sets in force, JSON',
    version UInt64 COMMENT 'Grows with the offsets of both topics; the greatest of a key counts',
    deleted UInt8 DEFAULT 0 COMMENT '1 when the row has ceased to exist'
)
ENGINE = ReplacingMergeTree(version, deleted)
PARTITION BY run
ORDER BY (run, site, channel)
COMMENT 'One channel a site''s catalog or the shipped one defines'
