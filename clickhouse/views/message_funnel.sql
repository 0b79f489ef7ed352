-- One row is one part of the messages sent in a period (a campaign, medium, segment, variant, month or frequency) with its results.
CREATE OR REPLACE VIEW headwater.message_funnel
(
    site LowCardinality(String) COMMENT 'Slug of the business',
    experiment String COMMENT 'Experiment of the variant; empty unless part is variant',
    part String COMMENT 'The campaign, medium, segment, variant, month (YYYY-MM-DD) or messages a person was sent in the month (1, 2, 3, 4-5, 6-10, 11+); empty when none, or all',
    sent UInt64 COMMENT 'Messages sent in the period',
    bounced UInt64 COMMENT 'Of these, bounced and never delivered after',
    delivered UInt64 COMMENT 'Of these, delivered',
    openable UInt64 COMMENT 'Delivered by a medium that tells of opens',
    opened Nullable(UInt64) COMMENT 'Delivered and opened; null where no medium tells of opens',
    clicked UInt64 COMMENT 'Delivered and clicked',
    converted UInt64 COMMENT 'Delivered to a person who reached the goal within the days after it',
    complained UInt64 COMMENT 'Called spam',
    unsubscribed UInt64 COMMENT 'Unsubscribed by',
    sent_after_unsubscribe UInt64 COMMENT 'Sent to a person who had unsubscribed from that medium before',
    people UInt64 COMMENT 'Persons who got a message',
    people_converted UInt64 COMMENT 'Of these, who reached the goal within the days after one',
    customers UInt64 COMMENT 'Persons who got a message and had registered or paid before it',
    customers_back UInt64 COMMENT 'Of these, who visited, called, scanned, paid or reached a stage within the days after it',
    revenue Int64 COMMENT 'What persons paid within the days after a message, each payment once, refunds taken off, won',
    messages_a_month Float64 COMMENT 'Messages sent by person and month with a message',
    delivery_rate Float64 COMMENT 'Delivered by sent, ratio',
    bounce_rate Float64 COMMENT 'Bounced by sent, ratio',
    open_rate Nullable(Float64) COMMENT 'Opened by delivered among media that tell of opens, ratio; null without any',
    click_rate Nullable(Float64) COMMENT 'Clicked by delivered, ratio; null without any',
    conversion_rate Nullable(Float64) COMMENT 'Converted by delivered, ratio; null without any',
    people_conversion_rate Nullable(Float64) COMMENT 'People converted by people, ratio; null without any',
    complaint_rate Nullable(Float64) COMMENT 'Complained by delivered, ratio; null without any',
    unsubscribe_rate Nullable(Float64) COMMENT 'Unsubscribed by delivered, ratio; null without any',
    return_rate Nullable(Float64) COMMENT 'Customers back by customers, ratio; null without any'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH
    (
        SELECT throwIf(
            NOT has(['all', 'campaign', 'medium', 'segment', 'variant', 'month', 'frequency'], {part:String}),
            'part is all, campaign, medium, segment, variant, month or frequency'
        )
    ) AS is_wrong,
    sent_messages AS
    (
        -- Frequency and unsubscribing are of all messages of the person, whichever are asked for.
        SELECT
            *,
            count() OVER (PARTITION BY site, person_id, toStartOfMonth(day)) AS in_month,
            ifNull(min(unsubscribed_at) OVER (PARTITION BY site, person_id, medium) < sent_at, 0) AS is_unwanted
        FROM headwater.messages
        WHERE run = {run:String} AND (length({sites:Array(String)}) = 0 OR has({sites:Array(String)}, site))
    ),
    aims AS
    (
        -- A goal of the catalog is its stage, or what it names of contents.
        SELECT
            site, id AS aim,
            arrayPushFront(
                arrayMap(
                    content -> concat('content:', content),
                    if(JSONHas(definition, 'contents'), JSONExtract(definition, 'contents', 'Array(String)'), [id])
                ),
                concat('stage:', if(JSONExtractString(definition, 'stage') = '', id, JSONExtractString(definition, 'stage')))
            ) AS deeds
        FROM headwater.definitions
        WHERE run = {run:String} AND kind = 'goal'
    ),
    done AS
    (
        SELECT
            site, person_id,
            groupArray((at, deed, amount, deed_id)) AS deeds,
            minIf(at, deed = 'stage:registration' OR deed = 'payment' AND amount > 0) AS bought_at,
            countIf(deed = 'stage:registration' OR deed = 'payment' AND amount > 0) > 0 AS has_bought
        FROM headwater.deeds
        WHERE run = {run:String} AND (length({sites:Array(String)}) = 0 OR has({sites:Array(String)}, site))
        GROUP BY site, person_id
    ),
    followed AS
    (
        SELECT
            site, person_id, day, sent_at, delivered_at, opened_at, clicked_at, bounced_at, complained_at, unsubscribed_at,
            reports_opens, is_unwanted, campaign, medium, segment, experiment, variant, in_month,
            isNotNull(delivered_at) AS is_delivered,
            ifNull(delivered_at, sent_at) AS arrived_at,
            is_delivered AND has_bought AND bought_at < arrived_at AS is_customer,
            arrayFilter(
                one -> is_delivered AND one.1 >= arrived_at AND one.1 <= arrived_at + toIntervalDay({window_days:UInt16}),
                done.deeds
            ) AS after,
            arrayFilter(one -> one.2 = 'payment', after) AS paid_after,
            arrayExists(one -> NOT startsWith(one.2, 'content:') AND (one.2 != 'payment' OR one.3 > 0), after) AS is_back,
            if(aim = 'payment', arraySum(one -> one.3, paid_after) > 0, arrayExists(one -> has(aim_deeds, one.2), after))
                AS is_converted
        FROM
        (
            SELECT *, multiIf(aim = 'visit', ['visit'], empty(aims.deeds), [concat('stage:', aim)], aims.deeds) AS aim_deeds
            FROM
            (
                SELECT
                    *,
                    multiIf(
                        {goal:String} NOT IN ('', 'own'), {goal:String}, goal_metric IN ('', 'revenue', 'members'), 'payment', goal_metric
                    ) AS aim
                FROM sent_messages
                LEFT JOIN
                (
                    SELECT site, segment, goal_metric FROM headwater.segments WHERE run = {run:String}
                ) AS own_goals USING (site, segment)
            ) AS aimed
            LEFT JOIN aims USING (site, aim)
            WHERE day BETWEEN {since:Date} AND {until:Date}
                AND (length({branches:Array(String)}) = 0 OR has({branches:Array(String)}, branch))
        ) AS chosen
        LEFT JOIN done USING (site, person_id)
    )
SELECT
    site,
    if({part:String} = 'variant', followed.experiment, '') AS experiment,
    multiIf(
        is_wrong OR {part:String} = 'all', '',
        {part:String} = 'campaign', campaign,
        {part:String} = 'medium', toString(medium),
        {part:String} = 'segment', segment,
        {part:String} = 'variant', variant,
        {part:String} = 'month', toString(toStartOfMonth(day)),
        multiIf(in_month <= 3, toString(in_month), in_month <= 5, '4-5', in_month <= 10, '6-10', '11+')
    ) AS part,
    count() AS sent,
    countIf(isNotNull(bounced_at)) AS bounced,
    countIf(is_delivered) AS delivered,
    countIf(is_delivered AND reports_opens) AS openable,
    if(openable = 0 AND countIf(isNotNull(opened_at)) = 0, NULL, countIf(is_delivered AND isNotNull(opened_at))) AS opened,
    countIf(isNotNull(clicked_at)) AS clicked,
    countIf(is_converted) AS converted,
    countIf(isNotNull(complained_at)) AS complained,
    countIf(isNotNull(unsubscribed_at)) AS unsubscribed,
    countIf(is_unwanted) AS sent_after_unsubscribe,
    uniqExactIf(person_id, is_delivered) AS people,
    uniqExactIf(person_id, is_converted) AS people_converted,
    uniqExactIf(person_id, is_customer) AS customers,
    uniqExactIf(person_id, is_customer AND is_back) AS customers_back,
    arraySum(arrayMap(one -> one.2, groupUniqArrayArray(arrayMap(one -> (one.4, one.3), paid_after)))) AS revenue,
    sent / uniqExact((person_id, toStartOfMonth(day))) AS messages_a_month,
    delivered / sent AS delivery_rate,
    bounced / sent AS bounce_rate,
    if(openable = 0, NULL, countIf(is_delivered AND reports_opens AND isNotNull(opened_at)) / openable) AS open_rate,
    if(delivered = 0, NULL, clicked / delivered) AS click_rate,
    if(delivered = 0, NULL, converted / delivered) AS conversion_rate,
    if(people = 0, NULL, people_converted / people) AS people_conversion_rate,
    if(delivered = 0, NULL, complained / delivered) AS complaint_rate,
    if(delivered = 0, NULL, unsubscribed / delivered) AS unsubscribe_rate,
    if(customers = 0, NULL, customers_back / customers) AS return_rate
FROM followed
GROUP BY site, experiment, part
COMMENT 'One part of the messages sent in a period (a campaign, medium, segment, variant, month or frequency) with its results'
