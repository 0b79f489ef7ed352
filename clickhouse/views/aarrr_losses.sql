-- One row is one site, group of persons acquired in a period and step from one stage to the next, with how many went on.
CREATE OR REPLACE VIEW headwater.aarrr_losses
(
    site LowCardinality(String) COMMENT 'Slug of the business',
    branch String COMMENT 'Slug of the place of the business where asked by branch; empty otherwise',
    channel String COMMENT 'Channel they came by where asked by channel or channel_and_cohort; empty otherwise',
    campaign String COMMENT 'Campaign they came by where asked by campaign; empty when none and otherwise',
    landing_page String COMMENT 'First page of their first session, without what follows ? or #, where asked by landing_page; empty otherwise',
    service String COMMENT 'Service they asked for where asked by service; empty otherwise',
    cohort Nullable(Date) COMMENT 'First day of the month in which they came where asked by cohort or channel_and_cohort; null otherwise',
    position UInt8 COMMENT 'Place of the step, from 1',
    from_step String COMMENT 'acquired, a stage of the site, payment or renewal',
    to_step String COMMENT 'The next: a stage of the site, payment, renewal or referral',
    entered UInt64 COMMENT 'Persons who have come to from_step so far',
    went_on UInt64 COMMENT 'Of these, who have come to to_step too, in whichever order',
    lost UInt64 COMMENT 'Of these, who have not so far',
    loss_rate Float64 COMMENT 'Lost by entered, ratio',
    is_most_lost UInt8 COMMENT '1 when no other step of the group loses more persons; the earlier one of equals',
    is_highest_rate UInt8 COMMENT '1 when no other step of the group that 10 persons or more entered has a higher loss rate; the earlier one of equals'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS WITH
    throwIf(
        NOT has(['site', 'channel', 'campaign', 'landing_page', 'cohort', 'channel_and_cohort', 'branch', 'service'], {by:String}),
        'by is site, channel, campaign, landing_page, cohort, channel_and_cohort, branch or service'
    ) AS refused
SELECT
    site, branch, channel, campaign, landing_page, service, cohort, toUInt8(steps.position) AS position, from_step, to_step,
    steps.entered AS entered, steps.went_on AS went_on, toUInt64(entered - went_on) AS lost, lost / entered AS loss_rate,
    lost > 0 AND row_number() OVER (of_group ORDER BY steps.entered - steps.went_on DESC, steps.position) = 1 AS is_most_lost,
    entered >= 10 AND lost > 0 AND row_number() OVER (
        of_group ORDER BY steps.entered >= 10 DESC, (steps.entered - steps.went_on) / steps.entered DESC, steps.position
    ) = 1 AS is_highest_rate
FROM
(
    SELECT
        site,
        if({by:String} = 'branch', person.branch, '') AS branch,
        if({by:String} IN ('channel', 'channel_and_cohort'), person.channel, '') AS channel,
        if({by:String} = 'campaign', person.campaign, '') AS campaign,
        if({by:String} = 'landing_page', cutFragment(cutQueryString(person.landing_page)), '') AS landing_page,
        if({by:String} = 'service', person.service, '') AS service,
        if({by:String} IN ('cohort', 'channel_and_cohort'), person.cohort, NULL) AS cohort,
        position, from_step, to_step, countIf(has(come_to, from_step)) AS entered,
        countIf(has(come_to, from_step) AND has(come_to, to_step)) AS went_on
    FROM
    (
        SELECT
            *,
            arrayConcat(
                ['acquired'], stages, if(payments > 0, ['payment'], []), if(renewed_at IS NULL, [], ['renewal']),
                if(invitations + referrals > 0, ['referral'], [])
            ) AS come_to,
            arrayConcat(['acquired'], site_stages, ['payment', 'renewal', 'referral']) AS steps
        FROM headwater.people(sites = {sites:Array(String)}, branches = {branches:Array(String)}, run = {run:String})
        WHERE refused = 0 AND acquired_on BETWEEN {since:Date} AND {until:Date}
    ) AS person
    ARRAY JOIN
        arrayPopBack(steps) AS from_step, arrayPopFront(steps) AS to_step, arrayEnumerate(arrayPopFront(steps)) AS position
    GROUP BY site, branch, channel, campaign, landing_page, service, cohort, position, from_step, to_step
    HAVING entered > 0
) AS steps
WINDOW of_group AS (PARTITION BY site, branch, channel, campaign, landing_page, service, cohort)
COMMENT 'One site, group of persons acquired in a period and step from one stage to the next, with how many went on'
