-- One row is one keyword, ad group, ad version or landing page that people called from in a period, beside all others.
CREATE OR REPLACE VIEW headwater.call_ab
(
    run String COMMENT 'Name of the run; the worker''s own is live',
    site LowCardinality(String) COMMENT 'Slug of the business',
    compared String COMMENT 'What is compared: keyword, ad_group, ad_version or landing_page',
    value String COMMENT 'The keyword, ad group, ad version or landing page',
    calls UInt64 COMMENT 'Calls in the period of the callers counted here; existing customers, spam and wrong numbers apart',
    callers UInt64 COMMENT 'People whose first call of the period came from it: each person counts once',
    conversions UInt64 COMMENT 'Of these, who registered after a call of the period',
    conversion_rate Float64 COMMENT 'conversions ÷ callers',
    other_callers Int64 COMMENT 'callers of all others that are compared',
    other_conversions Int64 COMMENT 'conversions of all others that are compared',
    other_rate Nullable(Float64) COMMENT 'other_conversions ÷ other_callers; null without others',
    difference Nullable(Float64) COMMENT 'conversion_rate − other_rate',
    difference_low Nullable(Float64) COMMENT 'Lower end of the 95% interval of the difference (Newcombe)',
    difference_high Nullable(Float64) COMMENT 'Upper end of that interval',
    p_value Nullable(Float64) COMMENT 'p of the two-sided test of two proportions with pooled variance; null where all or none registered',
    alpha_each Float64 COMMENT 'p below this is a difference: 0.05 ÷ number of comparisons (Bonferroni)',
    verdict String COMMENT 'too_few, better, worse or no_difference'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH
    1.959963984540054 AS reach_each,
    (
        SELECT if(
            throwIf(
                NOT has(['keyword', 'ad_group', 'ad_version', 'landing_page'], {compare:String}),
                'compare is keyword, ad_group, ad_version or landing_page'
            ) OR count() = 0, '', max(label)
        )
        FROM headwater.visible_runs
        WHERE run = {run:String}
    ) AS asked_label,
    -- Inbound calls of people who had not registered before, as on the board of calls.
    called AS
    (
        SELECT
            site, person_id, started_at, keyword, ad_group,
            toUnixTimestamp64Micro(registered_at) > 0 AND registered_at > started_at AS converted
        FROM
        (
            SELECT site, person_id, started_at, keyword, ad_group
            FROM headwater.newest_call_rows
            WHERE run = asked_label AND counted = 1 AND direction = 'inbound' AND subject != 'existing'
                AND day BETWEEN {since:Date} AND {until:Date}
                AND (length({sites:Array(String)}) = 0 OR has({sites:Array(String)}, site))
                AND (length({branches:Array(String)}) = 0 OR has({branches:Array(String)}, branch))
        ) AS call
        LEFT JOIN
        (
            SELECT site, person_id, min(converted_at) AS registered_at
            FROM headwater.newest_conversion_rows
            WHERE run = asked_label AND stage = 'registration' AND (length({sites:Array(String)}) = 0 OR has({sites:Array(String)}, site))
            GROUP BY site, person_id
        ) AS registration USING (site, person_id)
        WHERE toUnixTimestamp64Micro(registered_at) = 0 OR registered_at >= started_at
    ),
    -- Each with the person's session that came last before it.
    visited AS
    (
        SELECT
            called.site AS site, called.person_id AS person_id, called.started_at AS started_at, converted, ad_group,
            session.touch_id AS touch_id, session.landing_page AS landing_page,
            if(called.keyword = '', session.keyword, called.keyword) AS keyword
        FROM called
        ASOF LEFT JOIN
        (
            SELECT site, person_id, touched_at, touch_id, landing_page, keyword
            FROM headwater.newest_touch_rows
            WHERE run = asked_label AND kind = 'session' AND (length({sites:Array(String)}) = 0 OR has({sites:Array(String)}, site))
            -- of two that began in one instant the one of the greater id
            ORDER BY touch_id DESC
            LIMIT 1 BY site, person_id, touched_at
        ) AS session
        ON called.site = session.site AND called.person_id = session.person_id AND called.started_at >= session.touched_at
    ),
    people AS
    (
        SELECT site, person_id, argMin(came_from, (started_at, came_from)) AS value, count() AS calls, max(visited.converted) AS converted
        FROM
        (
            SELECT
                site, person_id, started_at, converted,
                multiIf(
                    {compare:String} = 'keyword', keyword,
                    {compare:String} = 'ad_group', ad_group,
                    {compare:String} = 'ad_version', ad_version,
                    replaceRegexpOne(cutQueryStringAndFragment(landing_page), '^https?://', '')
                ) AS came_from
            FROM visited
            LEFT JOIN
            (
                SELECT
                    site, event_id AS touch_id, JSONExtractString(payload, 'utm_content') AS field,
                    trimBoth(normalizeUTF8NFC(toValidUTF8(if(
                        field = '', decodeURLFormComponent(extractURLParameter(JSONExtractString(payload, 'url'), 'utm_content')), field
                    )))) AS ad_version
                FROM headwater.event_archive FINAL
                WHERE {compare:String} = 'ad_version' AND type = 'visit_seen' AND position(payload, 'utm_content') > 0
                    AND (length({sites:Array(String)}) = 0 OR has({sites:Array(String)}, site))
            ) AS said USING (site, touch_id)
        ) AS visited
        GROUP BY site, person_id
    ),
    beside AS
    (
        SELECT
            site, value, sum(people.calls) AS calls, count() AS callers, countIf(people.converted) AS conversions,
            sum(callers) OVER of_site - callers AS other_callers, sum(conversions) OVER of_site - conversions AS other_conversions,
            0.05 / if(count() OVER of_site = 2, 1, count() OVER of_site) AS alpha_each,
            conversions / callers AS conversion_rate,
            other_conversions / nullIf(other_callers, 0) AS other_rate,
            (conversions + other_conversions) / (callers + other_callers) AS pooled,
            pow(reach_each, 2) AS square,
            (conversion_rate + square / 2 / callers) / (1 + square / callers) AS middle,
            reach_each / (1 + square / callers) * sqrt(conversion_rate * (1 - conversion_rate) / callers + square / 4 / callers / callers)
                AS reach,
            (other_rate + square / 2 / other_callers) / (1 + square / other_callers) AS other_middle,
            reach_each / (1 + square / other_callers)
                * sqrt(other_rate * (1 - other_rate) / other_callers + square / 4 / other_callers / other_callers) AS other_reach
        FROM people
        WHERE value != '' AND (length({among:Array(String)}) = 0 OR has({among:Array(String)}, value))
        GROUP BY site, value
        WINDOW of_site AS (PARTITION BY site)
    )
SELECT
    {run:String} AS run, site, {compare:String} AS compared, value, calls, callers, conversions, conversion_rate, other_callers,
    other_conversions, other_rate, conversion_rate - other_rate AS difference,
    difference - sqrt(pow(conversion_rate - middle + reach, 2) + pow(other_middle + other_reach - other_rate, 2)) AS difference_low,
    difference + sqrt(pow(middle + reach - conversion_rate, 2) + pow(other_rate - other_middle + other_reach, 2)) AS difference_high,
    if(
        pooled > 0 AND pooled < 1,
        erfc(abs(difference) / sqrt(2 * pooled * (1 - pooled) * (1 / callers + 1 / other_callers))), NULL
    ) AS p_value,
    alpha_each,
    multiIf(
        least(callers, other_callers) * least(pooled, 1 - pooled) < 5, 'too_few',
        p_value < alpha_each, if(difference > 0, 'better', 'worse'),
        'no_difference'
    ) AS verdict
FROM beside
COMMENT 'One keyword, ad group, ad version or landing page that people called from in a period, beside all others'
