-- One row is one week of a site, branch and channel under one model, ready for marketing-mix tools; weeks without anything are there, with zeros.
CREATE OR REPLACE VIEW headwater.marketing_mix_weekly
(
    run LowCardinality(String) COMMENT 'Name of the run; the worker''s own is live',
    site LowCardinality(String) COMMENT 'Slug of the business',
    branch LowCardinality(String) COMMENT 'Slug of the place of the business; empty when unknown, as of a spend of all branches',
    week Date COMMENT 'Monday of the week, local; from the site''s first week with spend or results to its last',
    channel LowCardinality(String) COMMENT 'Channel slug; unattributed for conversions without any touch',
    model LowCardinality(String) COMMENT 'Attribution model: first, last, linear, time_decay, position, or where the run has it markov, markov_2 or shapley',
    spend Int64 COMMENT 'Media, agency, staff and reward cost of the week, won, VAT included',
    visits Int64 COMMENT 'Sessions; the same under every model',
    inquiries Float64 COMMENT 'Credited inquiries, leads',
    registrations Float64 COMMENT 'Credited registrations, leads',
    revenue Int64 COMMENT 'Revenue, on the registration''s week, won',
    holiday UInt8 COMMENT 'Holidays of the site in the week, days',
    days UInt8 COMMENT 'Days of the week that lie between the site''s first and last day with spend or results; a week of fewer than 7 is cut off'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH
    (
        SELECT groupArray((label, model))
        FROM headwater.visible_runs
        ARRAY JOIN arrayPushFront(models, '') AS model
    ) AS visible,
    ['first', 'last', 'linear', 'time_decay', 'position', 'markov', 'markov_2', 'shapley'] AS all_models,
    booked AS
    (
        SELECT
            funnel.run AS label, site, branch, channel, day, toInt64(0) AS cost, funnel.visits AS seen,
            funnel.inquiries AS asked, funnel.registrations AS came, funnel.revenue AS paid
        FROM headwater.newest_funnel_rows AS funnel
        WHERE funnel.run IN visible.1
        UNION ALL
        SELECT
            spend.run AS label, site, branch, if(channel = '', 'unattributed', channel) AS channel,
            toDate(first_day + (number - 1)) AS day, amount AS cost, toInt64(0) AS seen, [] AS asked, [] AS came, [] AS paid
        FROM headwater.newest_spend_rows AS spend
        ARRAY JOIN amounts AS amount, arrayEnumerate(amounts) AS number
        WHERE spend.run IN visible.1 AND kind IN ('media', 'agency', 'staff', 'reward')
    ),
    -- The days of each site that there is anything of; every branch and channel has every week between them.
    reaches AS
    (
        SELECT label, site, min(day) AS first, max(day) AS last FROM booked GROUP BY label, site
    ),
    weeks AS
    (
        SELECT
            label, site, branch, channel, toMonday(day) AS week, sum(cost) AS cost, sum(seen) AS seen,
            sumForEach(asked) AS asked, sumForEach(came) AS came, sumForEach(paid) AS paid
        FROM
        (
            SELECT label, site, branch, channel, day, cost, seen, asked, came, paid FROM booked
            UNION ALL
            SELECT label, site, branch, channel, monday AS day, 0, 0, [], [], []
            FROM (SELECT DISTINCT label, site, branch, channel FROM booked) AS cells
            INNER JOIN reaches USING (label, site)
            ARRAY JOIN
                arrayMap(number -> toMonday(first) + 7 * number, range(intDiv(toMonday(last) - toMonday(first), 7) + 1)) AS monday
        )
        GROUP BY label, site, branch, channel, week
    )
SELECT
    extract(label, '^[^~]*') AS run, site, branch, week, channel, model, weeks.cost AS spend, seen AS visits,
    asked[number] / 1e9 AS inquiries, came[number] / 1e9 AS registrations, paid[number] AS revenue,
    toUInt8(length(arrayFilter(one -> one >= week AND one < week + 7, holidays))) AS holiday,
    toUInt8(least(last, week + 6) - greatest(first, week) + 1) AS days
FROM weeks
INNER JOIN reaches USING (label, site)
LEFT JOIN
(
    SELECT run AS label, site, JSONExtract(settings, 'holidays', 'Array(Date)') AS holidays FROM headwater.newest_site_rows
) AS calendars USING (label, site)
ARRAY JOIN all_models AS model, arrayEnumerate(all_models) AS number
WHERE (label, model) IN visible
COMMENT 'One week of a site, branch and channel under one model, ready for marketing-mix tools; weeks without anything are there, with zeros'
