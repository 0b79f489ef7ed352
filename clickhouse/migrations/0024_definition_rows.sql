-- One row is one goal, segment, experiment, keyword list, tool or content that a site's catalog defines.
CREATE TABLE IF NOT EXISTS headwater.definition_rows
(
    run LowCardinality(String) COMMENT 'Label of the run that computed the row: its name; live may be live~2 and on after a rebuild',
    site LowCardinality(String) COMMENT 'Slug of the business (tenant)',
    kind LowCardinality(String) COMMENT 'goal, segment, experiment, keyword_list, tool or content',
    id String COMMENT 'Id of the definition',
    defined_at DateTime64(6,'UTC') COMMENT 'When it was defined, UTC',
    name_ko String COMMENT 'Name for people in Korean, else in English; empty when none',
    name_en String COMMENT 'Name for people in English, else in Korean; empty when none',
    definition String COMMENT 'Every field of the definition, JSON with sorted keys; what is not said is not there',
    version UInt64 COMMENT 'Grows with the offsets of both topics; the greatest of a key counts',
    deleted UInt8 DEFAULT 0 COMMENT '1 when the row has ceased to exist'
)
ENGINE = ReplacingMergeTree(version, deleted)
PARTITION BY run
ORDER BY (run, site, kind, id)
COMMENT 'One goal, segment, experiment, keyword list, tool or content that a site''s catalog defines'
