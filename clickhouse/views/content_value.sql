-- One row is one content with the visits it brought in a period, what those would have cost, and its downloads and views.
CREATE OR REPLACE VIEW headwater.content_value
(
    site LowCardinality(String) COMMENT 'Slug of the business',
    content String COMMENT 'Id of the content; what downloads and videos said where the catalog has none',
    name_ko String COMMENT 'Korean name for people; empty when none',
    name_en String COMMENT 'English name for people; empty when none',
    published_on Nullable(Date) COMMENT 'Day it was published; null when not said',
    cost Nullable(Float64) COMMENT 'What it cost once, won; null when not said',
    months Float64 COMMENT 'Months of the period since it was published; a month cut off counts by its days',
    sessions UInt64 COMMENT 'Sessions that landed on it',
    inflow_sessions UInt64 COMMENT 'Of these, organic or social ones on target',
    reference_cpc Nullable(Float64) COMMENT 'What a click costs, won: its own, else of the site, else paid for clicks in the period; null when nothing says',
    inflow_value Nullable(Float64) COMMENT 'Inflow sessions by reference CPC, won; null when nothing says what a click costs',
    monthly_inflow_value Nullable(Float64) COMMENT 'Inflow value by months, won',
    break_even_months Nullable(Float64) COMMENT 'Cost by monthly inflow value, months; null without cost or inflow value',
    cheaper_from_month Nullable(UInt32) COMMENT 'First month in which it is cheaper than paid clicks: the one after break-even',
    downloads UInt64 COMMENT 'Downloads',
    downloaders UInt64 COMMENT 'Persons who downloaded it',
    plays UInt64 COMMENT 'Video views: a person and a local day',
    seconds_watched Float64 COMMENT 'Of the plays whose length is known, seconds watched, at most the length',
    view_rate Nullable(Float64) COMMENT 'Average over those plays of seconds watched by length, ratio; null without any',
    reference_cpv Nullable(Float64) COMMENT 'What a view costs, won, of the site; null when not set',
    video_value Nullable(Float64) COMMENT 'Plays by reference CPV where the view rate is above 90%, else 0, won; null without rate or CPV'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH
    -- The label whose rows are the asked run's; none when there is no such run.
    (SELECT max(label) FROM headwater.visible_runs WHERE run = {run:String}) AS asked_label,
    greatest({since:Date}, ifNull(published_on, {since:Date})) AS first_day
SELECT
    brought.site AS site, content, name_ko, name_en, published_on, cost,
    arraySum(arrayMap(
        month -> (least({until:Date}, toLastDayOfMonth(month)) - greatest(first_day, month) + 1)
            / toDayOfMonth(toLastDayOfMonth(month)),
        if(
            first_day > {until:Date}, [],
            arrayMap(
                number -> addMonths(toStartOfMonth(first_day), number),
                range(toUInt32(dateDiff('month', first_day, {until:Date})) + 1)
            )
        )
    )) AS months,
    landed AS sessions, fitting AS inflow_sessions,
    coalesce(own_cpc, stated_cpc, paid_cpc) AS reference_cpc,
    if(inflow_sessions = 0, 0, inflow_sessions * reference_cpc) AS inflow_value,
    if(months = 0, NULL, inflow_value / months) AS monthly_inflow_value,
    if(monthly_inflow_value > 0, cost / monthly_inflow_value, NULL) AS break_even_months,
    toUInt32OrNull(toString(floor(break_even_months) + 1)) AS cheaper_from_month,
    downloads, downloaders, plays, seconds_watched,
    if(rated = 0, NULL, rates / rated) AS view_rate,
    stated_cpv AS reference_cpv,
    if(round(view_rate, 9) > 0.9, plays * reference_cpv, if(isNull(reference_cpv), NULL, view_rate * 0)) AS video_value
FROM
(
    SELECT
        site, content, max(names.1) AS name_ko, max(names.2) AS name_en, max(said.1) AS published_on,
        max(said.2) AS cost, max(said.3) AS own_cpc,
        sum(counts.1) AS landed, sum(counts.2) AS fitting, sum(counts.3) AS downloads, sum(counts.4) AS downloaders,
        sum(counts.5) AS plays, sum(counts.6) AS rated, sum(seconds.1) AS seconds_watched, sum(seconds.2) AS rates
    FROM
    (
        SELECT
            site, id AS content, (name_ko, name_en) AS names,
            (
                toDateOrNull(JSONExtractString(definition, 'published_on')),
                JSONExtract(definition, 'cost', 'Nullable(Float64)'),
                JSONExtract(definition, 'reference_cpc', 'Nullable(Float64)')
            ) AS said,
            (toUInt64(0), toUInt64(0), toUInt64(0), toUInt64(0), toUInt64(0), toUInt64(0)) AS counts,
            (toFloat64(0), toFloat64(0)) AS seconds
        FROM headwater.newest_definition_rows
        WHERE run = asked_label AND (length({sites:Array(String)}) = 0 OR has({sites:Array(String)}, site))
            AND kind = 'content'
        UNION ALL
        SELECT
            site, content, ('', ''), (NULL, NULL, NULL), (count(), sum(on_target), 0, 0, 0, 0), (0, 0)
        FROM headwater.owned_sessions(
            sites = {sites:Array(String)}, branches = {branches:Array(String)}, since = {since:Date},
            until = {until:Date}, run = {run:String}
        )
        WHERE content != ''
        GROUP BY site, content
        UNION ALL
        SELECT
            site, if(claimed.content = '', viewed.subject, claimed.content) AS content, ('', ''), (NULL, NULL, NULL),
            (
                0, 0, sum(viewed.downloads), uniqExactIf(person_id, viewed.downloads > 0), sum(viewed.is_play),
                countIf(share IS NOT NULL)
            ),
            (sum(ifNull(share, 0) * ifNull(length, 0)), sum(ifNull(share, 0)))
        FROM
        (
            -- A view is a person and a local day: a player tells what was watched so far each time it stops.
            SELECT
                site, subject, person_id, day, countIf(action = 'download') AS downloads,
                countIf(action = 'video') > 0 AS is_play,
                maxIf(watched_seconds, action = 'video') AS watched, maxIf(length_seconds, action = 'video') AS length,
                if(length > 0 AND isNotNull(watched), least(watched, length) / length, NULL) AS share
            FROM headwater.newest_activity_rows
            WHERE run = asked_label AND (length({sites:Array(String)}) = 0 OR has({sites:Array(String)}, site))
                AND (length({branches:Array(String)}) = 0 OR has({branches:Array(String)}, branch))
                AND day BETWEEN {since:Date} AND {until:Date}
                AND type = 'content_engaged' AND action IN ('download', 'video')
            GROUP BY site, subject, person_id, day
        ) AS viewed
        LEFT JOIN
        (
            SELECT
                site, min(id) AS content,
                arrayJoin(arrayPushBack(JSONExtract(definition, 'files', 'Array(String)'), id)) AS subject
            FROM headwater.newest_definition_rows
            WHERE run = asked_label AND (length({sites:Array(String)}) = 0 OR has({sites:Array(String)}, site))
                AND kind = 'content'
            GROUP BY site, subject
        ) AS claimed ON claimed.site = viewed.site AND claimed.subject = viewed.subject
        GROUP BY site, content
    )
    GROUP BY site, content
) AS brought
LEFT JOIN
(
    SELECT
        site, JSONExtract(settings, 'reference_cpc', 'Nullable(Float64)') AS stated_cpc,
        JSONExtract(settings, 'reference_cpv', 'Nullable(Float64)') AS stated_cpv
    FROM headwater.newest_site_rows
    WHERE run = asked_label AND (length({sites:Array(String)}) = 0 OR has({sites:Array(String)}, site))
) AS settings ON settings.site = brought.site
LEFT JOIN
(
    SELECT site, sum(arraySum(amounts)) / sum(clicks) AS paid_cpc
    FROM headwater.newest_spend_rows
    WHERE run = asked_label AND (length({sites:Array(String)}) = 0 OR has({sites:Array(String)}, site))
        AND kind = 'media' AND clicks > 0
        AND first_day <= {until:Date} AND toInt64(first_day) + toInt64(length(amounts)) > toInt64({since:Date})
    GROUP BY site
) AS bought_clicks ON bought_clicks.site = brought.site
COMMENT 'One content with the visits it brought in a period, what those would have cost, and its downloads and views'
