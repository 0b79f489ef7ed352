-- One row is one customer segment of a site with the rules and the goal in force.
CREATE OR REPLACE VIEW headwater.segments
(
    run LowCardinality(String) COMMENT 'Name of the run; the worker''s own is live',
    site LowCardinality(String) COMMENT 'Slug of the business',
    branch LowCardinality(String) COMMENT 'Always empty: it spans the branches',
    segment String COMMENT 'Id of the segment',
    base LowCardinality(String) COMMENT 'new, repeat or dormant; empty when the definition says none, and then nobody belongs to it',
    name_ko String COMMENT 'Korean name for people; empty when none',
    name_en String COMMENT 'English name for people; empty when none',
    days UInt32 COMMENT 'Days that its rules look back, the last one included',
    payments UInt32 COMMENT 'Payments: at most so many when new, at least when repeat or dormant',
    visits UInt32 COMMENT 'Visits within the days: at least so many when new or repeat, at most when dormant',
    service String COMMENT 'Service whose payments and stages alone count; empty for all',
    goal_metric String COMMENT 'What its goal counts: a stage, payment, visit, revenue, members or a goal of the catalog; empty when none',
    goal_count Nullable(Float64) COMMENT 'Its goal in units of goal_metric; null when none',
    shipped UInt8 COMMENT '1 when the site defines no segment of this base or id and the shipped rules stand in'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH (SELECT groupArray(label) FROM headwater.visible_runs) AS visible
SELECT
    run, site, '' AS branch, segment, base, name_ko, name_en,
    toUInt32(ifNull(told_days, if(base = 'new', 30, 90))) AS days,
    toUInt32(ifNull(told_payments, if(base = 'repeat', 2, 1))) AS payments,
    toUInt32(ifNull(told_visits, 0)) AS visits,
    service, goal_metric, goal_count, shipped
FROM
(
    SELECT
        *,
        max(shipped = 0) OVER (PARTITION BY run, site, base) OR max(shipped = 0) OVER (PARTITION BY run, site, segment)
            AS is_defined
    FROM
    (
        SELECT
            extract(rows.run, '^[^~]*') AS run, site, id AS segment,
            if(JSONExtractString(definition, 'base') = '' AND id IN ('new', 'repeat', 'dormant'), id, JSONExtractString(definition, 'base'))
                AS base,
            name_ko, name_en,
            JSONExtract(definition, 'days', 'Nullable(UInt32)') AS told_days,
            JSONExtract(definition, 'payments', 'Nullable(UInt32)') AS told_payments,
            JSONExtract(definition, 'visits', 'Nullable(UInt32)') AS told_visits,
            JSONExtractString(definition, 'service') AS service,
            JSONExtractString(definition, 'goal_metric') AS goal_metric,
            JSONExtract(definition, 'goal_count', 'Nullable(Float64)') AS goal_count,
            0 AS shipped
        FROM headwater.newest_definition_rows AS rows
        WHERE rows.run IN visible AND kind = 'segment'
        UNION ALL
        SELECT
            extract(rows.run, '^[^~]*'), site, ours.1, ours.1, ours.2, ours.3, NULL, NULL, NULL, '', '', NULL, 1
        FROM headwater.newest_site_rows AS rows
        ARRAY JOIN [('new', '신규', 'New'), ('repeat', '재구매', 'Repeat'), ('dormant', '휴면', 'Dormant')] AS ours
        WHERE rows.run IN visible
    )
)
WHERE shipped = 0 OR is_defined = 0
COMMENT 'One customer segment of a site with the rules and the goal in force'
