-- One row is one channel a site's catalog or the shipped one defines.
CREATE OR REPLACE VIEW headwater.channels
(
    run LowCardinality(String) COMMENT 'Name of the run; the worker''s own is live',
    site LowCardinality(String) COMMENT 'Slug of the business',
    branch LowCardinality(String) COMMENT 'Always empty: it spans the branches',
    channel LowCardinality(String) COMMENT 'Channel slug',
    kind LowCardinality(String) COMMENT 'Kind of the channel, word_of_mouth and so on; empty when none',
    free UInt8 COMMENT '1 when the channel is declared free',
    names String COMMENT 'Name per language, JSON'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT run, site, '' AS branch, channel, kind, free, names
FROM headwater.channel_rows FINAL
COMMENT 'One channel a site''s catalog or the shipped one defines'
