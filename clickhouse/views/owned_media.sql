-- One row is one site with the figures of its owned media in a period, for some branches or all.
CREATE OR REPLACE VIEW headwater.owned_media
(
    site LowCardinality(String) COMMENT 'Slug of the business',
    sessions UInt64 COMMENT 'Sessions that began in the period',
    direct_sessions UInt64 COMMENT 'Sessions on direct',
    direct_visit_rate Nullable(Float64) COMMENT 'Direct sessions by sessions (DVR), ratio; null without sessions',
    keyword_sessions UInt64 COMMENT 'Organic search sessions with a known keyword',
    brand_keyword_sessions UInt64 COMMENT 'Of these, with a keyword of a brand list',
    negative_keyword_sessions UInt64 COMMENT 'Of these, with a keyword of a negative list',
    brand_keyword_rate Nullable(Float64) COMMENT 'Brand keyword sessions by keyword sessions (BKR), ratio; null without any',
    negative_keyword_rate Nullable(Float64) COMMENT 'Negative keyword sessions by keyword sessions, ratio; null without any',
    query_clicks UInt64 COMMENT 'Clicks that search engines told of, of measured periods inside the period',
    brand_query_clicks UInt64 COMMENT 'Of these, by a query of a brand list',
    negative_query_clicks UInt64 COMMENT 'Of these, by a query of a negative list',
    brand_query_rate Nullable(Float64) COMMENT 'Brand query clicks by query clicks, ratio; null without any',
    negative_query_rate Nullable(Float64) COMMENT 'Negative query clicks by query clicks, ratio; null without any',
    own_search_volume UInt64 COMMENT 'Searches for own brands, of the months that begin in the period',
    search_volume UInt64 COMMENT 'Searches for all brands of those months',
    leading_search_volume UInt64 COMMENT 'Searches for the leading brand of those months',
    share_of_search Nullable(Float64) COMMENT 'Own search volume by search volume, ratio; null where none is recorded',
    relative_share_of_search Nullable(Float64) COMMENT 'Own search volume by that of the leading brand, ratio; null where none is recorded',
    converting_sessions UInt64 COMMENT 'Sessions that reached a goal',
    conversion_rate Nullable(Float64) COMMENT 'Converting sessions by sessions, ratio; null without sessions or when the catalog has no goal',
    goal_conversions UInt64 COMMENT 'Goals reached, each once a session',
    goal_value Float64 COMMENT 'Value of the goals reached, won',
    owned_sessions UInt64 COMMENT 'Sessions on owned channels',
    owned_goal_value Float64 COMMENT 'Value of the goals reached in sessions on owned channels, won',
    inflow_sessions UInt64 COMMENT 'Organic and social sessions',
    on_target_sessions UInt64 COMMENT 'Of these, on target',
    inflow_value Nullable(Float64) COMMENT 'On-target sessions by what a click costs, won; null when nothing says what one costs',
    owned_revenue Nullable(Int64) COMMENT 'Payments so far of the leads registered in the period, as the model credits owned channels, won; null for a site without any payment',
    owned_cost Float64 COMMENT 'Media, agency, staff and reward cost of owned channels in the period and contents published in it, won, VAT included',
    owned_romi Nullable(Float64) COMMENT 'Owned goal value less owned cost by owned cost, ratio; null without cost or where a cost has no branch',
    owned_romi_with_inflow Nullable(Float64) COMMENT 'Owned revenue and inflow value less owned cost by owned cost, ratio; null also without payments or inflow value',
    marketing_cost Float64 COMMENT 'Media, agency, staff and reward cost of all channels in the period and contents published in it, won, VAT included',
    unplaced_cost Float64 COMMENT 'Cost of no branch that was left out because branches are asked for, won',
    cash_revenue Int64 COMMENT 'Payments dated in the period, won',
    baseline_revenue Nullable(Float64) COMMENT 'Baseline monthly revenue of the site by months of the period, won; null when not set or for some branches only',
    contribution_margin Nullable(Float64) COMMENT 'Contribution margin of the site, ratio; null when not set',
    romi Nullable(Float64) COMMENT 'Cash revenue less baseline revenue, by contribution margin, less marketing cost, by marketing cost, ratio; null where one of them is',
    downloads UInt64 COMMENT 'Downloads',
    plays UInt64 COMMENT 'Video views: a person, a video and a local day',
    rated_plays UInt64 COMMENT 'Of these, with a known length',
    view_rate Nullable(Float64) COMMENT 'Average over rated plays of seconds watched by length, ratio; null without any',
    video_value Nullable(Float64) COMMENT 'Value of the videos watched above 90% on average, plays by reference CPV, won; null without CPV'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH
    ['first', 'last', 'linear', 'time_decay', 'position', 'markov', 'markov_2', 'shapley'] AS all_models,
    -- The label whose rows are the asked run's; none when there is no such run or it does not have the model.
    (
        SELECT if(
            throwIf(
                NOT has(all_models, {model:String}),
                'model is first, last, linear, time_decay, position, markov, markov_2 or shapley'
            ), '', max(label)
        )
        FROM headwater.visible_runs
        WHERE run = {run:String} AND has(models, {model:String})
    ) AS asked_label,
    length({branches:Array(String)}) = 0 AS every_branch,
    indexOf(all_models, {model:String}) AS asked_number,
    arraySum(arrayMap(
        month -> (least({until:Date}, toLastDayOfMonth(month)) - greatest({since:Date}, month) + 1)
            / toDayOfMonth(toLastDayOfMonth(month)),
        arrayMap(
            number -> addMonths(toStartOfMonth({since:Date}), number),
            range(toUInt32(greatest(dateDiff('month', {since:Date}, {until:Date}) + 1, 0)))
        )
    )) AS months,
    unplaced_owned_spend + if(every_branch, 0, content_cost) AS unplaced_owned
SELECT
    asked.site AS site, came.sessions AS sessions, direct AS direct_sessions,
    if(sessions = 0, NULL, direct / sessions) AS direct_visit_rate,
    typed AS keyword_sessions, typed_brand AS brand_keyword_sessions, typed_negative AS negative_keyword_sessions,
    if(typed = 0, NULL, typed_brand / typed) AS brand_keyword_rate,
    if(typed = 0, NULL, typed_negative / typed) AS negative_keyword_rate,
    queried.1 AS query_clicks, queried.2 AS brand_query_clicks, queried.3 AS negative_query_clicks,
    if(query_clicks = 0, NULL, brand_query_clicks / query_clicks) AS brand_query_rate,
    if(query_clicks = 0, NULL, negative_query_clicks / query_clicks) AS negative_query_rate,
    own_volume AS own_search_volume, all_volume AS search_volume, leading_volume AS leading_search_volume,
    if(search_volume = 0, NULL, own_search_volume / search_volume) AS share_of_search,
    if(leading_search_volume = 0, NULL, own_search_volume / leading_search_volume) AS relative_share_of_search,
    converting AS converting_sessions,
    if(sessions = 0 OR NOT has_goals, NULL, converting / sessions) AS conversion_rate,
    reached AS goal_conversions, came.goal_value AS goal_value, owned AS owned_sessions,
    came.owned_goal_value AS owned_goal_value, inflow AS inflow_sessions, fitting AS on_target_sessions,
    if(unpriced > 0, NULL, came.inflow_value) AS inflow_value,
    if(payments = 0, NULL, earned) AS owned_revenue,
    owned_spend + if(every_branch, content_cost, 0) AS owned_cost,
    if(owned_cost = 0 OR unplaced_owned != 0, NULL, (owned_goal_value - owned_cost) / owned_cost) AS owned_romi,
    if(owned_cost = 0 OR unplaced_owned != 0, NULL, (owned_revenue + inflow_value - owned_cost) / owned_cost)
        AS owned_romi_with_inflow,
    spent + if(every_branch, content_cost, 0) AS marketing_cost,
    unplaced + if(every_branch, 0, content_cost) AS unplaced_cost,
    paid AS cash_revenue,
    if(every_branch, said.baseline_monthly_revenue * months, NULL) AS baseline_revenue,
    said.contribution_margin AS contribution_margin,
    if(
        marketing_cost = 0, NULL,
        ((cash_revenue - baseline_revenue) * contribution_margin - marketing_cost) / marketing_cost
    ) AS romi,
    engaged.1 AS downloads, engaged.2 AS plays, engaged.3 AS rated_plays,
    if(rated_plays = 0, NULL, engaged.4 / rated_plays) AS view_rate,
    engaged.5 * said.reference_cpv AS video_value
FROM
(
    SELECT
        site, payments,
        JSONExtract(
            settings,
            'Tuple(reference_cpv Nullable(Float64), contribution_margin Nullable(Float64), baseline_monthly_revenue Nullable(Float64))'
        ) AS said
    FROM headwater.newest_site_rows
    WHERE run = asked_label AND (length({sites:Array(String)}) = 0 OR has({sites:Array(String)}, site))
) AS asked
LEFT JOIN
(
    SELECT
        session.site AS site, count() AS sessions, sum(is_direct) AS direct, sum(has_keyword) AS typed,
        sum(is_brand) AS typed_brand, sum(is_negative) AS typed_negative, sum(is_owned) AS owned,
        sum(is_inflow) AS inflow, sum(on_target) AS fitting, sum(session.inflow_value) AS inflow_value,
        countIf(isNull(session.inflow_value)) AS unpriced,
        countIf(notEmpty(goals)) AS converting, sum(length(goals)) AS reached,
        sum(arraySum(one -> ifNull(one.4, 0), goals) AS worth) AS goal_value, sumIf(worth, is_owned) AS owned_goal_value
    FROM headwater.owned_sessions(
        sites = {sites:Array(String)}, branches = {branches:Array(String)}, since = {since:Date},
        until = {until:Date}, run = {run:String}
    ) AS session
    LEFT JOIN
    (
        SELECT site, session_id, goals
        FROM headwater.session_goals(
            sites = {sites:Array(String)}, branches = {branches:Array(String)}, since = {since:Date},
            until = {until:Date}, run = {run:String}
        )
        WHERE notEmpty(goals)
    ) AS achieved ON achieved.site = session.site AND achieved.session_id = session.session_id
    GROUP BY site
) AS came ON came.site = asked.site
LEFT JOIN
(
    -- What was spent and earned, by channel; the class of a channel as in owned_sessions.
    SELECT
        site,
        sumIf(amount, is_asked) AS spent, sumIf(amount, is_asked AND is_owned) AS owned_spend,
        sumIf(amount, NOT is_asked) AS unplaced, sumIf(amount, NOT is_asked AND is_owned) AS unplaced_owned_spend,
        sumIf(credited, is_owned) AS earned, sum(cash) AS paid
    FROM
    (
        SELECT
            booked.site AS site, amount, credited, cash, is_asked,
            if(kinds.kind = '', toString(booked.channel), toString(kinds.kind)) IN (
                'organic_search', 'organic_shopping', 'organic_social', 'organic_video', 'owned',
                'direct', 'email', 'sms', 'push', 'messenger', 'maps'
            ) AS is_owned
        FROM
        (
            SELECT
                site, channel, toInt64(0) AS credited, toInt64(0) AS cash,
                every_branch OR has({branches:Array(String)}, branch) AS is_asked,
                greatest(toInt64({since:Date}) - toInt64(first_day), 0) AS days_before,
                toInt64({until:Date}) - toInt64(first_day) + 1 AS days_until,
                arraySum(arraySlice(amounts, days_before + 1, greatest(days_until - days_before, 0))) AS amount
            FROM headwater.newest_spend_rows
            WHERE run = asked_label AND (length({sites:Array(String)}) = 0 OR has({sites:Array(String)}, site))
                AND kind IN ('media', 'agency', 'staff', 'reward')
                AND (every_branch OR branch = '' OR has({branches:Array(String)}, branch))
                AND first_day <= {until:Date}
                AND toInt64(first_day) + toInt64(length(amounts)) > toInt64({since:Date})
            UNION ALL
            SELECT
                site, channel, revenue[asked_number], funnel.cash[asked_number], true, 0, 0, 0
            FROM headwater.newest_funnel_rows AS funnel
            WHERE run = asked_label AND (length({sites:Array(String)}) = 0 OR has({sites:Array(String)}, site))
                AND (every_branch OR has({branches:Array(String)}, branch))
                AND day BETWEEN {since:Date} AND {until:Date}
        ) AS booked
        LEFT JOIN
        (
            SELECT site, channel, kind
            FROM headwater.newest_channel_rows
            WHERE run = asked_label AND (length({sites:Array(String)}) = 0 OR has({sites:Array(String)}, site))
        ) AS kinds ON kinds.site = booked.site AND kinds.channel = booked.channel
    )
    GROUP BY site
) AS money ON money.site = asked.site
LEFT JOIN
(
    SELECT
        site,
        -- A goal of an index alone is none that a session can reach.
        countIf(
            kind = 'goal' AND (
                NOT JSONHas(definition, 'metric') OR JSONHas(definition, 'stage') OR JSONHas(definition, 'rules')
                OR JSONHas(definition, 'contents')
            )
        ) > 0 AS has_goals,
        sumIf(
            ifNull(JSONExtract(definition, 'cost', 'Nullable(Float64)'), 0),
            kind = 'content' AND ifNull(
                toDateOrNull(JSONExtractString(definition, 'published_on')) BETWEEN {since:Date} AND {until:Date}, false
            )
        ) AS content_cost
    FROM headwater.newest_definition_rows
    WHERE run = asked_label AND (length({sites:Array(String)}) = 0 OR has({sites:Array(String)}, site))
    GROUP BY site
) AS defined ON defined.site = asked.site
LEFT JOIN
(
    SELECT
        query.site AS site,
        (
            sum(clicks),
            sumIf(clicks, arrayExists(one -> position(query.typed, one) > 0, brand)),
            sumIf(clicks, arrayExists(one -> position(query.typed, one) > 0, negative))
        ) AS queried
    FROM
    (
        SELECT
            site, clicks,
            replaceRegexpAll(caseFoldUTF8(normalizeUTF8NFC(search_queries.query)), '\\s+', '') AS typed
        FROM headwater.search_queries
        WHERE (length({sites:Array(String)}) = 0 OR has({sites:Array(String)}, site))
            AND period_start >= {since:Date} AND period_end <= {until:Date}
    ) AS query
    LEFT JOIN
    (
        SELECT
            site,
            arrayFlatten(groupArrayIf(words, JSONExtractString(definition, 'list_kind') = 'brand')) AS brand,
            arrayFlatten(groupArrayIf(words, JSONExtractString(definition, 'list_kind') = 'negative')) AS negative
        FROM
        (
            SELECT
                site, definition,
                arrayFilter(
                    one -> one != '',
                    arrayMap(
                        one -> replaceRegexpAll(caseFoldUTF8(normalizeUTF8NFC(one)), '\\s+', ''),
                        JSONExtract(definition, 'keywords', 'Array(String)')
                    )
                ) AS words
            FROM headwater.newest_definition_rows
            WHERE run = asked_label AND (length({sites:Array(String)}) = 0 OR has({sites:Array(String)}, site))
                AND kind = 'keyword_list'
        )
        GROUP BY site
    ) AS lists ON lists.site = query.site
    GROUP BY site
) AS searched ON searched.site = asked.site
LEFT JOIN
(
    SELECT site, sumIf(volume, own) AS own_volume, sum(volume) AS all_volume, max(volume) AS leading_volume
    FROM
    (
        SELECT site, brand, max(share_of_search.own) AS own, sum(share_of_search.volume) AS volume
        FROM headwater.share_of_search
        WHERE (length({sites:Array(String)}) = 0 OR has({sites:Array(String)}, site))
            AND month BETWEEN {since:Date} AND {until:Date}
        GROUP BY site, brand
    )
    GROUP BY site
) AS volumes ON volumes.site = asked.site
LEFT JOIN
(
    SELECT
        site,
        (
            sum(downloads), sum(plays), sum(rated), sum(rates),
            sumIf(plays, rated > 0 AND round(rates / rated, 9) > 0.9)
        ) AS engaged
    FROM
    (
        SELECT
            site, subject, sum(counted) AS downloads, sum(is_play) AS plays, countIf(share IS NOT NULL) AS rated,
            sum(ifNull(share, 0)) AS rates
        FROM
        (
            -- A view is a person and a local day: a player tells what was watched so far each time it stops.
            SELECT
                site, subject, person_id, day, countIf(action = 'download') AS counted,
                countIf(action = 'video') > 0 AS is_play,
                maxIf(watched_seconds, action = 'video') AS watched, maxIf(length_seconds, action = 'video') AS length,
                if(length > 0 AND isNotNull(watched), least(watched, length) / length, NULL) AS share
            FROM headwater.newest_activity_rows
            WHERE run = asked_label AND (length({sites:Array(String)}) = 0 OR has({sites:Array(String)}, site))
                AND (every_branch OR has({branches:Array(String)}, branch))
                AND day BETWEEN {since:Date} AND {until:Date}
                AND type = 'content_engaged' AND action IN ('download', 'video')
            GROUP BY site, subject, person_id, day
        )
        GROUP BY site, subject
    )
    GROUP BY site
) AS watched ON watched.site = asked.site
COMMENT 'One site with the figures of its owned media in a period, for some branches or all'
