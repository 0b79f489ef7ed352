-- One row is one message to one person with the first time of each step in its life.
CREATE OR REPLACE VIEW headwater.messages
(
    run LowCardinality(String) COMMENT 'Name of the run; the worker''s own is live',
    site LowCardinality(String) COMMENT 'Slug of the business',
    branch LowCardinality(String) COMMENT 'Slug of the place of the business: as said, else of the person''s first stage that has one; empty when unknown',
    message_id String COMMENT 'The sender''s id of the message',
    person_id String COMMENT 'The person: smallest identifier of the component',
    medium LowCardinality(String) COMMENT 'email, sms, alimtalk or push; empty when unknown',
    campaign String COMMENT 'Campaign; empty when none',
    segment String COMMENT 'Segment it was sent to; empty when none',
    experiment String COMMENT 'Experiment it is part of; empty when none',
    variant String COMMENT 'Variant of the experiment; empty when none',
    sent_at DateTime64(6, 'UTC') COMMENT 'When it was sent: the first that is known of it, UTC',
    day Date COMMENT 'Local day it was sent',
    delivered_at Nullable(DateTime64(6, 'UTC')) COMMENT 'When it was delivered, at the latest when somebody opened, clicked, complained or unsubscribed, UTC; null when not, or when it bounced after that',
    opened_at Nullable(DateTime64(6, 'UTC')) COMMENT 'When it was first opened, at the latest when it was clicked where the medium tells of opens, UTC; null when not',
    clicked_at Nullable(DateTime64(6, 'UTC')) COMMENT 'When it was first clicked, UTC; null when not',
    bounced_at Nullable(DateTime64(6, 'UTC')) COMMENT 'When it bounced first, UTC; null when not, or when it was delivered after all',
    complained_at Nullable(DateTime64(6, 'UTC')) COMMENT 'When it was first called spam, UTC; null when not',
    unsubscribed_at Nullable(DateTime64(6, 'UTC')) COMMENT 'When somebody unsubscribed by it first, UTC; null when not',
    reports_opens UInt8 COMMENT '1 when its medium tells of opens (email, push), 0 when not (SMS, alimtalk) or unknown'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH (SELECT groupArray(label) FROM headwater.visible_runs) AS visible
SELECT
    run, site, if(said_branch = '', first_branch, said_branch) AS branch, message_id, person_id, medium, campaign, segment, experiment, variant, sent_at, day,
    -- What somebody did with it shows that it arrived; else the last report counts: a bounce after the delivery
    -- undoes it, a delivery after the bounce (another try, another medium) undoes that.
    multiIf(isNotNull(acted_at), least(acted_at, ifNull(arrived_at, acted_at)), bounced_last > arrived_last, NULL, arrived_at)
        AS delivered_at,
    if(reports_opens, least(ifNull(told_open_at, clicked_at), ifNull(clicked_at, told_open_at)), told_open_at) AS opened_at,
    clicked_at,
    if(isNull(delivered_at), returned_at, NULL) AS bounced_at,
    complained_at, unsubscribed_at, reports_opens
FROM
(
    SELECT
        run, site, message_id, person_id,
        argMinIf(branch, (at, event_id), branch != '') AS said_branch,
        argMinIf(medium, (at, event_id), medium != '') AS medium,
        argMinIf(campaign, (at, event_id), campaign != '') AS campaign,
        argMinIf(segment, (at, event_id), segment != '') AS segment,
        argMinIf(experiment, (at, event_id), experiment != '') AS experiment,
        argMinIf(variant, (at, event_id), variant != '') AS variant,
        min(at) AS sent_at, min(local_day) AS day,
        minOrNullIf(at, action = 'delivered') AS arrived_at,
        maxOrNullIf(at, action = 'delivered') AS arrived_last,
        minOrNullIf(at, action = 'bounced') AS returned_at,
        maxOrNullIf(at, action = 'bounced') AS bounced_last,
        minOrNullIf(at, action = 'opened') AS told_open_at,
        minOrNullIf(at, action = 'clicked') AS clicked_at,
        minOrNullIf(at, action = 'complained') AS complained_at,
        minOrNullIf(at, action = 'unsubscribed') AS unsubscribed_at,
        minOrNullIf(at, action IN ('opened', 'clicked', 'complained', 'unsubscribed')) AS acted_at,
        medium IN ('email', 'push') AS reports_opens
    FROM
    (
        SELECT
            run, site, branch, event_id, subject AS message_id, medium, campaign, segment, experiment, variant, action,
            happened_at AS at, local_day,
            -- A report that names nobody is of the message's person, where exactly one is named.
            multiIf(
                NOT startsWith(said_of, 'event:'), said_of,
                first_named != '' AND first_named = last_named, first_named,
                min(said_of) OVER (PARTITION BY run, site, subject, startsWith(said_of, 'event:'))
            ) AS person_id
        FROM
        (
            SELECT
                extract(rows.run, '^[^~]*') AS run, site, branch, event_id, subject, medium, campaign, segment, experiment,
                variant, action, happened_at, rows.day AS local_day, rows.person_id AS said_of,
                minIf(said_of, NOT startsWith(said_of, 'event:')) OVER of_message AS first_named,
                maxIf(said_of, NOT startsWith(said_of, 'event:')) OVER of_message AS last_named
            FROM headwater.newest_activity_rows AS rows
            WHERE rows.run IN visible AND type = 'message_tracked'
            WINDOW of_message AS (PARTITION BY rows.run, site, subject)
        )
    )
    GROUP BY run, site, message_id, person_id
) AS told
LEFT JOIN
(
    SELECT
        extract(reached.run, '^[^~]*') AS run, site, person_id, argMin(branch, (converted_at, conversion_id)) AS first_branch
    FROM headwater.newest_conversion_rows AS reached
    WHERE reached.run IN visible AND branch != ''
    GROUP BY run, site, person_id
) AS placed USING (run, site, person_id)
COMMENT 'One message to one person with the first time of each step in its life'
