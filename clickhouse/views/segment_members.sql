-- One row is one person who belongs to a customer segment at the end of a local day: the first, the last, and each on which that may change.
CREATE OR REPLACE VIEW headwater.segment_members
(
    site LowCardinality(String) COMMENT 'Slug of the business',
    segment String COMMENT 'Id of the segment',
    base LowCardinality(String) COMMENT 'new, repeat or dormant',
    person_id String COMMENT 'The person: smallest identifier of the component',
    day Date COMMENT 'Local day at whose end the person belongs to it: since, until, and in between the days of a visit, payment or stage and those before',
    known_on Date COMMENT 'Local day of the first stage or payment',
    payments UInt32 COMMENT 'Payments up to the day; none when all of it was refunded',
    paid Int64 COMMENT 'Paid up to the day less refunds, won',
    last_paid_on Nullable(Date) COMMENT 'Local day of the newest payment up to the day; null when none',
    visits UInt32 COMMENT 'Visits, QR scans and calls within the segment''s days up to the day',
    last_visit_on Nullable(Date) COMMENT 'Local day of the newest visit, QR scan or call up to the day; null when none'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH
    known AS
    (
        SELECT
            site, person_id,
            groupArrayIf((day, amount, if(deeds.service = '', lead_service, deeds.service)), deed = 'payment') AS all_money,
            groupArrayIf((day, lead_service), startsWith(deed, 'stage:')) AS all_stages,
            groupArrayIf(day, deed = 'visit') AS all_visits
        FROM
        (
            SELECT site, person_id, day, amount, deed, lead_key, service
            FROM headwater.deeds
            WHERE run = {run:String} AND (length({sites:Array(String)}) = 0 OR has({sites:Array(String)}, site))
                AND (deed = 'visit' OR length({branches:Array(String)}) = 0 OR has({branches:Array(String)}, branch))
                AND NOT startsWith(deed, 'content:') AND day <= {until:Date}
        ) AS deeds
        LEFT JOIN
        (
            SELECT site, lead_key, service AS lead_service FROM headwater.leads WHERE run = {run:String} AND service != ''
        ) AS asked USING (site, lead_key)
        GROUP BY site, person_id
        HAVING notEmpty(all_money) OR notEmpty(all_stages)
    ),
    judged AS
    (
        SELECT
            site, segment, base, rules.days AS span, rules.payments AS asked_payments, rules.visits AS asked_visits, person_id, all_visits,
            arrayFilter(one -> service = '' OR one.3 = service, all_money) AS money,
            arrayMap(one -> one.1, arrayFilter(one -> service = '' OR one.2 = service, all_stages)) AS stage_days,
            arrayMap(one -> one.1, arrayFilter(one -> one.2 > 0, money)) AS paid_days,
            arrayConcat(stage_days, paid_days) AS known_days
        FROM known
        INNER JOIN
        (
            SELECT site, segment, base, days, payments, visits, service FROM headwater.segments WHERE run = {run:String} AND base != ''
        ) AS rules USING (site)
        WHERE notEmpty(known_days)
    )
SELECT
    site, segment, base, person_id, day, known_on, payments, paid,
    if(payments = 0, NULL, arrayMax(arrayFilter(one -> one <= day, paid_days))) AS last_paid_on,
    visits,
    if(empty(visited), NULL, arrayMax(visited)) AS last_visit_on
FROM
(
    SELECT
        site, segment, base, person_id, day, span, asked_payments, asked_visits, paid_days, stage_days,
        arrayMin(known_days) AS known_on,
        arraySum(one -> if(one.1 <= day, one.2, 0), money) AS paid,
        toUInt32(if(paid > 0, arrayCount(one -> one <= day, paid_days), 0)) AS payments,
        arrayFilter(one -> one <= day, all_visits) AS visited,
        toUInt32(arrayCount(one -> one > day - span, visited)) AS visits,
        payments > 0 AND arrayExists(one -> one <= day AND one > day - span, paid_days) AS paid_lately,
        multiIf(
            known_on > day, 0,
            base = 'new', known_on > day - span AND payments <= asked_payments AND visits >= asked_visits,
            base = 'repeat', payments >= asked_payments AND paid_lately AND visits >= asked_visits,
            payments >= asked_payments AND NOT paid_lately AND visits <= asked_visits
                AND NOT arrayExists(one -> one <= day AND one > day - span, stage_days) AND known_on <= day - span
        ) AS belongs
    FROM judged
    ARRAY JOIN arrayFilter(
        one -> one >= {since:Date} AND one <= {until:Date},
        arrayDistinct(arrayConcat(
            [{since:Date}, {until:Date}], known_days, all_visits, arrayMap(one -> one.1, money),
            arrayMap(one -> one - 1, arrayConcat(known_days, all_visits, arrayMap(one -> one.1, money)))
        ))
    ) AS day
)
WHERE belongs
COMMENT 'One person who belongs to a customer segment at the end of a local day: the first, the last, and each on which that may change'
