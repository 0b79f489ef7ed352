-- One row is one site, month in which visitors or customers came first, and month after it, with how many were there again.
CREATE OR REPLACE VIEW headwater.retention_cohorts
(
    site LowCardinality(String) COMMENT 'Slug of the business',
    cohort_of String COMMENT 'visitors: by the month of the first session, there again with a session; customers: by the month of the first payment, there again with one',
    channel String COMMENT 'Channel they came by where asked by channel; empty otherwise',
    cohort Date COMMENT 'First day of the month in which they came first, local',
    months_after UInt16 COMMENT 'Months after it, from 0: the month itself',
    month Date COMMENT 'First day of that month',
    people UInt64 COMMENT 'Persons of the cohort',
    active UInt64 COMMENT 'Of these, with a session (a payment over 0) in that month',
    retention_rate Float64 COMMENT 'Active by people, ratio',
    complete UInt8 COMMENT '1 when the site''s record goes beyond that month; 0 for its last month, which may be cut short'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH
    throwIf(NOT has(['site', 'channel'], {by:String}), 'by is site or channel') AS refused
SELECT
    site, cohort_of, channel, cohort, toUInt16(place - 1) AS months_after, addMonths(cohort, months_after) AS month,
    found.people AS people, active, active / found.people AS retention_rate, month < toStartOfMonth(recorded_until) AS complete
FROM
(
    SELECT
        site, came.1 AS cohort_of, if({by:String} = 'channel', person.channel, '') AS channel, came.2[1] AS cohort,
        count() AS people, any(person.recorded_until) AS recorded_until,
        sumForEach(arrayMap(
            one -> toUInt64(has(came.2, addMonths(came.2[1], one))),
            range(toUInt32(dateDiff('month', came.2[1], toStartOfMonth(person.recorded_until)) + 1))
        )) AS active_by_month
    FROM headwater.people(sites = {sites:Array(String)}, branches = {branches:Array(String)}, run = {run:String}) AS person
    ARRAY JOIN [('visitors', session_months), ('customers', payment_months)] AS came
    WHERE refused = 0 AND NOT empty(came.2) AND came.2[1] BETWEEN toStartOfMonth({since:Date}) AND {until:Date}
    GROUP BY site, cohort_of, channel, cohort
) AS found
ARRAY JOIN active_by_month AS active, arrayEnumerate(active_by_month) AS place
COMMENT 'One site, month in which visitors or customers came first, and month after it, with how many were there again'
