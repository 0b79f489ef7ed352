-- One row is one site, segment and point of the journey with how many reached it, went on and left there.
CREATE OR REPLACE VIEW headwater.journey_steps
(
    site LowCardinality(String) COMMENT 'Slug of the business',
    segment String COMMENT 'The channel, service, branch, way of inquiry, month or kind of customer asked by; empty where asked by site or unknown',
    position UInt16 COMMENT 'Its usual place: 1 first touch, 2 return, then the stages of the site, payment, renewal',
    step String COMMENT 'first_touch, return, a stage of the site, payment or renewal',
    reached UInt64 COMMENT 'Persons acquired in the period who came there',
    went_on UInt64 COMMENT 'Of these, who took a further step',
    leavers UInt64 COMMENT 'Of these, who took none and have given up or were not seen for 30 days',
    under_way UInt64 COMMENT 'Of these, who took none and were seen in the 30 days up to the end of the site''s record',
    given_up UInt64 COMMENT 'Of those who left, whose leads all stand at lost or dormant',
    leave_rate Float64 COMMENT 'Left by reached, ratio',
    median_seconds Nullable(Float64) COMMENT 'Median time to the next step, s; null when nobody went on',
    is_most_left UInt8 COMMENT '1 when nowhere more persons of the segment left; the earlier one of equals',
    is_highest_rate UInt8 COMMENT '1 when no other point that 10 persons or more of the segment reached has a higher leave rate; the earlier one of equals'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    site, segment, toUInt16(points.position) AS position, step, points.reached AS reached, points.went_on AS went_on,
    points.leavers AS leavers, points.under_way AS under_way, points.given_up AS given_up, leavers / points.reached AS leave_rate,
    median_seconds,
    points.leavers > 0 AND row_number() OVER (of_segment ORDER BY points.leavers DESC, points.position, step) = 1 AS is_most_left,
    points.leavers > 0 AND points.reached >= 10 AND row_number() OVER (
        of_segment ORDER BY points.reached >= 10 DESC, points.leavers / points.reached DESC, points.position, step
    ) = 1 AS is_highest_rate
FROM
(
    SELECT
        site, segment, hop.1 AS step, any(hop.2) AS position, count() AS reached, countIf(hop.3 = 'on') AS went_on,
        countIf(hop.3 = 'left') AS leavers, countIf(hop.3 = 'under_way') AS under_way,
        countIf(hop.3 = 'left' AND person.given_up) AS given_up,
        if(went_on = 0, NULL, quantileExactInclusiveIf(0.5)(hop.4, hop.3 = 'on')) AS median_seconds
    FROM headwater.journeys(
        sites = {sites:Array(String)}, branches = {branches:Array(String)}, since = {since:Date}, until = {until:Date},
        run = {run:String}, by = {by:String}
    ) AS person
    ARRAY JOIN arrayMap(
        (step, place, number, began, ended) -> (
            splitByChar(':', step)[1], place, if(number < length(steps), 'on', toString(ending)),
            greatest(0, toUnixTimestamp64Micro(ended) - toUnixTimestamp64Micro(began)) / 1e6
        ),
        steps, places, arrayEnumerate(steps), steps_at, arrayPushBack(arrayPopFront(steps_at), steps_at[-1])
    ) AS hop
    GROUP BY site, segment, step
) AS points
WINDOW of_segment AS (PARTITION BY site, segment)
COMMENT 'One site, segment and point of the journey with how many reached it, went on and left there'
