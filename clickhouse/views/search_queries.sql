-- One row is how often a search engine brought people by a query over a period: the newest of its engine, query and period.
CREATE OR REPLACE VIEW headwater.search_queries
(
    site LowCardinality(String) COMMENT 'Slug of the business',
    branch LowCardinality(String) COMMENT 'Always empty: it spans the branches',
    engine LowCardinality(String) COMMENT 'google, naver or other',
    query String COMMENT 'What was typed',
    period_start Date COMMENT 'First local day measured',
    period_end Date COMMENT 'Last local day measured',
    clicks UInt64 COMMENT 'Clicks on the site among the results',
    impressions Nullable(UInt64) COMMENT 'Times the site was shown; null when not said',
    recorded_at DateTime64(6, 'UTC') COMMENT 'When it was recorded, UTC',
    event_id String COMMENT 'The search_query_measured that counts'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    site, '' AS branch, said.engine AS engine, said.query AS query,
    toDateOrZero(said.period_start) AS period_start, toDateOrZero(said.period_end) AS period_end,
    newest.3 AS clicks, newest.4.1 AS impressions, newest.1 AS recorded_at, newest.2 AS event_id
FROM
(
    SELECT
        site, (body.engine, body.query, body.period_start, body.period_end)
            ::Tuple(engine String, query String, period_start String, period_end String) AS said,
        argMax((told.2, told.3, body.clicks, tuple(body.impressions)), (told.2, told.3)) AS newest
    FROM
    (
        SELECT
            site, told,
            JSONExtract(
                told.1,
                'Tuple(engine String, query String, period_start String, period_end String, clicks UInt64, impressions Nullable(UInt64))'
            ) AS body
        FROM
        (
            -- Each search_query_measured beside what withdraws it: one reading of the site's events.
            SELECT
                site,
                if(type = 'event_withdrawn', JSONExtractString(payload, 'withdraws'), event_id) AS named,
                anyIf((payload, occurred_at, event_id), type = 'search_query_measured') AS told
            FROM headwater.event_archive FINAL
            WHERE type IN ('search_query_measured', 'event_withdrawn')
            GROUP BY site, named
            HAVING countIf(type = 'search_query_measured') > 0 AND countIf(type = 'event_withdrawn') = 0
        )
    )
    GROUP BY site, said
)
COMMENT 'How often a search engine brought people by a query over a period: the newest of its engine, query and period'
