-- One row is one figure of a metric on one local day, or over the days that were measured; what a rate is of stands beside it.
CREATE OR REPLACE VIEW headwater.metric_series
(
    site LowCardinality(String) COMMENT 'Slug of the business',
    branch String COMMENT 'Slug of the place of the business; empty when unknown',
    metric String COMMENT 'Slug of the metric; any that is recorded as a measure is one, unless it has the name of a counted one',
    kind String COMMENT 'count, amount, total, rate, cost, share or mean: how figures are put together',
    channel String COMMENT 'Channel slug; empty when it belongs to none',
    subject String COMMENT 'Who counts once in a period however often he comes; empty where every figure counts',
    first_day Date COMMENT 'First local day',
    last_day Date COMMENT 'Last local day; the first but for what was measured over a longer time',
    value Float64 COMMENT 'The count, the won, the measured value, or what a rate or cost has above the line',
    base Float64 COMMENT 'What a rate, share or cost has below the line; 0 for counts and sums of money, 1 for a measured value'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH
    ['first', 'last', 'linear', 'time_decay', 'position', 'markov', 'markov_2', 'shapley'] AS all_models,
    indexOf(all_models, {model:String}) AS number,
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
    length({sites:Array(String)}) = 0 AS every_site,
    -- Metrics that are worked out here: a measure of the same name is not read, so that a name has one meaning.
    [
        'visits', 'scans', 'calls', 'inquiries', 'consults', 'registrations', 're_registrations', 'revenue', 'cash',
        'inquiry_to_registration', 'direct_visit_rate', 'known_source_rate', 'spend', 'cac', 'loaded_cac', 'roi',
        'answered_rate', 'abandonment_rate', 'first_time_caller_share', 'call_keyword_share', 'call_conversion_rate',
        'average_talk', 'share_of_search', 'downloads', 'video_views', 'video_view_rate', 'invitations', 'referrals',
        'messages_sent', 'message_open_rate', 'message_click_rate', 'message_unsubscribe_rate'
    ] AS worked_out,
    figures AS
    (
        SELECT
            site, toString(branch) AS branch, day AS first_day, day AS last_day, arrayJoin([
                ('visits', 'count', channel, '', toFloat64(visits), 0.),
                ('scans', 'count', channel, '', toFloat64(scans), 0.),
                ('calls', 'count', channel, '', toFloat64(calls), 0.),
                ('inquiries', 'count', channel, '', inquired, 0.),
                ('consults', 'count', channel, '', consulted, 0.),
                ('registrations', 'count', channel, '', registered, 0.),
                ('re_registrations', 'count', channel, '', returned, 0.),
                ('revenue', 'amount', channel, '', earned, 0.),
                ('cash', 'amount', channel, '', paid, 0.),
                ('inquiry_to_registration', 'rate', channel, '', registered, inquired),
                ('direct_visit_rate', 'rate', '', '', if(channel = 'direct', toFloat64(visits), 0.), toFloat64(visits)),
                ('known_source_rate', 'rate', '', '', if(channel = 'unattributed', 0., inquired), inquired),
                ('cac', 'cost', channel, '', 0., registered),
                ('loaded_cac', 'cost', '', '', 0., registered),
                ('roi', 'share', channel, '', earned, 0.)
            ]) AS figure
        FROM
        (
            SELECT
                site, branch, day, toString(funnel.channel) AS channel, funnel.visits AS visits, funnel.scans AS scans,
                funnel.calls AS calls, funnel.inquiries[number] / 1e9 AS inquired, funnel.consults[number] / 1e9 AS consulted,
                funnel.registrations[number] / 1e9 AS registered, funnel.re_registrations[number] / 1e9 AS returned,
                toFloat64(funnel.revenue[number]) AS earned, toFloat64(funnel.cash[number]) AS paid
            FROM headwater.newest_funnel_rows AS funnel
            WHERE run = asked_label AND (every_site OR has({sites:Array(String)}, site))
        )
        UNION ALL
        SELECT
            site, toString(branch) AS branch, day AS first_day, day AS last_day, arrayJoin(if(
                kind IN ('media', 'agency', 'staff', 'reward'),
                [
                    ('spend', 'total', channel, '', won, 0.),
                    ('cac', 'cost', channel, '', won, 0.),
                    ('loaded_cac', 'cost', '', '', won, 0.),
                    ('roi', 'share', channel, '', -won, won)
                ],
                [('loaded_cac', 'cost', '', '', won, 0.)]
            )) AS figure
        FROM
        (
            SELECT
                site, branch, kind, toDate(spend.first_day + (place - 1)) AS day,
                if(spend.channel = '', 'unattributed', toString(spend.channel)) AS channel, toFloat64(amount) AS won
            FROM headwater.newest_spend_rows AS spend
            ARRAY JOIN amounts AS amount, arrayEnumerate(amounts) AS place
            WHERE run = asked_label AND (every_site OR has({sites:Array(String)}, site))
        )
        UNION ALL
        -- Calls as the calls' figures have them: inbound, of nobody who is a customer by a tag or an earlier registration.
        SELECT
            site, toString(branch) AS branch, day AS first_day, day AS last_day, arrayJoin(arrayConcat(
                [
                    ('answered_rate', 'rate', channel, '', toFloat64(outcome = 'answered'), 1.),
                    ('abandonment_rate', 'rate', channel, '', toFloat64(outcome = 'abandoned'), 1.),
                    ('first_time_caller_share', 'rate', channel, '', toFloat64(started_at = first_at), 1.),
                    ('call_keyword_share', 'rate', channel, '', toFloat64(keyword != ''), 1.),
                    ('call_conversion_rate', 'rate', channel, person_id, toFloat64(registered_at > started_at), 1.)
                ],
                if(outcome = 'answered', [('average_talk', 'mean', channel, '', toFloat64(talk_seconds), 1.)], [])
            )) AS figure
        FROM
        (
            SELECT site, branch, day, toString(channel) AS channel, person_id, started_at, outcome, talk_seconds, keyword
            FROM headwater.newest_call_rows
            WHERE run = asked_label AND (every_site OR has({sites:Array(String)}, site)) AND counted = 1
                AND direction = 'inbound' AND subject != 'existing'
        ) AS call
        LEFT JOIN
        (
            SELECT site, person_id, minIf(started_at, counted = 1) AS first_at
            FROM headwater.newest_call_rows
            WHERE run = asked_label AND (every_site OR has({sites:Array(String)}, site))
            GROUP BY site, person_id
        ) AS caller USING (site, person_id)
        LEFT JOIN
        (
            SELECT site, person_id, min(converted_at) AS registered_at
            FROM headwater.newest_conversion_rows
            WHERE run = asked_label AND (every_site OR has({sites:Array(String)}, site)) AND stage = 'registration'
            GROUP BY site, person_id
        ) AS registration USING (site, person_id)
        WHERE toUnixTimestamp(registered_at) = 0 OR registered_at >= started_at
        UNION ALL
        SELECT
            site, toString(branch) AS branch, day AS first_day, day AS last_day, arrayJoin(multiIf(
                type = 'invitation_sent', [('invitations', 'count', '', '', 1., 0.)],
                type = 'referral_made', [('referrals', 'count', '', '', 1., 0.)],
                [('downloads', 'count', '', '', 1., 0.)]
            )) AS figure
        FROM headwater.newest_activity_rows
        WHERE run = asked_label AND (every_site OR has({sites:Array(String)}, site))
            AND (type IN ('invitation_sent', 'referral_made') OR type = 'content_engaged' AND action = 'download')
        UNION ALL
        SELECT
            site, place AS branch, day AS first_day, day AS last_day, arrayJoin(if(
                length > 0 AND isNotNull(watched),
                [
                    ('video_views', 'count', '', '', 1., 0.),
                    ('video_view_rate', 'mean', '', '', assumeNotNull(least(watched, length) / length), 1.)
                ],
                [('video_views', 'count', '', '', 1., 0.)]
            )) AS figure
        FROM
        (
            -- A view is a person, a video and a local day, as in owned_media: a player tells what was watched so far each
            -- time it stops.
            SELECT
                site, max(toString(branch)) AS place, subject, person_id, day, max(watched_seconds) AS watched,
                max(length_seconds) AS length
            FROM headwater.newest_activity_rows
            WHERE run = asked_label AND (every_site OR has({sites:Array(String)}, site))
                AND type = 'content_engaged' AND action = 'video'
            GROUP BY site, subject, person_id, day
        )
        UNION ALL
        SELECT
            site, toString(branch) AS branch, day AS first_day, day AS last_day, arrayJoin([
                ('messages_sent', 'count', '', '', 1., 0.),
                (
                    'message_open_rate', 'rate', '', '', toFloat64(reports_opens AND isNotNull(delivered_at) AND isNotNull(opened_at)),
                    toFloat64(reports_opens AND isNotNull(delivered_at))
                ),
                ('message_click_rate', 'rate', '', '', toFloat64(isNotNull(clicked_at)), toFloat64(isNotNull(delivered_at))),
                ('message_unsubscribe_rate', 'rate', '', '', toFloat64(isNotNull(unsubscribed_at)), toFloat64(isNotNull(delivered_at)))
            ]) AS figure
        FROM headwater.messages
        WHERE run = {run:String} AND asked_label != '' AND (every_site OR has({sites:Array(String)}, site))
        UNION ALL
        SELECT
            site, '' AS branch, month AS first_day, toLastDayOfMonth(month) AS last_day,
            ('share_of_search', 'share', '', '', toFloat64(own) * volume, toFloat64(volume)) AS figure
        FROM headwater.search_volumes
        WHERE asked_label != '' AND (every_site OR has({sites:Array(String)}, site))
        UNION ALL
        SELECT
            site, toString(branch) AS branch, period_start AS first_day, period_end AS last_day,
            (metric, 'mean', channel, '', value, 1.) AS figure
        FROM headwater.measures
        WHERE asked_label != '' AND (every_site OR has({sites:Array(String)}, site)) AND NOT has(worked_out, metric)
    )
SELECT
    site, branch, figure.1 AS metric, figure.2 AS kind, figure.3 AS channel, figure.4 AS subject, first_day, last_day,
    figure.5 AS value, figure.6 AS base
FROM figures
WHERE figure.5 != 0 OR figure.6 != 0
COMMENT 'One figure of a metric on one local day, or over the days that were measured; what a rate is of stands beside it'
