-- One row is one goal of an index, or one thing by which a tool is judged, with the two periods that are compared (private).
-- A goal without days of its own has those of its tool. Where days are left out: judged from the adoption on and as long
-- as one looks; the baseline is as long, just before the adoption.
CREATE OR REPLACE VIEW headwater.judged_definitions
(
    site LowCardinality(String) COMMENT 'Slug of the business',
    item String COMMENT 'goal, gain, saving, index (every metric beside a tool) or reach (what a registration costs meanwhile)',
    id String COMMENT 'Id of the goal or the tool',
    place UInt32 COMMENT 'Place among the gains or savings of the tool',
    tool String COMMENT 'Id of the tool; empty when none',
    name_ko String COMMENT 'Korean name for people; empty when none',
    name_en String COMMENT 'English name for people; empty when none',
    defined_at DateTime64(6, 'UTC') COMMENT 'When it was defined, UTC',
    set_beforehand UInt8 COMMENT '1 when it was defined before the first day judged, local days',
    adopted_on Nullable(Date) COMMENT 'Local day of adoption; null when none',
    metric String COMMENT 'Slug of the metric; empty for every one',
    channel String COMMENT 'Channel slug; empty for all together',
    branch String COMMENT 'Slug of the place of the business; empty for all together',
    unit_value Nullable(Float64) COMMENT 'Worth of one more of the metric, won; null when none',
    change_wanted Nullable(Float64) COMMENT 'Change wanted, ratio or in the metric''s own unit; null when none',
    change_kind String COMMENT 'relative or absolute',
    baseline_from Nullable(Date) COMMENT 'First local day of the baseline',
    baseline_to Nullable(Date) COMMENT 'Last local day of the baseline',
    judged_from Nullable(Date) COMMENT 'First local day judged',
    judged_to Nullable(Date) COMMENT 'Last local day judged; null when open',
    seen_until Date COMMENT 'Last local day judged so far'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH
    (SELECT max(label) FROM headwater.visible_runs WHERE run = {run:String}) AS asked_label,
    (
        SELECT mapFromArrays(groupArray(toString(site)), groupArray(toString(time_zone)))
        FROM headwater.newest_site_rows
        WHERE run = asked_label
    ) AS zones,
    'Array(Tuple(metric String, unit_value Float64, channel String))' AS worths
SELECT
    site, wanted.1 AS item, id, toUInt32(wanted.2) AS place, tool, name_ko, name_en, defined_at,
    toUInt8(ifNull(toDate(toString(defined_at, if(zones[site] = '', 'Asia/Seoul', zones[site]))) < judged_from, 0)) AS set_beforehand,
    adopted_on, wanted.3 AS metric, wanted.4 AS channel, branch, wanted.5 AS unit_value, change_wanted, change_kind,
    coalesce(told_from, baseline_to - greatest(ifNull(judged_to, {as_of:Date}) - judged_from, 0)) AS baseline_from,
    baseline_to, judged_from, judged_to, least(ifNull(judged_to, {as_of:Date}), {as_of:Date}) AS seen_until
FROM
(
    SELECT
        site, kind, id, tool, name_ko, name_en, defined_at, definition, JSONExtractString(definition, 'branch') AS branch,
        if(kind = 'goal', JSONExtract(definition, 'change', 'Nullable(Float64)'), NULL) AS change_wanted,
        if(JSONExtractString(definition, 'change_kind') = 'absolute', 'absolute', 'relative') AS change_kind,
        maxIf(JSONExtract(definition, 'adopted_on', 'Nullable(Date)'), kind = 'tool') OVER of_tool AS adopted_on,
        coalesce(
            JSONExtract(definition, 'judged_from', 'Nullable(Date)'),
            maxIf(JSONExtract(definition, 'judged_from', 'Nullable(Date)'), kind = 'tool') OVER of_tool, adopted_on
        ) AS judged_from,
        coalesce(
            JSONExtract(definition, 'judged_to', 'Nullable(Date)'),
            maxIf(JSONExtract(definition, 'judged_to', 'Nullable(Date)'), kind = 'tool') OVER of_tool
        ) AS judged_to,
        coalesce(
            JSONExtract(definition, 'baseline_to', 'Nullable(Date)'),
            maxIf(JSONExtract(definition, 'baseline_to', 'Nullable(Date)'), kind = 'tool') OVER of_tool, adopted_on - 1, judged_from - 1
        ) AS baseline_to,
        coalesce(
            JSONExtract(definition, 'baseline_from', 'Nullable(Date)'),
            maxIf(JSONExtract(definition, 'baseline_from', 'Nullable(Date)'), kind = 'tool') OVER of_tool
        ) AS told_from
    FROM
    (
        SELECT
            toString(site) AS site, kind, id, name_ko, name_en, defined_at, definition,
            if(kind = 'tool', id, JSONExtractString(definition, 'tool')) AS tool,
            -- A goal without a tool has no days but its own.
            if(tool = '', id, '') AS alone
        FROM headwater.newest_definition_rows
        WHERE run = asked_label AND (length({sites:Array(String)}) = 0 OR has({sites:Array(String)}, site))
            AND (kind = 'tool' OR kind = 'goal' AND JSONExtractString(definition, 'metric') != '')
    )
    WINDOW of_tool AS (PARTITION BY site, tool, alone)
)
ARRAY JOIN if(
    kind = 'goal',
    [('goal', 0, JSONExtractString(definition, 'metric'), JSONExtractString(definition, 'channel'), CAST(NULL, 'Nullable(Float64)'))],
    arrayConcat(
        [
            ('index', 0, '', '', CAST(NULL, 'Nullable(Float64)')),
            ('reach', 0, 'cac', '', CAST(NULL, 'Nullable(Float64)'))
        ],
        arrayMap(
            (one, place) -> ('gain', place, one.1, one.3, toNullable(one.2)),
            JSONExtract(definition, 'gains', worths) AS gains, arrayEnumerate(gains)
        ),
        arrayMap(
            (one, place) -> ('saving', place, one.1, one.3, toNullable(one.2)),
            JSONExtract(definition, 'savings', worths) AS savings, arrayEnumerate(savings)
        )
    )
) AS wanted
COMMENT 'One goal of an index, or one thing by which a tool is judged, with the two periods that are compared (private)'
