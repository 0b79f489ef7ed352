-- One row is how often a keyword of a brand was searched for in a month: the newest of its keyword, brand and month.
CREATE OR REPLACE VIEW headwater.search_volumes
(
    site LowCardinality(String) COMMENT 'Slug of the business',
    branch LowCardinality(String) COMMENT 'Always empty: it spans the branches',
    month Date COMMENT 'First day of the month',
    brand String COMMENT 'Brand searched for',
    keyword String COMMENT 'What was typed',
    own UInt8 COMMENT '1 when the brand is the business''s own',
    volume UInt64 COMMENT 'Searches of the month',
    recorded_at DateTime64(6, 'UTC') COMMENT 'When it was recorded, UTC',
    event_id String COMMENT 'The search_volume_measured that counts'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    site, '' AS branch, month, brand, keyword, newest.3 AS own, newest.4 AS volume, newest.1 AS recorded_at,
    newest.2 AS event_id
FROM
(
    SELECT
        site,
        toDateOrZero(concat(JSONExtractString(told.1, 'month'), '-01')) AS month,
        JSONExtractString(told.1, 'brand') AS brand,
        JSONExtractString(told.1, 'keyword') AS keyword,
        max((told.2, told.3, toUInt8(JSONExtractBool(told.1, 'own')), JSONExtractUInt(told.1, 'volume'))) AS newest
    FROM
    (
        -- Each search_volume_measured beside what withdraws it: one reading of the site's events, however many withdrawals there are.
        SELECT
            site,
            if(type = 'event_withdrawn', JSONExtractString(payload, 'withdraws'), event_id) AS said,
            anyIf((payload, occurred_at, event_id), type = 'search_volume_measured') AS told
        FROM headwater.event_archive FINAL
        WHERE type IN ('search_volume_measured', 'event_withdrawn')
        GROUP BY site, said
        HAVING countIf(type = 'search_volume_measured') > 0 AND countIf(type = 'event_withdrawn') = 0
    )
    GROUP BY site, month, brand, keyword
)
COMMENT 'How often a keyword of a brand was searched for in a month: the newest of its keyword, brand and month'
