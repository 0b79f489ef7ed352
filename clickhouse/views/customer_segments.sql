-- One row is one customer segment of a site with its size, its goal and how far it is in a period.
CREATE OR REPLACE VIEW headwater.customer_segments
(
    site LowCardinality(String) COMMENT 'Slug of the business',
    segment String COMMENT 'Id of the segment',
    base LowCardinality(String) COMMENT 'new, repeat or dormant; empty when the definition says none',
    name_ko String COMMENT 'Korean name for people; empty when none',
    name_en String COMMENT 'English name for people; empty when none',
    members UInt64 COMMENT 'Persons who belong to it at the end of the last day',
    members_before UInt64 COMMENT 'Persons who belonged to it on the eve of the first day',
    people UInt64 COMMENT 'Persons who belonged to it at the end of some day from that eve on',
    returned UInt64 COMMENT 'Of these, who since then in the period visited, called, scanned or paid',
    paying UInt64 COMMENT 'Of these, who since then in the period paid more than was refunded',
    revenue Int64 COMMENT 'What they paid since then in the period less refunds, won',
    goal_metric String COMMENT 'What its goal counts: a stage, payment, visit, revenue, members or a goal of the catalog; empty when none',
    goal_count Nullable(Float64) COMMENT 'Its goal in units of goal_metric; null when none',
    reached Nullable(Float64) COMMENT 'So far in units of goal_metric: persons who did it since they belonged, won, or members; null without a goal, or one that no event tells of',
    progress Nullable(Float64) COMMENT 'Reached by goal, ratio; null where reached is, or the goal is 0'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH
    belonging AS
    (
        SELECT
            site, segment, person_id, min(day) AS from_day,
            max(day = {until:Date}) AS at_end, max(day = {since:Date} - 1) AS on_eve
        FROM headwater.segment_members(
            sites = {sites:Array(String)}, branches = {branches:Array(String)}, since = {since:Date} - 1, until = {until:Date}, run = {run:String}
        )
        GROUP BY site, segment, person_id
    ),
    rules AS
    (
        SELECT
            site, segment, base, name_ko, name_en, service, goal_metric, goal_count, aims.deeds AS aim_deeds,
            goal_metric IN ('payment', 'visit', 'revenue', 'members', 're_registration') OR notEmpty(aims.deeds)
                OR has(stages, goal_metric) AS is_told
        FROM
        (
            SELECT * FROM headwater.segments
            WHERE run = {run:String} AND (length({sites:Array(String)}) = 0 OR has({sites:Array(String)}, site))
        ) AS segments
        LEFT JOIN
        (
            SELECT
                site, id AS goal_metric,
                arrayPushFront(
                    arrayMap(
                        content -> concat('content:', content),
                        if(JSONHas(definition, 'contents'), JSONExtract(definition, 'contents', 'Array(String)'), [id])
                    ),
                    concat('stage:', if(JSONExtractString(definition, 'stage') = '', id, JSONExtractString(definition, 'stage')))
                ) AS deeds
            FROM headwater.definitions
            WHERE run = {run:String} AND kind = 'goal'
        ) AS aims USING (site, goal_metric)
        LEFT JOIN
        (
            SELECT site, JSONExtract(settings, 'stages', 'Array(String)') AS stages FROM headwater.sites WHERE run = {run:String}
        ) AS staged USING (site)
    ),
    done AS
    (
        SELECT site, person_id, groupArray((day, deed, amount, if(deeds.service = '', lead_service, deeds.service))) AS deeds
        FROM
        (
            SELECT site, person_id, day, deed, amount, lead_key, service
            FROM headwater.deeds
            WHERE run = {run:String} AND (length({sites:Array(String)}) = 0 OR has({sites:Array(String)}, site))
                AND day BETWEEN {since:Date} AND {until:Date}
                AND (deed = 'visit' OR startsWith(deed, 'content:')
                    OR length({branches:Array(String)}) = 0 OR has({branches:Array(String)}, branch))
        ) AS deeds
        LEFT JOIN
        (
            SELECT site, lead_key, service AS lead_service FROM headwater.leads WHERE run = {run:String} AND service != ''
        ) AS asked USING (site, lead_key)
        GROUP BY site, person_id
    ),
    counted AS
    (
        SELECT
            site, segment,
            sum(at_end) AS members, sum(on_eve) AS members_before, count() AS people,
            countIf(arrayExists(one -> one.2 = 'visit' OR one.2 = 'payment' AND one.3 > 0, after)) AS returned,
            countIf(won > 0) AS paying, sum(won) AS revenue,
            countIf(arrayExists(one -> one.2 = 'visit', after)) AS visiting,
            countIf(arrayExists(one -> has(names, one.2), after)) AS doing
        FROM
        (
            SELECT
                site, segment, at_end, on_eve,
                if(empty(aim_deeds), [concat('stage:', goal_metric)], aim_deeds) AS names,
                arrayFilter(
                    one -> one.1 >= from_day
                        AND (service = '' OR one.4 = service OR one.2 = 'visit' OR startsWith(one.2, 'content:')),
                    done.deeds
                ) AS after,
                arraySum(one -> one.3, after) AS won
            FROM belonging
            INNER JOIN (SELECT site, segment, service, goal_metric, aim_deeds FROM rules) AS aimed USING (site, segment)
            LEFT JOIN done USING (site, person_id)
        )
        GROUP BY site, segment
    )
SELECT
    site, segment, base, name_ko, name_en, members, members_before, people, returned, paying, revenue, goal_metric, goal_count,
    if(NOT is_told, NULL, toFloat64(multiIf(
        goal_metric = 'payment', toInt64(paying), goal_metric = 'visit', toInt64(visiting), goal_metric = 'revenue', revenue,
        goal_metric = 'members', toInt64(members), toInt64(doing)
    ))) AS reached,
    if(goal_count = 0, NULL, reached / goal_count) AS progress
FROM rules
LEFT JOIN counted USING (site, segment)
COMMENT 'One customer segment of a site with its size, its goal and how far it is in a period'
