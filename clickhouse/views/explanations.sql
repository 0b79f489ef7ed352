-- One row is one touch of a conversion's person under one model: credited, or left out and why.
CREATE OR REPLACE VIEW headwater.explanations
(
    run LowCardinality(String) COMMENT 'Name of the run; the worker''s own is live',
    site LowCardinality(String) COMMENT 'Slug of the business',
    branch LowCardinality(String) COMMENT 'Slug of the place of the conversion; empty when unknown',
    conversion_id String COMMENT 'Id of the conversion',
    stage LowCardinality(String) COMMENT 'Stage reached; also re_registration and payment',
    converted_at DateTime64(6, 'UTC') COMMENT 'When the stage was reached, UTC',
    person_id String COMMENT 'The person: smallest identifier of the component',
    model LowCardinality(String) COMMENT 'Attribution model, one of the run''s',
    place UInt32 COMMENT 'Place on the path from 1; 0 when left out',
    touch_id String COMMENT 'The touch: id of the event it begins with; empty when unattributed',
    kind LowCardinality(String) COMMENT 'session, qr_scan, call, message_click, referral or told; empty when unattributed',
    touched_at DateTime64(6, 'UTC') COMMENT 'When it happened, UTC; of the conversion when unattributed',
    counted_at DateTime64(6, 'UTC') COMMENT 'Time that it counts with, UTC: word of mouth stands before the first tracked touch',
    channel LowCardinality(String) COMMENT 'Channel slug; unattributed without touches',
    campaign LowCardinality(String) COMMENT 'Campaign slug; empty when none',
    rule LowCardinality(String) COMMENT 'Name of the rule that set the channel',
    weight Decimal(10, 9) COMMENT 'Share of the conversion; the shares of one conversion and model sum to 1',
    revenue Int64 COMMENT 'Revenue credited, won',
    cash Int64 COMMENT 'All payments credited, won',
    left_out LowCardinality(String) COMMENT 'Why it is not on the path: before_window, after_conversion, direct_dropped, told_ignored, told_not_needed, call_joined, call_outbound, call_spam, call_wrong_number or number_unknown (not_on_path: the row is damaged); empty when it is',
    topic LowCardinality(String) COMMENT 'Kafka topic of the event; empty when the archive has none',
    partition UInt16 COMMENT 'Kafka partition of the event',
    offset UInt64 COMMENT 'Kafka offset of the event in that partition'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH (
    SELECT groupArray((label, models)) FROM headwater.visible_runs
) AS visible
SELECT
    extract(label, '^[^~]*') AS run,
    site, branch, conversion_id, stage, converted_at, person_id, credited.1 AS model, place, touch_id, kind,
    touched_at, counted_at, channel, campaign, rule, toDecimal64(credited.2, 9) / 1000000000 AS weight,
    credited.3 AS revenue, credited.4 AS cash, left_out, topic, partition, offset
FROM
(
    SELECT site, event_id AS touch_id, 'headwater.events' AS topic, partition, offset
    FROM headwater.event_archive FINAL
) AS archive
-- The archive is read past the few rows to be explained, not the other way round; so are the touches below.
RIGHT JOIN
(
    SELECT
        label, site, branch, conversion_id, stage, converted_at, person_id, toUInt32(indexOf(path, touch_id)) AS place,
        touch_id, kind, touched_at, if(place = 0, touched_at, path_times[place]) AS counted_at, channel, campaign, rule,
        multiIf(
            place != 0, '',
            never != '', never,
            touched_at < subtractDays(converted_at, window_days), 'before_window',
            touched_at > converted_at, 'after_conversion',
            told = 1 AND told_setting = 'ignore', 'told_ignored',
            channel = 'direct' AND direct_setting = 'drop', 'direct_dropped',
            told = 1, 'told_not_needed',
            'not_on_path'
        ) AS left_out,
        arrayMap(one -> (one.1, one.2[place], one.3[place], one.4[place]), credits) AS by_model
    FROM
    (
        SELECT run AS label, site, person_id, touch_id, kind, touched_at, channel, campaign, rule, told, '' AS never
        FROM headwater.newest_touch_rows
        WHERE run IN visible.1
        UNION ALL
        SELECT
            run AS label, site, person_id, event_id AS touch_id, 'call' AS kind, started_at AS touched_at, channel,
            campaign, '' AS rule, 0 AS told,
            multiIf(
                direction != 'inbound', 'call_outbound',
                subject = 'spam', 'call_spam',
                subject = 'wrong_number', 'call_wrong_number',
                visitor_id != '', 'call_joined',
                'number_unknown'
            ) AS never
        FROM headwater.newest_call_rows
        WHERE run IN visible.1 AND (counted = 0 OR visitor_id != '' OR channel = '')
    ) AS touch
    INNER JOIN
    (
        SELECT
            run AS label, site, branch, conversion_id, stage, converted_at, person_id,
            touch_ids AS path, touched_at AS path_times, told_setting, direct_setting,
            if(has(window_stages, stage), window_lengths[indexOf(window_stages, stage)], window_days) AS window_days,
            arrayFilter(one -> has(visible.2[indexOf(visible.1, label)], one.1), [
                ('first', w_first, r_first, c_first), ('last', w_last, r_last, c_last),
                ('linear', w_linear, r_linear, c_linear), ('time_decay', w_time_decay, r_time_decay, c_time_decay),
                ('position', w_position, r_position, c_position), ('markov', w_markov, r_markov, c_markov),
                ('markov_2', w_markov_2, r_markov_2, c_markov_2), ('shapley', w_shapley, r_shapley, c_shapley)
            ]) AS credits
        FROM headwater.newest_conversion_rows
        INNER JOIN
        (
            SELECT
                run, site,
                JSONExtractString(settings, 'attribution', 'told') AS told_setting,
                JSONExtractString(settings, 'attribution', 'direct') AS direct_setting,
                JSONExtractUInt(settings, 'attribution', 'window_days') AS window_days,
                JSONExtractKeysAndValues(settings, 'attribution', 'windows', 'UInt64') AS windows,
                windows.1 AS window_stages, windows.2 AS window_lengths
            FROM headwater.newest_site_rows
            WHERE run IN visible.1
        ) AS settings USING (run, site)
        WHERE run IN visible.1
    ) AS conversion USING (label, site, person_id)
    UNION ALL
    -- No touch in the window: the whole is unattributed.
    SELECT
        run AS label, site, branch, conversion_id, stage, converted_at, person_id, 1 AS place, '' AS touch_id,
        '' AS kind, converted_at AS touched_at, converted_at AS counted_at, channels[1] AS channel,
        '' AS campaign, '' AS rule, '' AS left_out,
        arrayMap(
            model -> (model, 1000000000, arraySum(r_last), arraySum(c_last)), visible.2[indexOf(visible.1, label)]
        ) AS by_model
    FROM headwater.newest_conversion_rows
    WHERE run IN visible.1 AND touch_ids = ['']
) AS explained USING (site, touch_id)
ARRAY JOIN by_model AS credited
COMMENT 'One touch of a conversion''s person under one model: credited, or left out and why'
