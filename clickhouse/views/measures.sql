-- One row is one measure of the business over a period: the newest of its metric, channel, branch and period.
CREATE OR REPLACE VIEW headwater.measures
(
    site LowCardinality(String) COMMENT 'Slug of the business',
    branch LowCardinality(String) COMMENT 'Slug of the place of the business; empty when it spans the branches',
    metric String COMMENT 'Slug of what was measured: open_slots, satisfaction and so on',
    channel String COMMENT 'Channel slug; empty when it belongs to none',
    period_start Date COMMENT 'First local day measured',
    period_end Date COMMENT 'Last local day measured',
    value Float64 COMMENT 'The value, in the metric''s own unit',
    recorded_at DateTime64(6, 'UTC') COMMENT 'When it was recorded, UTC',
    event_id String COMMENT 'The measure_recorded that counts'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    site, branch, metric, channel, period_start, period_end, newest.3 AS value, newest.1 AS recorded_at, newest.2 AS event_id
FROM
(
    SELECT
        site,
        told.1 AS branch,
        JSONExtractString(told.2, 'metric') AS metric,
        JSONExtractString(told.2, 'channel') AS channel,
        toDateOrZero(JSONExtractString(told.2, 'period_start')) AS period_start,
        toDateOrZero(JSONExtractString(told.2, 'period_end')) AS period_end,
        max((told.3, told.4, JSONExtractFloat(told.2, 'value'))) AS newest
    FROM
    (
        -- Each measure_recorded beside what withdraws it: one reading of the site's events, however many withdrawals there are.
        SELECT
            site,
            if(type = 'event_withdrawn', JSONExtractString(payload, 'withdraws'), event_id) AS said,
            anyIf((branch, payload, occurred_at, event_id), type = 'measure_recorded') AS told
        FROM headwater.event_archive FINAL
        WHERE type IN ('measure_recorded', 'event_withdrawn')
        GROUP BY site, said
        HAVING countIf(type = 'measure_recorded') > 0 AND countIf(type = 'event_withdrawn') = 0
    )
    GROUP BY site, branch, metric, channel, period_start, period_end
)
COMMENT 'One measure of the business over a period: the newest of its metric, channel, branch and period'
