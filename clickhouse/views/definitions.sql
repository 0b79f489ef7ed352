-- One row is one goal, segment, experiment, keyword list, tool or content that a site's catalog defines.
CREATE OR REPLACE VIEW headwater.definitions
(
    run LowCardinality(String) COMMENT 'Name of the run; the worker''s own is live',
    site LowCardinality(String) COMMENT 'Slug of the business',
    branch LowCardinality(String) COMMENT 'Always empty: it spans the branches',
    kind LowCardinality(String) COMMENT 'goal, segment, experiment, keyword_list, tool or content',
    id String COMMENT 'Id of the definition',
    defined_at DateTime64(6, 'UTC') COMMENT 'When it was defined, UTC',
    name_ko String COMMENT 'Name for people in Korean, else in English; empty when none',
    name_en String COMMENT 'Name for people in English, else in Korean; empty when none',
    definition String COMMENT 'Every field of the definition, JSON with sorted keys; what is not said is not there'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH (SELECT groupArray(label) FROM headwater.visible_runs) AS visible
SELECT
    extract(rows.run, '^[^~]*') AS run, site, '' AS branch, kind, id, defined_at, name_ko, name_en, definition
FROM headwater.newest_definition_rows AS rows
WHERE rows.run IN visible
COMMENT 'One goal, segment, experiment, keyword list, tool or content that a site''s catalog defines'
